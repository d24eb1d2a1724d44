import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactJson } from '../../src/json/exact.ts';

test('whatever JSON.parse gives comes back the same', () => {
  const parsed = fc.oneof(
    fc.jsonValue({ maxDepth: 5, noUnicodeString: false }),
    fc.double(),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(parsed, (value) => {
      fc.pre(!Number.isNaN(value));
      expect(JSON.parse(exactJson(value))).toEqual(value);
    }),
  );
});

test.each(['1e400', '-1e400', '-0', '{"a":[1e999,{"__proto__":1}]}', '"\\ud800"', '{"":{"b":null}}'])(
  '%s',
  (text) => {
    const value: unknown = JSON.parse(text);
    const again: unknown = JSON.parse(exactJson(value));
    expect(again).toEqual(value);
    expect(JSON.stringify(again)).toBe(JSON.stringify(value));
    expect(Object.is(again, value) || typeof value !== 'number').toBe(true);
  },
);

test('members that are not there are left out, as JSON.stringify does', () => {
  expect(exactJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
});
