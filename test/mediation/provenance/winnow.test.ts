import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GRAM, SHORTEST_COPY, winnow } from '../../../src/mediation/provenance/winnow.ts';

function stretches(text: string): string[] {
  const into = new Int32Array(text.length);
  const n = winnow(
    Uint16Array.from(text, (c) => c.charCodeAt(0)),
    text.length,
    into,
  );
  return [...into.subarray(0, n)].map((at) => text.slice(at, at + GRAM));
}

const text = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'abcdefghijklmnop .'), minLength: min, maxLength: max });

test('two texts that share enough choose a stretch of it in common', () => {
  fc.assert(
    fc.property(
      text(0, 80),
      text(0, 80),
      text(SHORTEST_COPY, 60),
      text(0, 80),
      text(0, 80),
      (a, b, shared, c, d) => {
        fc.pre(new Set(shared.slice(0, GRAM)).size > 8 && new Set(shared.slice(-GRAM)).size > 8);
        const chosen = new Set(stretches(a + shared + b));
        const common = stretches(c + shared + d).filter((one) => chosen.has(one) && shared.includes(one));
        // Stretches of few different characters are left out; the shared text has others unless it is one of them.
        if (varied(shared)) expect(common.length).toBeGreaterThan(0);
      },
    ),
  );
});

function varied(shared: string): boolean {
  for (let i = 0; i + GRAM <= shared.length; i++)
    if (new Set(shared.slice(i, i + GRAM)).size < 7) return false;
  return true;
}

test.each(['-'.repeat(200), '|---'.repeat(60), 'ab'.repeat(100), 'short text'])(
  '%.20s has no fingerprint',
  (plain) => {
    expect(stretches(plain)).toEqual([]);
  },
);

test('a long text chooses what its parts choose', () => {
  let state = 7;
  const random = Array.from({ length: 20_000 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return 'abcdefghijkl '[(state >>> 16) % 13]!;
  }).join('');
  const all = new Set(stretches(random));
  for (let at = 0; at + 100 <= random.length; at += 37) {
    for (const one of stretches(random.slice(at, at + 100))) expect(all).toContain(one);
  }
});

test('about two stretches of seventeen are chosen', () => {
  let state = 1;
  const random = Array.from({ length: 20_000 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 26));
  }).join('');
  const share = stretches(random).length / random.length;
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.14);
});
