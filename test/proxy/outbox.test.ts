import { PassThrough, Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Outbox } from '../../src/proxy/outbox.ts';

/** A stream that counts writes as the system would see them. */
function sink(): { stream: Writable; calls: number; text: () => string } {
  const seen = { calls: 0, bytes: [] as Buffer[] };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      seen.calls++;
      seen.bytes.push(chunk);
      done();
    },
    writev(chunks, done) {
      seen.calls++;
      for (const { chunk } of chunks) seen.bytes.push(chunk as Buffer);
      done();
    },
  });
  return {
    stream,
    get calls() {
      return seen.calls;
    },
    text: () => Buffer.concat(seen.bytes).toString(),
  };
}

test('lines leave in order, each with its newline, in one write a turn', () => {
  const lines = fc.array(
    fc.oneof(
      fc.stringMatching(/^[^\n]{0,20}$/),
      fc.nat(100_000).map((size) => 'x'.repeat(size)),
    ),
  );
  fc.assert(
    fc.property(lines, (all) => {
      const to = sink();
      const outbox = new Outbox(to.stream);
      for (const line of all) outbox.add(Buffer.from(line));
      expect(to.calls).toBe(0);
      outbox.flush();
      expect(to.text()).toBe(all.map((line) => `${line}\n`).join(''));
      expect(to.calls).toBe(all.length === 0 ? 0 : 1);
      outbox.flush();
      expect(to.calls).toBe(all.length === 0 ? 0 : 1);
    }),
    { numRuns: 40 },
  );
});

test('a line is handed on as it is, not copied, when it is large', () => {
  const line = Buffer.alloc(100_000, 'x');
  const got: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      got.push(chunk);
      done();
    },
  });
  const outbox = new Outbox(stream);
  outbox.add(line);
  outbox.flush();
  expect(got[0]).toBe(line);
});

test('what was cleared never leaves', () => {
  const to = sink();
  const outbox = new Outbox(to.stream);
  outbox.add(Buffer.from('a'));
  outbox.clear();
  outbox.flush();
  outbox.add(Buffer.from('b'));
  outbox.flush();
  expect(to.text()).toBe('b\n');
});

describe('a side that', () => {
  test('does not read shows a backlog', () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const outbox = new Outbox(stream);
    expect(outbox.backlogBytes).toBe(0);
    for (let i = 0; i < 10; i++) {
      outbox.add(Buffer.alloc(99));
      outbox.flush();
    }
    expect(outbox.backlogBytes).toBeGreaterThanOrEqual(800);
  });

  test.each(['end', 'destroy'] as const)(
    'has closed (%s) loses what is sent, and nothing fails',
    async (how) => {
      const stream = new PassThrough();
      const failed: unknown[] = [];
      stream.on('error', (error) => failed.push(error));
      const outbox = new Outbox(stream);
      stream[how]();
      outbox.add(Buffer.from('a'));
      outbox.flush();
      await new Promise((resolve) => setImmediate(resolve));
      expect(failed).toEqual([]);
    },
  );
});
