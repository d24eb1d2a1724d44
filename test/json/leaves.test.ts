import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leavesOf } from '../../src/json/leaves.ts';
import { tokensOf } from '../../src/json/pointer.ts';

test('strings, numbers and member names, each with its pointer', () => {
  const value = { to: ['x', { 'a/b': 1 }], '~': 'y', on: true, none: null };
  expect(leavesOf(value)).toEqual([
    { path: '/to', text: 'to', form: 'key' },
    { path: '/~0', text: '~', form: 'key' },
    { path: '/on', text: 'on', form: 'key' },
    { path: '/none', text: 'none', form: 'key' },
    { path: '/to/0', text: 'x', form: 'string' },
    { path: '/to/1/a~1b', text: 'a/b', form: 'key' },
    { path: '/to/1/a~1b', text: '1', form: 'number' },
    { path: '/~0', text: 'y', form: 'string' },
  ]);
});

test('a value that is a leaf itself stands at the base', () => {
  expect(leavesOf('x')).toEqual([{ path: '', text: 'x', form: 'string' }]);
  expect(leavesOf(7, '/a')).toEqual([{ path: '/a', text: '7', form: 'number' }]);
  for (const value of [null, undefined, true, [], {}]) expect(leavesOf(value)).toEqual([]);
});

test('every pointer leads to what its leaf says', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      for (const { path, text, form } of leavesOf(value)) {
        const tokens = tokensOf(path);
        if (form === 'key') expect(tokens.at(-1)).toBe(text);
        const holder = form === 'key' ? tokens.slice(0, -1) : tokens;
        let at: unknown = value;
        for (const token of holder) at = (at as Record<string, unknown>)[token];
        if (form === 'key') expect(Object.hasOwn(at as object, text)).toBe(true);
        else expect([typeof at, String(at)]).toEqual([form, text]);
      }
    }),
  );
});

test('nothing is left out', () => {
  const count = (value: unknown): number => {
    if (typeof value === 'string' || typeof value === 'number') return 1;
    if (typeof value !== 'object' || value === null) return 0;
    const own = Array.isArray(value) ? 0 : Object.keys(value).length;
    return Object.values(value).reduce((sum: number, one) => sum + count(one), own);
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(leavesOf(value)).toHaveLength(count(value));
    }),
  );
});

test('a member named __proto__ is a member', () => {
  expect(leavesOf(JSON.parse('{"__proto__":{"a":"x"}}')).map(({ path, text }) => `${path} ${text}`)).toEqual([
    '/__proto__ __proto__',
    '/__proto__/a a',
    '/__proto__/a x',
  ]);
});

test('depth does not end the walk', () => {
  let value: unknown = 'x';
  for (let i = 0; i < 20_000; i++) value = [value];
  expect(leavesOf(value)).toHaveLength(1);
});
