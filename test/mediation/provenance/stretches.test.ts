import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Hash } from '../../../src/mediation/provenance/hash.ts';
import { Provenance } from '../../../src/mediation/provenance/provenance.ts';
import { GRAM, SHORTEST_COPY, Stretches } from '../../../src/mediation/provenance/stretches.ts';

const hash = new Hash(7);
const codesOf = (text: string): Uint16Array => Uint16Array.from(text, (c) => c.charCodeAt(0));

function read(text: string): Stretches {
  const stretches = new Stretches();
  stretches.read(hash, codesOf(text), text.length);
  return stretches;
}

const text = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'abcdefghijklmnop    .-/é漢'), minLength: min, maxLength: max });

test('every stretch has the key that its characters have', () => {
  fc.assert(
    fc.property(text(0, 200), (whole) => {
      const { lo, hi } = read(whole);
      const codes = codesOf(whole);
      for (let at = 0; at + GRAM <= whole.length; at++) {
        hash.of(codes, at, at + GRAM, 0);
        expect([lo[at], hi[at]]).toEqual([hash.lo, hash.hi]);
      }
    }),
  );
});

test('a long leaf has the keys of its parts', () => {
  let state = 7;
  const random = Array.from({ length: 20_000 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return 'abcdefghijkl '[(state >>> 16) % 13]!;
  }).join('');
  const { lo, hi } = read(random);
  for (let at = 0; at + 100 <= random.length; at += 37) {
    const part = read(random.slice(at, at + 100));
    for (let i = 0; i + GRAM <= 100; i++) expect([lo[at + i], hi[at + i]]).toEqual([part.lo[i], part.hi[i]]);
  }
});

test('a copy of the shortest length is found wherever it stands in a text and in a leaf', () => {
  const label = { integrity: 'untrusted', confidentiality: 'public', reasons: [] } as const;
  fc.assert(
    fc.property(
      text(0, 80),
      text(SHORTEST_COPY, 60),
      text(0, 80),
      text(0, 80),
      text(0, 80),
      (a, shared, b, c, d) => {
        fc.pre(isVaried(shared));
        const provenance = new Provenance({ retainedBytes: 1 << 20 });
        provenance.learn({ event: 'e1', server: 'web', origin: 'read', channel: 'result', label }, [
          { path: '/content/0/text', text: `${a}${shared}${b}`, form: 'prose' },
        ]);
        const flows = provenance.trace([{ path: '/text', text: `${c}${shared}${d}`, form: 'string' }]);
        expect(flows.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 1000 },
  );
});

/** Whether no stretch of it is left out for having few different characters, and none becomes shorter when folded. */
function isVaried(shared: string): boolean {
  for (let i = 0; i + GRAM <= shared.length; i++)
    if (new Set(shared.slice(i, i + GRAM)).size < 7) return false;
  return !/ {2}|^ | $/.test(shared);
}

test.each(['-'.repeat(200), '|---'.repeat(60), 'ab'.repeat(100), 'short text'])(
  'in %.20s no stretch is looked up',
  (plain) => {
    expect(read(plain).count).toBe(0);
  },
);

test('of prose few stretches are looked up, of what has no words every one', () => {
  const prose = 'They came to the river in the evening, and nobody had thought of a boat. '.repeat(20);
  expect(read(prose).count).toBeLessThan(prose.length / 7);
  const blob = Array.from({ length: 500 }, (_, i) => (i * 7919).toString(36)).join('');
  expect(read(blob).count).toBeGreaterThan(blob.length * 0.9);
});

test('what the client says is remembered by stretches that its surroundings do not change', () => {
  const said = 'the second paragraph of a letter that nobody else has written before';
  const chosen = (whole: string): string[] => {
    const { chosen, chosenCount } = read(whole);
    return [...chosen.subarray(0, chosenCount)].map((at) => whole.slice(at, at + GRAM));
  };
  const alone = new Set(chosen(said));
  expect(alone.size).toBeGreaterThan(4);
  for (const one of chosen(`Dear all: ${said}. Yours`).filter((gram) => said.includes(gram)))
    expect(alone).toContain(one);
});
