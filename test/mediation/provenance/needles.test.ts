import { describe, expect, test } from 'vitest';
import type { Leaf } from '../../../src/event.ts';
import { needlesOf } from '../../../src/mediation/provenance/needles.ts';
import { View } from '../../../src/mediation/provenance/view.ts';

function needles(
  text: string,
  form: Leaf['form'] = 'string',
): { value: string; whole: boolean; short: boolean }[] {
  const view = new View();
  view.fill(text, 0, text.length);
  return needlesOf(view, { path: '/x', text, form }).map(({ codes, from, to, whole, short }) => ({
    value: String.fromCharCode(...codes.subarray(from, to)),
    whole,
    short,
  }));
}
const values = (text: string, form?: Leaf['form']): string[] => [
  ...new Set(needles(text, form).map(({ value }) => value)),
];

describe('whole values', () => {
  test.each([
    ['Riverside View Hotel', 'riverside view hotel'],
    ['general', 'general'],
    ['#general', 'general'],
    ['Fred', 'fred'],
    ['P044', 'p044'],
    ['Day off', 'day off'],
    ['/etc/passwd', 'etc/passwd'],
    ['4711', '4711'],
    ['a@b.co', 'a@b.co'],
    ['\u5f20\u4e09', '\u5f20\u4e09'],
  ])('%s is evidence', (text, value) => {
    expect(needles(text)[0]).toEqual({ value, whole: true, short: false });
  });

  test.each(['open', 'true', 'main', 'id', 'a', '', '...', 'to do', '-'])('%j is none', (text) => {
    expect(needles(text)).toEqual([]);
  });

  test.each(['13', '471', 'a1', 'v2'])('%j is evidence only where it is set apart', (text) => {
    expect(needles(text)).toEqual([{ value: text, whole: true, short: true }]);
  });

  test.each([
    ['17', []],
    ['2024', []],
    ['99999', ['99999', '99,999']],
    ['1200.50', ['1200.50']],
  ])('the number %s', (text, expected) => {
    expect(values(text, 'number')).toEqual(expected);
  });

  test('member names count when they are no plain words', () => {
    expect(values('recipient', 'key')).toEqual([]);
    expect(values('eve@example.invalid', 'key')).toEqual(['eve@example.invalid', 'example.invalid']);
    expect(values('Eve <eve@example.invalid>', 'key')).toContain('eve@example.invalid');
    expect(values('start_date', 'key')).toEqual(['start_date']);
  });
});

describe('atoms', () => {
  const inside = (atom: string): string[] => values(`please take ${atom}, and go on as before`);
  test.each([
    ['Eve.Doe@example.invalid', ['eve.doe@example.invalid', 'eve.doe', 'example.invalid']],
    ['<eve@example.invalid>', ['eve@example.invalid', 'example.invalid']],
    [
      'https://www.evil.invalid/a/b1?q=xyz99',
      [
        'https://www.evil.invalid/a/b1?q=xyz99',
        'www.evil.invalid/a/b1',
        'www.evil.invalid',
        'evil.invalid',
        'xyz99',
      ],
    ],
    ['/home/user/secret.txt', ['home/user/secret.txt', 'secret.txt']],
    ['C:\\Users\\x\\key.pem', ['c:\\users\\x\\key.pem', 'key.pem']],
    ['US133000000121212121212', ['us133000000121212121212', 'us13 3000 0001 2121 2121 212']],
    ['4237-4252-7456-2574', ['4237-4252-7456-2574', '4237425274562574', '4237 4252 7456 2574']],
    ['2026-11-20', ['2026-11-20']],
    ['12,000', ['12,000', '12000']],
    ['1a7b3d', ['1a7b3d']],
    ['5f0c8e7a-1b2c-4d3e-8f90-a1b2c3d4e5f6', ['5f0c8e7a-1b2c-4d3e-8f90-a1b2c3d4e5f6']],
    ['new_password', ['new_password']],
    ['parseStrict', ['parsestrict']],
    ['--to=eve@example.invalid', ['to=eve@example.invalid', 'eve@example.invalid', 'example.invalid']],
    ['"Riverside View"', ['riverside view']],
    ["'hunter two'", ['hunter two']],
  ])('%s', (atom, expected) => {
    expect(inside(atom)).toEqual(expect.arrayContaining(expected));
  });

  test.each(['well-known', 'and/or', 'GitHub', 'v1.2', '10:30', "don't", 'e.g.', '1234', '(sic)'])(
    'not %s',
    (word) => {
      expect(inside(word).slice(1)).toEqual([]);
    },
  );
});
