import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rewrite } from '../../../src/proxy/eras/rewrite.ts';
import { message } from './support.ts';

const line = (text: string, change: Parameters<typeof rewrite>[1]): string =>
  rewrite(message(text), change).toString();

test('what is not named keeps its bytes', () => {
  const text = '{"jsonrpc":"2.0" , "id":1,"method":"m","params":{"a": 1e400,"_meta":{"b": [ 1 ],"x":2}} }';
  expect(line(text, {})).toBe(text);
  expect(line(text, { id: 'n', meta: { set: { x: 3 } } })).toBe(
    '{"jsonrpc":"2.0" , "id":"n","method":"m","params":{"a": 1e400,"_meta":{"x":3,"b": [ 1 ]}} }',
  );
});

test.each([
  ['{"jsonrpc":"2.0","id":1,"method":"m"}', { _meta: { x: 1 }, a: 2 }],
  ['  {"jsonrpc":"2.0","id":1,"method":"m"}', { _meta: { x: 1 }, a: 2 }],
  ['{"jsonrpc":"2.0","id":1,"method":"m","params":null}', { _meta: { x: 1 }, a: 2 }],
  ['{"jsonrpc":"2.0","id":1,"method":"m","params":{}}', { _meta: { x: 1 }, a: 2 }],
  ['{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":7,"gone":1}}', { _meta: { x: 1 }, a: 2 }],
  ['{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":null,"b":3}}', { _meta: { x: 1 }, a: 2, b: 3 }],
])('params are as they are to be: %s', (text, params) => {
  const changed = line(text, { meta: { set: { x: 1 } }, add: ['"a":2'], drop: new Set(['a', 'gone']) });
  expect(JSON.parse(changed).params).toEqual(params);
});

test('of any message, the rewritten one says what the same change of its value says', () => {
  const key = fc.constantFrom('a', 'b', 'c', '_meta', '__proto__');
  const params = fc.dictionary(
    key,
    fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.dictionary(key, fc.integer())),
  );
  fc.assert(
    fc.property(
      params,
      fc.subarray(['a', 'b', 'c']),
      fc.dictionary(key, fc.integer()),
      (inner, drop, set) => {
        const text = JSON.stringify({ jsonrpc: '2.0', id: 1, result: inner });
        const meta = inner['_meta'];
        const isObject = typeof meta === 'object' && meta !== null && !Array.isArray(meta);
        const changed = JSON.parse(line(text, { meta: { set }, add: ['"z":0'], drop: new Set(drop) })).result;
        const now = { ...(isObject ? (meta as object) : {}), ...set };
        expect(changed._meta ?? {}).toEqual(JSON.parse(JSON.stringify(now)));
        expect(changed.z).toBe(0);
        for (const name of ['a', 'b', 'c']) {
          expect(changed[name]).toEqual(
            drop.includes(name) ? undefined : JSON.parse(JSON.stringify(inner))[name],
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
