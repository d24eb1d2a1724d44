import { expect, test } from 'vitest';
import type { Leaf } from '../../src/event.ts';
import { couldBeForgotten } from '../../src/mediation/forgotten.ts';

const of = (text: string, form: Leaf['form'] = 'string'): boolean =>
  couldBeForgotten({ path: '/a', text, form });

test.each([
  'eve@attacker.example.invalid',
  'eve\uff20x',
  'a.io',
  'a\uff0eio',
  '/etc',
  'C:\\',
  'a:b',
  '12345',
  '030 90 18',
  '+49 (0)30-9',
  '\u0661\u0662\u0663\u0664\u0665',
  'DE89370400440532013000',
  'x'.repeat(24),
])('%s could be', (text) => {
  expect(of(text)).toBe(true);
  expect(of(text, 'key')).toBe(true);
});

test.each(['me', 'hello there', '1234', 'v2', 'Yes, please.', '3.14', 'x'.repeat(23), ''])(
  '%j names nothing',
  (text) => {
    expect(of(text)).toBe(false);
  },
);

test('numbers of eight characters could be an account', () => {
  expect(of('1234567', 'number')).toBe(false);
  expect(of('12345678', 'number')).toBe(true);
});
