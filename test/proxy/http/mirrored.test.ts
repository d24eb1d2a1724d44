import { validateHeaderName, validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Mirror, revisionOf } from '../../../src/proxy/http/mirrored.ts';
import { parseMessage, type Request } from '../../../src/proxy/message.ts';

const request = (method: string, params: unknown = {}): Request =>
  parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })), 64) as Request;

const tool = (name: string, properties: object) => ({ name, inputSchema: { type: 'object', properties } });

/** What a mirror makes of the answer to `tools/list` with these tools. */
function listed(mirror: Mirror, tools: unknown, params: object = {}): string {
  const line = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } });
  return mirror.learn(request('tools/list', params), Buffer.from(line)).toString();
}

const mirrorOf = (): Mirror => new Mirror('far', 300);

/** Headers of a call of `t`, whose server declared these properties. */
function call(properties: object, args: unknown): Record<string, string> {
  const mirror = mirrorOf();
  listed(mirror, [tool('t', properties)]);
  const {
    'mcp-method': _,
    'mcp-name': __,
    ...rest
  } = mirror.headers(request('tools/call', { name: 't', arguments: args }));
  return rest;
}

test('a request says its method, and what it is about', () => {
  const mirror = mirrorOf();
  expect(mirror.headers(request('tools/list'))).toEqual({ 'mcp-method': 'tools/list' });
  expect(mirror.headers(request('prompts/get', { name: 'p' }))).toMatchObject({ 'mcp-name': 'p' });
  expect(mirror.headers(request('resources/read', { uri: 'file:///a b' }))).toMatchObject({
    'mcp-name': 'file:///a b',
  });
  expect(mirror.headers(request('completion/complete', { name: 'x' }))).not.toHaveProperty('mcp-name');
  expect(mirror.headers(request('tools/call', { name: 5 }))).not.toHaveProperty('mcp-name');
  expect(mirror.headers(request('toString', { name: 'x' }))).toEqual({ 'mcp-method': 'toString' });
});

// The examples of the specification (2026-07-28, streamable-http, "Value Encoding").
test.each([
  ['us-west1', 'us-west1'],
  ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
  [' padded ', '=?base64?IHBhZGRlZCA=?='],
  ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
  ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ['', ''],
])('%j is written %s', (value, written) => {
  expect(call({ v: { type: 'string', 'x-mcp-header': 'V' } }, { v: value })).toEqual({
    'mcp-param-v': written,
  });
});

describe('arguments', () => {
  const region = { type: 'string', 'x-mcp-header': 'Region' };
  const flag = { type: 'boolean', 'x-mcp-header': 'Flag' };
  const count = { type: 'integer', 'x-mcp-header': 'Count' };

  test('are mirrored where they stand', () => {
    const nested = { type: 'object', properties: { region, plain: { type: 'string' } } };
    const args = { where: { region: 'eu', plain: 'x' }, flag: false, count: -7 };
    expect(call({ where: nested, flag, count }, args)).toEqual({
      'mcp-param-region': 'eu',
      'mcp-param-flag': 'false',
      'mcp-param-count': '-7',
    });
  });

  test('that are not there, null or no simple value are left out', () => {
    for (const value of [undefined, null, {}, [], 1.5]) expect(call({ count }, { count: value })).toEqual({});
    for (const args of [undefined, null, 'x', []]) expect(call({ count }, args)).toEqual({});
  });

  test.each<[string, object]>([
    ['a name that is no token', { a: { type: 'string', 'x-mcp-header': 'A B' } }],
    ['a name with a line break', { a: { type: 'string', 'x-mcp-header': 'A\r\nHost' } }],
    ['no name', { a: { type: 'string', 'x-mcp-header': '' } }],
    ['a name that is no text', { a: { type: 'string', 'x-mcp-header': 5 } }],
    ['an argument that is no simple value', { a: { type: 'object', 'x-mcp-header': 'A' } }],
    ['a fraction', { a: { type: 'number', 'x-mcp-header': 'A' } }],
    ['one name for two', { a: region, b: { ...region, 'x-mcp-header': 'REGION' } }],
    ['elements of a list', { a: { type: 'array', items: region } }],
    ['one of several', { a: { anyOf: [{ type: 'null' }, region] } }],
    ['what is only referred to', { a: { $defs: { r: region } } }],
    ['names that match', { a: { patternProperties: { '^x': region } } }],
    ['what is below one of these', { a: { not: { properties: { b: region } } } }],
    [
      'more than a request has room for',
      Object.fromEntries([...Array(65).keys()].map((i) => [`a${i}`, { ...region, 'x-mcp-header': `A${i}` }])),
    ],
  ])(
    'declared with %s make a tool unfit, and it is left out of the list, every other byte kept',
    (_, properties) => {
      const mirror = mirrorOf();
      const [before, after] = [tool('first', {}), tool('last', { region })];
      expect(listed(mirror, [before, tool('unfit', properties), after])).toBe(
        listed(mirrorOf(), [before, after]),
      );
      expect(call(properties, { a: 'x', b: 'y' })).toEqual({});
    },
  );

  test('are not declared by what only looks like it', () => {
    const fit = {
      'x-mcp-header': { type: 'string' },
      v: { enum: [{ 'x-mcp-header': '' }], default: { 'x-mcp-header': 5 } },
    };
    const line = listed(mirrorOf(), [tool('t', fit)]);
    expect(JSON.parse(line).result.tools).toHaveLength(1);
  });

  test('of a schema as deep as messages may be are found', () => {
    let schema: object = region;
    let args: object | string = 'eu';
    for (let i = 0; i < 60; i++) {
      schema = { properties: { a: schema } };
      args = { a: args };
    }
    expect(call({ a: schema }, { a: args })).toEqual({ 'mcp-param-region': 'eu' });
  });
});

test('a first page stands for a new list, the next for more of it', () => {
  const mirror = mirrorOf();
  const v = { v: { type: 'string', 'x-mcp-header': 'V' } };
  const asked = (name: string) =>
    'mcp-param-v' in mirror.headers(request('tools/call', { name, arguments: { v: 'x' } }));
  listed(mirror, [tool('a', v)]);
  listed(mirror, [tool('b', v)], { cursor: '2' });
  expect([asked('a'), asked('b')]).toEqual([true, true]);
  listed(mirror, [tool('b', v), null, { name: 5 }, {}]);
  expect([asked('a'), asked('b')]).toEqual([false, true]);
  // What is no list, or none of this request, changes nothing.
  for (const line of [
    '',
    '{',
    '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}',
    '{"jsonrpc":"2.0","id":1,"error":{}}',
  ]) {
    expect(mirror.learn(request('tools/list'), Buffer.from(line)).toString()).toBe(line);
  }
  expect(asked('b')).toBe(true);
  listed(mirror, [tool('c', {})]);
  expect(asked('b')).toBe(false);
  for (const tools of [5, {}, null]) expect(() => listed(mirror, tools)).not.toThrow();
});

test('whatever a server declares and a model says, the headers are headers', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(text, text, text, (name, declared, value) => {
      const mirror = mirrorOf();
      const properties = { v: { type: 'string', 'x-mcp-header': declared } };
      listed(mirror, [tool(name, properties)]);
      const line = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name, arguments: { v: value } },
      });
      if (!line.isWellFormed() || !(name + value).isWellFormed()) return;
      for (const [key, header] of Object.entries(
        mirror.headers(parseMessage(Buffer.from(line), 9) as Request),
      )) {
        validateHeaderName(key);
        validateHeaderValue(key, header);
      }
    }),
    { numRuns: 300 },
  );
});

test('a request names its revision, or belongs to a session', () => {
  const meta = (value: unknown) => ({ _meta: { 'io.modelcontextprotocol/protocolVersion': value } });
  expect(revisionOf(request('tools/list', meta('2026-07-28')))).toBe('2026-07-28');
  for (const params of [{}, { _meta: null }, meta(5), meta('a\nb'), null]) {
    expect(revisionOf(request('tools/list', params))).toBeUndefined();
  }
});
