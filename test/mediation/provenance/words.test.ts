import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Hash } from '../../../src/mediation/provenance/hash.ts';
import { readWords } from '../../../src/mediation/provenance/words.ts';

const codesOf = (text: string): Uint16Array => Uint16Array.from(text, (c) => c.charCodeAt(0));
const text = fc.string({ unit: fc.constantFrom(...'abc12  .-/é漢字'), maxLength: 120 });

test('words are what stands between marks, an ideograph is one, and each has the key of its characters', () => {
  fc.assert(
    fc.property(text, text, fc.integer(), (before, whole, seed) => {
      const hash = new Hash(seed);
      const codes = codesOf(before + whole);
      const words = readWords(hash, codes, before.length, codes.length);
      const expected = [...whole.matchAll(/[a-z0-9é]+|[漢字]/g)];
      expect(words.count).toBe(expected.length);
      const lanes = (from: number, to: number): [number, number] => {
        hash.of(codes, from, to, 0);
        return [hash.lo, hash.hi];
      };
      for (const [i, match] of expected.entries()) {
        const from = before.length + match.index;
        const to = from + match[0].length;
        expect([words.from[i], words.to[i]]).toEqual([from, to]);
        expect([words.lo[i], words.hi[i]]).toEqual(lanes(from, to));
        const pair = i > 0 ? lanes(words.from[i - 1]!, to) : [0, 0];
        expect([words.pairLo[i], words.pairHi[i]]).toEqual(pair);
        const triple = i > 1 ? lanes(words.from[i - 2]!, to) : [0, 0];
        expect([words.tripleLo[i], words.tripleHi[i]]).toEqual(triple);
      }
    }),
  );
});

test('under another seed keys are others', () => {
  const codes = codesOf('word');
  const { lo, hi } = readWords(new Hash(1), codes, 0, 4);
  const one = [lo[0], hi[0]];
  const other = readWords(new Hash(2), codes, 0, 4);
  expect([other.lo[0], other.hi[0]]).not.toEqual(one);
});
