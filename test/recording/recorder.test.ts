import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openSigningKey, ownSigners } from '../../src/recording/keys/keys.ts';
import { parseCheckpoint, parseNote } from '../../src/recording/note.ts';
import { readEntries } from '../../src/recording/reader.ts';
import { verifyLog } from '../../src/recording/verify.ts';
import { WriteAhead } from '../../src/recording/wal.ts';
import { patiently } from '../support/patiently.ts';
import { checkpointed, filesOf, openRecorder, recordUpTo, temporaryFolder } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const failing = (code: string) => expect.objectContaining({ code });
const signedSize = (directory: string) =>
  parseCheckpoint(parseNote(readFileSync(join(directory, 'checkpoint'))).text).size;

describe('a session from its first to its last entry', () => {
  test('begins with its first entry written and an empty checkpoint', () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    expect([...filesOf(recorder.directory).keys()].sort()).toEqual(['checkpoint', 'salt', 'wal']);
    expect(readFileSync(join(recorder.directory, 'wal'), 'utf8')).toBe(
      '{"kind":"session.open","n":0,"time":1700000000000,"v":1,"version":"0.1.0"}\n',
    );
    expect(signedSize(recorder.directory)).toBe(0);
    recorder.close();
  });

  test('has an entry in the file when commit returns, and not before', () => {
    const recorder = openRecorder(temporaryFolder());
    const wal = () => readFileSync(join(recorder.directory, 'wal'), 'utf8').trimEnd().split('\n');
    expect(recorder.append('tool.invoke', { tool: 'a' })).toBe(1);
    expect(recorder.append('tool.invoke', { tool: 'b' })).toBe(2);
    expect(wal()).toHaveLength(1);
    recorder.commit();
    expect(wal().slice(1)).toEqual([
      '{"kind":"tool.invoke","n":1,"time":1700000000000,"tool":"a","v":1}',
      '{"kind":"tool.invoke","n":2,"time":1700000000000,"tool":"b","v":1}',
    ]);
    recorder.commit();
    expect(wal()).toHaveLength(3);
    recorder.close();
  });

  test.each([3, 255, 256, 257, 513])('ends signed and laid out as tiles: %i entries', (size) => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    recordUpTo(recorder, size - 1);
    recorder.close({ reason: 'end' });
    const files = [...filesOf(recorder.directory).keys()];
    expect(files).not.toContain('wal');
    const full = Math.floor(size / 256);
    const partial = size % 256;
    expect(files.filter((file) => /^tile\/(0|entries)\//.test(file))).toHaveLength(
      2 * (full + (partial ? 1 : 0)),
    );
    expect(signedSize(recorder.directory)).toBe(size);
    expect([...readEntries(recorder.directory)].at(-1)).toMatchObject({
      kind: 'session.close',
      reason: 'end',
    });
    expect(verifyLog(recorder.directory, ownSigners(state))).toMatchObject({
      status: 'ok',
      signed: size,
      closed: true,
    });
  });

  test('closes once and records no more', () => {
    const recorder = openRecorder(temporaryFolder());
    recorder.close();
    recorder.close();
    expect(() => recorder.append('x', {})).toThrow(failing('closed'));
    expect(() => recorder.commit()).toThrow(failing('closed'));
  });

  test('keeps files to its owner', () => {
    const recorder = openRecorder(temporaryFolder());
    recordUpTo(recorder, 300);
    recorder.close();
    for (const file of filesOf(recorder.directory).keys()) {
      expect([file, statSync(join(recorder.directory, file)).mode & 0o777]).toEqual([file, 0o600]);
    }
    for (const folder of ['', 'tile', 'tile/entries', 'tile/0/001.p']) {
      expect(statSync(join(recorder.directory, folder)).mode & 0o777).toBe(0o700);
    }
  });

  test('never writes content, nor a digest that could be found by trying', () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    const secret = 'the code is 4711';
    recorder.append('tool.invoke', { tool: 'a' }, { arguments: secret, raw: Buffer.from(secret) });
    recorder.append('tool.response', { tool: 'a' }, {});
    recorder.close();
    for (const bytes of filesOf(state).values()) expect(bytes.includes('4711')).toBe(false);
    const [, entry, empty] = [...readEntries(recorder.directory)];
    const { arguments: text, raw } = entry!['content'] as Record<string, { digest: string; bytes: number }>;
    expect(text).toEqual({ digest: expect.stringMatching(/^salted-sha256:[0-9a-f]{64}$/), bytes: 16 });
    expect(raw).toEqual(text);
    expect(empty).not.toHaveProperty('content');
  });
});

describe('checkpoints', () => {
  const tick = async (milliseconds: number) => {
    await vi.advanceTimersByTimeAsync(milliseconds);
  };

  test('follow new entries within two seconds, and leave no file of the one before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    for (const size of [10, 256, 700]) {
      recordUpTo(recorder, size);
      await checkpointed(recorder, size);
      expect(signedSize(recorder.directory)).toBe(size);
      expect(verifyLog(recorder.directory, ownSigners(state))).toMatchObject({
        status: 'ok',
        closed: false,
      });
      const partial = [...filesOf(recorder.directory).keys()].filter((file) => file.includes('.p/'));
      expect(partial).toHaveLength(size === 256 ? 1 : size === 10 ? 2 : 3);
    }
    recorder.close();
  });

  test('need no timer once nothing is new', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const recorder = openRecorder(temporaryFolder(), { sync: 'never' });
    await tick(2_000);
    expect(vi.getTimerCount()).toBe(0);
    recorder.close();
  });

  test('have little left to do when much is new: full bundles are laid out between calls', async () => {
    const recorder = openRecorder(temporaryFolder());
    recordUpTo(recorder, 4_000);
    await patiently(() => expect(existsSync(join(recorder.directory, 'tile', 'entries', '000'))).toBe(true));
    expect(signedSize(recorder.directory)).toBe(0);
    recorder.close();
  });

  test('are not needed to bound memory: full bundles leave it even in a burst that never lets go', () => {
    const recorder = openRecorder(temporaryFolder());
    const body = { filler: 'x'.repeat(50_000) };
    for (let n = 0; n < 400; n++) {
      recorder.append('tool.invoke', body);
      recorder.commit();
    }
    expect(existsSync(join(recorder.directory, 'tile', 'entries', '000'))).toBe(true);
    recorder.close();
  });

  test.each(['group', 'always'] as const)('are synced without harm: %s', async (sync) => {
    const state = temporaryFolder();
    const recorder = openRecorder(state, { sync });
    recordUpTo(recorder, 1_500);
    await patiently(() => expect(signedSize(recorder.directory)).toBeGreaterThan(0));
    recordUpTo(recorder, 2_600);
    // Closed while the next checkpoint is on its way to the disk.
    await new Promise((resolve) => setTimeout(resolve, 2_001));
    recorder.close();
    expect(verifyLog(recorder.directory, ownSigners(state))).toMatchObject({
      status: 'ok',
      signed: 2_601,
    });
    // The checkpoint that was under way when the session closed has nothing more to do.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(recorder.failure).toBeUndefined();
  });
});

describe('what cannot be recorded is an error', () => {
  test('a state directory that is a file', () => {
    const folder = temporaryFolder();
    const key = openSigningKey(folder);
    writeFileSync(join(folder, 'file'), '');
    expect(() => openRecorder(join(folder, 'file'), { key })).toThrow(failing('state-unusable'));
  });

  test('a session that is there already stays as it is', () => {
    const state = temporaryFolder();
    openRecorder(state).close();
    const before = filesOf(state);
    expect(() => openRecorder(state)).toThrow(failing('session-exists'));
    expect(filesOf(state)).toEqual(before);
  });

  test.each(['', '.', '..', '.x', 'a/b', 'a\\b', 'a b', 'a+b', 'ü', 'x'.repeat(65)])(
    'the session id %j',
    (sessionId) => {
      expect(() => openRecorder(temporaryFolder(), { sessionId })).toThrow(failing('session-id-invalid'));
    },
  );

  test.each(['group', 'always', 'never'] as const)(
    'a folder that vanishes while it records: %s',
    async (sync) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const recorder = openRecorder(temporaryFolder(), { sync });
      recordUpTo(recorder, 2);
      rmSync(recorder.directory, { recursive: true });
      await patiently(async () => {
        await vi.advanceTimersByTimeAsync(2_000);
        expect(() => recordUpTo(recorder, 3)).toThrow(failing('vanished'));
      });
      expect(() => recorder.append('x', {})).toThrow(failing('vanished'));
      expect(() => recorder.commit()).toThrow(failing('vanished'));
      expect(() => recorder.close()).toThrow(failing('vanished'));
      expect(existsSync(recorder.directory)).toBe(false);
    },
  );

  test('a full disk', () => {
    const wal = new WriteAhead('/dev/full', 0);
    expect(() => wal.write(Buffer.from('line\n'))).toThrow(
      expect.objectContaining({ code: 'write-failed', message: expect.stringContaining('ENOSPC') }),
    );
    wal.close();
  });

  test('an entry that is no JSON leaves no gap', () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    expect(() => recorder.append('x', { big: 1n })).toThrow(failing('entry-unencodable'));
    recorder.close();
    expect(verifyLog(recorder.directory, ownSigners(state))).toMatchObject({ status: 'ok', signed: 2 });
  });

  test('a disk that fills up in the middle of a write: whole entries stay, and nothing is recorded after', async () => {
    const folder = temporaryFolder();
    const script = join(folder, 'script.mjs');
    await build({
      stdin: {
        contents: `
          import { openSigningKey } from './src/recording/keys/keys.ts';
          import { Recorder } from './src/recording/recorder.ts';
          const stateDir = ${JSON.stringify(folder)};
          const recorder = Recorder.open({
            stateDir, sessionId: 'one', key: openSigningKey(stateDir), sync: 'never', now: () => 0, head: {},
          });
          const codes = [];
          for (let i = 0; i < 12; i++) {
            try {
              // The seventh does not fit, those after it would.
              recorder.append('tool.invoke', { filler: 'x'.repeat(i === 6 ? 20_000 : 500) });
              recorder.commit();
              codes.push('ok');
            } catch (error) {
              codes.push(error.code);
            }
          }
          console.log(JSON.stringify(codes));
        `,
        resolveDir: new URL('../..', import.meta.url).pathname,
      },
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    // A limit on file size, its signal ignored, cuts a write short and then fails it, as a full disk does.
    const { stdout } = spawnSync(
      'bash',
      ['-c', `trap '' XFSZ; ulimit -f 16; exec "${process.execPath}" "${script}"`],
      {
        encoding: 'utf8',
      },
    );
    const codes: string[] = JSON.parse(stdout);
    expect(codes).toEqual([...Array(6).fill('ok'), ...Array(6).fill('write-failed')]);
    expect(verifyLog(join(folder, 'sessions', 'one'), ownSigners(folder))).toMatchObject({
      status: 'unsigned',
      unsigned: 7,
      tornBytes: 0,
    });
  });
});
