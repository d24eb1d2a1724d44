import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineReader } from '../../src/proxy/framing.ts';

const LIMIT = 64;

/** What a reader reports of a stream that comes in these chunks. */
function read(chunks: readonly Buffer[], limit = LIMIT): { lines: string[]; oversize: string[] } {
  const lines: string[] = [];
  const oversize: string[] = [];
  const reader = new LineReader(
    limit,
    (line) => lines.push(line.toString('latin1')),
    (head) => oversize.push(head.toString('latin1')),
  );
  for (const chunk of chunks) reader.feed(chunk);
  reader.end();
  return { lines, oversize };
}

/** The same, said simply: over the whole stream at once. */
function expected(stream: Buffer, limit = LIMIT): { lines: string[]; long: number } {
  const all = stream.toString('latin1').split('\n');
  const lines = all.filter((line) => line.length <= limit && /[^\0-\x20]/.test(line));
  return { lines, long: all.filter((line) => line.length > limit).length };
}

function cut(stream: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % (stream.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => stream.subarray(from, places[i] ?? stream.length));
}

const streams = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', '', ' ', '\n\n'),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.nat(3 * LIMIT).map((size) => 'x'.repeat(size)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.from(parts.join('')));

test('any chunking gives the same lines, and each long one is reported once', () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(), { maxLength: 20 }), (stream, at) => {
      const { lines, oversize } = read(cut(stream, at));
      expect({ lines, long: oversize.length }).toEqual(expected(stream));
    }),
    { numRuns: 500 },
  );
});

test('byte by byte too', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      const { lines, oversize } = read([...stream].map((byte) => Buffer.of(byte)));
      expect({ lines, long: oversize.length }).toEqual(expected(stream));
    }),
  );
});

test('what belongs to a line keeps its bytes: carriage returns, white space, anything', () => {
  expect(read([Buffer.from(' a\r\n\tb \n\u00e9\n')]).lines).toEqual([' a\r', '\tb ', '\u00c3\u00a9']);
  expect(read([Buffer.from([0xff, 0xfe, 0x0a])]).lines).toEqual(['\u00ff\u00fe']);
});

test('blank lines are no lines', () => {
  expect(read([Buffer.from(`\n\r\n  \n\t\n${' '.repeat(LIMIT)}\na\n`)]).lines).toEqual(['a']);
  expect(read([Buffer.from(`${' '.repeat(100)}\n${' '.repeat(100)}a\n`)], 200).lines).toEqual([
    `${' '.repeat(100)}a`,
  ]);
});

test('what stands without a newline at the end is a line', () => {
  expect(read([Buffer.from('a\nb')]).lines).toEqual(['a', 'b']);
});

describe('a line beyond the limit', () => {
  test('is reported as soon as it is known to be too long, with its first bytes', () => {
    const heads: string[] = [];
    const lines: string[] = [];
    const reader = new LineReader(
      LIMIT,
      (line) => lines.push(line.toString()),
      (head) => heads.push(head.toString()),
    );
    reader.feed(Buffer.from('a'.repeat(LIMIT)));
    expect(heads).toEqual([]);
    reader.feed(Buffer.from('b'));
    expect(heads).toEqual([`${'a'.repeat(LIMIT)}b`]);
    for (let i = 0; i < 100; i++) reader.feed(Buffer.from('c'.repeat(LIMIT)));
    reader.feed(Buffer.from('\nnext\n'));
    expect(heads).toHaveLength(1);
    expect(lines).toEqual(['next']);
  });

  test('is kept to the beginning in which an id can be found', () => {
    const { oversize } = read([Buffer.alloc(5000, 'a'), Buffer.alloc(5000, 'b')], 8000);
    expect(oversize).toEqual(['a'.repeat(4096)]);
  });

  test('at the limit is none', () => {
    expect(read([Buffer.from(`${'a'.repeat(LIMIT)}\n`)])).toEqual({
      lines: ['a'.repeat(LIMIT)],
      oversize: [],
    });
  });
});

test('one long line in many chunks is joined once', () => {
  const size = 8 * 1024 * 1024;
  const chunk = Buffer.alloc(64, 'x');
  let got = 0;
  let joins = 0;
  const concat = Buffer.concat;
  const reader = new LineReader(
    size,
    (line) => {
      got = line.length;
    },
    () => {},
  );
  try {
    Buffer.concat = (...args) => {
      joins++;
      return concat(...args);
    };
    for (let sent = 0; sent < size; sent += chunk.length) reader.feed(chunk);
    reader.feed(Buffer.from('\n'));
  } finally {
    Buffer.concat = concat;
  }
  expect(got).toBe(size);
  expect(joins).toBe(1);
});
