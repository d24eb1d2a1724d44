import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/json/digest.ts';
import { Blobs, dropBlobs, readBlob } from '../../src/recording/blobs.ts';
import { openRecorder, temporaryFolder } from './support.ts';

const fileOf = (state: string, text: string): string => join(state, 'blobs', sha256(text).slice(7));

describe('blobs', () => {
  test.each(['write', 'writeNow'] as const)(
    'are kept under their digest, for their owner alone: %s',
    async (how) => {
      const state = temporaryFolder();
      const blobs = new Blobs(state);
      for (const text of ['one', 'two', 'one']) blobs.put(sha256(text), text);
      await blobs[how]();
      expect(readdirSync(join(state, 'blobs'))).toHaveLength(2);
      expect(readBlob(state, sha256('one'))).toBe('one');
      if (process.platform !== 'win32') expect(statSync(fileOf(state, 'one')).mode & 0o777).toBe(0o600);
    },
  );

  test('that are missing, changed or asked for by what is no digest are not read', () => {
    const state = temporaryFolder();
    const blobs = new Blobs(state);
    blobs.put(sha256('one'), 'one');
    blobs.writeNow();
    writeFileSync(fileOf(state, 'one'), 'two');
    for (const digest of [sha256('one'), sha256('two'), '../keys/signing.key', undefined, 'sha256:..']) {
      expect(readBlob(state, digest)).toBeUndefined();
    }
  });

  test('that are there are not written again, but count as new', () => {
    const state = temporaryFolder();
    for (const again of [false, true]) {
      const blobs = new Blobs(state);
      blobs.put(sha256('one'), 'one');
      blobs.writeNow();
      if (!again) utimesSync(fileOf(state, 'one'), 1000, 1000);
    }
    expect(statSync(fileOf(state, 'one')).mtimeMs).toBeGreaterThan(1_000_000);
  });

  test('are dropped where nothing speaks of them any more, unless they are new', () => {
    const state = temporaryFolder();
    expect(dropBlobs(state, new Set(), Date.now())).toBe(0);
    const blobs = new Blobs(state);
    for (const text of ['old', 'needed', 'new']) blobs.put(sha256(text), text);
    blobs.writeNow();
    for (const text of ['old', 'needed']) utimesSync(fileOf(state, text), 1000, 1000);
    expect(dropBlobs(state, new Set([sha256('needed')]), 2_000_000)).toBe(1);
    expect(['old', 'needed', 'new'].map((text) => readBlob(state, sha256(text)))).toEqual([
      undefined,
      'needed',
      'new',
    ]);
  });

  test('of a session are there once it is closed', () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    recorder.keep(sha256('one'), 'one');
    recorder.close();
    expect(readFileSync(fileOf(state, 'one'), 'utf8')).toBe('one');
  });

  test('that cannot be written do not stop a session', () => {
    const state = temporaryFolder();
    writeFileSync(join(state, 'blobs'), 'in the way');
    const recorder = openRecorder(state);
    recorder.keep(sha256('one'), 'one');
    expect(() => recorder.close()).not.toThrow();
  });
});
