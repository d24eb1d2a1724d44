import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openSigningKey, ownSigners } from '../../../src/recording/keys/keys.ts';
import { readEntries } from '../../../src/recording/reader.ts';
import type { Recorder } from '../../../src/recording/recorder.ts';
import { sealLog } from '../../../src/recording/upkeep/seal.ts';
import { verifyLog } from '../../../src/recording/verify.ts';
import { checkpointed, filesOf, openRecorder, recordUpTo, temporaryFolder } from '../support.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A session whose process died: `signed` entries under its last checkpoint, `unsigned` after it, then torn bytes. */
async function broken(signed: number, unsigned: number, torn = '') {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const state = temporaryFolder();
  const recorder: Recorder = openRecorder(state);
  if (signed > 1) recordUpTo(recorder, signed);
  if (signed > 0) await checkpointed(recorder, signed);
  if (unsigned > 0 && signed + unsigned > 1) recordUpTo(recorder, signed + unsigned);
  vi.useRealTimers();
  appendFileSync(join(recorder.directory, 'wal'), torn);
  const seal = () => sealLog(recorder.directory, openSigningKey(state), ownSigners(state), 1_700_000_100_000);
  return {
    state,
    directory: recorder.directory,
    seal,
    verify: () => verifyLog(recorder.directory, ownSigners(state)),
  };
}

const failing = (code: string) => expect.objectContaining({ name: 'RecordingError', code });

describe('sealing signs what is left and says so', () => {
  test.each([
    [0, 1, ''],
    [1, 0, ''],
    [10, 0, ''],
    [10, 5, ''],
    [10, 5, '{"a":'],
    [10, 0, '\0\0\0'],
    [255, 1, ''],
    [254, 0, ''],
    [300, 700, 'x'],
  ])('%i signed, %i not, then %j', async (signed, unsigned, torn) => {
    const { directory, seal, verify } = await broken(signed, unsigned, torn);
    const tornBytes = torn.length;
    expect(verify()).toMatchObject({ signed, unsigned, tornBytes });
    const said = { signedBefore: signed, unsigned, tornBytes };
    expect(seal()).toEqual({ session: 'one', ...said, size: signed + unsigned + 2 });
    expect(verify()).toMatchObject({ status: 'ok', signed: signed + unsigned + 2, closed: true });
    const [sealed, close] = [...readEntries(directory)].slice(-2);
    expect(sealed).toMatchObject({ kind: 'session.seal', time: 1_700_000_100_000, ...said });
    expect(close).toMatchObject({ kind: 'session.close', reason: 'sealed' });
    const files = [...filesOf(directory).keys()];
    expect(files).not.toContain('wal');
    expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([]);
    // A closed log has one partial file a level, and one bundle, at most.
    expect(files.filter((file) => file.includes('.p/')).length).toBeLessThanOrEqual(3);
    expect(seal).toThrow(failing('session-closed'));
  });
});

test('a log that is not intact is not sealed, and not touched', async () => {
  const { directory, seal } = await broken(300, 5);
  const tile = join(directory, 'tile/0/000');
  const bytes = readFileSync(tile);
  bytes[9]! ^= 1;
  writeFileSync(tile, bytes);
  const before = filesOf(directory);
  expect(seal).toThrow(failing('log-tampered'));
  expect(filesOf(directory)).toEqual(before);
});

test('a closed log is not sealed', async () => {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recorder.close();
  expect(() => sealLog(recorder.directory, openSigningKey(state), ownSigners(state), 0)).toThrow(
    failing('session-closed'),
  );
});

/** What a process leaves that dies after each of these steps. */
describe('a seal that was cut short is finished by the next', () => {
  test.each(['entries', 'tiles', 'checkpoint'])('after its %s', async (step) => {
    const { directory, seal, verify } = await broken(10, 5, 'torn');
    const before = filesOf(directory);
    seal();
    const after = filesOf(directory);
    const lines = [...readEntries(directory)].map((entry) => `${JSON.stringify(entry)}\n`).join('');
    rmSync(join(directory, 'tile'), { recursive: true });
    const put = (name: string, bytes: Buffer | string) => {
      const path = join(directory, name);
      if (!existsSync(join(path, '..'))) mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, bytes);
    };
    put('wal', lines);
    for (const [name, bytes] of before) if (name.startsWith('tile/')) put(name, bytes);
    if (step !== 'entries') for (const [name, bytes] of after) if (name.startsWith('tile/')) put(name, bytes);
    if (step !== 'checkpoint') put('checkpoint', before.get('checkpoint')!);
    const sealing = seal();
    if (step !== 'checkpoint') expect(sealing).toMatchObject({ signedBefore: 10, unsigned: 5, tornBytes: 4 });
    expect(verify()).toMatchObject({ status: 'ok', signed: 17, closed: true });
    expect([...readEntries(directory)].filter(({ kind }) => kind === 'session.seal')).toHaveLength(1);
    expect(existsSync(join(directory, 'wal'))).toBe(false);
  });
});
