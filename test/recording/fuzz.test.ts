import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { RecordingError } from '../../src/recording/errors.ts';
import { LogFault, unpackBundle } from '../../src/recording/files.ts';
import { KeyHistory } from '../../src/recording/keys/key-history.ts';
import { CheckpointError, openCheckpoint } from '../../src/recording/keys/trust.ts';
import {
  formatNote,
  NoteError,
  parseCheckpoint,
  parseNote,
  parseSignatures,
  parseVerifierKey,
  verifierKey,
} from '../../src/recording/note.ts';
import { checkConsistency, checkInclusion } from '../../src/recording/proofs/evidence.ts';
import { parseConsistency, parseInclusion } from '../../src/recording/proofs/proof-file.ts';
import { witnessesOf } from '../../src/recording/proofs/witness.ts';
import { parseEntry } from '../../src/recording/reader.ts';
import { readTape } from '../../src/recording/tape/tape.ts';
import { readPruning } from '../../src/recording/upkeep/pruning.ts';

/** What verifies, and what was made to break a parser. */
const folders = ['../../fixtures/vectors/evidence/', 'corpus/', '../../fixtures/vectors/tape/'].map(
  (path) => new URL(path, import.meta.url),
);
const seeds = folders.flatMap((url) => readdirSync(url).map((name) => readFileSync(new URL(name, url))));
const read = (name: string) => readFileSync(new URL(name, folders[0]));
const { name, publicKey } = parseVerifierKey(read('trusted-key').toString().trim());
const hostId = name.slice('cordon/'.length);
const signers = [{ hostId, publicKey }];
const tapeKey = Buffer.from(readFileSync(new URL('key', folders[2]), 'utf8'), 'base64');

const folder = mkdtempSync(join(tmpdir(), 'cordon-fuzz-'));
for (const name of ['history', 'tapes']) mkdirSync(join(folder, name));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** For parsers that open their file themselves; the folder it is in. */
function inFile(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return folder;
}

/** Everything that reads foreign text of this room. */
const parsers: Record<string, (bytes: Buffer) => unknown> = {
  parseNote,
  parseCheckpoint: (bytes) => parseCheckpoint(bytes.toString('utf8')),
  parseSignatures: (bytes) => parseSignatures(bytes.toString('utf8')),
  parseVerifierKey: (bytes) => parseVerifierKey(bytes.toString('utf8').trimEnd()),
  parseInclusion,
  parseConsistency,
  parseEntry,
  openCheckpoint: (bytes) => openCheckpoint(bytes, signers),
  checkInclusion: (bytes) => checkInclusion(bytes, signers, undefined),
  checkConsistency: (bytes) => checkConsistency(bytes, signers, read('older')),
  witnessesOf: (bytes) => witnessesOf(bytes, []),
  keyHistory: (bytes) => KeyHistory.read(inFile('history/0001', bytes).concat('/history'), hostId),
  unpackBundle: (bytes) => unpackBundle(bytes, 1, 'bundle', 0),
  readTape: (bytes) => [...readTape(inFile('tapes/golden', bytes), 'golden', tapeKey)].at(0),
  readPruning: (bytes) => readPruning(inFile('pruned', bytes)),
};

/** What a parser may throw; anything else is a defect. */
function isRefusal(error: unknown): boolean {
  return [NoteError, CheckpointError, RecordingError, LogFault].some((refusal) => error instanceof refusal);
}

const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.nat(),
    fc.nat(40),
    fc.constantFrom('flip', 'cut', 'drop', 'double', 'join'),
    fc.constantFrom(...seeds),
    fc.integer({ min: 1, max: 255 }),
  )
  .map(([seed, nat, length, how, other, bits]) => {
    const at = seed.length === 0 ? 0 : nat % seed.length;
    const [head, tail] = [seed.subarray(0, at), seed.subarray(at)];
    if (how === 'cut') return Buffer.from(head);
    if (how === 'drop') return Buffer.concat([head, tail.subarray(length)]);
    if (how === 'double') return Buffer.concat([head, tail.subarray(0, length), tail]);
    if (how === 'join') return Buffer.concat([head, other]);
    const bytes = Buffer.from(seed);
    if (bytes.length > 0) bytes[at]! ^= bits;
    return bytes;
  });

describe.each(Object.entries(parsers))('%s', (_, parse) => {
  test('refuses or reads what is in the corpus, and what becomes of it, with its own errors only', () => {
    for (const bytes of seeds) {
      try {
        parse(bytes);
      } catch (error) {
        expect(isRefusal(error), String(error)).toBe(true);
      }
    }
    fc.assert(
      fc.property(fc.oneof(mutated, mutated, fc.uint8Array({ maxLength: 300 }).map(Buffer.from)), (bytes) => {
        try {
          parse(bytes);
          return true;
        } catch (error) {
          return isRefusal(error);
        }
      }),
      { seed: 20_261_120, numRuns: 700 },
    );
  });
});

test('the corpus holds something that each of them reads', () => {
  const accepted = (parse: (bytes: Buffer) => unknown) =>
    seeds.some((bytes) => {
      try {
        return parse(bytes) !== undefined;
      } catch {
        return false;
      }
    });
  // A checkpoint's text, signature lines and entries stand within other files.
  const within = new Set(['parseCheckpoint', 'parseSignatures', 'parseEntry']);
  for (const [parser, parse] of Object.entries(parsers))
    if (!within.has(parser)) expect([parser, accepted(parse)]).toEqual([parser, true]);
});

test('what is read prints again as it was', () => {
  fc.assert(
    fc.property(mutated, (bytes) => {
      try {
        expect(formatNote(parseNote(bytes))).toBe(bytes.toString('utf8'));
      } catch (error) {
        if (!(error instanceof NoteError)) throw error;
      }
      try {
        const { name: by, publicKey: key, type } = parseVerifierKey(bytes.toString('utf8'));
        expect(verifierKey(by, key, type)).toBe(bytes.toString('utf8'));
      } catch (error) {
        if (!(error instanceof NoteError)) throw error;
      }
    }),
    { seed: 7, numRuns: 500 },
  );
});

// Time that grew with the square of the length would pass the test's limit.
test('no input makes a parser slow', () => {
  const long = ['\n', '+', ' ', '\u2014 a AAAAAAAA\n', 'A', '=', '['].map((text) =>
    Buffer.from(text.repeat(500_000 / text.length)),
  );
  for (const parse of Object.values(parsers)) {
    for (const bytes of long) {
      try {
        parse(bytes);
      } catch (error) {
        expect(isRefusal(error), String(error)).toBe(true);
      }
    }
  }
});
