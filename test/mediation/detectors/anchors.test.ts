import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Anchors } from '../../../src/mediation/detectors/anchors.ts';

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'B', 'c', '-', '\u0430'), maxLength: 60 });
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), minLength: 7, maxLength: 10 });

test('finds what a naive search finds', () => {
  fc.assert(
    fc.property(letters, fc.array(word, { minLength: 1, maxLength: 5 }), letters, (before, words, after) => {
      const text = `${before}${words[0]!.toUpperCase()}${after}`;
      const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      const starts = words.map((each) => lower.indexOf(each)).filter((at) => at >= 0);
      expect(new Anchors(words).next(text, 0)?.at).toBe(Math.min(...starts));
    }),
    { numRuns: 500 },
  );
});

test('goes on from where it is told', () => {
  const anchors = new Anchors(['anchors']);
  const text = 'anchors, Anchors';
  expect(anchors.next(text, 1)).toEqual({ at: 9, length: 7 });
  expect(anchors.next(text, 10)).toBeUndefined();
});

test('without words there is nothing to find', () => {
  expect(new Anchors(['short']).next('short words', 0)).toBeUndefined();
});
