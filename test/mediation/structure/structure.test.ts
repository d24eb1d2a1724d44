import { describe, expect, test } from 'vitest';
import { withinDepth } from '../../../src/mediation/structure/depth.ts';
import { formOf, structureOf } from '../../../src/mediation/structure/structure.ts';

describe('structure', () => {
  test('JSON, its likes, and YAML are read, each as itself', () => {
    expect(structureOf('{"a": 1}')).toEqual({ a: 1 });
    expect(structureOf("{'a': 1}")).toEqual({ a: 1 });
    expect(structureOf('a: 1')).toEqual({ a: '1' });
    expect(structureOf('Hello: it is me.\nBye')).toBeUndefined();
  });

  test('a megabyte is read, more is prose', () => {
    const of = (size: number) => structureOf(`["${'x'.repeat(size - 4)}"]`);
    expect(of(1 << 20)).toBeDefined();
    expect(of((1 << 20) + 1)).toBeUndefined();
  });
});

describe('a leaf', () => {
  test.each([
    '',
    'x',
    'report.pdf',
    'Weekly meeting of the harbour office board',
    'eve@attacker.example.invalid',
    'x'.repeat(5000),
  ])('%j is a field', (text) => {
    expect(formOf(text)).toBe('field');
  });

  test.each([
    'one two three four five six seven eight nine',
    'a\nb',
    `${'x'.repeat(120)} y`,
    'a b c d e f g h i',
  ])('%j is prose', (text) => {
    expect(formOf(text)).toBe('prose');
  });
});

test('depth counts brackets outside of strings', () => {
  expect(withinDepth('['.repeat(128))).toBe(true);
  expect(withinDepth('['.repeat(129))).toBe(false);
  expect(withinDepth('[{('.repeat(43))).toBe(false);
  expect(withinDepth(`"${'['.repeat(500)}"`)).toBe(true);
  expect(withinDepth(`"\\"${'['.repeat(500)}`)).toBe(true);
  expect(withinDepth(`'"'${'['.repeat(129)}`)).toBe(false);
  expect(withinDepth('[]'.repeat(500))).toBe(true);
});
