import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attributesOf } from '../../../src/mediation/structure/html.ts';

test('the values of attributes, in order, names in lower case', () => {
  const page = `<!DOCTYPE html><a HREF='/next' data-id="7">next</a><br/><img src="a.png" alt='' disabled/>
    <script src = "x"></script><input value=plain name="q"><xlink:a xlink:href="y"/>`;
  expect(attributesOf(page)).toEqual([
    { name: 'href', value: '/next' },
    { name: 'data-id', value: '7' },
    { name: 'src', value: 'a.png' },
    { name: 'xlink:href', value: 'y' },
  ]);
});

test.each([
  '',
  'no tags',
  'a < b and c="d"',
  '1 <2 a="b"',
  '<',
  '<a',
  '<a href',
  '<a href=',
  '<a href="',
  '<a href="open',
  '<>',
  '</a b>',
])('%j has none', (text) => {
  expect(attributesOf(text)).toEqual([]);
});

test('a value is told as it stands, whatever it holds', () => {
  const letters = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => !text.includes('"'));
  fc.assert(
    fc.property(letters, letters, (one, two) => {
      expect(attributesOf(`<p>x</p><a href="${one}" title="${two}">`)).toEqual([
        { name: 'href', value: one },
        { name: 'title', value: two },
      ]);
    }),
  );
});

describe('hostile pages', () => {
  test('have a bounded number of values of bounded length', () => {
    expect(attributesOf('<a b="c">'.repeat(100_000))).toHaveLength(4096);
    expect(attributesOf(`<a ${'b="c" '.repeat(100_000)}>`)).toHaveLength(4096);
    expect(attributesOf(`<a href="${'x'.repeat(2048)}">`)).toHaveLength(1);
    expect(attributesOf(`<a href="${'x'.repeat(2049)}">`)).toHaveLength(0);
  });

  test.each([
    '<',
    '<a',
    '<a ',
    '<a b=',
    '<a b="',
    "<a b='",
    'b="c" ',
    '<a b="c',
    '</',
    '<<',
    '"',
    '<a/',
    '<a b="" ',
    '<a\n',
  ])('1 MB of %j is read in linear time', (some) => {
    attributesOf(`<x ${some.repeat((1 << 20) / some.length)}`);
  });
});
