import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '../../src/json/canonical.ts';
import { ContentDigester } from '../../src/recording/content.ts';
import { type Body, type Envelope, encodeEntry } from '../../src/recording/entry.ts';

const envelope: Envelope = { n: 7, time: 1_700_000_000_000, kind: 'tool.invoke' };
const digest = (text: string) => ({ digest: 'salted-sha256:00', bytes: Buffer.byteLength(text) });

const vectors: {
  salt: string;
  entries: { envelope: Envelope; body: Body; content: Record<string, string>; text: string }[];
} = JSON.parse(readFileSync(new URL('../../fixtures/vectors/entries.json', import.meta.url), 'utf8'));

test.each(vectors.entries)('the golden entry $envelope.kind', ({ envelope, body, content, text }) => {
  const digests = new ContentDigester(Buffer.from(vectors.salt, 'hex')).digest(envelope.n, content);
  expect(encodeEntry(envelope, body, digests, digest)).toBe(text);
});

test('the envelope wins over members of the body', () => {
  const text = encodeEntry(envelope, { n: 1, time: 'x', kind: 'y', v: 9, server: 's' }, undefined, digest);
  expect(JSON.parse(text)).toEqual({ v: 1, ...envelope, server: 's' });
});

test('any body becomes canonical JSON of at most 60,000 bytes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\u0000', '\u20ac', '\ud800', '\udc00') });
  const bodies = fc.dictionary(text, fc.oneof(fc.jsonValue({ maxDepth: 3 }), text, fc.constant(undefined)));
  fc.assert(
    fc.property(bodies, fc.integer({ min: 0, max: 40_000 }), (body, length) => {
      const text = encodeEntry(envelope, { ...body, filler: '€'.repeat(length) }, undefined, digest);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(60_000);
      expect(canonical(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toMatchObject(envelope);
    }),
    { numRuns: 50 },
  );
});

test('the largest members of a long entry give way to their digests, the others stay', () => {
  const flows = Array.from({ length: 1000 }, (_, i) => ({ argument: `/to/${i}`, rest: 'x'.repeat(60) }));
  const text = encodeEntry(envelope, { flows, detail: 'y'.repeat(50_000), tool: 'send' }, undefined, digest);
  expect(JSON.parse(text)).toEqual({
    v: 1,
    ...envelope,
    flows: digest(canonical(flows)),
    detail: 'y'.repeat(50_000),
    tool: 'send',
  });
});

test('a body of thousands of members is digested as one', () => {
  const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`member${i}`, 'some text']));
  expect(JSON.parse(encodeEntry(envelope, body, undefined, digest))).toEqual({
    v: 1,
    ...envelope,
    detail: digest(canonical(body)),
  });
});

test('a lone surrogate in a foreign name is replaced, not refused', () => {
  expect(JSON.parse(encodeEntry(envelope, { tool: 'a\ud800b' }, undefined, digest))['tool']).toBe('a\ufffdb');
});

test('what is not JSON is refused by name', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  for (const body of [cycle, { deep: JSON.parse('['.repeat(300) + ']'.repeat(300)) }, { big: 1n }]) {
    expect(() => encodeEntry(envelope, body, undefined, digest)).toThrow(
      expect.objectContaining({ code: 'entry-unencodable' }),
    );
  }
});
