import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { originOf } from '../../src/recording/format.ts';
import { openSigningKey, readPublicKey } from '../../src/recording/keys/keys.ts';
import { verifierKey } from '../../src/recording/note.ts';
import { checkpointed, openRecorder, recordUpTo, temporaryFolder } from '../recording/support.ts';
import { GoVerifier, whyWithoutGo } from './go.ts';

const without = whyWithoutGo();
if (without !== undefined) process.stderr.write(`independent verifier skipped: ${without}\n`);

/** Of a log too large to change every byte of, about so many files are changed. */
const FILES = 40;

/** A log whose checkpoint covers exactly `size` entries. */
async function logOf(size: number): Promise<{ directory: string; key: string }> {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  if (size >= 2) {
    if (size > 2) recordUpTo(recorder, size - 1);
    recorder.close();
  } else if (size === 1) {
    await checkpointed(recorder, 1);
  }
  const { publicKey } = openSigningKey(state);
  const key = verifierKey(originOf(readPublicKey(state).hostId, 'one'), publicKey);
  return { directory: recorder.directory, key };
}

describe.skipIf(without !== undefined)('golang.org/x/mod/sumdb', () => {
  let go: GoVerifier;
  beforeAll(() => {
    go = new GoVerifier();
  }, 300_000);
  afterAll(() => go?.remove());

  // Of a full tile, so many bytes of each hash and of each entry are enough.
  test.each([
    [0, 1],
    [1, 1],
    [2, 1],
    [255, 13],
    [256, 13],
    [257, 13],
  ])(
    'accepts a log of %i entries and rejects it with any byte changed, every %ith of them tried',
    async (size, every) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { directory, key } = await logOf(size);
      vi.useRealTimers();
      const { accepted, said } = go.run('log', '-changed', String(every), directory, key);
      expect(said).toMatch(new RegExp(`^${size} entries, [1-9]\\d+ changes rejected$`));
      expect(accepted).toBe(true);
    },
    120_000,
  );

  test.each([65_536, 70_000])(
    'accepts a log of %i entries and rejects it with a byte of a file changed',
    async (size) => {
      const { directory, key } = await logOf(size);
      const { accepted, said } = go.run('log', '-changed', String(-FILES), directory, key);
      expect(said).toMatch(new RegExp(`^${size} entries, \\d{2,} changes rejected$`));
      expect(accepted).toBe(true);
    },
    120_000,
  );

  test('rejects a log by another key, a missing tile and a tile too many', async () => {
    const { directory, key } = await logOf(300);
    const other = openSigningKey(temporaryFolder());
    expect(go.run('log', directory, key).accepted).toBe(true);
    expect(go.run('log', directory, verifierKey(key.split('+')[0]!, other.publicKey)).accepted).toBe(false);
    const tile = join(directory, 'tile/0/000');
    const bytes = readFileSync(tile);
    writeFileSync(tile, bytes.subarray(0, bytes.length - 32));
    expect(go.run('log', directory, key).accepted).toBe(false);
    writeFileSync(tile, bytes);
    writeFileSync(join(directory, 'tile/0/001'), bytes);
    expect(go.run('log', directory, key).said).toContain('is no file of a log of 300 entries');
  });
});
