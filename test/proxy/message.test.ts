import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  INVALID_REQUEST,
  idKey,
  innerOf,
  memberOf,
  PARSE_ERROR,
  parseMessage,
  readId,
  WireFault,
} from '../../src/proxy/message.ts';

const DEPTH = 128;
const parse = (text: string | Buffer) => parseMessage(Buffer.from(text as string), DEPTH);

function faultOf(text: string | Buffer): WireFault {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof WireFault) return error;
    throw error;
  }
  throw new Error(`accepted: ${text.toString().slice(0, 80)}`);
}

describe('a message', () => {
  test.each<[string, object]>([
    ['{"jsonrpc":"2.0","id":1,"method":"m"}', { kind: 'request', id: 1, method: 'm', params: undefined }],
    [
      '{"jsonrpc":"2.0","id":"a","method":"m","params":{"a":1}}',
      { kind: 'request', id: 'a', params: { a: 1 } },
    ],
    ['{"jsonrpc":"2.0","method":"m","params":{}}', { kind: 'notification', method: 'm', params: {} }],
    [
      '{"jsonrpc":"2.0","id":1,"result":{"a":1}}',
      { kind: 'answer', id: 1, payload: { a: 1 }, failed: false },
    ],
    ['{"jsonrpc":"2.0","id":1,"result":null}', { kind: 'answer', payload: null, failed: false }],
    ['{"jsonrpc":"2.0","id":1,"result":[]}', { kind: 'answer', payload: [], failed: false }],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}', { kind: 'answer', failed: true }],
    ['  {"method":"m" , "jsonrpc":"2.0"}\r', { kind: 'notification', method: 'm' }],
    ['{"jsonrpc":"2.0","id":1,"method":"m","x-extra":[1],"trace":{}}', { kind: 'request' }],
  ])('%s', (text, message) => {
    expect(parse(text)).toMatchObject(message);
    expect(parse(text).line.toString()).toBe(text);
  });

  test.each<[string, string | number]>([
    ['0', 0],
    ['-1', -1],
    ['1.5', 1.5],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['""', ''],
    ['"1"', '1'],
    ['"\\u0061"', 'a'],
    [`"${'x'.repeat(1000)}"`, 'x'.repeat(1000)],
  ])('has the id %s', (json, id) => {
    expect(parse(`{"jsonrpc":"2.0","id":${json},"method":"m"}`)).toMatchObject({ kind: 'request', id });
    expect(readId(Buffer.from(`{"jsonrpc":"2.0","id":${json},"method":"m"}`))).toBe(id);
  });

  test('keeps numbers that a double does not hold as they were written', () => {
    const numbers =
      '[9007199254740993, 1e400, -1e400, 1e-400, 0.12345678901234567890, 12345678901234567890, 1.0]';
    const { params } = parse(`{"jsonrpc":"2.0","method":"m","params":{"n":${numbers}}}`) as {
      params: unknown;
    };
    expect(params).toEqual({
      n: [
        '9007199254740993',
        '1e400',
        '-1e400',
        '1e-400',
        '0.12345678901234567890',
        '12345678901234567890',
        1,
      ],
    });
  });

  test('takes __proto__ for a member like any other', () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"name":"x"}},"__proto__":{"id":2}}';
    const message = parse(text) as { id: unknown; params: Record<string, unknown> };
    expect(message.id).toBe(1);
    expect(message.params['name']).toBeUndefined();
    expect(Object.keys(message.params)).toEqual(['__proto__']);
    for (const inherited of [
      '"__proto__":{"jsonrpc":"2.0"},"method":"m"',
      '"jsonrpc":"2.0","__proto__":{"method":"m"}',
    ]) {
      expect(faultOf(`{${inherited}}`)).toBeInstanceOf(WireFault);
    }
  });

  test('shows where its members stand', () => {
    const message = parse('{"jsonrpc":"2.0","id":1,"result":{"_meta":{"a":1},"x":2}}');
    const cut = (member: { start: number; end: number } | undefined) =>
      member && message.line.toString('utf8', member.start, member.end);
    expect(cut(memberOf(message, 'id'))).toBe('1');
    expect(cut(memberOf(message, 'result'))).toBe('{"_meta":{"a":1},"x":2}');
    expect(cut(innerOf(message, '_meta'))).toBe('{"a":1}');
    expect(innerOf(message, 'id')).toBeUndefined();
    expect(memberOf(message, 'x')).toBeUndefined();
  });
});

describe('refused', () => {
  const deep = (levels: number) =>
    `{"jsonrpc":"2.0","id":5,"method":"m","params":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;

  test.each<[what: string, line: string | Buffer, reason: string, code: number, id: string | number | null]>([
    ['nothing', '', 'invalid-json', PARSE_ERROR, null],
    ['a word', 'hello', 'invalid-json', PARSE_ERROR, null],
    ['a string', '"hello"', 'not-an-object', INVALID_REQUEST, null],
    ['null', 'null', 'not-an-object', INVALID_REQUEST, null],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"m"}]', 'batch', INVALID_REQUEST, null],
    ['an empty batch', '[]', 'batch', INVALID_REQUEST, null],
    ['half a message', '{"jsonrpc":"2.0","id":5,"method":"m"', 'invalid-json', PARSE_ERROR, 5],
    ['two messages', '{"jsonrpc":"2.0","id":5,"method":"m"}{}', 'invalid-json', PARSE_ERROR, 5],
    ['a trailing comma', '{"jsonrpc":"2.0","id":5,"method":"m",}', 'invalid-json', PARSE_ERROR, 5],
    ['a comment', '{"jsonrpc":"2.0","id":5,/**/"method":"m"}', 'invalid-json', PARSE_ERROR, 5],
    ['single quotes', "{'jsonrpc':'2.0','id':5,'method':'m'}", 'invalid-json', PARSE_ERROR, null],
    ['a control character', '{"jsonrpc":"2.0","id":5,"method":"a\u0001b"}', 'invalid-json', PARSE_ERROR, 5],
    ['NaN', '{"jsonrpc":"2.0","id":5,"method":"m","params":{"a":NaN}}', 'invalid-json', PARSE_ERROR, 5],
    ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":5,"method":"m"}', 'invalid-json', PARSE_ERROR, null],
    [
      'bytes that are no UTF-8',
      Buffer.concat([
        Buffer.from('{"jsonrpc":"2.0","id":5,"method":"'),
        Buffer.from([0xff]),
        Buffer.from('"}'),
      ]),
      'invalid-utf8',
      PARSE_ERROR,
      5,
    ],
    ['10,000 levels', deep(10_000), 'too-deep', INVALID_REQUEST, 5],
    ['one level too many', deep(DEPTH - 1), 'too-deep', INVALID_REQUEST, 5],
    ['two ids', '{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}', 'duplicate-key', INVALID_REQUEST, null],
    [
      'two methods',
      '{"jsonrpc":"2.0","id":5,"method":"a","method":"b"}',
      'duplicate-key',
      INVALID_REQUEST,
      5,
    ],
    [
      'a method escaped twice',
      '{"jsonrpc":"2.0","id":5,"method":"a","\\u006dethod":"b"}',
      'duplicate-key',
      INVALID_REQUEST,
      5,
    ],
    [
      'two of anything, anywhere',
      '{"jsonrpc":"2.0","id":5,"method":"m","params":{"a":[{"b":{"c":1,"c":2}}]}}',
      'duplicate-key',
      INVALID_REQUEST,
      5,
    ],
    [
      'a folded method',
      '{"jsonrpc":"2.0","id":5,"method":"m","Method":"n"}',
      'folded-key',
      INVALID_REQUEST,
      5,
    ],
    ['a folded id', '{"jsonrpc":"2.0","ID":5,"method":"m"}', 'folded-key', INVALID_REQUEST, null],
    [
      'a folded name',
      '{"jsonrpc":"2.0","id":5,"method":"m","params":{"name":"a","NAME":"b"}}',
      'folded-key',
      INVALID_REQUEST,
      5,
    ],
    [
      'a compatibility form',
      '{"jsonrpc":"2.0","id":5,"method":"m","param\u017f":{}}',
      'folded-key',
      INVALID_REQUEST,
      5,
    ],
    ['no version', '{"id":5,"method":"m"}', 'version', INVALID_REQUEST, 5],
    ['another version', '{"jsonrpc":"1.0","id":5,"method":"m"}', 'version', INVALID_REQUEST, 5],
    ['a version that is a number', '{"jsonrpc":2.0,"id":5,"method":"m"}', 'version', INVALID_REQUEST, 5],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"m"}', 'id', INVALID_REQUEST, null],
    [
      'a null id of an error',
      '{"jsonrpc":"2.0","id":null,"error":{"code":1}}',
      'null-id',
      INVALID_REQUEST,
      null,
    ],
    ['a boolean id', '{"jsonrpc":"2.0","id":true,"method":"m"}', 'id', INVALID_REQUEST, null],
    ['an object for an id', '{"jsonrpc":"2.0","id":{"a":1},"method":"m"}', 'id', INVALID_REQUEST, null],
    ['an array for an id', '{"jsonrpc":"2.0","id":[1],"method":"m"}', 'id', INVALID_REQUEST, null],
    [
      '9007199254740992 as id',
      '{"jsonrpc":"2.0","id":9007199254740992.0,"method":"m"}',
      'id',
      INVALID_REQUEST,
      null,
    ],
    ['a method that is a number', '{"jsonrpc":"2.0","id":5,"method":7}', 'method', INVALID_REQUEST, 5],
    ['a method that is null', '{"jsonrpc":"2.0","id":5,"method":null}', 'method', INVALID_REQUEST, 5],
    [
      'params that are a list',
      '{"jsonrpc":"2.0","id":5,"method":"m","params":[]}',
      'params',
      INVALID_REQUEST,
      5,
    ],
    [
      'params that are a string',
      '{"jsonrpc":"2.0","id":5,"method":"m","params":"x"}',
      'params',
      INVALID_REQUEST,
      5,
    ],
    [
      'request and answer at once',
      '{"jsonrpc":"2.0","id":5,"method":"m","result":{}}',
      'shape',
      INVALID_REQUEST,
      5,
    ],
    [
      'request and error at once',
      '{"jsonrpc":"2.0","id":5,"method":"m","error":{}}',
      'shape',
      INVALID_REQUEST,
      5,
    ],
    [
      'result and error at once',
      '{"jsonrpc":"2.0","id":5,"result":{},"error":{}}',
      'shape',
      INVALID_REQUEST,
      5,
    ],
    ['neither method nor answer', '{"jsonrpc":"2.0","id":5}', 'shape', INVALID_REQUEST, 5],
    ['an answer without an id', '{"jsonrpc":"2.0","result":{}}', 'shape', INVALID_REQUEST, null],
    ['an error that is a string', '{"jsonrpc":"2.0","id":5,"error":"x"}', 'shape', INVALID_REQUEST, 5],
    ['an error that is null', '{"jsonrpc":"2.0","id":5,"error":null}', 'shape', INVALID_REQUEST, 5],
    [
      'half a surrogate pair',
      '{"jsonrpc":"2.0","id":5,"method":"m","params":{"a":"\\ud83d"}}',
      'lone-surrogate',
      INVALID_REQUEST,
      5,
    ],
    [
      'the other half',
      '{"jsonrpc":"2.0","id":5,"method":"m","params":{"\\uDE00":1}}',
      'lone-surrogate',
      INVALID_REQUEST,
      5,
    ],
  ])('%s', (_, line, reason, code, id) => {
    expect(faultOf(line)).toMatchObject({ reason, code, id });
  });

  test('with a reason that says where', () => {
    expect(faultOf('{"jsonrpc":"2.0","id":5,"method":"a","method":"b"}').message).toBe(
      'the member name "method" occurs twice in one object (at byte 37)',
    );
  });

  test.each([
    ['9007199254740993', '"method":"m"'],
    ['1e400', '"method":"m"'],
    ['5', '"method":1e400'],
  ])('a number that a double does not hold is no id and no method: %s, %s', (id, rest) => {
    expect(faultOf(`{"jsonrpc":"2.0","id":${id},${rest}}`)).toBeInstanceOf(WireFault);
  });

  test('an answer that has params as well, so that it is plain which of them is meant', () => {
    expect(faultOf('{"jsonrpc":"2.0","id":5,"result":{"a":1},"params":{"a":2}}')).toBeInstanceOf(WireFault);
  });
});

test('no line makes it throw anything but a fault', () => {
  const scraps = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '"id"',
    '1',
    '"jsonrpc":"2.0"',
    '"method"',
    'null',
    ' ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(scraps).map((parts) => parts.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(WireFault);
        }
        readId(Buffer.from(text));
      },
    ),
    { numRuns: 1000 },
  );
});

test('what is parsed is what JSON.parse says, where no number drifts', () => {
  const params = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
  fc.assert(
    fc.property(params, fc.oneof(fc.string(), fc.integer()), (some, id) => {
      const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'm', params: some });
      fc.pre(!/[eE.]|\d{15}/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '')) && !text.includes('\\ud'));
      fc.pre(Object.keys(some).every((key) => key === key.normalize('NFKC').toLowerCase()));
      const message = parse(text);
      expect(message).toMatchObject({ kind: 'request', id, method: 'm' });
      expect((message as { params: unknown }).params).toEqual(
        (JSON.parse(text) as { params: unknown }).params,
      );
    }),
  );
});

test('ids are told apart by type and value', () => {
  const ids = [1, '1', ' 1', '0x1', 'n1', 's1', '', 0, -1, 1.5, '1.5'];
  expect(new Set(ids.map(idKey)).size).toBe(ids.length);
  expect(idKey(1)).toBe(idKey(1.0));
});

describe('readId', () => {
  test.each<[string, string | number | null]>([
    ['{"id":7,"method":"m","params":{"a":"cut in the mid', 7],
    ['{"jsonrpc":"2.0","params":{"id":8},"id":"x"', 'x'],
    ['{"params":{"id":8}', null],
    ['{"id":1,"id":2}', null],
    ['{"id":null}', null],
    ['{"id":', null],
    ['{"i', null],
    ['no json', null],
    ['', null],
  ])('of %j is %j', (text, id) => {
    expect(readId(Buffer.from(text))).toBe(id);
  });
});
