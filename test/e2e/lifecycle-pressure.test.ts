import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { cordon, inFrontOf } from './support/launch.ts';
import { eventually, residentBytes } from './support/processes.ts';
import { Puppet } from './support/puppet.ts';
import { RawClient, type Received } from './support/raw-client.ts';
import { sandbox } from './support/sandbox.ts';

const MEGABYTE = 1024 * 1024;
const base = sandbox();
const state = join(base, 'state');

async function open(
  strings?: (received: Received) => string | undefined,
): Promise<{ client: RawClient; puppet: Puppet }> {
  const tools = [{ name: 'get_note', description: 'Returns a note.' }];
  const puppet = await Puppet.listen(base, { flags: ['node'], tools, ...(strings ? { strings } : {}) });
  const client = new RawClient(inFrontOf(puppet.command, { state }));
  await client.handshake();
  await client.request('tools/list', {});
  return { client, puppet };
}

test('50 MB for a client that does not read: held back, not hoarded, and nothing is lost', async () => {
  const { client, puppet } = await open();
  const before = residentBytes(client.pid);
  client.process.stdout.pause();
  const text = 'word '.repeat((100 * 1024) / 5);
  const line = (index: number): string =>
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"${index} ${text}"}}`;
  const lines = 512;
  for (let index = 0; index < lines; index++) puppet.send(line(index));

  // Until the proxy stopped taking, so that what it took is all that it will hold.
  let last = -1;
  await eventually(() => {
    const now = residentBytes(client.pid);
    const still = now === last;
    last = now;
    return still;
  }, 'memory that stays as it is');
  await sleep(300);
  const grown = residentBytes(client.pid) - before;

  client.process.stdout.resume();
  await client.until(
    () =>
      client.received.filter(({ message }) => message.method === 'notifications/message').length === lines,
    'every message',
  );
  const got = client.received.filter(({ message }) => message.method === 'notifications/message');
  expect(got.every((received, index) => received.line === line(index))).toBe(true);
  expect(grown / MEGABYTE).toBeLessThan(40);
  expect((await client.end()).code).toBe(0);
});

test('an upstream that does not read is no reason to lose a call', async () => {
  const { client, puppet } = await open(({ message }) =>
    message.method === 'tools/call'
      ? JSON.stringify({
          jsonrpc: '2.0',
          id: message.id,
          result: { content: [{ type: 'text', text: 'read' }] },
        })
      : undefined,
  );
  process.kill(puppet.pid, 'SIGSTOP');
  const calls = Array.from({ length: 20 }, (_, index) =>
    client.call('get_note', { index, text: `${index}`.repeat(60_000) }),
  );
  await sleep(200);
  process.kill(puppet.pid, 'SIGCONT');
  const answers = await Promise.all(calls);
  expect(answers.every(({ message }) => message.result.content[0].text === 'read')).toBe(true);
  await client.end();
});

test.each([
  ['one letter, over and over', 'x'],
  ['prose without a line break', 'The quick brown fox jumps over the lazy dog. '],
])('one answer of 12 MB of %s comes whole, and the log of the session verifies', async (_what, piece) => {
  const text = piece.repeat((12 * MEGABYTE) / piece.length);
  const { client } = await open(({ message }) =>
    message.method === 'tools/call'
      ? JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text }] } })
      : undefined,
  );
  const { message } = await client.call('get_note');
  expect(message.result.content[0].text === text).toBe(true);
  expect(await client.end()).toEqual({ code: 0, signal: null });
  expect(await new RawClient(cordon('log', 'verify', '--state', state)).end()).toEqual({
    code: 0,
    signal: null,
  });
});

/** Answers everything, and before each answer prints so many lines of 1,000 characters on one of its pipes. */
const NOISY = `
import { createInterface } from 'node:readline';
const [, , pipe, lines] = process.argv;
const tools = [{ name: 'get_note', inputSchema: { type: 'object' } }];
const greeting = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'n', version: '1' } };
const results = { initialize: greeting, 'tools/list': { tools }, 'tools/call': { content: [] } };
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'tools/call') process[pipe].write((String(id).padEnd(999, 'x') + '\\n').repeat(Number(lines)));
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }) + '\\n');
});
`;

describe('standard error', () => {
  async function call(times: number, pipe: string, lines: number, meanwhile: (client: RawClient) => void) {
    const script = join(base, 'noisy.mjs');
    writeFileSync(script, NOISY);
    const command = [process.execPath, script, pipe, String(lines)];
    const client = new RawClient(inFrontOf(command, { state: join(base, `${pipe}-${lines}`) }));
    await client.handshake();
    await client.request('tools/list', {});
    meanwhile(client);
    const before = residentBytes(client.pid);
    for (let i = 0; i < times; i++) await client.request('tools/call', { name: 'get_note' });
    const grown = residentBytes(client.pid) - before;
    expect((await client.end()).code).toBe(0);
    return grown;
  }

  test('that nobody reads any more ends no session', async () => {
    await call(20, 'stderr', 10, (client) => void client.process.stderr.destroy());
  });

  test.each([
    ['what a server says there', 'stderr', 1000],
    ['what Cordon says of its junk', 'stdout', 50],
  ])('that nobody reads neither stops nor hoards %s', async (_, pipe, lines) => {
    const grown = await call(60, pipe, lines, (client) => void client.process.stderr.pause());
    expect(grown / MEGABYTE).toBeLessThan(40);
  });
});
