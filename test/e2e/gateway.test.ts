import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEntries } from '../../src/recording/reader.ts';
import { cordon, inFrontOfAll } from './support/launch.ts';
import { eventually } from './support/processes.ts';
import { Puppet, type Strings, type Tool } from './support/puppet.ts';
import { RawClient, type Received } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { words } from './support/wire.ts';

const base = sandbox();
const TOOLS: readonly Tool[] = [
  { name: 'echo', description: 'Repeats.' },
  { name: 'wait', description: 'Waits.' },
];

let count = 0;

/** Echoes `echo`, leaves everything else unanswered. */
function echo({ message: { id, method, params } }: Received): string | undefined {
  if (method !== 'tools/call' || params.name !== 'echo') return undefined;
  const content = [{ type: 'text', text: JSON.stringify(params.arguments) }];
  return JSON.stringify({ jsonrpc: '2.0', id, result: { content } });
}

interface Gateway {
  client: RawClient;
  puppets: Record<string, Puppet>;
  state: string;
}

/** Cordon in front of puppets of these names, and of whatever else `entries` says; the handshake is not made. */
async function open(
  servers: Record<string, Strings>,
  entries: Record<string, { command: string; args?: string[] }> = {},
): Promise<Gateway> {
  const directory = join(base, String(count++));
  mkdirSync(directory);
  const puppets: Record<string, Puppet> = {};
  const mcpServers: Record<string, object> = { ...entries };
  for (const [name, strings] of Object.entries(servers)) {
    puppets[name] = await Puppet.listen(directory, { flags: ['node'], tools: TOOLS, strings });
    const [command, ...args] = puppets[name].command;
    mcpServers[name] = { command, args };
  }
  const state = join(directory, 'state');
  const client = new RawClient(inFrontOfAll(writeConfig(directory, { mcpServers }), state));
  return { client, puppets, state };
}

const namesOf = ({ message }: Received): string[] => message.result.tools.map(({ name }: Tool) => name);
const result = (id: unknown, value: object): string => JSON.stringify({ jsonrpc: '2.0', id, result: value });

function status(state: string): { name: string; state: string; reason?: string; pid?: number }[] {
  const [command, ...args] = cordon('status', '--state', state, '--json');
  const report = JSON.parse(spawnSync(command!, args, { cwd: base, encoding: 'utf8' }).stdout);
  return report.sessions.flatMap(({ servers }: { servers: object[] }) => servers);
}

describe.concurrent('several servers', () => {
  test('one that cannot be found and one that ends at once take nothing down, and are named in the status', async () => {
    const { client, state } = await open(
      { good: echo },
      {
        lost: { command: 'no-such-command-anywhere' },
        brief: { command: process.execPath, args: ['-e', '0'] },
      },
    );
    await client.handshake();
    expect(namesOf(await client.request('tools/list'))).toEqual(['good__echo', 'good__wait']);
    expect(words((await client.call('good__echo', { n: 1 })).message)).toBe('{"n":1}');
    const refused = await client.call('brief__echo');
    expect(refused.message.error!.message).toMatch(/brief.*exited with code 0.*started again/);
    await eventually(() => {
      const all = status(state);
      return all.filter((one) => one.state === 'down').length === 2 && all.some((one) => one.state === 'up');
    }, 'two servers that are down');
    expect(status(state).find(({ name }) => name === 'lost')!.reason).toContain('no-such-command-anywhere');
    await client.end();
    expect(client.junk).toEqual([]);
    const [session] = readdirSync(join(state, 'sessions'));
    const exits = [...readEntries(join(state, 'sessions', session!))].filter(
      ({ kind }) => kind === 'server.exit',
    );
    const reasonOf = (name: string) => exits.find(({ server }) => server === name)?.['reason'];
    expect(reasonOf('lost')).toContain('no-such-command-anywhere');
    expect(reasonOf('brief')).toBe('it exited with code 0');
  });

  test('one that never answers the handshake holds no list up for long, and is there once it comes up', async () => {
    let late: unknown;
    const { client, puppets } = await open({
      slow: ({ message: { id, method } }) => {
        if (method !== 'initialize') return undefined;
        late = id;
        return [];
      },
      good: echo,
    });
    await client.handshake();
    expect(namesOf(await client.request('tools/list'))).toEqual(['good__echo', 'good__wait']);
    const changed = client.next(
      ({ message }) => message.method === 'notifications/tools/list_changed',
      'a notice',
    );
    const capabilities = { tools: {} };
    puppets['slow']!.send(result(late, { protocolVersion: '2025-06-18', capabilities, serverInfo: {} }));
    await changed;
    expect(namesOf(await client.request('tools/list'))).toHaveLength(4);
    await client.end();
  });

  test('one that is killed fails its calls, is started again under its pins, and leaves the others alone', async () => {
    const { client, puppets, state } = await open({ a: echo, b: echo });
    await client.handshake();
    await client.request('tools/list');
    const [a, b] = [puppets['a']!, puppets['b']!];
    const inFlight = [1001, 'x'].map((id) => client.request('tools/call', { name: 'a__wait' }, id));
    const other = client.request('tools/call', { name: 'b__wait' }, 'other');
    await a.got(({ message }) => message.params?.name === 'wait');
    const { message: waiting } = await b.got(({ message }) => message.params?.name === 'wait');
    const before = a.pid;
    // Before it is started again, which may be sooner than this test goes on.
    a.tools = [TOOLS[0]!, { ...TOOLS[1]!, description: 'Waits and tells.' }];
    process.kill(before, 'SIGKILL');
    for (const answer of await Promise.all(inFlight)) expect(answer.message.error!.message).toContain('"a"');
    expect(words((await client.call('b__echo', { n: 2 })).message)).toBe('{"n":2}');
    b.send(result(waiting.id, { content: [] }));
    expect((await other).message.result.content).toEqual([]);

    // Until it is up again calls are refused or wait; a tool that changed meanwhile is withheld.
    await eventually(
      async () => (await client.call('a__echo', { n: 3 })).message.result !== undefined,
      'a restart',
    );
    expect(a.pid).not.toBe(before);
    const { message } = await client.call('a__wait');
    expect(message.result.isError).toBe(true);
    expect(words(message)).toContain('withheld');
    await eventually(
      () => status(state).some(({ name, pid }) => name === 'a' && pid === a.pid),
      'the new process in the status',
    );
    expect((await client.end()).code).toBe(0);
    expect(a.processes()).toEqual([]);
  });

  test('ask the client under the same ids and tokens, and each gets its own answer and progress', async () => {
    const { client, puppets } = await open({ a: echo, b: echo });
    client.handle('sampling/createMessage', (params) => ({
      role: 'assistant',
      model: 'm',
      content: { type: 'text', text: (params as { systemPrompt: string }).systemPrompt },
    }));
    await client.handshake({ sampling: {} });
    await client.request('tools/list');
    const asked = Object.entries(puppets).map(async ([name, puppet]) => {
      const params = { systemPrompt: `for ${name}`, messages: [], maxTokens: 1, _meta: { progressToken: 1 } };
      puppet.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params }));
      const { message } = await puppet.got(
        (received) => received.message.id === 1 && 'result' in received.message,
      );
      expect(message.result.content.text).toBe(`for ${name}`);
    });
    await Promise.all(asked);
    await client.end();
  });

  test('a flood of notices of one is bounded, and a call to another is answered meanwhile', async () => {
    const { client, puppets } = await open({ loud: echo, good: echo });
    await client.handshake();
    await client.request('tools/list');
    const loud = puppets['loud']!;
    const line = (method: string, params: object): string =>
      `${JSON.stringify({ jsonrpc: '2.0', method, params })}\n`;
    const message = line('notifications/message', { level: 'info', data: 'x'.repeat(100) });
    const changed = line('notifications/tools/list_changed', {});
    for (let i = 0; i < 20; i++) loud.write(message.repeat(1000) + changed.repeat(1000));
    expect(words((await client.call('good__echo', { n: 1 })).message)).toBe('{"n":1}');
    await eventually(
      () => client.received.filter((one) => one.message.method === 'notifications/message').length === 20_000,
      'every message of the flood',
    );
    const told = client.received.filter((one) => one.message.method === 'notifications/tools/list_changed');
    expect(told.length).toBeLessThan(5);
    await client.end();
  });
});

describe('two servers of one name', () => {
  test.each([
    ['{"mcpServers":{\n"a":{"command":"node"},\n"a":{"command":"node"}}}', 3],
    ['{"mcpServers":{\n"my.mail":{"command":"node"},\n"my-mail":{"command":"node"}}}', 3],
  ])('are refused with the line: %j', async (text, line) => {
    const directory = join(base, String(count++));
    mkdirSync(directory);
    const config = writeConfig(directory, text);
    const client = new RawClient(inFrontOfAll(config, join(directory, 'state')));
    expect((await client.exit).code).toBe(2);
    expect(client.stderr).toContain(`:${line}:`);
  });
});
