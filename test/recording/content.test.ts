import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContentDigester } from '../../src/recording/content.ts';

const master = Buffer.alloc(32, 7);

/** What docs/log-format.md says, with node's own HMAC. */
function expected(index: number, content: string | Uint8Array) {
  const salt = createHmac('sha256', master).update(String(index)).digest();
  const digest = `hmac-sha256:${createHmac('sha256', salt).update(content).digest('hex')}`;
  return { digest, bytes: Buffer.byteLength(content) };
}

test('a digest is HMAC-SHA256 under the salt of its entry, whatever came before', () => {
  const digester = new ContentDigester(master);
  const contents = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    // Around the border between the one-shot and the streaming way.
    fc.integer({ min: 5_455, max: 5_465 }).map((length) => '€'.repeat(length)),
    fc.integer({ min: 16_380, max: 16_390 }).map((length) => Buffer.alloc(length, 1)),
  );
  fc.assert(
    fc.property(fc.maxSafeNat(), contents, contents, (index, a, b) => {
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
