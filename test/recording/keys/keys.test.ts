import { generateKeyPairSync, verify } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { openSigningKey, readPublicKey } from '../../../src/recording/keys/keys.ts';
import { temporaryFolder } from '../support.ts';

const failing = (code: string, words: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(words) });

test('the first use makes a key that only its owner can read, and later uses find it', () => {
  const state = join(temporaryFolder(), 'not', 'there');
  const first = openSigningKey(state);
  const again = openSigningKey(state);
  expect(again.publicKey).toEqual(first.publicKey);
  expect(again.hostId).toBe(first.hostId);
  expect(readPublicKey(state)).toEqual({ hostId: first.hostId, publicKey: first.publicKey });
  expect(readdirSync(join(state, 'keys')).sort()).toEqual(['host', 'signing.key', 'signing.pub']);
  expect(statSync(join(state, 'keys')).mode & 0o777).toBe(0o700);
  for (const name of ['host', 'signing.key', 'signing.pub']) {
    expect(statSync(join(state, 'keys', name)).mode & 0o777).toBe(0o600);
  }
});

test('the public key is SPKI PEM that verifies what the key signs', () => {
  const state = temporaryFolder();
  const signature = openSigningKey(state).sign(Buffer.from('text'));
  const pem = readFileSync(join(state, 'keys', 'signing.pub'), 'utf8');
  expect(verify(null, Buffer.from('text'), pem, signature)).toBe(true);
});

test('first uses at the same moment agree on one key', async () => {
  const folder = temporaryFolder();
  const module = join(folder, 'keys.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../../../src/recording/keys/keys.ts', import.meta.url))],
    outfile: module,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  const rounds = 25;
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { module, folder, rounds, gates } = workerData;
    const { openSigningKey } = await import(module);
    const keys = [];
    for (let round = 0; round < rounds; round++) {
      Atomics.add(gates, round, 1);
      while (Atomics.load(gates, round) < 2);
      const { hostId, publicKey } = openSigningKey(folder + '/' + round);
      keys.push(hostId + ' ' + publicKey.toString());
    }
    parentPort.postMessage(keys);
  `;
  const workerData = {
    module: pathToFileURL(module).href,
    folder,
    rounds,
    gates: new Int32Array(new SharedArrayBuffer(4 * rounds)),
  };
  const keysOf = () =>
    new Promise<string[]>((resolve, reject) => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
        workerData,
      });
      worker.once('message', resolve).once('error', reject);
    });
  const [one, other] = await Promise.all([keysOf(), keysOf()]);
  expect(one).toHaveLength(rounds);
  expect(one).toEqual(other);
});

describe('a key that cannot be used is refused with what to do', () => {
  test('others can read it', () => {
    const state = temporaryFolder();
    openSigningKey(state);
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      chmodSync(join(state, 'keys', 'signing.key'), mode);
      expect(() => openSigningKey(state)).toThrow(failing('key-exposed', /mode 6.*chmod 600/));
    }
  });

  test.each([
    ['empty', ''],
    ['no PEM', 'not a key'],
    [
      'a key of another kind',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ],
  ])('%s', (_, content) => {
    const state = temporaryFolder();
    mkdirSync(join(state, 'keys'));
    writeFileSync(join(state, 'keys', 'signing.key'), content, { mode: 0o600 });
    expect(() => openSigningKey(state)).toThrow(failing('key-broken', /signing\.key is not an Ed25519 key/));
  });

  test('its public half belongs to another', () => {
    const state = temporaryFolder();
    const other = temporaryFolder();
    openSigningKey(state);
    openSigningKey(other);
    writeFileSync(join(state, 'keys', 'signing.pub'), readFileSync(join(other, 'keys', 'signing.pub')));
    expect(() => openSigningKey(state)).toThrow(failing('key-broken', /does not belong to/));
  });

  test.each(['', 'garbage', `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(60)}\n-----END PUBLIC KEY-----\n`])(
    'its public half is broken: %j',
    (content) => {
      const state = temporaryFolder();
      openSigningKey(state);
      writeFileSync(join(state, 'keys', 'signing.pub'), content);
      expect(() => openSigningKey(state)).toThrow(failing('key-broken', /signing\.pub/));
      expect(() => readPublicKey(state)).toThrow(failing('key-broken', /signing\.pub/));
    },
  );

  test('the host id is broken', () => {
    const state = temporaryFolder();
    openSigningKey(state);
    writeFileSync(join(state, 'keys', 'host'), 'a/b\n');
    expect(() => openSigningKey(state)).toThrow(failing('key-broken', /16 hex digits/));
  });
});

test('a state directory that cannot be made is named', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(() => openSigningKey(file)).toThrow(failing('state-unusable', /ENOTDIR|EEXIST/));
  expect(() => readPublicKey(file)).toThrow(failing('key-missing', /ENOTDIR/));
});
