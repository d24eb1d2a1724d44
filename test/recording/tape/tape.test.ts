import { chmodSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { RecordingError } from '../../../src/recording/errors.ts';
import {
  dropTape,
  hasTape,
  readTape,
  TapeWriter,
  tapedSession,
  tapeEnd,
  tapePath,
} from '../../../src/recording/tape/tape.ts';
import { openTapeKey, tapeKeyPath } from '../../../src/recording/tape/tape-key.ts';
import { temporaryFolder } from '../support.ts';

const disk = vi.hoisted(() => ({ isFull: false }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const writeSync = ((...args: Parameters<typeof fs.writeSync>) => {
    if (disk.isFull) throw new Error('ENOSPC');
    return fs.writeSync(...args);
  }) as typeof fs.writeSync;
  return { ...fs, writeSync };
});

const LINES = ['{"step":"one"}', 'two: \u00e9\ud83d\ude00', '', 'x'.repeat(5_000)];

function written(state: string, lines = LINES, session = 'one'): Buffer {
  const key = openTapeKey(tapeKeyPath(state), true);
  const tape = new TapeWriter(state, session, key);
  for (const line of lines) {
    tape.write(line);
    tape.flush();
  }
  tape.close();
  return key;
}

/** The lines, or the code of the error. */
function read(state: string, key: Buffer, session = 'one'): string[] | string {
  try {
    return [...readTape(state, session, key)];
  } catch (error) {
    if (error instanceof RecordingError) return error.code;
    throw error;
  }
}

test('lines come back as they were written, however they were flushed', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.string({ unit: 'grapheme' }).map((one) => one.replaceAll('\n', '')),
          fc.boolean(),
        ),
      ),
      (lines) => {
        const state = temporaryFolder();
        const key = openTapeKey(tapeKeyPath(state), true);
        const tape = new TapeWriter(state, 'one', key);
        for (const [line, now] of lines) {
          tape.write(line);
          if (now) tape.flush();
        }
        const end = tape.close();
        expect(read(state, key)).toEqual(lines.map(([line]) => line));
        expect(tapeEnd(state, 'one')).toEqual(end);
      },
    ),
    { numRuns: 30 },
  );
});

test('a line longer than a piece is cut and joined again', () => {
  const state = temporaryFolder();
  const lines = ['\u00e9'.repeat(1_500_000), 'y'];
  expect(read(state, written(state, lines))).toEqual(lines);
});

test('much is not held until somebody flushes', () => {
  const state = temporaryFolder();
  const tape = new TapeWriter(state, 'one', openTapeKey(tapeKeyPath(state), true));
  for (let i = 0; i < 40; i++) tape.write('z'.repeat(100_000));
  expect(statSync(tapePath(state, 'one')).size).toBeGreaterThan(2_900_000);
  tape.close();
});

test('after a failure it ends where it did, and can be read up to there', () => {
  const state = temporaryFolder();
  const key = openTapeKey(tapeKeyPath(state), true);
  const tape = new TapeWriter(state, 'one', key);
  tape.write('kept');
  tape.flush();
  tape.write('lost');
  disk.isFull = true;
  expect(() => tape.flush()).toThrow('ENOSPC');
  disk.isFull = false;
  expect(() => tape.write('later')).toThrow('ENOSPC');
  expect(() => tape.flush()).toThrow('ENOSPC');
  expect(() => tape.close()).toThrow('ENOSPC');
  expect(read(state, key)).toEqual(['kept']);
});

test('the file shows nothing of what is in it, and only its owner may read it', () => {
  const state = temporaryFolder();
  const key = written(state);
  const bytes = readFileSync(tapePath(state, 'one'));
  expect(bytes.includes('step')).toBe(false);
  expect(bytes.includes(key)).toBe(false);
  expect(statSync(tapePath(state, 'one')).mode & 0o777).toBe(0o600);
  expect(statSync(join(state, 'tapes')).mode & 0o777).toBe(0o700);
  expect(statSync(tapeKeyPath(state)).mode & 0o777).toBe(0o600);
  // The same content twice: another salt, so another key.
  written(state, LINES, 'two');
  expect(readFileSync(tapePath(state, 'two')).subarray(60)).not.toEqual(bytes.subarray(60));
});

test('any byte changed is noticed', () => {
  const state = temporaryFolder();
  const key = written(state, ['{"step":"one"}', 'two']);
  const path = tapePath(state, 'one');
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    writeFileSync(path, changed);
    const found = read(state, key);
    // A length that reaches past the end reads as torn: the digest in the log's last entry tells.
    if (Array.isArray(found)) expect(found.length).toBeLessThan(2);
    else expect(found).toBe('tape-malformed');
  }
});

test('pieces in another order, doubled or of another session are refused', () => {
  const state = temporaryFolder();
  const key = written(state, ['aaaa', 'bbbb', 'cccc']);
  const path = tapePath(state, 'one');
  const bytes = readFileSync(path);
  const header = bytes.subarray(0, 47);
  const pieces = [0, 1, 2].map((i) => bytes.subarray(47 + 25 * i, 72 + 25 * i));
  expect(bytes.length).toBe(47 + 75);
  for (const order of [
    [1, 0, 2],
    [0, 0, 1],
    [0, 2],
  ]) {
    writeFileSync(path, Buffer.concat([header, ...order.map((i) => pieces[i]!)]));
    expect(read(state, key)).toBe('tape-malformed');
  }
  writeFileSync(tapePath(state, 'two'), bytes);
  expect(read(state, key, 'two')).toBe('tape-malformed');
  writeFileSync(path, bytes);
  expect(read(state, Buffer.alloc(32))).toBe('tape-malformed');
});

test('cut anywhere, it ends there', () => {
  const state = temporaryFolder();
  const key = written(state, ['aaaa', 'bbbb']);
  const path = tapePath(state, 'one');
  for (let length = statSync(path).size - 1; length >= 0; length--) {
    truncateSync(path, length);
    const found = read(state, key);
    if (length < 47) expect(found).toBe('tape-malformed');
    else expect(found).toEqual(length < 72 ? [] : ['aaaa']);
  }
});

test('arbitrary bytes are no tape', () => {
  const state = temporaryFolder();
  const key = written(state);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isHeaded) => {
      const header = readFileSync(tapePath(state, 'one')).subarray(0, 47);
      writeFileSync(tapePath(state, 'two'), Buffer.concat([isHeaded ? header : Buffer.alloc(0), bytes]));
      const found = read(state, key, 'two');
      if (Array.isArray(found)) expect(found).toEqual([]);
      else expect(found).toBe('tape-malformed');
    }),
  );
});

test('a link in its place is not followed', () => {
  const state = temporaryFolder();
  const key = written(state);
  symlinkSync(tapePath(state, 'one'), tapePath(state, 'two'));
  expect(() => [...readTape(state, 'two', key)]).toThrow(/ELOOP/);
});

test('a session that has a tape gets no second one, and what is dropped is gone', () => {
  const state = temporaryFolder();
  const key = written(state);
  expect(() => new TapeWriter(state, 'one', key)).toThrow(
    expect.objectContaining({ code: 'state-unusable' }),
  );
  dropTape(state, 'one');
  expect(hasTape(state, 'one')).toBe(false);
  dropTape(state, 'one');
});

test('the parts of a session share a tape', () => {
  expect(['one', 'one.2', 'one.12', '20260131T090500-00ff'].map(tapedSession)).toEqual([
    'one',
    'one',
    'one',
    '20260131T090500-00ff',
  ]);
});

describe('the key', () => {
  test('is made once', () => {
    const path = tapeKeyPath(temporaryFolder());
    expect(openTapeKey(path, true)).toEqual(openTapeKey(path, false));
  });

  test.skipIf(process.platform === 'win32')('that others can read is refused', () => {
    const path = tapeKeyPath(temporaryFolder());
    openTapeKey(path, true);
    chmodSync(path, 0o644);
    expect(() => openTapeKey(path, true)).toThrow(expect.objectContaining({ code: 'key-exposed' }));
  });

  test('that is missing or none is said', () => {
    const path = tapeKeyPath(temporaryFolder());
    expect(() => openTapeKey(path, false)).toThrow(expect.objectContaining({ code: 'key-missing' }));
    openTapeKey(path, true);
    for (const text of [
      '',
      'x',
      `${Buffer.alloc(31).toString('base64')}\n`,
      Buffer.alloc(32).toString('base64'),
    ]) {
      writeFileSync(path, text);
      expect(() => openTapeKey(path, false)).toThrow(expect.objectContaining({ code: 'key-broken' }));
    }
  });
});
