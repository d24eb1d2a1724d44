import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, reviewable } from '../../src/json/printable.ts';

test('what a terminal obeys or a reader cannot see is escaped', () => {
  expect(printable('a\x1b[2J\n\u200b\u202e\u{e0041}\ufe0f\x9b\ud800')).toBe(
    'a\\u{1b}[2J\\u{a}\\u{200b}\\u{202e}\\u{e0041}\\u{fe0f}\\u{9b}\\u{d800}',
  );
});

test('letters of any script stay', () => {
  expect(printable('naïve 日本語 Привет 👩 é')).toBe('naïve 日本語 Привет 👩 é');
});

test('reviewable JSON parses to the same value and shows all it holds', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: false }), (value) => {
      const json = JSON.stringify(value, null, 2);
      if (json === undefined) return;
      const shown = reviewable(json);
      expect(JSON.parse(shown)).toEqual(JSON.parse(json));
      expect(printable(shown.replaceAll('\n', ''))).toBe(shown.replaceAll('\n', ''));
    }),
  );
  expect(reviewable('"\u{e0041}"')).toBe('"\\udb40\\udc41"');
});
