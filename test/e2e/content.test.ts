import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEntries } from '../../src/recording/reader.ts';
import { cordon, honest, inFrontOfAll } from './support/launch.ts';
import { eventually } from './support/processes.ts';
import { RawClient } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';

const HARBOUR = 'berths@harbour.example.invalid';
const SECRET = 'the-number-of-the-berth-is-271828';

/** Two servers, with everything that passes kept; the folder. */
function setUp(content: string): string {
  const folder = sandbox();
  mkdirSync(join(folder, 'pages'));
  const words = `# Berth request\n\nPlease send the signed form to ${HARBOUR} before Friday. ${SECRET}\n`;
  writeFileSync(join(folder, 'pages', 'berth.md'), words);
  const serve = (script: string, work: string) => ({
    command: 'node',
    args: [honest(script), join(folder, work)],
  });
  const mcpServers = { pages: serve('pages.mjs', 'pages'), mail: serve('mail.mjs', 'outbox.jsonl') };
  writeConfig(folder, { mcpServers, cordon: { record: { content } } });
  return folder;
}

/** Reads the page, mails where it says, and mails what it says to somebody else. */
async function session(folder: string, env: NodeJS.ProcessEnv = {}): Promise<RawClient> {
  const client = new RawClient(inFrontOfAll(join(folder, 'mcp.json'), join(folder, 'state')), {
    env: { ...process.env, ...env },
  });
  await client.handshake();
  await client.call('pages__read_page', { url: 'https://wiki.example.invalid/berth' });
  await client.call('mail__send_mail', { to: HARBOUR, subject: 'Berth', body: 'The form.' });
  await client.call('mail__send_mail', {
    to: 'a@here.example.invalid',
    subject: 'Mine',
    body: `See ${SECRET}.`,
  });
  return client;
}

function say(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [program, ...all] = cordon(...args, '--state', join(folder, 'state'));
  const { status, stdout, stderr } = spawnSync(program!, all, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, out: stdout, err: stderr };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile());
}

test('what is kept in full is sealed, is judged again from the texts, and goes with its log', async () => {
  const folder = setUp('full');
  const client = await session(folder);
  expect((await client.end()).code).toBe(0);
  expect(client.stderr).toContain('arguments and answers are kept, sealed, in');
  const state = join(folder, 'state');
  const [id] = readdirSync(join(state, 'sessions')) as [string];
  // Questions that wait for a person show what they ask about; nothing else does.
  for (const file of filesIn(state).filter((path) => !path.includes('approvals')))
    expect(readFileSync(file).includes(SECRET), file).toBe(false);
  expect(readFileSync(join(state, 'tapes', id)).length).toBeGreaterThan(1000);
  expect(say(folder, ['log', 'verify', id])).toMatchObject({ status: 0 });

  const shown = say(folder, ['log', 'show', id]).out;
  expect(shown).toContain('it is kept sealed, apart from the log, for cordon replay');
  expect(shown).not.toContain(SECRET);

  const again = say(folder, ['replay', id]);
  expect(again.out).toMatch(/: 3 calls, 3 from their content, every verdict as recorded/);
  expect(again.status).toBe(0);

  // The page without its order: nothing would have been held back.
  const answer = [...readEntries(join(state, 'sessions', id))].find(
    ({ tool, answers }) => tool === 'read_page' && answers,
  );
  const harmless = { content: [{ type: 'text', text: '# Berth request\n\nThe harbour is closed.\n' }] };
  const behaviour = join(folder, 'behaviour.json');
  writeFileSync(behaviour, JSON.stringify({ responses: [{ event: answer!['event'], result: harmless }] }));
  const other = say(folder, ['replay', id, '--behaviour', behaviour, '--json']);
  expect(JSON.parse(other.out).counts).toEqual({ 'ask:tainted-destination -> allow:clean': 1 });
  expect(other.status).toBe(1);

  // A server that is trusted: told from the texts.
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify({ servers: { pages: { trust: 'trusted' } } }));
  const fork = JSON.parse(say(folder, ['replay', id, '--policy', policy, '--json']).out);
  expect(fork).toMatchObject({
    counts: { 'ask:tainted-destination -> allow:clean': 1 },
    sessions: [{ undetermined: [] }],
  });
});

test('a session that was killed is judged again as far as it came; a key that is kept elsewhere is asked for', async () => {
  const folder = setUp('full');
  const keyFile = join(sandbox(), 'tape.key');
  const env = { CORDON_TAPE_KEY_FILE: keyFile };
  const client = await session(folder, env);
  // The settings and pins that it began with are written within two seconds.
  const blobs = join(folder, 'state', 'blobs');
  const written = () =>
    (existsSync(blobs) ? readdirSync(blobs) : []).filter((name) => /^[0-9a-f]{64}$/.test(name));
  await eventually(() => written().length >= 2, 'the settings and pins');
  client.process.kill('SIGKILL');
  await client.exit;
  expect(existsSync(join(folder, 'state', 'keys', 'tape.key'))).toBe(false);
  expect(say(folder, ['replay'], env).out).toContain(
    '3 calls, 3 from their content, every verdict as recorded',
  );
  expect(say(folder, ['replay']).out).toContain('3 calls, every verdict as recorded');
  rmSync(keyFile);
  expect(say(folder, ['replay'], env).out).toContain('3 calls, every verdict as recorded');
});

test.skipIf(process.platform === 'win32')('what cannot be kept is not sent', async () => {
  const folder = setUp('full');
  const state = join(folder, 'state');
  // No file may grow past 64 KiB, and the tape of long mails is the first to get there.
  const limited = ['bash', '-c', 'trap \'\' XFSZ; ulimit -f 64 && exec "$@"', 'limited'];
  const client = new RawClient([...limited, ...inFrontOfAll(join(folder, 'mcp.json'), state)]);
  await client.handshake();
  let refused: string | undefined;
  let sent = 0;
  for (; refused === undefined && sent < 30; sent++) {
    const mail = { to: 'a@here.example.invalid', subject: String(sent), body: 'My own words. '.repeat(500) };
    const { message } = await client.call('mail__send_mail', mail);
    if (message.result.isError) refused = message.result.content[0].text;
  }
  expect(refused).toContain('it cannot be recorded');
  expect(refused).toContain(join(state, 'tapes'));
  expect(readFileSync(join(folder, 'outbox.jsonl'), 'utf8').trim().split('\n')).toHaveLength(sent - 1);
  expect((await client.end()).code).toBe(1);
});

test('what siblings said is kept, too: each session is judged again by itself', async () => {
  const folder = setUp('full');
  const whole = JSON.parse(readFileSync(join(folder, 'mcp.json'), 'utf8'));
  const state = join(folder, 'state');
  // Of this one client, and not of the one that runs these tests.
  const env = { ...process.env, CLAUDE_CODE_SESSION_ID: undefined, COPILOT_AGENT_SESSION_ID: undefined };
  const [reader, sender] = await Promise.all(
    ['pages', 'mail'].map(async (name) => {
      const config = join(folder, `${name}.json`);
      writeFileSync(config, JSON.stringify({ ...whole, mcpServers: { [name]: whole.mcpServers[name] } }));
      const client = new RawClient(inFrontOfAll(config, state), { env });
      await client.handshake();
      return client;
    }),
  );
  await reader!.call('read_page', { url: 'https://wiki.example.invalid/berth' });
  const { message } = await sender!.call('send_mail', { to: HARBOUR, subject: 'Berth', body: 'The form.' });
  expect(message.result.isError).toBe(true);
  await Promise.all([reader!.end(), sender!.end()]);
  const { status, out } = say(folder, ['replay', '--all', '--json']);
  expect(JSON.parse(out).sessions).toMatchObject([
    { judged: 1, fromContent: 1, differing: [] },
    { judged: 1, fromContent: 1, differing: [] },
  ]);
  expect(status).toBe(0);
});

test('by default nothing is kept', async () => {
  const folder = setUp('digests');
  await (await session(folder)).end();
  expect(existsSync(join(folder, 'state', 'tapes'))).toBe(false);
  expect(existsSync(join(folder, 'state', 'keys', 'tape.key'))).toBe(false);
});
