import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unpackBundle } from '../../../src/recording/files.ts';
import { tilePath } from '../../../src/recording/format.ts';
import { openSigningKey, ownSigners } from '../../../src/recording/keys/keys.ts';
import { leafHash, treeHash } from '../../../src/recording/merkle.ts';
import { NoteError, signCheckpoint } from '../../../src/recording/note.ts';
import {
  checkConsistency,
  checkInclusion,
  proofOfEntry,
  proofOfExtension,
} from '../../../src/recording/proofs/evidence.ts';
import {
  formatConsistency,
  formatInclusion,
  parseConsistency,
  parseInclusion,
} from '../../../src/recording/proofs/proof-file.ts';
import { openRecorder, recordUpTo, temporaryFolder } from '../support.ts';

/** A closed log of `size` entries, and an earlier checkpoint of it over `old` entries. */
function logOf(size: number, old = 0) {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recordUpTo(recorder, size - 1);
  recorder.close();
  const lines: Buffer[] = [];
  for (let first = 0; first < size; first += 256) {
    const width = Math.min(256, size - first);
    const file = tilePath('entries', first / 256, width);
    lines.push(...unpackBundle(readFileSync(join(recorder.directory, file)), width, file, first));
  }
  const key = openSigningKey(state);
  const root = treeHash(Buffer.concat(lines.slice(0, old).map(leafHash)));
  const older = signCheckpoint({ origin: `cordon/${key.hostId}/one`, size: old, root }, key);
  return {
    state,
    directory: recorder.directory,
    signers: ownSigners(state),
    lines,
    older: Buffer.from(older),
    key,
  };
}

const failing = (code: string, words: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(words) });

describe('a proof of inclusion', () => {
  test('verifies with the public key alone, and no other entry by it', () => {
    const { directory, signers, lines } = logOf(300);
    const proof = Buffer.from(proofOfEntry(directory, signers, 257, false));
    rmSync(directory, { recursive: true });
    expect(checkInclusion(proof, signers, lines[257])).toMatchObject({
      index: 257,
      checkpoint: { size: 300, session: 'one' },
    });
    expect(() => checkInclusion(proof, signers, lines[256])).toThrow(
      failing('proof-wrong', /not number 257/),
    );
    expect(() => checkInclusion(proof, signers, undefined)).toThrow(
      failing('proof-malformed', /does not carry/),
    );
    expect(() => checkInclusion(proof, ownSigners(logOf(3).state), lines[257])).toThrow(
      failing('proof-wrong', /belongs to/),
    );
  });

  test('carries the entry if asked to, and is refused with any byte changed', () => {
    const { directory, signers, lines } = logOf(20);
    const proof = Buffer.from(proofOfEntry(directory, signers, 7, true));
    expect(checkInclusion(proof, signers, undefined).entry).toEqual(lines[7]);
    for (let at = 0; at < proof.length; at++) {
      const changed = Buffer.from(proof);
      changed[at]! ^= 1 + (at % 255);
      expect(() => checkInclusion(changed, signers, undefined), `byte ${at}`).toThrow(
        expect.objectContaining({ name: 'RecordingError' }),
      );
    }
  });

  test('is not made of an entry that is not signed, nor of tiles that are wrong', () => {
    const { directory, signers } = logOf(300);
    expect(() => proofOfEntry(directory, signers, 300, false)).toThrow(
      failing('entry-missing', /covers 300 entries/),
    );
    const tile = join(directory, 'tile/0/000');
    const bytes = readFileSync(tile);
    bytes[40]! ^= 1;
    writeFileSync(tile, bytes);
    expect(() => proofOfEntry(directory, signers, 2, false)).toThrow(
      failing('proof-wrong', /not those signed/),
    );
    writeFileSync(tile, bytes.subarray(1));
    expect(() => proofOfEntry(directory, signers, 2, false)).toThrow(failing('proof-wrong', /8191 bytes/));
    rmSync(tile);
    expect(() => proofOfEntry(directory, signers, 2, false)).toThrow(failing('proof-wrong', /missing/));
    rmSync(join(directory, 'checkpoint'));
    expect(() => proofOfEntry(directory, signers, 2, false)).toThrow(failing('proof-wrong', /missing/));
  });
});

describe('a proof of consistency', () => {
  test.each([0, 1, 6, 256, 299, 300])('that 300 entries begin with %i', (old) => {
    const { directory, signers, older } = logOf(300, old);
    const proof = Buffer.from(proofOfExtension(directory, signers, older));
    expect(checkConsistency(proof, signers, older)).toMatchObject({ old: { size: old }, now: { size: 300 } });
    expect(proofOfExtension(directory, signers, old)).toBe(proof.toString());
  });

  test('is refused of a forked log, of another log, of one that grew shorter', () => {
    const { directory, signers, key } = logOf(300);
    const forge = (session: string, size: number) =>
      Buffer.from(
        signCheckpoint({ origin: `cordon/${key.hostId}/${session}`, size, root: Buffer.alloc(32, 7) }, key),
      );
    for (const size of [5, 256, 300]) {
      expect(() => proofOfExtension(directory, signers, forge('one', size))).toThrow(
        failing('proof-wrong', /FORKED/),
      );
      const proof = Buffer.from(proofOfExtension(directory, signers, size));
      expect(() => checkConsistency(proof, signers, forge('one', size))).toThrow(
        failing('proof-wrong', /does not extend/),
      );
    }
    expect(() => proofOfExtension(directory, signers, forge('two', 5))).toThrow(
      failing('proof-wrong', /another log/),
    );
    expect(() => proofOfExtension(directory, signers, forge('one', 301))).toThrow(
      failing('proof-wrong', /not the 301/),
    );
    expect(() => proofOfExtension(directory, signers, Buffer.from('x'))).toThrow(
      failing('proof-wrong', /refused/),
    );
  });

  test('is refused with any byte changed', () => {
    const { directory, signers, older } = logOf(20, 11);
    const proof = Buffer.from(proofOfExtension(directory, signers, older));
    for (let at = 0; at < proof.length; at++) {
      const changed = Buffer.from(proof);
      changed[at]! ^= 1 + (at % 255);
      expect(() => checkConsistency(changed, signers, older), `byte ${at}`).toThrow(
        expect.objectContaining({ name: 'RecordingError' }),
      );
    }
  });
});

describe('arbitrary bytes are a proof only if they print as one', () => {
  const line = fc.oneof(
    fc.constantFrom(
      'c2sp.org/tlog-proof@v1',
      'index 5',
      'index 05',
      'index -1',
      'index 1e3',
      'old 9',
      'extra AAAA',
      'extra AAB=',
      '',
    ),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    fc.string(),
  );
  const text = fc.oneof(
    fc.array(line, { maxLength: 80 }).map((lines) => Buffer.from(lines.join('\n'))),
    fc.uint8Array({ maxLength: 200 }),
  );
  test.each([
    ['inclusion', (bytes: Uint8Array) => formatInclusion(parseInclusion(bytes))],
    ['consistency', (bytes: Uint8Array) => formatConsistency(parseConsistency(bytes))],
  ])('%s', (_, again) => {
    fc.assert(
      fc.property(text, (bytes) => {
        try {
          return Buffer.from(again(bytes)).equals(bytes);
        } catch (error) {
          return error instanceof NoteError;
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['too long', Buffer.alloc(400_000, 'a')],
    ['too many hashes', Buffer.from(`old 5\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\nx`)],
    ['a number past 2^53', Buffer.from('old 9007199254740993\n\nx')],
    ['a negative number', Buffer.from('old -1\n\nx')],
    ['no checkpoint', Buffer.from('old 5\n')],
  ])('%s', (_, bytes) => {
    expect(() => parseConsistency(bytes)).toThrow(NoteError);
  });
});
