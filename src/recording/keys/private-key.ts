import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, type Stats, statSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RecordingError, systemCode } from '../errors.ts';
import { writeSynced } from '../synced.ts';

/** A private key that can be used and not seen. */
export interface PrivateKey {
  /** The raw Ed25519 public key, 32 bytes. */
  publicKey: Buffer;
  /** The 64-byte Ed25519 signature (RFC 8032) over `data`. */
  sign(data: Uint8Array): Buffer;
}

/**
 * Reads a private key, PKCS #8 PEM; makes it, mode 0600, if there is none and `create` is set.
 *
 * @throws RecordingError `key-exposed` where others can read the file or write its folder, `key-broken`,
 * `key-missing`; the message says what to do.
 */
export function openPrivateKey(path: string, create: boolean): PrivateKey {
  let pem: string;
  try {
    pem = create ? readOrCreate(path, newPem) : readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || create) throw error;
    throw new RecordingError(
      'key-missing',
      `there is no private key at ${path}: make one with cordon keys init`,
    );
  }
  refuseExposed(path, 'if somebody may have read it, replace it: cordon keys rotate');
  const privateKey = parse(path, pem);
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x!, 'base64url');
  return { publicKey, sign: (data) => sign(null, data, privateKey) };
}

function newPem(): string | Buffer {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/**
 * The file's content. If there is none, it appears whole, with mode 0600, or not at all: a link to a finished file
 * fails when somebody else's is there already, where a file opened with O_EXCL would be seen empty for a moment.
 */
export function readOrCreate(path: string, make: () => string | Buffer): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  writeSynced(unfinished, make());
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(unfinished);
  }
  return readFileSync(path, 'utf8');
}

/**
 * A key that somebody chose a place for must not be where it is committed by mistake.
 *
 * @throws RecordingError `key-exposed`
 */
export function refuseRepository(path: string): void {
  for (let at = dirname(resolve(path)); ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) {
      throw new RecordingError(
        'key-exposed',
        `${path} is in the repository ${at}: keep private keys outside of any`,
      );
    }
    if (dirname(at) === at) return;
  }
}

/**
 * Windows has no such modes; there the user's profile directory protects the file. `remedy`: what to do besides.
 *
 * @throws RecordingError `key-exposed`
 */
export function refuseExposed(path: string, remedy: string): void {
  if (process.platform === 'win32') return;
  const file = statSync(path);
  const mode = file.mode & 0o777;
  if ((mode & 0o077) !== 0 || isOthers(file)) {
    throw new RecordingError(
      'key-exposed',
      `others can use the key ${path} (mode ${mode.toString(8)}): run \`chmod 600 ${path}\`, or ${remedy}`,
    );
  }
  const folder = statSync(dirname(path));
  if ((folder.mode & 0o022) !== 0 || isOthers(folder)) {
    throw new RecordingError(
      'key-exposed',
      `others can put another key in the place of ${path} (its folder has mode ${(folder.mode & 0o777).toString(8)}): run \`chmod go-w ${dirname(path)}\``,
    );
  }
}

/** Neither this user's nor root's. */
function isOthers({ uid }: Stats): boolean {
  return uid !== 0 && uid !== process.getuid?.();
}

function parse(path: string, pem: string): KeyObject {
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
