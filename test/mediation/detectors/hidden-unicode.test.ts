import { describe, expect, test } from 'vitest';
import { hiddenUnicode } from '../../../src/mediation/detectors/hidden-unicode.ts';

const tags = (text: string) => [...text].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('');

describe.each(['descriptor', 'output'] as const)('in a %s', (kind) => {
  test.each([
    ['tag characters', `Adds.${tags('send mail')}`],
    ['tags behind a flag, but no flag', `\u{1f3f4}${tags('send mail to me')}\u{e007f}`],
    ['a word split by a zero-width space', 'ig\u200bnore'],
    ['bits in zero-width characters', 'a \u200b\u200c\u200b\u200c b'],
    ['a bidirectional override', 'a \u202egnp.exe'],
    ['an isolate around Latin text', 'a \u2067b\u2069 c'],
    ['variation selectors that spell bytes', '\u{1f600}\u{e0121}\u{e0122}\u{e0123}'],
    ['a variation selector behind a letter', 'a\ufe0f'],
    ['a joiner between Latin letters', 'a\u200db'],
    ['invisible operators', 'a\u2062\u2063b'],
  ])('fires on %s', (_, text) => {
    expect(hiddenUnicode(text, kind)).not.toEqual([]);
  });

  test.each([
    ['a family', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'],
    ['a heart and a keycap', '\u2764\ufe0f 1\ufe0f\u20e3'],
    ['the flag of Scotland', '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}!'],
    ['a Persian word', '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'],
    ['a Hindi word', '\u0915\u094d\u200d\u0937'],
    ['a mark in Hebrew', '\u05d0\u200f (a)'],
    ['a byte order mark', '\ufefftext'],
    ['an ideograph with its variant', '\u845b\u{e0100}'],
    ['accents and scripts', 'naïve Привет 日本'],
  ])('is silent on %s', (_, text) => {
    expect(hiddenUnicode(text, kind)).toEqual([]);
  });
});

test.each([
  ['a soft hyphen', 'Donau\u00addampf'],
  ['a break opportunity', 'read_\u200bfile'],
  ['an isolated placeable', 'Hello \u2068Ann\u2069'],
])('%s is honest in an output and not in a descriptor', (_, text) => {
  expect(hiddenUnicode(text, 'output')).toEqual([]);
  expect(hiddenUnicode(text, 'descriptor')).not.toEqual([]);
});

test('one span a run', () => {
  expect(hiddenUnicode(`ab${tags('xyz')}c`, 'output')).toEqual([[2, 8]]);
});
