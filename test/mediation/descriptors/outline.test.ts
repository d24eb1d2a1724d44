import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '../../../src/json/canonical.ts';
import { fromOutline, outline } from '../../../src/mediation/descriptors/outline.ts';

const anyName = fc.oneof(
  fc.string(),
  fc.constantFrom('a', 'a.b', '[0]', '"', '__proto__', 'constructor', ': ', '', '0', 'title', 'x\ny', '\0'),
);
const anyText = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '',
    'a\n    b',
    'a\nb: c',
    '\n',
    '5',
    '-',
    '{}',
    'null',
    '...: cut',
    'a\0b',
    '    x',
    'x\n\n    y',
  ),
);
const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    anyText,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyName, tie('value'), { maxKeys: 4, noNullPrototype: false }),
  ),
})).value;

test('every object is what its outline says', () => {
  const object = fc.dictionary(anyName, anyValue, { minKeys: 1, maxKeys: 5, noNullPrototype: false });
  fc.assert(
    fc.property(object, (value) => {
      expect(canonical(fromOutline(outline(value)))).toBe(canonical(value));
    }),
    { numRuns: 1000 },
  );
});

test('no member becomes a prototype', () => {
  const read = fromOutline('__proto__.polluted: yes\nconstructor.prototype.polluted: yes') as object;
  expect(Object.getPrototypeOf(read)).toBeNull();
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each([
  ['a text', 'text'],
  ['nothing', ''],
  ['one that was cut', 'name: x\n...: cut'],
  ['a member twice', 'a: x\na: y'],
  ['a member of a text', 'a: x\na.b: y'],
  ['a list that is an object', 'a.b: x\na[0]: y'],
  ['an object that is a list', 'a[0]: x\na.b: y'],
  ['a list with a hole', 'a[0]: x\na[2]: y'],
  ['a long list of nothing', 'a[999999]: x'],
  ['broken JSON', 'a: {'],
  ['a broken name', '"a: x'],
  ['no value', 'a'],
  ['an empty name', '.: x'],
])('%s is no outline', (_, text) => {
  expect(fromOutline(text)).toBeUndefined();
});

test('it takes time in proportion', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) =>
    `a[${i}].b: ${'"'.repeat(9)}`.replace(/"+/, 'x\n    y'),
  );
  expect((fromOutline(lines.join('\n')) as { a: unknown[] }).a).toHaveLength(20_000);
  expect(fromOutline(`${'"'.repeat(200_001)}`)).toBeUndefined();
  expect(fromOutline(`"${'\\'.repeat(200_000)}`)).toBeUndefined();
  expect(fromOutline(`a${'.a'.repeat(100_000)}: x`)).toBeDefined();
});
