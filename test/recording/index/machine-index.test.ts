import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { originOf } from '../../../src/recording/format.ts';
import { checkIndex } from '../../../src/recording/index/index-check.ts';
import { indexDirectory, MachineIndex } from '../../../src/recording/index/machine-index.ts';
import { openSigningKey, ownSigners } from '../../../src/recording/keys/keys.ts';
import { verifierKey } from '../../../src/recording/note.ts';
import {
  checkConsistency,
  checkInclusion,
  proofOfEntry,
  proofOfExtension,
} from '../../../src/recording/proofs/evidence.ts';
import { pruneLog } from '../../../src/recording/upkeep/prune.ts';
import { GoVerifier, whyWithoutGo } from '../../independent/go.ts';
import { checkpointed, filesOf, openRecorder, recordUpTo, temporaryFolder } from '../support.ts';

// Each append syncs four files and folders. That it does is not what is tested here, and a busy disk takes its time.
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  fsyncSync: () => {},
}));

const indexOf = (state: string) => new MachineIndex(state, openSigningKey(state), () => 1_700_000_000_000);

/** A closed session that is in the index. */
function record(state: string, sessionId: string, entries = 5): string {
  const recorder = openRecorder(state, { sessionId, index: indexOf(state) });
  recordUpTo(recorder, entries);
  recorder.close();
  return recorder.directory;
}

const check = (state: string) => checkIndex(state, ownSigners(state));
const states = (state: string) =>
  Object.fromEntries(check(state)!.sessions.map((one) => [one.session, one.state]));

test('a session is in the index before its first entry is signed, and when it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const state = temporaryFolder();
  const recorder = openRecorder(state, { index: indexOf(state) });
  expect(check(state)).toBeUndefined();
  await checkpointed(recorder, 1);
  vi.useRealTimers();
  expect(states(state)).toEqual({ one: 'open' });
  recorder.close();
  expect(check(state)).toMatchObject({
    status: 'ok',
    size: 3,
    sessions: [{ session: 'one', state: 'closed' }],
  });
});

test('a session that vanished, was replaced, put back, or never listed is named', async () => {
  const state = temporaryFolder();
  for (const session of ['a', 'b', 'c', 'd']) record(state, session);
  rmSync(join(state, 'sessions', 'b'), { recursive: true });
  // The holder of the key writes another log of the same name.
  rmSync(join(state, 'sessions', 'c'), { recursive: true });
  const other = openRecorder(state, { sessionId: 'c', head: { version: 'other' } });
  recordUpTo(other, 5);
  other.close();
  openRecorder(state, { sessionId: 'e' }).close();
  expect(states(state)).toEqual({ a: 'closed', b: 'vanished', c: 'changed', d: 'closed', e: 'unlisted' });
  // A shorter log of the same beginning.
  rmSync(join(state, 'sessions', 'd'), { recursive: true });
  const shorter = openRecorder(state, { sessionId: 'd' });
  shorter.close();
  expect(states(state)['d']).toBe('changed');
});

test('a pruned session is still there', () => {
  const state = temporaryFolder();
  const directory = record(state, 'a', 300);
  const pruned = pruneLog(directory, openSigningKey(state), ownSigners(state), Date.now(), Date.now());
  expect([pruned, states(state)]).toEqual([true, { a: 'closed' }]);
});

test('every byte of the index counts', () => {
  const state = temporaryFolder();
  record(state, 'a');
  const folder = indexDirectory(state);
  expect([...filesOf(folder).keys()].sort()).toEqual([
    'checkpoint',
    'tile/0/000.p/3',
    'tile/entries/000.p/3',
  ]);
  for (const [name, bytes] of filesOf(folder)) {
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 + (at % 255);
      writeFileSync(join(folder, name), changed);
      expect(check(state)?.status, `byte ${at} of ${name}`).toBe('tampered');
    }
    rmSync(join(folder, name));
    expect(check(state)?.status, name).toBe('tampered');
    writeFileSync(join(folder, name), bytes);
  }
  expect(check(state)?.status).toBe('ok');
});

describe('an index that is not intact', () => {
  test.each(['checkpoint', 'tile/0/000.p/3', 'another key'])('refuses to go on: %s', (what) => {
    const state = temporaryFolder();
    record(state, 'a');
    if (what === 'another key') rmSync(join(state, 'keys'), { recursive: true });
    else rmSync(join(indexDirectory(state), what));
    expect(() => record(state, 'b')).toThrow(expect.objectContaining({ name: 'RecordingError' }));
  });
});

/** What a process leaves that dies between the steps of an append. */
test('an append that was cut short leaves the index as it was, and the next one goes on', () => {
  const state = temporaryFolder();
  record(state, 'a');
  const before = filesOf(indexDirectory(state));
  record(state, 'b');
  const folder = indexDirectory(state);
  // Bundles and tiles of the next size are there, and its checkpoint is not.
  writeFileSync(join(folder, 'checkpoint'), before.get('checkpoint')!);
  for (const [name, bytes] of before) writeFileSync(join(folder, name), bytes);
  expect(check(state)).toMatchObject({ status: 'ok', size: 3 });
  record(state, 'c');
  expect(check(state)).toMatchObject({ status: 'ok', size: 5 });
  expect(states(state)).toEqual({ a: 'closed', b: 'unlisted', c: 'closed' });
});

describe('past the width of a tile', () => {
  let go: GoVerifier | undefined;
  beforeAll(() => {
    if (whyWithoutGo() === undefined) go = new GoVerifier();
  }, 300_000);
  afterAll(() => go?.remove());

  test('the tree is that of all entries, and proofs hold', () => {
    const state = temporaryFolder();
    const directory = record(state, 'a');
    const index = indexOf(state);
    const kept = new Map<number, Buffer>();
    const folder = indexDirectory(state);
    for (let n = 3; n < 515; n++) {
      index.closed('a', directory);
      if ([254, 255, 256, 257, 511, 512, 513].includes(n)) {
        expect(check(state)).toMatchObject({ status: 'ok', size: n + 1 });
        kept.set(n + 1, readFileSync(join(folder, 'checkpoint')));
        const key = openSigningKey(state);
        const vkey = verifierKey(originOf(key.hostId, '.index'), key.publicKey);
        if (go !== undefined)
          expect(go.run('log', folder, vkey).said).toBe(`${n + 1} entries, 0 changes rejected`);
      }
    }
    const signers = ownSigners(state);
    for (const [size, older] of kept) {
      const proof = Buffer.from(proofOfExtension(folder, signers, older));
      expect(checkConsistency(proof, signers, older)).toMatchObject({ old: { size }, now: { size: 515 } });
    }
    expect(
      checkInclusion(Buffer.from(proofOfEntry(folder, signers, 300, true)), signers, undefined).index,
    ).toBe(300);
  });
});

test('no entry is lost among 20 sessions at once, some of which are killed', async () => {
  const state = temporaryFolder();
  const key = openSigningKey(state);
  const script = join(temporaryFolder(), 'script.mjs');
  await build({
    stdin: {
      contents: `
        import { openSigningKey } from './src/recording/keys/keys.ts';
        import { MachineIndex } from './src/recording/index/machine-index.ts';
        import { Recorder } from './src/recording/recorder.ts';
        const [stateDir, sessionId] = process.argv.slice(2);
        const key = openSigningKey(stateDir);
        const index = new MachineIndex(stateDir, key, Date.now);
        Recorder.open({ stateDir, sessionId, key, index, sync: 'never', now: Date.now, head: {} }).close();
      `,
      resolveDir: fileURLToPath(new URL('../../..', import.meta.url)),
    },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  const run = (session: string, killAfterMs: number | undefined) =>
    new Promise<number | null>((resolve) => {
      const child = spawn(process.execPath, [script, state, session], { stdio: 'inherit' });
      child.once('exit', resolve);
      if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
  const sessions = Array.from({ length: 30 }, (_, i) => `s${i}`);
  // Every third is killed, at moments spread over the time that all of them take together.
  const codes = await Promise.all(
    sessions.map((name, i) => run(name, i % 3 === 0 ? 60 + 25 * i : undefined)),
  );
  expect(codes.filter((code) => code === null).length).toBeGreaterThan(0);
  expect(checkIndex(state, [key])?.status).toBe('ok');
  const found = states(state);
  sessions.forEach((name, i) => {
    if (i % 3 !== 0) expect([name, codes[i], found[name]]).toEqual([name, 0, 'closed']);
    else expect([undefined, 'open', 'closed', 'unlisted']).toContain(found[name]);
  });
  record(state, 'after');
  expect(states(state)['after']).toBe('closed');
}, 120_000);
