import fc from 'fast-check';
import { expect, test } from 'vitest';
import { View } from '../../../src/mediation/provenance/view.ts';

function folded(text: string): string {
  const view = new View();
  view.fill(text, 0, text.length);
  return String.fromCharCode(...view.codes.subarray(0, view.n));
}

test.each([
  ['Hello  World\r\n\tagain', 'hello world again'],
  ['%2Fetc%2fpasswd', '/etc/passwd'],
  ['a%252Fb', 'a/b'],
  ['%C3%A9t%C3%A9', 'ete'],
  ['%F0%9D%97%94%E2%80%8B%E4%B8%AD', 'a\u4e2d'],
  ['%E4%B8x%FF', 'a xy'],
  ['100% sure, 5%zz', '100% sure, 5%zz'],
  ['&lt;b&gt; &amp;amp; &#64;&#x40;&commat;', '<b> & @@@'],
  [
    '\\u0065\\x76e \\ud83d\\ude00 \\\\u0061 \\u00g0 C:\\users \\x4',
    'eve \u{1f600} \\a \\u00g0 c:\\users \\x4',
  ],
  ['AT&T &unknown; &', 'at&t &unknown; &'],
  ['\uff21\uff22\uff23 \ufb01x', 'abc fix'],
  ['e\u0301 \u00e9 \u0130', 'e e i'],
  ['ev\u200bil\u2060@x\ufeff.y', 'evil@x.y'],
  ['x\u{e0001}\u{e0045}\u{e0076}\u{e0065}\u{e0020}\u{e0040}\u{e007f}', 'xeve @'],
  ['\u{1d5d4}\u{1d5ef}', 'ab'],
  ['\u0430pple \u0391\u03a1\u0399 \u0421\u1d00', 'apple api ca'],
  ['\u041f\u0440\u0438', '\u043fp\u0438'],
  ['\uff05\uff14\uff11', 'a'],
  ['\u{e0025}\u{e0034}\u{e0031}', 'a'],
  ['%\u200b4\u{1d7cf}', 'a'],
  ['%D0%B0%D1%81', 'ac'],
  ['\\u{61}\\U00000062\\u{110000}\\u{}\\u{61', 'ab\\u{110000}\\u{}\\u{61'],
  ['\u201cquoted\u201d \u2018x\u2019 a\u2014b', '"quoted" \'x\' a-b'],
  ['\u5f20\u4e09', '\u5f20\u4e09'],
  ['\ud800x', '\ud800x'],
])('%j folds to %j', (text, expected) => {
  expect(folded(text)).toBe(expected);
});

test('every canonical character says where it began', () => {
  const view = new View();
  const text = 'x  a%40b&lt;\u00e9';
  view.fill(text, 0, text.length);
  expect([...view.map.subarray(0, view.n + 1)]).toEqual([0, 1, 3, 4, 7, 8, 12, 13]);
});

test('plain text folds alike whether or not something beyond ASCII follows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), (text) => {
      expect(folded(`${text} x\u0436`)).toBe(`${folded(`${text} x`)}\u0436`);
    }),
  );
});

test('what expands does so within bounds', () => {
  const text = '\ufdfa\u3300\ufb03'.repeat(5000);
  const view = new View();
  view.fill(text, 0, text.length);
  expect(view.n).toBeLessThanOrEqual(4 * text.length);
  expect(view.map[view.n]).toBe(text.length);
});
