import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lexicon } from '../../../src/mediation/policy/lexicon.ts';

const SETS = [
  ['must', 'please', 'do'],
  ['send', 'do'],
  ['und', 'der'],
] as const;

describe('Lexicon', () => {
  const lexicon = new Lexicon(...SETS);

  test('names the sets of which a word stands in a text, in any case and beside anything but a letter', () => {
    expect(lexicon.in('You MUST go')).toBe(1);
    expect(lexicon.in('x_send(9der)')).toBe(6);
    expect(lexicon.in('Do')).toBe(3);
    expect(lexicon.in('émust')).toBe(1);
  });

  test('no longer and no shorter word is meant', () => {
    expect(lexicon.in('mustard pleas dot sender under')).toBe(0);
    expect(lexicon.in('')).toBe(0);
    expect(new Lexicon([], []).in('anything at all')).toBe(0);
  });

  test('agrees with a search for each word', () => {
    const word = fc.oneof(fc.constantFrom(...SETS.flat(), 'Must', 'dO'), fc.string({ maxLength: 6 }));
    const gap = fc.constantFrom(' ', '', '-', '_', '1', 'é', '\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(word, gap)), (parts) => {
        const text = parts.flat().join('');
        const runs = text.toLowerCase().split(/[^a-z]+/);
        const expected = SETS.map((set, i) => (set.some((one) => runs.includes(one)) ? 1 << i : 0));
        // Lower case makes letters of ASCII of some that are not, which no pattern takes for one.
        fc.pre(!/[\u0130\u212a]/.test(text));
        expect(lexicon.in(text)).toBe(expected.reduce((sum, bit) => sum + bit, 0));
      }),
    );
  });
});
