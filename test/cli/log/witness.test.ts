import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { command as keys } from '../../../src/cli/keys.ts';
import { command as log } from '../../../src/cli/log.ts';
import { openSigningKey } from '../../../src/recording/keys/keys.ts';
import { signCheckpoint } from '../../../src/recording/note.ts';
import { formatConsistency } from '../../../src/recording/proofs/proof-file.ts';
import { GoVerifier, whyWithoutGo } from '../../independent/go.ts';
import { checkpointed, openRecorder, recordUpTo, temporaryFolder } from '../../recording/support.ts';
import { run } from '../support/run.ts';

/** A file in a folder of its own. */
function fileOf(content: string | Buffer): string {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, content);
  return file;
}

/** The machine whose log is witnessed: a running session, and its checkpoint over 10 entries. */
async function machine() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recordUpTo(recorder, 10);
  await checkpointed(recorder, 10);
  vi.useRealTimers();
  const trusted = fileOf((await run(keys, 'show', '--state', state)).out);
  const request = async (old: string) =>
    fileOf((await run(log, 'consistency', old, 'one', '--state', state)).out);
  return { state, recorder, trusted, request };
}

/** Another machine; it cosigns what it is sent. */
function witnessOf(trusted: string) {
  const state = temporaryFolder();
  const cosign = (request: string) =>
    run(log, 'witness', request, '--trusted-keys', trusted, '--state', state);
  const vkey = async () =>
    JSON.parse((await run(keys, 'show', '--state', state, '--json')).out).witness as string;
  return { state, cosign, vkey };
}

test('a witness cosigns what extends what it saw, and k of n can be demanded', async () => {
  const { state, recorder, trusted, request } = await machine();
  const witnesses = [witnessOf(trusted), witnessOf(trusted), witnessOf(trusted)];
  for (const { cosign } of witnesses) expect((await cosign(await request('0'))).code).toBe(0);
  recordUpTo(recorder, 300);
  recorder.close();
  const again = await request('10');
  const lines = await Promise.all(witnesses.map(async ({ cosign }) => (await cosign(again)).out));
  expect(lines[0]).toMatch(/^\u2014 cordon-witness\/[0-9a-f]{16} [A-Za-z0-9+/=]+\n$/);

  const vkeys: string[] = [];
  for (const { vkey } of witnesses) vkeys.push(await vkey());
  const known = fileOf(vkeys.join('\n'));
  const demanding = (...argv: string[]) =>
    run(log, 'verify', 'one', '--state', state, '--witness-keys', known, ...argv);
  expect(await demanding()).toMatchObject({
    code: 1,
    out: expect.stringContaining('UNWITNESSED: 0 of the 3'),
  });

  const cosigned = await run(
    log,
    'cosign',
    'one',
    fileOf(lines[0]! + lines[2]!),
    '--witness-keys',
    known,
    '--state',
    state,
  );
  expect(cosigned).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^one: 301 entries are cosigned by cordon-witness\/.*, cordon-witness\//),
  });
  expect(await demanding('--witnesses', '2')).toMatchObject({
    code: 0,
    out: expect.stringContaining('cosigned by'),
  });
  expect(await demanding('--witnesses', '3')).toMatchObject({
    code: 1,
    out: expect.stringContaining('2 of the 3'),
  });
  expect(JSON.parse((await demanding('--witnesses', '3', '--json')).out)).toMatchObject({
    status: 'ok',
    refused: expect.anything(),
  });
  expect((await run(log, 'verify', 'one', '--state', state)).code).toBe(0);

  // Proofs carry the checkpoint as it is, cosignatures and all.
  const proof = fileOf((await run(log, 'prove', 'one', '--entry', '7', '--state', state)).out);
  const entry = fileOf((await run(log, 'show', 'one', '--state', state, '--json')).out.split('\n')[7]!);
  const check = (k: string) =>
    run(log, 'check', proof, entry, '--trusted-keys', trusted, '--witness-keys', known, '--witnesses', k);
  expect((await check('2')).code).toBe(0);
  expect((await check('3')).code).toBe(1);

  // A line twice, or the same again later, does not count twice.
  await run(log, 'cosign', 'one', fileOf(lines[0]! + lines[0]!), '--witness-keys', known, '--state', state);
  expect((await demanding('--witnesses', '3')).code).toBe(1);

  const checkpoint = join(recorder.directory, 'checkpoint');
  const bytes = readFileSync(checkpoint);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 + (at % 255);
    writeFileSync(checkpoint, changed);
    expect((await demanding('--witnesses', '2')).code, `byte ${at}`).toBe(1);
  }
});

describe('while a session runs', () => {
  test('what witnesses saw of it is kept, and has to be extended', async () => {
    const { state, recorder, trusted, request } = await machine();
    const { cosign, vkey } = witnessOf(trusted);
    const first = await request('0');
    const { out: line } = await cosign(first);
    const known = fileOf(await vkey());
    const attach = (...files: string[]) =>
      run(log, 'cosign', 'one', ...files, '--witness-keys', known, '--state', state);
    const verified = () => run(log, 'verify', 'one', '--witness-keys', known, '--state', state);
    expect((await verified()).code).toBe(1);
    // Of the checkpoint in force, then of one that others followed.
    for (const files of [[fileOf(line)], [fileOf(line), first]]) {
      expect(await attach(...files)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^one: 10 entries are cosigned by cordon-witness/),
      });
      recordUpTo(recorder, 20);
      recorder.commit();
    }
    // Running, and no checkpoint since.
    expect(await verified()).toMatchObject({ code: 3, out: expect.stringContaining('cosigned by') });
    recorder.close();
    expect((await attach(fileOf(line))).code).toBe(1);
    expect((await attach(fileOf(line), first)).code).toBe(0);
    const after = await verified();
    expect(after.out).toContain('but for the last 12 of the signed entries');
    expect(after.code).toBe(3);
    expect((await run(log, 'verify', 'one', '--state', state)).code).toBe(0);

    const cosigned = join(recorder.directory, 'cosigned');
    const bytes = readFileSync(cosigned);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 + (at % 255);
      writeFileSync(cosigned, changed);
      expect((await verified()).code, `byte ${at}`).toBe(1);
    }
    // Well signed, and of another history, another log, or more than there is.
    const key = openSigningKey(state);
    const origin = `cordon/${key.hostId}/one`;
    const forged = { origin, size: 10, root: Buffer.alloc(32) };
    for (const other of [{}, { origin: `cordon/${key.hostId}/two` }, { size: 22 }]) {
      const note = signCheckpoint({ ...forged, ...other }, key);
      writeFileSync(cosigned, note);
      expect(await verified()).toMatchObject({
        code: 1,
        out: expect.stringContaining('cosigned: the log does not extend what was cosigned'),
      });
      expect((await attach(fileOf(line), fileOf(`old 0\n\n${note}`))).code).toBe(1);
    }
  });

  test('an earlier checkpoint does not take the place of a later one', async () => {
    const { state, recorder, trusted, request } = await machine();
    const { cosign, vkey } = witnessOf(trusted);
    const first = await request('0');
    const early = fileOf((await cosign(first)).out);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    recordUpTo(recorder, 20);
    await checkpointed(recorder, 20);
    vi.useRealTimers();
    const later = await request('10');
    const line = fileOf((await cosign(later)).out);
    const known = fileOf(await vkey());
    const attach = (...files: string[]) =>
      run(log, 'cosign', 'one', ...files, '--witness-keys', known, '--state', state);
    expect(await attach(line, later)).toMatchObject({ code: 0, out: expect.stringContaining('20 entries') });
    const again = await attach(early, first);
    expect(again).toMatchObject({
      code: 1,
      err: expect.stringContaining('a later checkpoint, of 20 entries'),
    });
    recorder.close();
  });
});

describe('a witness refuses', () => {
  test('what does not extend what it saw, and what starts elsewhere', async () => {
    const { state, recorder, trusted, request } = await machine();
    const { cosign, state: other } = witnessOf(trusted);
    const first = await request('0');
    await cosign(first);
    recordUpTo(recorder, 20);
    recorder.close();
    expect(await cosign(await request('5'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('has seen 10 entries'),
    });
    const key = openSigningKey(state);
    const origin = `cordon/${key.hostId}/one`;
    const fork = (size: number) =>
      fileOf(
        formatConsistency({
          oldSize: 10,
          path: [],
          checkpoint: signCheckpoint({ origin, size, root: Buffer.alloc(32) }, key),
        }),
      );
    for (const size of [10, 12, 5]) {
      expect(await cosign(fork(size))).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('FORKED'),
      });
    }
    // What it saw is what it goes on from; and the same again is cosigned again.
    expect((await cosign(await request('10'))).code).toBe(0);
    expect(await cosign(first)).toMatchObject({ code: 1 });
    expect((await cosign(await request('21'))).code).toBe(0);
    rmSync(join(other, 'witness'), { recursive: true });
    expect((await cosign(first)).code).toBe(0);
  });

  test('logs of machines that it does not know', async () => {
    const { request } = await machine();
    const stranger = await machine();
    expect(await witnessOf(stranger.trusted).cosign(await request('0'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('belongs to'),
    });
    stranger.recorder.close();
  });
});

describe('cosign refuses', () => {
  test('lines of strangers, of another checkpoint, and what are no lines', async () => {
    const { state, recorder, trusted, request } = await machine();
    const one = witnessOf(trusted);
    const early = (await one.cosign(await request('0'))).out;
    const vkey = await one.vkey();
    const known = fileOf(vkey);
    const attach = (lines: string) =>
      run(log, 'cosign', 'one', fileOf(lines), '--witness-keys', known, '--state', state);
    recorder.close();
    expect(await attach(early)).toMatchObject({
      code: 1,
      err: expect.stringContaining('no cosignature of this'),
    });
    const two = witnessOf(trusted);
    const strange = (await two.cosign(await request('0'))).out;
    expect(await attach(strange)).toMatchObject({ code: 1 });
    for (const lines of ['', 'x', `${early}x`, early.trimEnd()])
      expect(await attach(lines)).toMatchObject({ code: 1 });
    expect((await attach((await one.cosign(await request('10'))).out)).code).toBe(0);
    // One witness under two names would count for two.
    const twice = fileOf(`${vkey}\n${vkey}\n`);
    expect(await run(log, 'verify', '--state', state, '--witness-keys', twice)).toMatchObject({ code: 2 });
    for (const k of ['0', '2', 'x']) {
      expect(
        await run(log, 'verify', '--state', state, '--witness-keys', known, '--witnesses', k),
      ).toMatchObject({ code: 2 });
    }
    expect(await run(log, 'verify', '--state', state, '--witnesses', '1')).toMatchObject({ code: 2 });
    rmSync(join(recorder.directory, 'checkpoint'));
    expect(await attach(early)).toMatchObject({
      code: 1,
      err: expect.stringContaining('checkpoint: it is missing'),
    });
  });
});

describe.skipIf(whyWithoutGo() !== undefined)('golang.org/x/mod/sumdb/note', () => {
  let go: GoVerifier;
  beforeAll(() => {
    go = new GoVerifier();
  }, 300_000);
  afterAll(() => go?.remove());

  test('accepts a cosignature, and rejects it of another checkpoint', async () => {
    const { recorder, trusted, request } = await machine();
    recorder.close();
    const one = witnessOf(trusted);
    const checkpoint = readFileSync(join(recorder.directory, 'checkpoint'), 'utf8');
    const { out } = await one.cosign(await request('0'));
    const vkey = await one.vkey();
    expect(go.run('cosignature', fileOf(checkpoint + out), vkey)).toEqual({ accepted: true, said: '' });
    expect(go.run('cosignature', fileOf(checkpoint.replace('\n11\n', '\n12\n') + out), vkey).accepted).toBe(
      false,
    );
  });
});
