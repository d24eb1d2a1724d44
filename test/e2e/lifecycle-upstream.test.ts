import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inFrontOf, inFrontOfAll, withTimers } from './support/launch.ts';
import { ended } from './support/processes.ts';
import { Puppet, type Tool } from './support/puppet.ts';
import { RawClient, type Received } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { words } from './support/wire.ts';

const base = sandbox();
const TOOLS: readonly Tool[] = [
  { name: 'echo', description: 'Repeats.' },
  { name: 'wait', description: 'Waits.' },
];

let count = 0;
function folder(): string {
  const path = join(base, String(count++));
  mkdirSync(path);
  return path;
}

/** Echoes `echo`, leaves everything else unanswered. */
function echo({ message: { id, method, params } }: Received): string | undefined {
  if (method !== 'tools/call' || params.name !== 'echo') return undefined;
  const content = [{ type: 'text', text: JSON.stringify(params.arguments) }];
  return JSON.stringify({ jsonrpc: '2.0', id, result: { content } });
}

async function open(start = (command: string[]) => command): Promise<{ client: RawClient; puppet: Puppet }> {
  const directory = folder();
  const puppet = await Puppet.listen(directory, { flags: ['node'], tools: TOOLS, strings: echo });
  const command = inFrontOf(puppet.command, {
    state: join(directory, 'state'),
    options: ['--name', 'mute'],
  });
  const client = new RawClient(start(command));
  await client.handshake();
  await client.request('tools/list', {});
  return { client, puppet };
}

/** A clear error: a code of one's own, and words that name the server. */
function expectClear({ message }: Received): void {
  expect(message.result).toBeUndefined();
  const { code } = message.error!;
  expect(code === -32603 || code > -32000 || code < -32768, String(code)).toBe(true);
  expect(message.error!.message).toContain('mute');
}

describe.concurrent('an upstream', () => {
  test('that does not answer is waited for, and the others are served meanwhile', async () => {
    const { client, puppet } = await open();
    const patient = client.request('tools/call', { name: 'wait' }, 'patient');
    const { message } = await client.call('echo', { word: 'meanwhile' });
    expect(words(message)).toContain('meanwhile');
    expect(client.received.some((received) => received.message.id === 'patient')).toBe(false);
    puppet.send('{"jsonrpc":"2.0","id":"patient","result":{"content":[]}}');
    expect((await patient).message.result.content).toEqual([]);
    await client.end();
  });

  test.each([
    ['exits', (puppet: Puppet) => puppet.leave()],
    ['is killed', (puppet: Puppet) => process.kill(puppet.pid, 'SIGKILL')],
  ])(
    'that %s: every call in flight gets an error, and so does every later one, at once',
    async (_how, go) => {
      const { client, puppet } = await open();
      const calls = [1001, 'two', ''].map((id) => client.request('tools/call', { name: 'wait' }, id));
      const list = client.request('resources/list', {}, 1004);
      await puppet.got(({ message }) => message.id === 1004);
      go(puppet);
      for (const answer of await Promise.all([...calls, list])) expectClear(answer);
      expectClear(await client.call('echo', { word: 'too late' }));
      expectClear(await client.request('resources/list', {}));
      expect(client.junk).toEqual([]);
      expect((await client.end()).signal).toBe(null);
    },
  );

  test('that cannot be started is named, and the request answered', async () => {
    const directory = folder();
    const client = new RawClient(
      inFrontOf([join(directory, 'no-such-program')], {
        state: join(directory, 'state'),
        options: ['--name', 'mute'],
      }),
    );
    const answer = client.request('initialize', { protocolVersion: '2025-06-18', capabilities: {} });
    // Either there is an error for the request, or Cordon says what is wrong and ends with 2: never silence.
    const outcome = await Promise.race([answer.catch(() => undefined), client.exit.then(() => undefined)]);
    if (outcome) expectClear(outcome);
    expect(client.stderr).toContain('no-such-program');
    await client.end();
  });

  test('that exits before it answered initialize: the request gets an error', async () => {
    const directory = folder();
    const client = new RawClient(
      inFrontOf([process.execPath, '-e', 'console.error("my last words"); process.exit(4)', directory], {
        state: join(directory, 'state'),
        options: ['--name', 'mute'],
      }),
    );
    expectClear(await client.request('initialize', { protocolVersion: '2025-06-18', capabilities: {} }));
    expect(client.stderr).toContain('my last words');
    await client.end();
  });

  test('that prints garbage: it goes to stderr with a warning, and calls still work', async () => {
    const { client, puppet } = await open();
    puppet.send('Listening on port 3000 \u001b[31m(not really)');
    puppet.send('{"jsonrpc":"2.0","id":');
    puppet.send('[1,2,3]');
    puppet.send('"text"');
    puppet.send('');
    puppet.send(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]));
    expect(words((await client.call('echo', { word: 'still here' })).message)).toContain('still here');
    expect(client.junk).toEqual([]);
    await client.until(() => client.stderr.includes('Listening on port 3000'), 'warning about the line');
    expect(client.stderr).not.toContain('\u001b[31m');
    await client.end();
  });

  test('that answers a call with garbage and then exits: the call gets an error', async () => {
    const { client, puppet } = await open();
    puppet.strings = (received) =>
      received.message.method === 'tools/call'
        ? `{"jsonrpc":"2.0","id":${received.message.id},"result":{`
        : undefined;
    const answer = client.call('echo');
    await puppet.got(({ message }) => message.method === 'tools/call');
    puppet.leave();
    expectClear(await answer);
    await client.end();
  });

  test('that leaves its last line unfinished when it goes: what is half is not forwarded', async () => {
    const { client, puppet } = await open();
    const answer = client.request('tools/call', { name: 'wait' }, 'half');
    await puppet.got(({ message }) => message.id === 'half');
    puppet.write('{"jsonrpc":"2.0","id":"half","result":{"content":[{"type":"te');
    puppet.leave();
    expectClear(await answer);
    await client.end();
  });

  test('that closes its output but lives on: calls in flight get errors', async () => {
    const directory = folder();
    const program =
      'process.stdin.once("data", () => { require("fs").closeSync(1); }); setInterval(() => {}, 1000)';
    const client = new RawClient(
      inFrontOf([process.execPath, '-e', program, directory], {
        state: join(directory, 'state'),
        options: ['--name', 'mute'],
      }),
    );
    expectClear(await client.request('initialize', { protocolVersion: '2025-06-18', capabilities: {} }));
    await client.end();
  });

  test('that takes its time is waited for when the client has closed its input: no answer is lost', async () => {
    const { client, puppet } = await open();
    const call = client.request('tools/call', { name: 'wait' }, 'late');
    const exit = client.end();
    await puppet.got(({ message }) => message.id === 'late');
    setTimeout(() => puppet.send('{"jsonrpc":"2.0","id":"late","result":{"content":[]}}'), 300);
    expect((await call).message.result.content).toEqual([]);
    expect(await exit).toEqual({ code: 0, signal: null });
  });

  test('that never answers what was cancelled is not waited for', async () => {
    // Where Cordon waits for answers, it does for ten seconds; here for ever.
    const { client, puppet } = await open((command) => withTimers(command, 'ms >= 10_000 ? 1e9 : ms'));
    client.send('{"jsonrpc":"2.0","id":"taken back","method":"tools/call","params":{"name":"wait"}}');
    await puppet.got(({ message }) => message.id === 'taken back');
    client.notify('notifications/cancelled', { requestId: 'taken back' });
    expect(await client.end()).toEqual({ code: 0, signal: null });
  });

  test('that closes its input but answers on is still heard', async () => {
    const directory = folder();
    const program = `process.stdin.once("data", () => {
      process.stdin.destroy();
      setInterval(() => console.log('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"alive"}}'), 50);
    })`;
    const client = new RawClient(
      inFrontOf([process.execPath, '-e', program, directory], { state: join(directory, 'state') }),
    );
    client.send(
      '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}',
    );
    await client.next(({ message }) => message.method === 'notifications/message', 'log message');
    // Far more than a pipe holds: Cordon has to survive EPIPE.
    for (let i = 0; i < 20; i++) client.notify('notifications/x', { text: 'x'.repeat(20_000) });
    await client.next(({ message }) => message.method === 'notifications/message', 'another log message');
    expect((await client.end()).signal).toBe(null);
  });
});

test('a list that Cordon asks for by itself and never gets holds up only what needs it', async () => {
  const { client, puppet } = await open();
  // The puppet has no prompts and is silent where an honest server would say so.
  client.send('{"jsonrpc":"2.0","id":"prompt","method":"prompts/get","params":{"name":"greeting"}}');
  expect(words((await client.call('echo', { word: 'unhindered' })).message)).toContain('unhindered');
  puppet.leave();
  await client.end();
});

test('one of several that goes takes nothing of the others along', async () => {
  const directory = folder();
  const puppets = await Promise.all([
    Puppet.listen(directory, { flags: ['node'], tools: TOOLS, strings: echo }),
    Puppet.listen(directory, { flags: ['node'], tools: TOOLS, strings: echo }),
  ]);
  const [mute, other] = puppets.map(({ command: [command, ...args] }) => ({ command, args }));
  const config = writeConfig(directory, { mcpServers: { mute, other } });
  const client = new RawClient(inFrontOfAll(config, join(directory, 'state')));
  await client.handshake();
  await client.request('tools/list', {});
  const call = client.call('mute__wait');
  await puppets[0]!.got(({ message }) => message.method === 'tools/call');
  puppets[0]!.leave();
  expectClear(await call);
  expectClear(await client.call('mute__echo'));
  expect(words((await client.call('other__echo', { word: 'here' })).message)).toContain('here');
  const processes = puppets[1]!.processes();
  await client.end();
  await ended(processes);
});

test('one of several that never answers initialize keeps neither the client nor the others waiting', async () => {
  const directory = folder();
  const asleep = await Puppet.listen(directory, { tools: TOOLS, strings: () => [] });
  const awake = await Puppet.listen(directory, { tools: TOOLS, strings: echo });
  const [slow, other] = [asleep, awake].map(({ command: [command, ...args] }) => ({ command, args }));
  const config = writeConfig(directory, { mcpServers: { slow, other } });
  const client = new RawClient(inFrontOfAll(config, join(directory, 'state')));
  const { message } = await client.handshake();
  expect(message.result.capabilities.tools).toEqual({ listChanged: true });
  expect(words((await client.call('other__echo', { word: 'awake' })).message)).toContain('awake');
  await client.end();
});
