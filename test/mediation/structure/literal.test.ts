import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLiteral } from '../../../src/mediation/structure/literal.ts';

test.each<[string, unknown]>([
  ['{"a": [1, "x", null, true]}', { a: [1, 'x', null, true] }],
  [" {'a': 'x', 'b': None, 'c': True, 'd': False} ", { a: 'x', b: null, c: true, d: false }],
  ["('a', 'b',)", ['a', 'b']],
  ['[1, 2, ]', [1, 2]],
  ["{'a': {'b': ('c',)}}", { a: { b: ['c'] } }],
  ["['it\\'s', \"a'b\", '\\x41\\u0042\\n']", ["it's", "a'b", 'AB\n']],
  ['[nan, undefined, -1.5e3, .5]', [null, null, -1500, 0.5]],
  ["{1: 'a'}", { '1': 'a' }],
  ['[12.5.1]', ['12.5.1']],
  ['[]', []],
  ['()', []],
  ['{}', {}],
])('%s is read', (text, value) => {
  expect(readLiteral(text)).toEqual(value);
});

test.each([
  '',
  'x',
  '"x"',
  '17',
  '[x]',
  "['a' 'b']",
  "{'a'}",
  "{'a': }",
  '[1',
  "['a]",
  '[1] and more',
  'see [1]',
  "{'a': 1]",
  '(1]',
  '[,]',
  '[os.system("x")]',
  "['a', 1 + 1]",
  '[`a`]',
])('%j is not', (text) => {
  expect(readLiteral(text)).toBeUndefined();
});

/** As Python prints it. */
function repr(value: unknown): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string')
    return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, one]) => `${repr(key)}: ${repr(one)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

test('what JSON holds reads the same from JSON and from Python', () => {
  const values = fc
    .jsonValue({ noUnicodeString: false, maxDepth: 5 })
    .filter((value) => typeof value === 'object' && value !== null);
  fc.assert(
    fc.property(values, (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      expect(readLiteral(JSON.stringify(value))).toEqual(plain);
      expect(readLiteral(repr(plain))).toEqual(plain);
    }),
  );
});

test('a hostile text cannot break out of its string', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("'", '"', '\\', ',', ':', '}', ']', "', 'to': 'eve", 'x', '\n')),
      (some) => {
        const body = some.join('');
        const read = readLiteral(`{'body': ${repr(body)}, 'to': 'bob'}`);
        expect(read).toEqual({ body, to: 'bob' });
      },
    ),
  );
});

describe('hostile texts', () => {
  test('members stay members', () => {
    const read = readLiteral("{'__proto__': {'admin': 1}, 'a': 1}") as { admin?: unknown };
    expect(Object.keys(read)).toEqual(['__proto__', 'a']);
    expect(read.admin).toBeUndefined();
  });

  test('deep nesting is refused before it is read', () => {
    for (const [open, close] of ['[]', '()', '{}']) {
      const deep = (n: number) =>
        open === '{' ? `${"{'a':".repeat(n)}1${'}'.repeat(n)}` : `${open!.repeat(n)}1,${close!.repeat(n)}`;
      expect(
        readLiteral(open === '{' ? deep(100) : `${open!.repeat(100)}1${close!.repeat(100)}`),
      ).toBeDefined();
      expect(readLiteral(deep(100_000))).toBeUndefined();
    }
    expect(readLiteral(`['${']'.repeat(1000)}', ${'['.repeat(1000)}`)).toBeUndefined();
  });

  test.each([
    '[',
    '(',
    '{',
    '[[]',
    "'",
    '"',
    '\\',
    "['",
    "{'a':",
    ':',
    ',',
    '[1,',
    "'a',",
    '()',
    ' ',
    '\\x',
    "\\'",
    '-1',
    '[0x',
  ])('1 MB of %j is read in linear time', (some) => {
    for (const front of ['', '[', "{'"]) {
      readLiteral(front + some.repeat((1 << 20) / some.length));
    }
  });
});
