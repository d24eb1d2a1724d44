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
      const at = Math.min(...starts);
      const there = words.filter((each) => lower.startsWith(each, at)).map((each) => each.length);
      expect(new Anchors(words).next(text, 0)).toEqual({ at, length: Math.max(...there) });
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

test('of words that begin alike the longest is found, and none beyond the end of the text', () => {
  const anchors = new Anchors(['get_note', 'get_note_of', 'get_note_of\0', 'get_notes', 'get_node']);
  expect(anchors.next('GET_note_of', 0)).toEqual({ at: 0, length: 11 });
  expect(anchors.next('get_note_on', 0)).toEqual({ at: 0, length: 8 });
  expect(anchors.next('get_not', 0)).toBeUndefined();
});

// A server names its tools. Where each were compared at each place, this would not end within the test's limit.
test('a great many words that begin like the text cost no more than one', () => {
  const anchors = new Anchors(Array.from({ length: 20_000 }, (_, i) => `aaaa_aaaa_${i}`));
  expect(anchors.next('aaaa_aaaa_'.repeat(200_000), 0)).toBeUndefined();
});

test('without words there is nothing to find', () => {
  expect(new Anchors(['short']).next('short words', 0)).toBeUndefined();
});
