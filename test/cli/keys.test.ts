import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { command as keys } from '../../src/cli/keys.ts';
import { command as log } from '../../src/cli/log.ts';
import { openSigningKey, readPublicKey } from '../../src/recording/keys/keys.ts';
import { keyIdOf } from '../../src/recording/note.ts';
import { openTapeKey, tapeKeyPath } from '../../src/recording/tape/tape-key.ts';
import { filesOf, openRecorder, temporaryFolder } from '../recording/support.ts';
import { run } from './support/run.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A closed session by the key that is in force. */
function record(state: string, sessionId: string, keyFile?: string): void {
  openRecorder(state, { sessionId, key: openSigningKey(state, keyFile) }).close();
}

const idIn = (state: string) => {
  const { hostId, publicKey } = readPublicKey(state);
  return keyIdOf(`cordon/${hostId}`, publicKey).toString('hex');
};

const verified = async (state: string, session: string, ...argv: string[]) =>
  (await run(log, 'verify', session, '--state', state, ...argv)).code;

test('init makes a key that only its owner can read, show prints its public half and nothing else', async () => {
  const state = temporaryFolder();
  const { code, out } = await run(keys, 'init', '--state', state);
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/^cordon\/[0-9a-f]{16}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n$/),
  ]);
  expect(statSync(join(state, 'keys', 'signing.key')).mode & 0o777).toBe(0o600);
  expect(await run(keys, 'init', '--state', state)).toMatchObject({ code: 0, out });
  const shown = await run(keys, 'show', '--state', state);
  expect(shown.out).toContain(out);
  const secret = readFileSync(join(state, 'keys', 'signing.key'), 'utf8').split('\n')[1]!;
  expect(shown.out).not.toContain(secret.slice(20));
});

test.each([['verify'], ['rotate'], ['retire', '0123abcd']])(
  '%s makes no key where there is none',
  async (...argv) => {
    const state = temporaryFolder();
    expect(await run(keys, ...argv, '--state', state)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(`there is no key in ${state}`),
    });
    expect(existsSync(join(state, 'keys'))).toBe(false);
  },
);

describe('rotate', () => {
  test('what either key signed stays good, and show is a file of trusted keys', async () => {
    const state = temporaryFolder();
    record(state, 'a');
    const before = idIn(state);
    expect(await run(keys, 'rotate', '--state', state)).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        new RegExp(`^1  \\S+Z  [0-9a-f]{8} replaced ${before}  payload sha256:[0-9a-f]{64}\n$`),
      ),
    });
    expect(idIn(state)).not.toBe(before);
    record(state, 'b');
    expect((await run(keys, 'rotate', '--state', state)).code).toBe(0);
    record(state, 'c');
    const trusted = join(temporaryFolder(), 'trusted');
    writeFileSync(trusted, (await run(keys, 'show', '--state', state)).out);
    for (const session of ['a', 'b', 'c']) {
      expect(await verified(state, session)).toBe(0);
      expect(await verified(state, session, '--trusted-keys', trusted)).toBe(0);
    }
    expect((await run(keys, 'verify', '--state', state)).out).toMatch(
      /^1 {2}.*\n2 {2}.* replaced .*\ncordon.* is in force\n$/,
    );
    const { out } = await run(keys, 'verify', '--state', state, '--json');
    expect(JSON.parse(out)).toMatchObject({
      trusted: true,
      manifests: [{ number: 1, kind: 'rotation' }, { number: 2 }],
    });
    expect(readdirSync(join(state, 'keys')).sort()).toEqual([
      'history',
      'host',
      'signing.key',
      'signing.pub',
    ]);
  });

  test('verify follows replacements from a key that is trusted, and from no other', async () => {
    const state = temporaryFolder();
    const first = join(temporaryFolder(), 'first');
    writeFileSync(first, (await run(keys, 'init', '--state', state)).out);
    await run(keys, 'rotate', '--state', state);
    await run(keys, 'rotate', '--state', state);
    expect((await run(keys, 'verify', '--state', state, '--trusted-keys', first)).code).toBe(0);
    const other = join(temporaryFolder(), 'other');
    writeFileSync(other, (await run(keys, 'init', '--state', temporaryFolder())).out);
    expect(await run(keys, 'verify', '--state', state, '--trusted-keys', other)).toMatchObject({
      code: 1,
      out: expect.stringContaining('UNKNOWN'),
    });
  });

  test('every byte of every manifest counts, and so do their order and number', async () => {
    const state = temporaryFolder();
    for (const action of ['init', 'rotate', 'rotate']) await run(keys, action, '--state', state);
    const old = (await run(keys, 'show', '--state', state, '--json')).out;
    await run(keys, 'retire', JSON.parse(old).replaced[0].split('+')[1], '--state', state);
    const folder = join(state, 'keys', 'history');
    const files = filesOf(folder);
    expect([...files.keys()].sort()).toEqual(['0001', '0002', '0003']);
    const refused = async () =>
      expect(await run(keys, 'verify', '--state', state)).toMatchObject({ code: 2 });
    for (const [name, bytes] of files) {
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1 + (at % 255);
        writeFileSync(join(folder, name), changed);
        await refused();
      }
      writeFileSync(join(folder, name), bytes);
    }
    // The last one is a retirement: without it, the chain holds, and the key is good again.
    for (const name of ['0001', '0002']) {
      rmSync(join(folder, name));
      await refused();
      writeFileSync(join(folder, name), files.get(name)!);
    }
    writeFileSync(join(folder, '0004'), files.get('0003')!);
    await refused();
    rmSync(join(folder, '0004'));
    expect((await run(keys, 'verify', '--state', state)).code).toBe(0);
  });

  test('manifests that do not lead to the key in force make no key good', async () => {
    const state = temporaryFolder();
    record(state, 'a');
    const forger = temporaryFolder();
    mkdirSync(join(forger, 'keys'));
    writeFileSync(join(forger, 'keys', 'host'), readFileSync(join(state, 'keys', 'host')));
    for (const action of ['init', 'rotate']) await run(keys, action, '--state', forger);
    mkdirSync(join(state, 'keys', 'history'));
    writeFileSync(
      join(state, 'keys', 'history', '0001'),
      readFileSync(join(forger, 'keys', 'history', '0001')),
    );
    expect(await run(log, 'verify', 'a', '--state', state)).toMatchObject({
      code: 2,
      err: expect.stringContaining('does not lead to the key in force'),
    });
  });

  test.each(['before the manifest', 'after the manifest', 'after the private key'])(
    'one that was cut short %s is finished by the next, or by the next start',
    async (when) => {
      const state = temporaryFolder();
      record(state, 'a');
      const before = filesOf(join(state, 'keys'));
      await run(keys, 'rotate', '--state', state);
      const after = filesOf(join(state, 'keys'));
      const put = (name: string, bytes: Buffer) =>
        writeFileSync(join(state, 'keys', name), bytes, { mode: 0o600 });
      put('signing.pub', before.get('signing.pub')!);
      if (when !== 'after the private key') {
        put('signing.key', before.get('signing.key')!);
        put('signing.key.new', after.get('signing.key')!);
      }
      if (when === 'before the manifest') rmSync(join(state, 'keys', 'history', '0001'));
      expect(await verified(state, 'a')).toBe(0);
      record(state, 'b');
      if (when !== 'after the private key')
        expect((await run(keys, 'rotate', '--state', state)).code).toBe(0);
      expect((await run(keys, 'verify', '--state', state)).out).toMatch(
        /^1 {2}.* replaced .*\ncordon.* is in force\n$/,
      );
      expect(readFileSync(join(state, 'keys', 'signing.pub'))).toEqual(after.get('signing.pub'));
      record(state, 'c');
      for (const session of ['a', 'b', 'c']) expect(await verified(state, session)).toBe(0);
    },
  );
});

test('nothing that a retired key signed is good any more', async () => {
  const state = temporaryFolder();
  record(state, 'a');
  const id = idIn(state);
  expect(await run(keys, 'retire', id, '--state', state)).toMatchObject({
    code: 2,
    err: expect.stringContaining('replace it first'),
  });
  await run(keys, 'rotate', '--state', state);
  record(state, 'b');
  expect(await run(keys, 'retire', '00000000', '--state', state)).toMatchObject({ code: 2 });
  expect(await verified(state, 'a')).toBe(0);
  expect(await run(keys, 'retire', id, '--state', state)).toMatchObject({
    code: 0,
    out: expect.stringContaining('retired'),
  });
  expect(await run(keys, 'retire', id, '--state', state)).toMatchObject({ code: 2 });
  expect(await verified(state, 'a')).toBe(1);
  expect(await verified(state, 'b')).toBe(0);
  expect((await run(keys, 'show', '--state', state)).out).toContain(`# retired, not to be trusted: cordon/`);
});

describe('CORDON_SIGNING_KEY_FILE', () => {
  test('signs in the place of the automatic key', async () => {
    const state = temporaryFolder();
    const file = join(temporaryFolder(), 'private.pem');
    expect(() => openSigningKey(state, file)).toThrow(expect.objectContaining({ code: 'key-missing' }));
    vi.stubEnv('CORDON_SIGNING_KEY_FILE', file);
    expect((await run(keys, 'init', '--state', state)).code).toBe(0);
    record(state, 'a', file);
    expect(existsSync(join(state, 'keys', 'signing.key'))).toBe(false);
    expect(await verified(state, 'a', '--require-key')).toBe(0);
    vi.unstubAllEnvs();
    expect(await verified(state, 'a')).toBe(0);
    expect(await verified(state, 'a', '--require-key')).toBe(2);
    expect(() => openSigningKey(state)).toThrow(/name its file in CORDON_SIGNING_KEY_FILE/);
  });

  test('takes over from the automatic key by a rotation, and hands over to another file', async () => {
    const state = temporaryFolder();
    record(state, 'a');
    const file = join(temporaryFolder(), 'private.pem');
    vi.stubEnv('CORDON_SIGNING_KEY_FILE', file);
    await run(keys, 'init', '--state', temporaryFolder());
    expect(await run(keys, 'init', '--state', state)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/does not belong to/),
    });
    vi.unstubAllEnvs();
    expect((await run(keys, 'rotate', '--to', file, '--state', state)).code).toBe(0);
    vi.stubEnv('CORDON_SIGNING_KEY_FILE', file);
    record(state, 'b', file);
    expect(await run(keys, 'rotate', '--state', state)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--to'),
    });
    const next = join(temporaryFolder(), 'next.pem');
    expect((await run(keys, 'rotate', '--to', next, '--state', state)).code).toBe(0);
    vi.stubEnv('CORDON_SIGNING_KEY_FILE', next);
    record(state, 'c', next);
    for (const session of ['a', 'b', 'c']) expect(await verified(state, session, '--require-key')).toBe(0);
  });

  test.each([
    ['others can read it', (file: string) => chmodSync(file, 0o640), /mode 640.*chmod 600/],
    [
      'others can write its folder',
      (file: string) => chmodSync(join(file, '..'), 0o770),
      /mode 770.*chmod go-w/,
    ],
    ['it is in a repository', (file: string) => mkdirSync(join(file, '..', '.git')), /is in the repository/],
    ['it is no key', (file: string) => writeFileSync(file, 'x'), /not an Ed25519 key/],
    ['it is not there', (file: string) => rmSync(file), /no private key/],
  ])('is refused when %s', async (_, spoil, words) => {
    const state = temporaryFolder();
    const file = join(temporaryFolder(), 'private.pem');
    vi.stubEnv('CORDON_SIGNING_KEY_FILE', file);
    await run(keys, 'init', '--state', state);
    spoil(file);
    const { code, err } = await run(keys, 'verify', '--state', state);
    expect([code, err]).toEqual([2, expect.stringMatching(words)]);
  });
});

test('a key is not made in a repository', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, '.git'));
  expect(await run(keys, 'init', '--state', join(folder, 'state'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('is in the repository'),
  });
});

test.each([
  [[]],
  [['frobnicate']],
  [['show', 'x']],
  [['retire']],
  [['show', '--to', 'x']],
  [['init', '--trusted-keys', 'x']],
])('%j is answered with exit code 2', async (argv) => {
  expect(await run(keys, ...argv, '--state', temporaryFolder())).toMatchObject({ code: 2, out: '' });
});

test.skipIf(process.platform === 'win32')(
  'verify looks at the key of tapes, too, where there is one',
  async () => {
    const state = temporaryFolder();
    await run(keys, 'init', '--state', state);
    openTapeKey(tapeKeyPath(state), true);
    expect((await run(keys, 'verify', '--state', state)).code).toBe(0);
    chmodSync(tapeKeyPath(state), 0o644);
    expect(await run(keys, 'verify', '--state', state)).toMatchObject({
      code: 2,
      err: expect.stringContaining('tape.key'),
    });
  },
);
