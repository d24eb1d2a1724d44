import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContentDigester } from '../../src/recording/content.ts';

const master = Buffer.alloc(32, 7);

/** What docs/log-format.md says, by the slow road. */
function expected(index: number, content: string | Uint8Array) {
  const block = String(Math.floor(index / 32));
  const salts = createHash('shake256', { outputLength: 1024 }).update(master).update(block).digest();
  const salt = salts.subarray((index % 32) * 32, (index % 32) * 32 + 32);
  const digest = createHash('sha256').update(salt).update(content).digest('hex');
  return { digest: `salted-sha256:${digest}`, bytes: Buffer.byteLength(content) };
}

test('a digest is SHA-256 behind the salt of its entry, whatever came before', () => {
  const digester = new ContentDigester(master);
  const contents = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    // Around the border between the one-shot and the streaming way.
    fc.integer({ min: 5_455, max: 5_465 }).map((length) => '€'.repeat(length)),
    fc.integer({ min: 16_380, max: 16_390 }).map((length) => Buffer.alloc(length, 1)),
  );
  const indexes = fc.oneof(fc.nat(200), fc.maxSafeNat());
  fc.assert(
    fc.property(indexes, contents, contents, (index, a, b) => {
      expect(digester.digest(index, { a, b })).toEqual({ a: expected(index, a), b: expected(index, b) });
    }),
  );
});

test('the same content has another digest in every entry and every session', () => {
  const one = new ContentDigester(master);
  const other = new ContentDigester(Buffer.alloc(32, 8));
  const digests = [
    one.digest(1, { a: '1234' }),
    one.digest(2, { a: '1234' }),
    other.digest(1, { a: '1234' }),
  ];
  expect(new Set(digests.map(({ a }) => a!.digest)).size).toBe(3);
});
