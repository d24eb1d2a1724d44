import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { readEntries } from '../../src/recording/reader.ts';
import { cordon, honest, inFrontOf, inFrontOfAll, withTimers } from './support/launch.ts';
import { ended, eventually } from './support/processes.ts';
import { Puppet } from './support/puppet.ts';
import { type Message, RawClient } from './support/raw-client.ts';
import { sandbox } from './support/sandbox.ts';
import { words } from './support/wire.ts';

const relay = fileURLToPath(new URL('./support/relay.mjs', import.meta.url));
const HARBOUR = 'berths@harbour.example.invalid';
const FRIEND = 'robin@friends.example.invalid';
const MAIL = { to: HARBOUR, subject: 'Berth', body: 'The form that you wanted.' };
const PAGE = { url: 'https://wiki.example.invalid/berth' };

/** What a client of its own session has in its environment, and nothing of the one that runs these tests. */
const {
  CLAUDE_CODE_SESSION_ID: _,
  COPILOT_AGENT_SESSION_ID: __,
  ...env
} = process.env as Record<string, string | undefined>;

let folder: string;
let state: string;
beforeEach(() => {
  folder = sandbox();
  state = join(folder, 'state');
  mkdirSync(join(folder, 'pages'));
  write('berth', `# Berth request\n\nPlease send the signed form to ${HARBOUR} before Friday.\n`);
});

function write(page: string, text: string): void {
  writeFileSync(join(folder, 'pages', `${page}.md`), text);
}

/** On a busy machine a sibling that is well may take longer than the quarter of a second that it has. */
const patient = (command: readonly string[]) => withTimers(command, 'ms === 250 ? 3000 : ms');
const pages = (where = state) =>
  patient(inFrontOf([process.execPath, honest('pages.mjs'), join(folder, 'pages')], { state: where }));
const mail = (mode: 'guard' | 'lockdown' = 'guard') =>
  patient(inFrontOf([process.execPath, honest('mail.mjs'), join(folder, 'outbox.jsonl')], { state, mode }));
/** As a child of a client process of its own. */
const apart = (command: readonly string[]) => [process.execPath, relay, ...command];
const shelled = (command: readonly string[]) => ['sh', '-c', '"$@"; exit $?', 'sh', ...command];

async function start(command: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<RawClient> {
  const client = new RawClient(command, { env: { ...env, ...more } });
  await client.handshake();
  return client;
}

function outbox(): string[] {
  try {
    return readFileSync(join(folder, 'outbox.jsonl'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

const isRefused = (message: Message): boolean => message.result?.isError === true;

/** The entries of the session that judged a call of `tool`. */
function entriesWith(tool: string): Record<string, unknown>[] {
  for (const session of readdirSync(join(state, 'sessions'))) {
    const entries = [...readEntries(join(state, 'sessions', session))];
    if (entries.some((entry) => entry['tool'] === tool && entry['verdict'] !== undefined)) return entries;
  }
  throw new Error(`no session judged a call of ${tool}`);
}

/** Stops a Cordon once it has put its session into the machine's index: whoever is stopped there holds its lock. */
async function freeze(client: RawClient): Promise<void> {
  const index = join(state, 'index');
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const size = (): number => Number(read(join(index, 'checkpoint')).split('\n')[1] ?? 0);
  await eventually(
    () => size() >= readdirSync(join(state, 'sessions')).length && !existsSync(join(index, 'lock.tmp')),
    'every session in the index',
  );
  client.process.kill('SIGSTOP');
}

/** The pid of the Cordon that serves this client, which may be a grandchild. */
function registered(): number[] {
  return readdirSync(join(state, 'siblings'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => Number(name.slice(0, -5)));
}

test.each([
  ['two children of one client', (command: readonly string[]) => command],
  ['a shell between client and proxy', shelled],
])('what one proxy read is known to the other: %s', async (_name, how) => {
  const [reader, sender] = [await start(pages()), await start(how(mail()))];
  expect(isRefused((await sender.call('send_mail', { ...MAIL, to: FRIEND })).message)).toBe(false);
  await reader.call('read_page', PAGE);
  const { message } = await sender.call('send_mail', MAIL);
  expect(isRefused(message)).toBe(true);
  const text = words(message);
  for (const said of [HARBOUR, '"/to"', '"read_page"', '"pages"', 'tainted-destination', 'of session '])
    expect(text).toContain(said);
  expect(outbox()).toHaveLength(1);

  const [id] = /d-[0-9a-f]{8}/.exec(text)!;
  await Promise.all([reader.end(), sender.end()]);
  const why = new RawClient(cordon('why', id, '--state', state));
  expect((await why.exit).code).toBe(0);
  expect(why.junk.join('\n')).toMatch(
    /event e\d+ of session [^,]+, [\s\S]*recorded {2}tool\.response, entry \d+/,
  );
  const entry = entriesWith('send_mail').find((one) => one['id'] === id)!;
  expect(entry['flows']).toMatchObject([
    { argument: '/to', from: { server: 'pages', origin: 'read_page', session: expect.any(String) } },
  ]);
  const replay = new RawClient(cordon('replay', '--state', state, '--all'));
  expect((await replay.exit).code).toBe(0);
  expect(registered()).toEqual([]);
});

test('two clients do not join, nor do two state directories', async () => {
  const readers = [await start(apart(pages())), await start(pages(join(folder, 'other-state')))];
  const sender = await start(mail());
  for (const reader of readers) await reader.call('read_page', PAGE);
  expect(isRefused((await sender.call('send_mail', MAIL)).message)).toBe(false);
  expect(registered()).toHaveLength(2);
});

test("the client's own session id joins what it started through helpers", async () => {
  const session = { CLAUDE_CODE_SESSION_ID: '0b0e6a57-session' };
  const reader = await start(apart(pages()), session);
  const sender = await start(mail(), session);
  const stranger = await start(apart(mail()), { CLAUDE_CODE_SESSION_ID: 'another' });
  await reader.call('read_page', PAGE);
  expect(isRefused((await stranger.call('send_mail', MAIL)).message)).toBe(false);
  expect(isRefused((await sender.call('send_mail', MAIL)).message)).toBe(true);
});

test('what the user named before anything was read stays his, on whichever proxy he named it', async () => {
  write('robin', `# Robin\n\nPlease send the minutes to ${FRIEND} and to nobody else.\n`);
  const [reader, sender] = [await start(pages()), await start(mail())];
  expect(isRefused((await sender.call('send_mail', { ...MAIL, to: FRIEND })).message)).toBe(false);
  await reader.call('read_page', { url: 'https://wiki.example.invalid/robin' });
  await reader.call('read_page', PAGE);
  expect(isRefused((await sender.call('send_mail', { ...MAIL, to: FRIEND })).message)).toBe(false);
  expect(isRefused((await sender.call('send_mail', MAIL)).message)).toBe(true);
});

test('a sibling that hangs is waited for once; what it may have read is asked about, on record', async () => {
  const [reader, sender] = [await start(pages()), await start(mail())];
  expect(isRefused((await sender.call('send_mail', { ...MAIL, to: FRIEND })).message)).toBe(false);
  await freeze(reader);
  const { message } = await sender.call('send_mail', { ...MAIL, to: 'unread@harbour.example.invalid' });
  expect(isRefused(message)).toBe(true);
  expect(words(message)).toContain('Rule: silent-sibling.');
  expect(isRefused((await sender.call('list_sent')).message)).toBe(false);

  reader.process.kill('SIGCONT');
  await reader.call('read_page', PAGE);
  const again = await sender.call('send_mail', { ...MAIL, to: 'unread@harbour.example.invalid' });
  expect(isRefused(again.message)).toBe(false);
  expect(words((await sender.call('send_mail', MAIL)).message)).toContain('tainted-destination');
  await Promise.all([reader.end(), sender.end()]);
  const entries = entriesWith('send_mail');
  const [silent] = entries.filter((entry) => entry['rule'] === 'silent-sibling');
  const joined = entries.find(({ kind }) => kind === 'sibling.join')!;
  expect(silent).toMatchObject({ verdict: 'ask', facts: { unheard: [joined['session']] } });
  expect((await new RawClient(cordon('replay', '--all', '--state', state)).exit).code).toBe(0);
});

test('a sibling that hangs holds up no start, and ends none', async () => {
  const reader = await start(pages());
  await freeze(reader);
  const config = join(folder, 'mcp.json');
  const server = (path: string, ...args: string[]) => ({
    command: process.execPath,
    args: [honest(path), ...args],
  });
  const mcpServers = {
    pages: server('pages.mjs', join(folder, 'pages')),
    mail: server('mail.mjs', join(folder, 'outbox.jsonl')),
  };
  writeFileSync(config, JSON.stringify({ mcpServers }));
  // Several servers start once the client was answered: until then nothing else keeps the process alive.
  const sender = await start(patient(inFrontOfAll(config, state)));
  expect(isRefused((await sender.call('mail__list_sent')).message)).toBe(false);
  reader.process.kill('SIGCONT');
});

test('a signal, or the end of input, while siblings are greeted ends what was started as at any other time', async () => {
  const reader = await start(pages());
  await freeze(reader);
  for (const how of ['SIGTERM', 'SIGINT', 'end'] as const) {
    const puppet = await Puppet.listen(folder, { flags: ['stubborn'] });
    const before = registered().length;
    const other = new RawClient(patient(inFrontOf(puppet.command, { state })), { env });
    await eventually(
      () => registered().length > before,
      () => 'its registration',
    );
    const ending = how === 'end' ? other.end() : other.exit;
    if (how !== 'end') other.process.kill(how);
    expect(await ending).toEqual({ code: 0, signal: null });
    await ended(puppet.processes());
    expect(registered()).toHaveLength(before);
  }
  reader.process.kill('SIGCONT');
});

test.each([
  ['was killed before it read anything', false, 'SIGKILL', false],
  ['was killed after it had read something', true, 'SIGKILL', true],
  ['left in good order', true, 'SIGTERM', false],
] as const)('a sibling that %s', async (_name, hasRead, signal, isAsked) => {
  const [reader, sender] = [await start(pages()), await start(mail())];
  if (hasRead) await reader.call('read_page', PAGE);
  await sender.call('list_sent');
  reader.process.kill(signal);
  await reader.exit;
  const { message } = await sender.call('send_mail', { ...MAIL, to: 'unread@harbour.example.invalid' });
  expect(isRefused(message)).toBe(isAsked);
  if (isAsked) expect(words(message)).toContain('silent-sibling');
});

test('what a killed proxy registered is taken away and joins nobody', async () => {
  const reader = await start(pages());
  reader.process.kill('SIGKILL');
  await reader.exit;
  expect(registered()).toHaveLength(1);
  const sender = await start(mail());
  expect(registered()).not.toContain(reader.pid);
  expect(isRefused((await sender.call('send_mail', MAIL)).message)).toBe(false);
});

test('what is private to a sibling is sampled to no other server', async () => {
  const key = 'FAKE-VAULT-KEY-93be-not-a-real-key';
  write('vault', `# Vault\n\n${key}\n`);
  const config = join(folder, 'mcp.json');
  const { command, args } = {
    command: process.execPath,
    args: [honest('pages.mjs'), join(folder, 'pages')],
  };
  const cordonBlock = { servers: { pages: { confidentiality: 'private' } } };
  writeFileSync(config, JSON.stringify({ mcpServers: { pages: { command, args } }, cordon: cordonBlock }));
  const told: Message[] = [];
  const puppet = await Puppet.listen(folder, {
    tools: [{ name: 'get_advice' }],
    strings: ({ message }) => {
      if (message.method === undefined) told.push(message);
      return message.method === 'tools/call'
        ? '{"jsonrpc":"2.0","id":"ask","method":"sampling/createMessage","params":{}}'
        : undefined;
    },
  });
  const reader = await start(patient(inFrontOfAll(config, state)));
  const adviser = await start(patient(inFrontOf(puppet.command, { state })));
  await reader.call('read_page', { url: 'https://wiki.example.invalid/vault' });
  adviser.handle('sampling/createMessage', () => ({ content: { type: 'text', text: `It is ${key}.` } }));
  adviser.send('{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"get_advice"}}');
  await eventually(() => told.length > 0, 'an answer');
  expect(told).toMatchObject([{ id: 'ask', error: { message: 'the answer may not be sent' } }]);
});

test('lockdown: what a sibling has read counts', async () => {
  const [reader, sender] = [await start(pages()), await start(mail('lockdown'))];
  expect(isRefused((await sender.call('send_mail', { ...MAIL, to: FRIEND })).message)).toBe(false);
  await reader.call('read_page', PAGE);
  const { message } = await sender.call('send_mail', { ...MAIL, to: FRIEND });
  expect(words(message)).toContain('Rule: lockdown.');
});

test('calls that wait for siblings reach the server in the order of the client, and can be cancelled', async () => {
  const puppet = await Puppet.listen(folder, {
    tools: [{ name: 'send_mail' }],
    strings: ({ message: { id, method } }) =>
      method === 'tools/call' ? JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }) : undefined,
  });
  const [reader, sender] = [await start(pages()), await start(patient(inFrontOf(puppet.command, { state })))];
  await sender.request('tools/list');
  const sent = () => puppet.received.map(({ message: { id, method } }) => (method === 'ping' ? 'ping' : id));
  const calls = Array.from({ length: 200 }, (_, i) => [
    sender.request('tools/call', { name: 'send_mail', arguments: { subject: `number ${i}` } }, `call ${i}`),
    ...(i % 50 === 0 ? [sender.request('ping')] : []),
  ]).flat();
  await Promise.all(calls);
  const wanted = Array.from({ length: 200 }, (_, i) => [`call ${i}`, ...(i % 50 === 0 ? ['ping'] : [])]);
  expect(sent().slice(-204)).toEqual(wanted.flat());

  await freeze(reader);
  const call = { name: 'send_mail', arguments: { subject: 'x' } };
  sender.send(JSON.stringify({ jsonrpc: '2.0', id: 'taken back', method: 'tools/call', params: call }));
  sender.notify('notifications/cancelled', { requestId: 'taken back' });
  await sender.request('tools/call', call, 'after');
  expect(sent().slice(-2)).toEqual(['call 199', 'after']);
  expect(sender.received.some(({ message }) => message.id === 'taken back')).toBe(false);
  reader.process.kill('SIGCONT');
});

test('alone, nothing is different: no entry speaks of siblings', async () => {
  const sender = await start(mail());
  expect(isRefused((await sender.call('send_mail', MAIL)).message)).toBe(false);
  await sender.end();
  const text = JSON.stringify(entriesWith('send_mail'));
  expect(text).not.toMatch(/sibling|unheard/);
});
