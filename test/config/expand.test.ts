// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a configuration names variables
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpandError, expand } from '../../src/config/expand.ts';

const variables = { X: 'x', EMPTY: '', NESTED: '${X}', _1: 'u' };

test.each([
  ['plain $X {X} $', 'plain $X {X} $'],
  ['${X}', 'x'],
  ['a${X}b${X}', 'axbx'],
  ['${env:X}', 'x'],
  ['${_1}', 'u'],
  ['${EMPTY}', ''],
  ['${EMPTY:-d}', 'd'],
  ['${NONE:-d}', 'd'],
  ['${NONE:-}', ''],
  ['${NONE:-a:-b ${X}', 'a:-b ${X'],
  ['${env:NONE:-d}', 'd'],
  ['${X:-d}', 'x'],
  ['${NESTED}', '${X}'],
  ['${X', '${X'],
  ['${}', '${}'],
  ['${X%.*} ${1} ${a b}', '${X%.*} ${1} ${a b}'],
])('%j -> %j', (text, expected) => {
  expect(expand(text, variables)).toBe(expected);
});

test.each([
  ['${NONE}', /variable NONE is not set/],
  ['${constructor}', /variable constructor is not set/],
  ['${input:key}', /\$\{input:key\} is filled in by the client alone/],
  ['${workspaceFolder}', /variable workspaceFolder is not set/],
])('%j is refused', (text, expected) => {
  expect(() => expand(text, variables)).toThrow(ExpandError);
  expect(() => expand(text, variables)).toThrow(expected);
});

test('text without a variable is kept', () => {
  fc.assert(
    fc.property(
      fc.string(),
      (text) => expand(text.replaceAll('${', '$ {'), {}) === text.replaceAll('${', '$ {'),
    ),
  );
});

test('a long text of beginnings takes one pass', () => {
  const text = '${'.repeat(1_000_000);
  expect(expand(text, {})).toBe(text);
});
