import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linksOf } from '../../../src/mediation/structure/links.ts';

test('where links lead, in order, whatever stands around them', () => {
  const page = `See [one](https://a.example.invalid/x) and ![picture](/p.png "a title"), then
    [two](<b c.html>), [three](#part), [four](https://c.example.invalid/a_(b)) (and more) [[five](x)](y).`;
  expect(linksOf(page)).toEqual([
    'https://a.example.invalid/x',
    '/p.png',
    'b c.html',
    '#part',
    'https://c.example.invalid/a_(b)',
    'x',
    'y',
  ]);
});

test.each([
  '',
  'no links',
  '](',
  '[a](',
  '[a]()',
  '[a] (b)',
  '[a](b',
  '[a](<b)',
  '[a](<b\n>)',
  '[a](b<c)',
  '[a](\nb)',
])('%j has none', (text) => {
  expect(linksOf(text)).toEqual([]);
});

test('of any address the link is told as it stands', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
      fc.pre(!/[()<>]/.test(url));
      expect(linksOf(`words [here](${url}) and there`)).toEqual([url]);
    }),
  );
});

// Time that grew with the square of the length would pass the test's limit.
test('is linear in what never closes, and bounded in how many it finds', () => {
  expect(linksOf('[a]('.repeat(200_000))).toEqual([]);
  expect(linksOf('[a](b)'.repeat(100_000))).toHaveLength(4096);
  expect(linksOf(`[a](${'b'.repeat(1_000_000)})`)).toEqual([]);
});
