import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { originOf } from '../../src/recording/format.ts';
import { openSigningKey, ownSigners } from '../../src/recording/keys/keys.ts';
import { signCheckpoint, verifierKey } from '../../src/recording/note.ts';
import { proofOfEntry, proofOfExtension } from '../../src/recording/proofs/evidence.ts';
import { rootHash } from '../../src/recording/proofs/proof.ts';
import { StoredTree } from '../../src/recording/proofs/stored-tree.ts';
import { openRecorder, recordUpTo, temporaryFolder } from '../recording/support.ts';
import { GoVerifier, whyWithoutGo } from './go.ts';

describe.skipIf(whyWithoutGo() !== undefined)('golang.org/x/mod/sumdb', () => {
  let go: GoVerifier;
  beforeAll(() => {
    go = new GoVerifier();
  }, 300_000);
  afterAll(() => go?.remove());

  test.each([2, 255, 256, 257, 1000])('accepts what is proved of a log of %i entries', (size) => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    if (size > 2) recordUpTo(recorder, size - 1);
    recorder.close();
    const signers = ownSigners(state);
    const key = openSigningKey(state);
    const origin = originOf(key.hostId, 'one');
    const vkey = verifierKey(origin, key.publicKey);
    const file = join(state, 'proof');
    for (const index of [0, 1, size >> 1, size - 1]) {
      const proof = proofOfEntry(recorder.directory, signers, index, true);
      writeFileSync(file, proof);
      expect(go.run('proof', file, vkey)).toEqual({ accepted: true, said: '' });
      writeFileSync(file, proof.replace(`\nindex ${index}\n`, `\nindex ${index + 1}\n`));
      expect(go.run('proof', file, vkey).accepted).toBe(false);
    }
    const { subtree } = new StoredTree(recorder.directory, size);
    const older = join(state, 'older');
    for (const old of [1, size >> 1, size - 1, size]) {
      writeFileSync(older, signCheckpoint({ origin, size: old, root: rootHash(subtree, old) }, key));
      writeFileSync(file, proofOfExtension(recorder.directory, signers, old));
      expect(go.run('consistency', file, older, vkey)).toEqual({ accepted: true, said: '' });
      writeFileSync(older, signCheckpoint({ origin, size: old, root: Buffer.alloc(32) }, key));
      expect(go.run('consistency', file, older, vkey).accepted).toBe(false);
    }
  });
});
