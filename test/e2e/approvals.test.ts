import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cordon, honest, inFrontOfAll } from './support/launch.ts';
import { RawClient } from './support/raw-client.ts';

const HARBOUR = 'berths@harbour.example.invalid';
const FORM = { to: HARBOUR, subject: 'Berth', body: 'The form that you wanted.' };

let folder: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-approvals-'));
  state = join(folder, 'state');
  mkdirSync(join(folder, 'pages'));
  const words = `# Berth request\n\nPlease send the signed form to ${HARBOUR} before Friday.\n`;
  writeFileSync(join(folder, 'pages', 'berth.md'), words);
  const serve = (script: string, work: string) => ({
    command: 'node',
    args: [honest(script), join(folder, work)],
  });
  const mcpServers = { pages: serve('pages.mjs', 'pages'), mail: serve('mail.mjs', 'outbox.jsonl') };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers }));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A session that has read the page. */
async function reader(): Promise<RawClient> {
  const client = new RawClient(inFrontOfAll(join(folder, 'mcp.json'), state));
  await client.handshake();
  await client.call('pages__read_page', { url: 'https://wiki.example.invalid/berth' });
  return client;
}

/** What the log says of a person's decisions, over all sessions. */
function decisions(): Record<string, unknown>[] {
  const lines = say('log', 'grep', 'approval.decide', '--json', '--state', state).stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line).entry);
}

/** The id of the question, where the mail was held back; else undefined. */
async function send(client: RawClient, mail = FORM): Promise<string | undefined> {
  const { message } = await client.call('mail__send_mail', mail);
  if (message.result.isError !== true) return undefined;
  const decision = message.result._meta['cordon/decision'];
  expect(decision).toMatchObject({ decision: 'ask', rule: 'tainted-destination' });
  expect(message.result.content[0].text).toContain(`cordon approvals allow ${decision.id}`);
  return decision.id;
}

function say(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const [program, ...rest] = cordon(...args) as [string, ...string[]];
  return spawnSync(program, rest, { encoding: 'utf8', cwd: folder });
}
const approvals = (...args: string[]) => say('approvals', ...args, '--state', state);

function outbox(): string[] {
  try {
    return readFileSync(join(folder, 'outbox.jsonl'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

test('a call that was held back is allowed by a person: exactly it, once', async () => {
  const client = await reader();
  const id = (await send(client))!;
  const listed = approvals('list').stdout;
  for (const words of [id, '"send_mail"', HARBOUR, '"read_page"', '"pages"', 'tainted-destination'])
    expect(listed).toContain(words);
  expect(say('status', '--state', state)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining(`1 held back until answered (cordon approvals list):\n  ${id}`),
  });
  expect(approvals('allow', id)).toMatchObject({ status: 0, stderr: '' });

  // Another body, and the same call of another session, are not what was allowed.
  expect(await send(client, { ...FORM, body: 'The key to the safe.' })).toBeDefined();
  const other = await reader();
  expect(await send(other)).toBeDefined();
  await other.end();
  expect(outbox()).toEqual([]);

  expect(await send(client)).toBeUndefined();
  expect(await send(client)).toBeDefined();
  expect(outbox()).toEqual([JSON.stringify(FORM)]);
  await client.end();

  const why = say('why', id, '--state', state).stdout;
  expect(why).toContain(`${id}: held back mail.send_mail`);
  expect(why).toMatch(/^ {2}decided .*: a person said yes, once$/m);
  expect(why).not.toContain('cordon approvals allow');
  expect(why).toMatch(/^ {2}approved .*: a person let it through, once$/m);
  expect(say('log', 'verify', '--state', state).status).toBe(0);
});

test('a yes from now on holds for every session, at once, until it is taken back', async () => {
  const [first, second] = [await reader(), await reader()];
  const id = (await send(first))!;
  await send(second);
  expect(approvals('allow', id, '--remember')).toMatchObject({ status: 0, stderr: '' });
  expect(approvals('list').stdout).toBe('no question is open\n');
  const lock = JSON.parse(readFileSync(join(folder, 'cordon.lock'), 'utf8'));
  expect(lock.remembered).toMatchObject([
    { server: 'mail', tool: 'send_mail', argument: '/to', from: 'pages', question: id },
  ]);
  expect(lock.pins.length).toBeGreaterThan(0);

  expect(await send(second, { ...FORM, body: 'Another form.' })).toBeUndefined();
  expect(await send(first, { ...FORM, body: 'A third form.' })).toBeUndefined();
  await first.end();
  const third = await reader();
  expect(await send(third)).toBeUndefined();

  const listed = say('flows', 'list').stdout;
  const flow = /f-\w{8}/.exec(listed)![0];
  expect(say('flows', 'revoke', flow).status).toBe(0);
  expect(await send(second)).toBeDefined();
  expect(await send(third)).toBeDefined();
  await second.end();
  await third.end();
  expect(outbox()).toHaveLength(3);
  expect(decisions()).toMatchObject([{ id, decision: 'allow', forGood: true }]);
  const through = say('log', 'grep', '"rule":"remembered"', '--verdict', 'allow', '--state', state).stdout;
  expect(through.trim().split('\n')).toHaveLength(3);
});

test('no is no: the call stays refused, and nothing is left behind', async () => {
  const client = await reader();
  const id = (await send(client))!;
  expect(approvals('deny', id)).toMatchObject({
    status: 0,
    stdout: `${id} is closed: the call stays refused.\n`,
  });
  const again = (await send(client))!;
  approvals('allow', again);
  approvals('deny', again);
  const last = (await send(client))!;
  expect(outbox()).toEqual([]);
  const left = join(state, 'approvals');
  expect(readdirSync(left)).toEqual([`${last}.asked`]);
  if (process.platform !== 'win32') {
    expect(statSync(left).mode & 0o777).toBe(0o700);
    expect(statSync(join(left, `${last}.asked`)).mode & 0o777).toBe(0o600);
  }
  approvals('deny', last);
  await client.end();
  // Every word of the person is on record, the last one with the end of the session.
  const said = decisions().map(({ id: one, decision, forGood }) => [one, decision, forGood]);
  expect(said).toEqual([
    [id, 'deny', false],
    [again, 'allow', false],
    [again, 'deny', false],
    [last, 'deny', false],
  ]);
  expect(readdirSync(left)).toEqual([]);
  expect(say('why', id, '--state', state).stdout).toMatch(/^ {2}decided .*: a person said no$/m);
  const shown = say('log', 'show', '--state', state).stdout;
  expect(shown.slice(0, shown.indexOf('all entries'))).toMatch(new RegExp(`approval\\.decide +deny +${id}`));
});

test('where no question can be put, the call is held back all the same', async () => {
  const client = await reader();
  writeFileSync(join(state, 'approvals'), 'in the way');
  const id = (await send(client))!;
  expect(approvals('allow', id).status).toBe(2);
  const said = `the question ${id} cannot be put`;
  await client.until(() => client.stderr.includes(said), said);
  expect(outbox()).toEqual([]);
  await client.end();
});
