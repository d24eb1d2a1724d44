import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { command as log } from '../../../src/cli/log.ts';
import { command as why } from '../../../src/cli/why.ts';
import { sha256 } from '../../../src/json/digest.ts';
import { startTimeOf } from '../../../src/proxy/process-group.ts';
import { readBlob } from '../../../src/recording/blobs.ts';
import { MachineIndex } from '../../../src/recording/index/machine-index.ts';
import { openSigningKey } from '../../../src/recording/keys/keys.ts';
import { hasTape, TapeWriter } from '../../../src/recording/tape/tape.ts';
import { openTapeKey, tapeKeyPath } from '../../../src/recording/tape/tape-key.ts';
import { openRecorder, recordUpTo, temporaryFolder } from '../../recording/support.ts';
import { run } from '../support/run.ts';

const golden = fileURLToPath(new URL('../../../fixtures/vectors/state', import.meta.url));

/** A session whose process died with five entries that no checkpoint covers. */
function broken(): { state: string; directory: string } {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recordUpTo(recorder, 5);
  return { state, directory: recorder.directory };
}

/** Has a session's process be this one. */
function runs(state: string, session: string): void {
  const { pid } = process;
  mkdirSync(join(state, 'running'));
  const self = { pid, startTime: startTimeOf(pid), session, mode: '', servers: [], lock: '' };
  writeFileSync(join(state, 'running', `${pid}.json`), JSON.stringify(self));
}

describe('cordon log seal', () => {
  test('signs what a process left, and the log says so', async () => {
    const { state } = broken();
    expect((await run(log, 'verify', '--state', state)).code).toBe(3);
    expect(await run(log, 'seal', 'one', '--state', state)).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^one: sealed: 5 entries that no checkpoint covered are signed now; the log says so/,
      ),
    });
    expect((await run(log, 'verify', '--state', state)).code).toBe(0);
    expect((await run(log, 'show', '--state', state)).out).toContain('session.seal');
    expect(await run(log, 'seal', '--state', state)).toMatchObject({
      code: 2,
      err: expect.stringContaining('was closed'),
    });
  });

  test('does not touch a session that runs', async () => {
    const { state } = broken();
    runs(state, 'one');
    expect(await run(log, 'seal', '--state', state)).toMatchObject({
      code: 2,
      err: expect.stringContaining('is running'),
    });
  });
});

describe('cordon log export', () => {
  test('prints the bytes that were hashed', async () => {
    const { code, out } = await run(log, 'export', 'golden', '--format', 'jsonl', '--state', golden);
    expect(code).toBe(0);
    const { entries } = JSON.parse(readFileSync(join(golden, '..', 'entries.json'), 'utf8'));
    expect(out.split('\n')).toHaveLength(6);
    expect(out.split('\n')[3]).toBe(entries[1].text);
  });

  test('says what is not signed, and exports nothing of a log that is bad', async () => {
    const { state, directory } = broken();
    const some = await run(log, 'export', '--format', 'jsonl', '--state', state);
    expect(some).toMatchObject({ code: 3, err: 'one: only the first 0 entries are signed\n' });
    expect(some.out.split('\n')).toHaveLength(6);
    writeFileSync(
      join(directory, 'wal'),
      readFileSync(join(directory, 'wal'), 'utf8').replace('"n":2', '"n":7'),
    );
    expect(await run(log, 'export', '--format', 'jsonl', '--state', state)).toMatchObject({
      code: 1,
      out: '',
    });
  });

  test.each([[['export']], [['export', '--format', 'xml']]])('%j: 2', async (argv) => {
    expect(await run(log, ...argv, '--state', golden)).toMatchObject({
      code: 2,
      err: expect.stringContaining('jsonl'),
    });
  });
});

describe('cordon log prune', () => {
  test('takes along the blobs that nothing speaks of any more', async () => {
    const state = temporaryFolder();
    const record = (sessionId: string, text: string, now: () => number) => {
      const recorder = openRecorder(state, { sessionId, now });
      recorder.keep(sha256(text), text);
      recorder.append('tool.describe', { digest: sha256(text) });
      recorder.close();
      utimesSync(join(state, 'blobs', sha256(text).slice(7)), 1000, 1000);
    };
    record('old', 'theirs', () => 1_700_000_000_000);
    record('new', 'needed', Date.now);
    await run(log, 'prune', '--older-than', '90d', '--state', state);
    expect([readBlob(state, sha256('theirs')), readBlob(state, sha256('needed'))]).toEqual([
      undefined,
      'needed',
    ]);
  });

  test('drops old entries, says which, and the rest verifies', async () => {
    const state = temporaryFolder();
    openRecorder(state, { sessionId: 'old' }).close();
    openRecorder(state, { sessionId: 'new', now: Date.now }).close();
    openRecorder(state, { sessionId: 'open' });
    expect((await run(log, 'prune', '--older-than', '90d', '--state', state, '--json')).out).toBe(
      `${JSON.stringify({ pruned: ['old'], kept: [] }, undefined, 2)}\n`,
    );
    expect((await run(log, 'list', '--state', state)).out).toMatch(/^old .*2 signed entries, pruned$/m);
    expect(await run(log, 'verify', 'old', '--state', state)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^old: the tree of its 2 entries is intact; they were pruned, 20/),
    });
    expect((await run(log, 'verify', 'new', '--state', state)).code).toBe(0);
    for (const action of [['show'], ['report'], ['export', '--format', 'jsonl']]) {
      const { code, err } = await run(log, action[0]!, 'old', ...action.slice(1), '--state', state);
      expect([code, err]).toEqual([2, expect.stringContaining('were pruned')]);
    }
    expect(await run(log, 'grep', 'session.open', '--state', state)).toMatchObject({
      code: 0,
      err: 'cordon log: not searched, because they were pruned: 1 of 3 sessions\n',
    });
    expect(await run(why, 'd-01234567', '--state', state)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/under the id d-01234567 .*; 1 session was pruned\n$/),
    });
  });

  test('leaves an earlier part of a session that runs, and with it its tape', async () => {
    const state = temporaryFolder();
    for (const sessionId of ['one', 'one.2', 'two']) openRecorder(state, { sessionId }).close();
    const key = openTapeKey(tapeKeyPath(state), true);
    for (const session of ['one', 'two']) new TapeWriter(state, session, key).close();
    runs(state, 'one');
    const { out } = await run(log, 'prune', '--older-than', '90d', '--state', state, '--json');
    expect(JSON.parse(out).pruned).toEqual(['two']);
    expect([hasTape(state, 'one'), hasTape(state, 'two')]).toEqual([true, false]);
  });

  test.each(['', '5', 'd', '5m', '-5d', '1e3d', '9999999d'])('--older-than %j: 2', async (age) => {
    expect(await run(log, 'prune', `--older-than=${age}`, '--state', temporaryFolder())).toMatchObject({
      code: 2,
      err: expect.stringContaining('90d or 12h'),
    });
  });
});

describe('cordon log index', () => {
  /** Two sessions in the index and one that is not. */
  function indexed(): string {
    const state = temporaryFolder();
    const index = new MachineIndex(state, openSigningKey(state), Date.now);
    for (const sessionId of ['a', 'b']) openRecorder(state, { sessionId, index }).close();
    return state;
  }

  test('says that all are there', async () => {
    expect(await run(log, 'index', '--state', indexed())).toMatchObject({
      code: 0,
      out: 'index: its 5 signed entries are intact\n  a  closed, and as it was\n  b  closed, and as it was\n',
    });
  });

  test('3 when it does not know a session, 1 when one vanished', async () => {
    const state = indexed();
    openRecorder(state, { sessionId: 'c' }).close();
    expect(await run(log, 'index', '--state', state)).toMatchObject({
      code: 3,
      out: expect.stringMatching(/c {2}not in the index/),
    });
    rmSync(join(state, 'sessions', 'a'), { recursive: true });
    const { code, out } = await run(log, 'index', '--state', state, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out).sessions).toContainEqual({ session: 'a', state: 'vanished' });
  });

  test('1 when it was changed, 2 when there is none', async () => {
    const state = indexed();
    const file = join(state, 'index', 'tile', '0', '000.p', '5');
    const bytes = readFileSync(file);
    bytes[33]! ^= 1;
    writeFileSync(file, bytes);
    expect(await run(log, 'index', '--state', state)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^index: TAMPERED: first bad entry 1/),
    });
    expect(await run(log, 'index', '--state', golden)).toMatchObject({
      code: 2,
      err: expect.stringContaining('no index'),
    });
  });

  test('its entries and its growth can be proved', async () => {
    const state = indexed();
    const proof = await run(log, 'prove', '.index', '--entry', '1', '--state', state);
    expect(proof.out).toMatch(/\ncordon\/[0-9a-f]{16}\/\.index\n5\n/);
    expect((await run(log, 'consistency', '3', '.index', '--state', state)).out).toMatch(/^old 3\n/);
  });
});
