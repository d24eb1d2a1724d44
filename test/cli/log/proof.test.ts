import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { command as log } from '../../../src/cli/log.ts';
import { readPublicKey } from '../../../src/recording/keys/keys.ts';
import { verifierKey } from '../../../src/recording/note.ts';
import { checkpointed, openRecorder, recordUpTo, temporaryFolder } from '../../recording/support.ts';
import { run } from '../support/run.ts';

const golden = fileURLToPath(new URL('../../../fixtures/vectors/state', import.meta.url));

/** A file with the machine's public key, as somebody else would keep it. */
function keysOf(state: string): string {
  const { hostId, publicKey } = readPublicKey(state);
  const file = join(temporaryFolder(), 'keys');
  writeFileSync(file, `# the build machine\n${verifierKey(`cordon/${hostId}`, publicKey)}\n`);
  return file;
}

describe('a proof that an entry is in the log', () => {
  test('is printed by prove and checked elsewhere', async () => {
    const file = join(temporaryFolder(), 'entry.tlog-proof');
    const { code, out } = await run(log, 'prove', 'golden', '--entry', '3', '--state', golden);
    expect(code).toBe(0);
    writeFileSync(file, out);
    const { entries } = JSON.parse(readFileSync(join(golden, '..', 'entries.json'), 'utf8'));
    const entry = join(temporaryFolder(), 'entry.json');
    writeFileSync(entry, `${entries[1].text}\n`);
    const elsewhere = ['--state', temporaryFolder(), '--trusted-keys', keysOf(golden)];
    expect(await run(log, 'check', file, entry, ...elsewhere)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^cordon\/00112233aabbccdd\/golden: entry 3 of 5[\s\S]*DENIED/),
    });
    const { out: json } = await run(log, 'check', file, entry, ...elsewhere, '--json');
    expect(JSON.parse(json)).toMatchObject({ index: 3, size: 5, entry: { verdict: 'deny' } });
    writeFileSync(entry, entries[0].text);
    expect(await run(log, 'check', file, entry, ...elsewhere)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^REFUSED: the entry is not number 3/),
    });
  });

  test.each([
    [['prove', 'golden'], /--entry N/],
    [['prove', 'golden', '--entry', '-1'], /--entry/],
    [['prove', 'golden', '--entry', '1.5'], /--entry is a whole number/],
    [['prove', 'golden', '--entry', '5'], /covers 5 entries/],
    [['consistency'], /older checkpoint is needed/],
    [['consistency', '/no/such/file'], /cannot read/],
    [['check'], /usage/],
    [['check', '/no/such/file'], /cannot read/],
    [['verify', '--trusted-keys', '/no/such/file'], /cannot read public keys/],
  ])('%j is answered with exit code 2', async (argv, words) => {
    const { code, err } = await run(log, ...argv, '--state', golden);
    expect(code).toBe(2);
    expect(err).toMatch(words);
  });
});

test('a checkpoint kept elsewhere shows whether the log still extends it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recordUpTo(recorder, 10);
  await checkpointed(recorder, 10);
  vi.useRealTimers();
  const kept = join(temporaryFolder(), 'kept');
  copyFileSync(join(recorder.directory, 'checkpoint'), kept);
  recordUpTo(recorder, 20);
  recorder.close();
  const { code, out } = await run(log, 'consistency', kept, 'one', '--state', state);
  expect(code).toBe(0);
  const proof = join(temporaryFolder(), 'proof');
  writeFileSync(proof, out);
  expect(await run(log, 'check', proof, kept, '--trusted-keys', keysOf(state))).toMatchObject({
    code: 0,
    out: expect.stringContaining('its 21 entries begin with the 10 of the older checkpoint'),
  });
  expect(await run(log, 'check', proof, '--state', state)).toMatchObject({ code: 2 });

  const other = temporaryFolder();
  openRecorder(other).close();
  const kept2 = join(other, 'sessions', 'one', 'checkpoint');
  expect(await run(log, 'consistency', kept2, '--state', state)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^REFUSED/),
  });
});

describe('verify --trusted-keys', () => {
  test('accepts a known key and refuses an unknown one', async () => {
    expect(await run(log, 'verify', '--state', golden, '--trusted-keys', keysOf(golden))).toMatchObject({
      code: 0,
    });
    const other = temporaryFolder();
    openRecorder(other).close();
    expect(await run(log, 'verify', '--state', golden, '--trusted-keys', keysOf(other))).toMatchObject({
      code: 1,
      out: expect.stringContaining('TAMPERED'),
    });
  });

  test.each([
    ['', /names no key/],
    ['x', /line 1: not a key/],
    [
      '\n\ncordon/00112233aabbccdd+00000000+AaYY/7a0mqzWo+bZuSPYZrPHhlvXEUIeDEjBp7pxqvu/',
      /line 3: not a key/,
    ],
    ['PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', /not the name of a machine/],
  ])('a file of keys that holds %j is refused', async (text, words) => {
    const file = join(temporaryFolder(), 'keys');
    writeFileSync(file, text);
    const { code, err } = await run(log, 'verify', '--state', golden, '--trusted-keys', file);
    expect([code, err]).toEqual([2, expect.stringMatching(words)]);
  });
});
