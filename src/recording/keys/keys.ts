import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingError, reasonOf, systemCode } from '../errors.ts';
import { replaceSynced } from '../synced.ts';
import { KeyHistory } from './key-history.ts';
import { openPrivateKey, type PrivateKey, readOrCreate } from './private-key.ts';
import type { Signer } from './trust.ts';

/** The key of this machine's logs. */
export interface SigningKey extends Signer, PrivateKey {}

/** The files of the keys in a state directory. */
export function keyPaths(stateDir: string) {
  const folder = join(stateDir, 'keys');
  return {
    folder,
    private: join(folder, 'signing.key'),
    public: join(folder, 'signing.pub'),
    host: join(folder, 'host'),
    history: join(folder, 'history'),
    witness: join(folder, 'witness.key'),
  };
}

/**
 * Reads the signing key of a state directory, making it at first use: `keys/signing.key` (PKCS #8 PEM, mode 0600),
 * `keys/signing.pub` (SPKI PEM) and `keys/host`. Processes that do this at the same moment get the same key.
 * `keyFile`: a private key that somebody keeps elsewhere, used instead and made only if `create` is set.
 *
 * @throws RecordingError `key-exposed`, `key-broken`, `key-missing`, `state-unusable`; the message says what to do.
 */
export function openSigningKey(stateDir: string, keyFile?: string, create = false): SigningKey {
  const paths = keyPaths(stateDir);
  try {
    // In this order: a private key is always there before its public half.
    const known = readIfThere(paths.public);
    const key = openPrivateKey(
      keyFile ?? paths.private,
      keyFile === undefined ? known === undefined : create,
    );
    const published = known ?? readOrCreate(paths.public, () => formatPublic(key.publicKey));
    const hostId = readHostId(stateDir, true);
    if (!parsePublic(paths.public, published).equals(key.publicKey)) {
      finishRotation(stateDir, hostId, published, key, keyFile ?? paths.private);
    }
    return { hostId, ...key };
  } catch (error) {
    if (!(error instanceof RecordingError)) {
      throw new RecordingError(
        'state-unusable',
        `no signing key in ${paths.folder}: ${reasonOf(error)}`,
        error,
      );
    }
    if (error.code !== 'key-missing' || keyFile !== undefined) throw error;
    throw new RecordingError(
      'key-missing',
      `the private key of ${paths.public} is not here: name its file in CORDON_SIGNING_KEY_FILE, or put it back as ${paths.private}`,
    );
  }
}

/** A rotation whose process died, or is not done yet, has replaced the private key only; its manifest says so. */
function finishRotation(
  stateDir: string,
  hostId: string,
  published: string,
  key: PrivateKey,
  path: string,
): void {
  const paths = keyPaths(stateDir);
  const last = KeyHistory.read(paths.history, hostId).rotations.at(-1);
  if (last?.new.equals(key.publicKey) && formatPublic(last.old) === published) {
    replacePublic(stateDir, key.publicKey);
    return;
  }
  throw new RecordingError(
    'key-broken',
    `${paths.public} does not belong to ${path}: put the right one back, replace the key with cordon keys rotate, or move both away to start with a new key`,
  );
}

/** Puts another public key in force. */
export function replacePublic(stateDir: string, publicKey: Buffer): void {
  replaceSynced(keyPaths(stateDir).public, formatPublic(publicKey));
}

/**
 * The public half, for verifying; makes nothing.
 *
 * @throws RecordingError `key-missing` or `key-broken`.
 */
export function readPublicKey(stateDir: string): Signer {
  const path = keyPaths(stateDir).public;
  try {
    return { hostId: readHostId(stateDir, false), publicKey: parsePublic(path, readFileSync(path, 'utf8')) };
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    throw new RecordingError('key-missing', `no public key to verify with: ${reasonOf(error)}`, error);
  }
}

/**
 * Everybody whose signature a log of this state directory may bear: the key in force, those it replaced, but none
 * that was retired.
 *
 * @throws RecordingError `key-missing` or `key-broken`.
 */
export function ownSigners(stateDir: string): Signer[] {
  const { hostId, publicKey } = readPublicKey(stateDir);
  const history = readHistory(stateDir);
  const keys = new Map<string, Buffer>();
  for (const key of [publicKey, ...history.rotations.flatMap((one) => [one.new, one.old])]) {
    keys.set(key.toString('hex'), key);
  }
  return [...keys.values()]
    .filter((key) => !history.isRetired(key))
    .map((key) => ({ hostId, publicKey: key }));
}

/**
 * What was replaced and retired, verified. It has to lead to the key in force: anything else somebody put there.
 *
 * @throws RecordingError `key-missing` or `key-broken`.
 */
export function readHistory(stateDir: string): KeyHistory {
  const { hostId, publicKey } = readPublicKey(stateDir);
  const { history: folder } = keyPaths(stateDir);
  const history = KeyHistory.read(folder, hostId);
  const last = history.rotations.at(-1);
  // The old one: a rotation that was cut short, which the next one finishes.
  if (last === undefined || last.new.equals(publicKey) || last.old.equals(publicKey)) return history;
  throw new RecordingError(
    'key-broken',
    `${folder} does not lead to the key in force: ${keyPaths(stateDir).public}`,
  );
}

/** The random name of a state directory, made at first use. */
export function hostIdOf(stateDir: string): string {
  return readHostId(stateDir, true);
}

function readHostId(stateDir: string, create: boolean): string {
  const path = keyPaths(stateDir).host;
  const make = () => `${randomBytes(8).toString('hex')}\n`;
  const id = (create ? readOrCreate(path, make) : readFileSync(path, 'utf8')).trimEnd();
  if (!/^[0-9a-f]{16}$/.test(id)) {
    throw new RecordingError(
      'key-broken',
      `${path} does not hold 16 hex digits: put the right one back, or delete it`,
    );
  }
  return id;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Ed25519 public keys have one DER (RFC 8410), so one PEM: no parser is needed to read back what was printed. */
function parsePublic(path: string, pem: string): Buffer {
  const raw = Buffer.from(pem.split('\n')[1] ?? '', 'base64').subarray(SPKI.length);
  if (raw.length === 32 && formatPublic(raw) === pem) return raw;
  throw new RecordingError('key-broken', `${path} is not an Ed25519 public key in SPKI PEM`);
}

function formatPublic(raw: Buffer): string {
  const der = Buffer.concat([SPKI, raw]);
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
