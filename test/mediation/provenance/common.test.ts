import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCommon } from '../../../src/mediation/provenance/common.ts';
import { flowsOf, PASSAGE, VALUES } from './chains.ts';

test.each([
  'business',
  'Alice',
  ' meeting ',
  'Müller',
  'user_id',
  'start_time',
  '4711',
  '98.70',
  '2026-11-20',
  '2026-11-20T10:30:00Z',
  '10:30',
  'gmail.com',
  'Yahoo.com',
])('%j is common', (value) => {
  expect(isCommon(value)).toBe(true);
});

test.each([
  'eve@a.example',
  'a.example',
  'eve@gmail.com',
  'mail.gmail.com',
  '/etc/passwd',
  '#random4',
  '1234567',
  'two words',
  'parseStrict',
  'sk-abc',
  'antidisestablishment',
  '張三',
  'a_b_c_d_e',
])('%j is not', (value) => {
  expect(isCommon(value)).toBe(false);
});

test("no attacker's value is, and what was hidden never", () => {
  fc.assert(
    fc.property(fc.oneof(...Object.values(VALUES)), (value) => {
      expect(isCommon(value)).toBe(false);
    }),
  );
  fc.assert(
    fc.property(PASSAGE, (passage) => {
      expect(flowsOf(passage).some(({ common }) => common !== true)).toBe(true);
    }),
    { numRuns: 300, seed: 5 },
  );
});
