import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFrontOf, inFrontOfAll } from './support/launch.ts';
import { eventually, residentBytes } from './support/processes.ts';
import { Puppet } from './support/puppet.ts';
import { RawClient, type Received } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { words } from './support/wire.ts';

const base = sandbox();
const TOOLS = [{ name: 'write_note', description: 'Keeps a note.' }];

/** The id as it was written: a parsed one would have lost what the test looks for. */
const rawId = (line: string): string => /"id":("(?:[^"\\]|\\.)*"|[^,}]+)/.exec(line)?.[1] ?? 'null';

/** Answers every call with its own arguments, under the very bytes of its id. */
function echo({ line, message }: Received): string | undefined {
  if (message.method !== 'tools/call') return undefined;
  const text = JSON.stringify(JSON.stringify(message.params.arguments ?? null));
  return `{"jsonrpc":"2.0","id":${rawId(line)},"result":{"content":[{"type":"text","text":${text}}]}}`;
}

let puppet: Puppet;
let client: RawClient;

beforeAll(async () => {
  puppet = await Puppet.listen(base, { tools: TOOLS, strings: echo });
  client = new RawClient(inFrontOf(puppet.command, { state: join(base, 'state') }));
  await client.handshake();
  await client.request('tools/list', {});
});
afterAll(() => client.end());

let serial = 0;

/** A call that must work, whatever was sent before; everything sent before has been dealt with when it is answered. */
async function stillWorks(on: RawClient = client): Promise<void> {
  const word = `after-${serial++}`;
  const { message } = await on.request('tools/call', { name: 'write_note', arguments: { word } }, word);
  expect(words(message)).toBe(JSON.stringify({ word }));
}

/** Sends the bytes and returns all that came back until a call after it was answered. */
async function reaction(bytes: string | Buffer): Promise<Received[]> {
  const from = client.received.length;
  const upstream = puppet.received.length;
  client.send(bytes);
  await stillWorks();
  const line = bytes.toString();
  expect(puppet.received.slice(upstream).some((received) => received.line === line)).toBe(false);
  expect(client.junk).toEqual([]);
  return client.received.slice(from, -1);
}

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

/** An error of JSON-RPC's own, or one of Cordon's outside the range that is reserved for others. */
function expectRefused(received: readonly Received[], id: string | number | null): void {
  expect(received.map(({ message }) => message.id)).toEqual([id]);
  const { error, result } = received[0]!.message;
  expect(result).toBeUndefined();
  const own = error!.code > -32000 || error!.code < -32768;
  expect(own || error!.code === PARSE_ERROR || error!.code === INVALID_REQUEST, String(error!.code)).toBe(
    true,
  );
  expect(error!.message.length).toBeGreaterThan(10);
}

const call = (id: string, args: string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"write_note","arguments":${args}}}`;

describe('lines that are no JSON', () => {
  test.each([
    ['words', 'hello there'],
    ['an unfinished object', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{'],
    ['two objects on a line', `${call('1', '{}')}${call('2', '{}')}`],
    ['a trailing comma', '{"jsonrpc":"2.0","id":1,"method":"ping",}'],
    ['a comment', '{"jsonrpc":"2.0","id":1,"method":"ping"/* */}'],
    ['NaN', call('1', '{"x":NaN}')],
    ['a leading zero', call('1', '{"x":01}')],
    ['single quotes', "{'jsonrpc':'2.0','id':1,'method':'ping'}"],
    ['a raw tab in a string', call('1', '{"x":"a\tb"}')],
    ['a raw NUL in a string', call('1', '{"x":"a\0b"}')],
    ['a byte order mark', `\ufeff${call('1', '{}')}`],
    ['bytes that are not UTF-8', Buffer.from(call('1', '{"x":"é"}'), 'latin1')],
    [
      'an overlong encoding',
      Buffer.from([...Buffer.from('{"jsonrpc":"2.0","id":1,"x":"'), 0xc0, 0xaf, 0x22, 0x7d]),
    ],
    [
      'an encoded surrogate',
      Buffer.from([...Buffer.from('{"jsonrpc":"2.0","id":1,"x":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]),
    ],
  ])('%s', async (_what, bytes) => {
    const received = await reaction(bytes);
    expectRefused(received, received[0]?.message.id === 1 ? 1 : null);
    expect(received[0]!.message.error!.code).toBe(PARSE_ERROR);
  });
});

describe('JSON that is no JSON-RPC', () => {
  test.each<[string, string, string | number | null]>([
    ['a string', '"ping"', null],
    ['a number', '42', null],
    ['null', 'null', null],
    ['an empty array', '[]', null],
    ['a batch', `[${call('1', '{}')},${call('2', '{}')}]`, null],
    ['an empty object', '{}', null],
    ['no jsonrpc', '{"id":"n","method":"ping"}', 'n'],
    ['jsonrpc 1.0', '{"jsonrpc":"1.0","id":"n","method":"ping"}', 'n'],
    ['jsonrpc as a number', '{"jsonrpc":2.0,"id":"n","method":"ping"}', 'n'],
    ['a method that is a number', '{"jsonrpc":"2.0","id":"n","method":7}', 'n'],
    ['a method that is a number past doubles', '{"jsonrpc":"2.0","id":"n","method":1e999}', 'n'],
    ['a method that is null', '{"jsonrpc":"2.0","id":"n","method":null}', 'n'],
    ['params that are a string', '{"jsonrpc":"2.0","id":"n","method":"tools/call","params":"x"}', 'n'],
    ['params that are a number', '{"jsonrpc":"2.0","id":"n","method":"tools/call","params":1}', 'n'],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', null],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}', null],
    ['an id that is an array', '{"jsonrpc":"2.0","id":[1],"method":"ping"}', null],
    ['an id that is true', '{"jsonrpc":"2.0","id":true,"method":"ping"}', null],
    ['a method and a result', '{"jsonrpc":"2.0","id":"n","method":"ping","result":{}}', 'n'],
    ['a call without a name', '{"jsonrpc":"2.0","id":"n","method":"tools/call","params":{}}', 'n'],
    [
      'a call whose name is a number',
      '{"jsonrpc":"2.0","id":"n","method":"tools/call","params":{"name":1}}',
      'n',
    ],
  ])('%s', async (_what, line, id) => {
    const received = await reaction(line);
    // A call that the server itself has to refuse may be passed on; what counts is that it gets its answer.
    if (received[0]?.message.result !== undefined) expect(received[0].message.id).toBe(id);
    else expectRefused(received, id);
  });

  test.each([
    ['an answer that nobody asked for', '{"jsonrpc":"2.0","id":"never asked","result":{}}'],
    [
      'an error that nobody asked for',
      '{"jsonrpc":"2.0","id":"never asked","error":{"code":1,"message":"x"}}',
    ],
    ['an error without an id', '{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}'],
  ])('%s is no request: it is not answered with a result', async (_what, line) => {
    const received = await reaction(line);
    expect(received.every(({ message }) => message.result === undefined)).toBe(true);
  });
});

describe('JSON that two parsers could read as two messages', () => {
  test.each([
    ['two ids', '{"jsonrpc":"2.0","id":"a","id":"b","method":"ping"}'],
    ['two methods', '{"jsonrpc":"2.0","id":"n","method":"ping","method":"tools/call"}'],
    ['two methods, one escaped', '{"jsonrpc":"2.0","id":"n","method":"ping","m\\u0065thod":"tools/call"}'],
    [
      'two names',
      '{"jsonrpc":"2.0","id":"n","method":"tools/call","params":{"name":"write_note","name":"x"}}',
    ],
    ['two equal arguments', call('"n"', '{"to":"a","to":"b"}')],
    ['two equal arguments, deep', call('"n"', '{"a":[{"b":{"to":1,"cc":2,"to":3}}]}')],
    [
      'two equal keys among many',
      call('"n"', `{${Array.from({ length: 40 }, (_, i) => `"k${i}":0`).join()},"k7":1}`),
    ],
    ['__proto__ twice', call('"n"', '{"__proto__":1,"__proto__":2}')],
    ['an envelope key in capitals', '{"jsonrpc":"2.0","id":"n","method":"ping","Method":"tools/call"}'],
    ['an envelope key with a long s', '{"jsonrpc":"2.0","id":"n","method":"ping","param\u017f":{}}'],
    ['half a surrogate pair', call('"n"', '{"text":"\\ud800"}')],
    ['the second half alone', call('"n"', '{"text":"a\\udc00b"}')],
    ['the halves in the wrong order', call('"n"', '{"text":"\\udc00\\ud800"}')],
    ['half a pair in a key', call('"n"', '{"\\ud83d":1}')],
  ])('%s', async (_what, line) => {
    const received = await reaction(line);
    expectRefused(received, received[0]?.message.id === 'n' ? 'n' : null);
  });

  test.each([10_000, 100_000])('%i levels of nesting', async (levels) => {
    const nested = `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expectRefused(await reaction(call('"deep"', `{"x":${nested}}`)), 'deep');
    expectRefused(await reaction(nested), null);
    await reaction(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
  });
});

describe('what looks odd but is right is carried', () => {
  test.each([
    '0',
    '-1',
    '9007199254740991',
    '""',
    '" 0x1 "',
    '"1"',
    '"\\u0041"',
    '"ü\u{1f511}"',
    '"__proto__"',
    '"constructor"',
    `"${'long'.repeat(5_000)}"`,
  ])('the id %s, in its very bytes', async (id) => {
    const answer = client.until(
      () => client.received.find(({ line }) => line.includes(`"id":${id}`) && line.includes('odd id')),
      `answer to ${id.slice(0, 40)}`,
    );
    client.send(call(id, '{"text":"odd id"}'));
    expect(rawId((await answer).line)).toBe(id);
    await stillWorks();
  });

  test.each(['1.5', '9007199254740992', '9007199254740993', '1e3', '-0'])(
    'the id %s is answered as written, or refused: never rounded',
    async (id) => {
      const from = client.received.length;
      client.send(call(id, '{"text":"odd number"}'));
      await stillWorks();
      const [{ line, message }] = client.received.slice(from, -1) as [Received];
      if (message.result) expect(rawId(line)).toBe(id);
      else expect([id, 'null']).toContain(rawId(line));
    },
  );

  test.each(['9007199254740993', '1e999'])(
    'the id %s is never answered as the string of its digits',
    async (id) => {
      const from = client.received.length;
      // A tool that nobody lists: it is Cordon that answers.
      client.send(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"no-such-tool"}}`);
      await stillWorks();
      const received = client.received.slice(from, -1);
      expect(received).toHaveLength(1);
      expect([id, 'null']).toContain(rawId(received[0]!.line));
    },
  );

  test('__proto__ as an argument is data, and nothing but data', async () => {
    for (const args of [
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
    ]) {
      const { line, message } = await (() => {
        const answer = client.answer('proto');
        client.send(call('"proto"', args));
        return answer;
      })();
      if (message.error) expectRefused([{ line, message }], 'proto');
      else expect(puppet.received.some((received) => received.line === call('"proto"', args))).toBe(true);
    }
    await stillWorks();
  });

  test('lines end with CRLF, begin with space, and empty ones are nothing', async () => {
    const from = client.received.length;
    client.send('');
    client.send('\r');
    client.send('  \t');
    client.send(`  ${call('"crlf"', '{"text":"windows"}')}  \r`);
    await stillWorks();
    const received = client.received.slice(from, -1);
    expect(received.map(({ message }) => message.id)).toEqual(['crlf']);
    expect(received[0]!.message.result).toBeDefined();
  });

  test('bytes that come one at a time, borders of characters or not', async () => {
    const answer = client.answer('drip');
    for (const byte of Buffer.from(`${call('"drip"', '{"text":"ü\u{1f511}ß"}')}\n`)) {
      client.process.stdin.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(words((await answer).message)).toBe('{"text":"ü\u{1f511}ß"}');
  });

  test('a thousand lines in one piece are answered, each once', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `"bulk-${index}"`);
    const from = client.received.length;
    client.process.stdin.write(ids.map((id) => `${call(id, '{}')}\n`).join(''));
    await stillWorks();
    const answered = client.received.slice(from, -1).map(({ message }) => JSON.stringify(message.id));
    expect(answered.toSorted()).toEqual(ids.toSorted());
  });
});

describe('a line over the limit', () => {
  const LIMIT = 64 * 1024;
  let small: RawClient;
  let behind: Puppet;

  beforeAll(async () => {
    const directory = join(base, 'small');
    mkdirSync(directory);
    behind = await Puppet.listen(directory, { tools: TOOLS, strings: echo });
    const [command, ...args] = behind.command;
    const config = writeConfig(directory, {
      mcpServers: { puppet: { command, args } },
      cordon: { limits: { messageBytes: LIMIT } },
    });
    small = new RawClient(inFrontOfAll(config, join(directory, 'state')));
    await small.handshake();
    await small.request('tools/list', {});
  });
  afterAll(() => small.end());

  test('is refused with its limit, and its rest is not taken for messages', async () => {
    const from = small.received.length;
    const line = call('"big"', JSON.stringify({ text: 'x'.repeat(3 * LIMIT) }));
    small.send(line);
    await stillWorks(small);
    const received = small.received.slice(from, -1);
    expectRefused(received, received[0]?.message.id === 'big' ? 'big' : null);
    expect(received[0]!.message.error!.message).toContain(String(LIMIT));
    expect(behind.received.some((at) => at.line.length > LIMIT)).toBe(false);
  });

  test('just below it passes', async () => {
    const empty = call('"near"', '{"text":""}').length;
    const answer = small.answer('near');
    small.send(call('"near"', `{"text":"${'y'.repeat(LIMIT - empty)}"}`));
    const { message } = await answer;
    // The answer is longer than its call, so it is over the limit on its way back: an error, and no silence.
    expect(message.error ?? message.result).toBeDefined();
    expect(behind.received.some((at) => at.line.length === LIMIT)).toBe(true);
    await stillWorks(small);
  });

  test('that never ends costs no memory', async () => {
    const before = residentBytes(small.pid);
    const piece = Buffer.alloc(1024 * 1024, 'z');
    for (let sent = 0; sent < 60; sent++) {
      if (!small.process.stdin.write(piece))
        await new Promise((resolve) => small.process.stdin.once('drain', resolve));
    }
    await eventually(() => small.process.stdin.writableLength === 0, 'the end of the writing');
    expect((residentBytes(small.pid) - before) / 1024 / 1024).toBeLessThan(50);
    small.send('');
    await stillWorks(small);
  });
});
