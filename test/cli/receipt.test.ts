import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { command as keys } from '../../src/cli/keys.ts';
import { command as receipt } from '../../src/cli/receipt.ts';
import { openSigningKey } from '../../src/recording/keys/keys.ts';
import { leafHash } from '../../src/recording/merkle.ts';
import { signCheckpoint } from '../../src/recording/note.ts';
import { formatInclusion } from '../../src/recording/proofs/proof-file.ts';
import { openRecorder, temporaryFolder } from '../recording/support.ts';
import { run } from './support/run.ts';

const call = {
  event: 'e3',
  server: 'mail',
  tool: 'send',
  effect: 'send',
  effectBy: 'verb',
  verdict: 'allow',
  rule: 'allowed-line',
  descriptor: 'sha256:cd',
  flows: [
    {
      argument: '/to',
      from: {
        event: 'e2',
        server: 'web',
        origin: 'fetch',
        integrity: 'untrusted',
        confidentiality: 'public',
      },
    },
  ],
};

/** A closed session: its entry 1 is an allowed call, 2 a denied one. */
function recorded(): string {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recorder.append('tool.invoke', call, { arguments: '{"to":"a@example.invalid"}' });
  recorder.append('tool.invoke', { ...call, verdict: 'deny', id: 'd-1' });
  recorder.close();
  return state;
}

function fileOf(content: string | Buffer): string {
  const file = join(temporaryFolder(), 'receipt.tlog-proof');
  writeFileSync(file, content);
  return file;
}

test('a receipt is one file that verifies with the public key alone', async () => {
  const state = recorded();
  const made = await run(receipt, 'make', 'one', '--entry', '1', '--state', state);
  expect(made.code).toBe(0);
  expect(made.out).not.toContain('example.invalid');
  const file = fileOf(made.out);
  const trusted = fileOf((await run(keys, 'show', '--state', state)).out);
  rmSync(state, { recursive: true });
  const elsewhere = ['--state', temporaryFolder()];
  const { code, out } = await run(receipt, 'verify', file, '--trusted-keys', trusted, ...elsewhere);
  expect(code).toBe(0);
  expect(
    out.replace(/[0-9a-f]{64}/, 'DIGEST').replace(/cordon\/[0-9a-f]{16}/, 'cordon/HOST'),
  ).toBe(`call        mail.send (tool.invoke, event e3)
when        2023-11-14T22:13:20.000Z
effect      send, by verb
called as   sha256:cd
allowed by  allowed-line
arguments   salted-sha256:DIGEST (26 bytes)
carried     /to <- web.fetch, event e2 (untrusted, public)
log         cordon/HOST/one, entry 1 of 4
standing    verified: signed by a trusted key
`);
  const shown = await run(receipt, 'show', file, ...elsewhere);
  expect(shown.out).toContain('standing    NOT VERIFIED');
  const { out: json } = await run(receipt, 'verify', file, '--trusted-keys', trusted, '--json', ...elsewhere);
  expect(JSON.parse(json)).toMatchObject({ index: 1, size: 4, entry: { tool: 'send', verdict: 'allow' } });
});

test('of a call that a person approved it names the question', async () => {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recorder.append('tool.invoke', { ...call, rule: 'approved', id: 'd-0123abcd' });
  recorder.close();
  const made = await run(receipt, 'make', 'one', '--entry', '1', '--state', state);
  const { out } = await run(receipt, 'verify', fileOf(made.out), '--state', state);
  expect(out).toContain('allowed by  approved, question d-0123abcd\n');
});

test('verify refuses it with any byte changed, and by another key', async () => {
  const state = recorded();
  const bytes = Buffer.from((await run(receipt, 'make', '--entry', '1', '--state', state)).out);
  const file = fileOf(bytes);
  expect((await run(receipt, 'verify', file, '--state', state)).code).toBe(0);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 + (at % 255);
    writeFileSync(file, changed);
    expect(await run(receipt, 'verify', file, '--state', state), `byte ${at}`).toMatchObject({
      code: 1,
      out: '',
    });
  }
  writeFileSync(file, bytes);
  expect((await run(receipt, 'verify', file, '--state', recorded())).code).toBe(1);
  expect((await run(receipt, 'verify', file, '--state', state, '--require-key')).code).toBe(2);
});

describe('there is no receipt', () => {
  test.each([
    ['2', /was denied/],
    ['0', /is no call, but session.open/],
    ['4', /covers 4 entries/],
    [undefined, /--entry N/],
  ])('of entry %s', async (entry, words) => {
    const argv = entry === undefined ? [] : ['--entry', entry];
    const { code, out, err } = await run(receipt, 'make', ...argv, '--state', recorded());
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(words)]);
  });

  test('that carries a denial, another number, or nothing', async () => {
    const state = recorded();
    const key = openSigningKey(state);
    for (const [n, verdict] of [
      [0, 'deny'],
      [0, 'ask'],
      [1, 'allow'],
    ] as const) {
      const entry = Buffer.from(JSON.stringify({ kind: 'tool.invoke', n, time: 0, v: 1, verdict }));
      const head = { origin: `cordon/${key.hostId}/one`, size: 1, root: leafHash(entry) };
      const file = fileOf(
        formatInclusion({ index: 0, path: [], checkpoint: signCheckpoint(head, key), entry }),
      );
      expect(await run(receipt, 'verify', file, '--state', state)).toMatchObject({ code: 1, out: '' });
      const bare = readFileSync(file, 'utf8').replace(/extra .*\n/, '');
      expect(await run(receipt, 'verify', fileOf(bare), '--state', state)).toMatchObject({
        code: 1,
        out: '',
      });
      expect(await run(receipt, 'show', fileOf(bare), '--state', state)).toMatchObject({ code: 1, out: '' });
    }
  });
});

test('what a terminal would obey is shown as an escape', async () => {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recorder.append('tool.invoke', { ...call, tool: 'send\u001b[2J\u202e', rule: '\u0007' });
  recorder.close();
  const file = fileOf((await run(receipt, 'make', '--entry', '1', '--state', state)).out);
  for (const argv of [
    ['show', file],
    ['verify', file],
    ['verify', file, '--json'],
  ]) {
    const { code, out } = await run(receipt, ...argv, '--state', state);
    expect(code).toBe(0);
    expect(out).toContain('send\\u');
    expect(out).not.toMatch(/[\u001b\u202e\u0007]/);
  }
});

test.each([
  [[]],
  [['make', 'a', 'b']],
  [['show']],
  [['verify']],
  [['show', 'x', '--entry', '1']],
  [['verify', '/no/file']],
])('%j is answered with exit code 2', async (argv) => {
  const golden = fileURLToPath(new URL('../../fixtures/vectors/state', import.meta.url));
  expect(await run(receipt, ...argv, '--state', golden)).toMatchObject({ code: 2, out: '' });
});
