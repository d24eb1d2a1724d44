import { expect, test } from 'vitest';
import { ansi } from '../../../src/mediation/detectors/ansi.ts';

test.each([
  ['colour', '\x1b[31mred', true],
  ['hiding', 'a\x1b[8mb', true],
  ['a link', '\x1b]8;;https://x.example.invalid/\x07a', true],
  ['the one-character form', 'a \x9b8m', false],
  ['an operating system command', '\x9d0;title\x9c', false],
])('%s fires', (_, text, ascii) => {
  expect(ansi(text, ascii)).toHaveLength(1);
});

test.each([
  ['an escape that is spelt out', 'write \\u001b[31m or ^[[31m', true],
  ['a quotation mark that was decoded twice', 'said \u00e2\u0080\u009dhi\u00e2\u0080\u009d', false],
  ['a next-line character', 'a\u0085b', false],
])('%s does not', (_, text, ascii) => {
  expect(ansi(text, ascii)).toEqual([]);
});
