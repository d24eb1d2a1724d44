import { constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decompress } from '../../../src/mediation/provenance/inflate.ts';

const LIMIT = 100_000;
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

test('what node:zlib compresses comes back, in every format and at every level', () => {
  const content = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
    fc.array(fc.lorem(), { minLength: 20, maxLength: 200 }).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(
      content.map((one) => one.replace(/[\0-\x08\x0e-\x1f\x7f]/g, '?')),
      fc.constantFrom(gzipSync, deflateSync, deflateRawSync),
      fc.constantFrom(0, 1, 6, 9),
      (whole, compress, level) => {
        expect(text(decompress(compress(whole, { level }), LIMIT))).toBe(whole);
      },
    ),
  );
});

test('a bomb stops at the bound', () => {
  const block = deflateRawSync(Buffer.alloc(50_000_000, 'a'), { finishFlush: constants.Z_SYNC_FLUSH });
  const header = gzipSync('').subarray(0, 10);
  // Fifty gigabytes: who went on past the bound would not be done within the test's limit.
  const bomb = Buffer.concat([header, ...Array(1000).fill(block)]);
  expect(decompress(bomb, 1000)).toHaveLength(1000);
});

test('what is cut off yields what there is, but for a raw stream, which anything could be', () => {
  const whole = 'the first half of this is all that is left of it, they say';
  expect(whole).toContain(text(decompress(gzipSync(whole).subarray(0, 40), LIMIT)));
  expect(decompress(deflateRawSync(whole).subarray(0, 30), LIMIT)).toBeUndefined();
});

test('binary content is none, and noise neither throws nor reads as text', () => {
  expect(text(decompress(gzipSync(Buffer.from([1, 2, 3])), LIMIT))).toBeUndefined();
  let read = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
      if ((decompress(noise, LIMIT)?.length ?? 0) >= 8) read++;
    }),
    { numRuns: 3000, seed: 1 },
  );
  expect(read).toBeLessThan(10);
});
