import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RecordingError, reasonOf, systemCode } from './errors.ts';
import type { Signer } from './trust.ts';

/** The key of this machine's logs. */
export interface SigningKey extends Signer {
  /** The 64-byte Ed25519 signature (RFC 8032) over `data`. */
  sign(data: Uint8Array): Buffer;
}

/**
 * Reads the signing key of a state directory, making it at first use: `keys/signing.key` (PKCS #8 PEM, mode 0600),
 * `keys/signing.pub` (SPKI PEM) and `keys/host`. Processes that do this at the same moment get the same key.
 *
 * @throws RecordingError `key-exposed`, `key-broken`, `state-unusable`; the message says what to do.
 */
export function openSigningKey(stateDir: string): SigningKey {
  const folder = join(stateDir, 'keys');
  const path = join(folder, 'signing.key');
  try {
    const pem = readOrCreate(path, () =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    refuseExposed(path);
    const privateKey = parsePrivate(path, pem);
    const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x!, 'base64url');
    const publicPath = join(folder, 'signing.pub');
    const published = readOrCreate(publicPath, () => formatPublic(publicKey));
    if (!parsePublic(publicPath, published).equals(publicKey)) {
      throw new RecordingError(
        'key-broken',
        `${publicPath} does not belong to ${path}: put the right one back, or move both away to start with a new key`,
      );
    }
    return { hostId: readHostId(stateDir, true), publicKey, sign: (data) => sign(null, data, privateKey) };
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    throw new RecordingError('state-unusable', `no signing key in ${folder}: ${reasonOf(error)}`, error);
  }
}

/**
 * The public half, for verifying; makes nothing.
 *
 * @throws RecordingError `key-missing` or `key-broken`.
 */
export function readPublicKey(stateDir: string): Signer {
  const path = join(stateDir, 'keys', 'signing.pub');
  try {
    return { hostId: readHostId(stateDir, false), publicKey: parsePublic(path, readFileSync(path, 'utf8')) };
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    throw new RecordingError('key-missing', `no public key to verify with: ${reasonOf(error)}`, error);
  }
}

/**
 * Everybody whose signature a log of this state directory may bear.
 *
 * @throws RecordingError `key-missing` or `key-broken`.
 */
export function ownSigners(stateDir: string): Signer[] {
  return [readPublicKey(stateDir)];
}

function readHostId(stateDir: string, create: boolean): string {
  const path = join(stateDir, 'keys', 'host');
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

/**
 * The file's content. If there is none, it appears whole, with mode 0600, or not at all: a link to a finished file
 * fails when somebody else's is there already, where a file opened with O_EXCL would be seen empty for a moment.
 */
function readOrCreate(path: string, make: () => string | Buffer): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(unfinished, make(), { flag: 'wx', mode: 0o600 });
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(unfinished);
  }
  return readFileSync(path, 'utf8');
}

/** Windows has no such modes; there the user's profile directory protects the file. */
function refuseExposed(path: string): void {
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new RecordingError(
      'key-exposed',
      `others can use the signing key (mode ${mode.toString(8)}): run \`chmod 600 ${path}\`, or if somebody may have read it, move it and signing.pub away to start with a new key`,
    );
  }
}

function parsePrivate(path: string, pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The parser's own words say nothing that a person could use, and may quote the file.
  }
  throw new RecordingError(
    'key-broken',
    `${path} is not an Ed25519 key in PKCS #8 PEM: put the right one back, or move it and signing.pub away to start with a new key`,
  );
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
