import { createPublicKey, verify } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { RecordingError, reasonOf } from '../errors.ts';
import { hostName } from '../format.ts';
import {
  type Checkpoint,
  KeyType,
  keyIdOf,
  NoteError,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  type VerifierKey,
} from '../note.ts';

/** Who may have signed the logs of a machine. */
export interface Signer {
  /** A random name of their state directory: 16 hex digits. It tells one machine's logs from another's. */
  hostId: string;
  /** The raw Ed25519 public key, 32 bytes. */
  publicKey: Buffer;
}

/** A key file longer than this is none. */
const MAX_KEY_FILE_BYTES = 1_048_576;

/**
 * Reads a file of public keys, one a line as `cordon keys show` prints them; empty lines and lines that begin with
 * `#` are passed over.
 *
 * @throws RecordingError `key-missing` or `key-broken`; names the line.
 */
export function readVerifierKeys(path: string): VerifierKey[] {
  let text: string;
  try {
    if (statSync(path).size > MAX_KEY_FILE_BYTES) {
      throw new RecordingError('key-broken', `${path} is longer than a file of keys can be`);
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    throw new RecordingError('key-missing', `cannot read public keys: ${reasonOf(error)}`, error);
  }
  const keys: VerifierKey[] = [];
  text.split('\n').forEach((line, index) => {
    const key = line.trim();
    if (key === '' || key.startsWith('#')) return;
    try {
      keys.push(parseVerifierKey(key));
    } catch (error) {
      throw new RecordingError('key-broken', `${path}, line ${index + 1}: ${reasonOf(error)}`, error);
    }
  });
  if (keys.length === 0) throw new RecordingError('key-missing', `${path} names no key`);
  return keys;
}

/**
 * The keys of a file that sign logs: of a machine, `cordon/<host id>`. Those of witnesses are passed over.
 *
 * @throws RecordingError `key-missing` or `key-broken`.
 */
export function readTrustedSigners(path: string): Signer[] {
  const keys = readVerifierKeys(path).filter(({ type }) => type === KeyType.ed25519);
  if (keys.length === 0) throw new RecordingError('key-missing', `${path} names no key that signs logs`);
  return keys.map(({ name, publicKey }) => {
    const hostId = name.slice(hostName('').length);
    if (name !== hostName(hostId) || !/^[0-9a-f]{16}$/.test(hostId)) {
      throw new RecordingError(
        'key-broken',
        `${path}: ${JSON.stringify(name)} is not the name of a machine, cordon/ and 16 hex digits`,
      );
    }
    return { hostId, publicKey };
  });
}

/** A checkpoint is not one of a log that these signers sign. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
  readonly code: 'checkpoint-malformed' | 'checkpoint-origin' | 'checkpoint-signature';

  constructor(code: CheckpointError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A checkpoint whose signature is good. */
export interface SignedCheckpoint extends Checkpoint {
  /** What was signed. */
  text: string;
  /** The whole note, cosignatures included. */
  note: string;
  signer: Signer;
  /** The last part of the origin. */
  session: string;
}

/**
 * Reads a checkpoint that one of `signers` signed. Of signatures by keys that are not known nothing is said; one by a
 * known key that does not match condemns all (c2sp.org/signed-note, "Signatures").
 *
 * @throws CheckpointError
 */
export function openCheckpoint(bytes: Uint8Array, signers: readonly Signer[]): SignedCheckpoint {
  const { text, signatures } = parsed(() => parseNote(bytes));
  const checkpoint = parsed(() => parseCheckpoint(text));
  const { origin } = checkpoint;
  const ours = signers.filter(({ hostId }) => origin.startsWith(`${hostName(hostId)}/`));
  if (ours.length === 0) {
    const names = [...new Set(signers.map(({ hostId }) => hostName(hostId)))].join(', ');
    throw new CheckpointError(
      'checkpoint-origin',
      `it belongs to ${JSON.stringify(origin)}, not to ${names}`,
    );
  }
  let signer: Signer | undefined;
  for (const { name, keyId, signature } of signatures) {
    const known = ours.find(({ publicKey }) => name === origin && keyIdOf(name, publicKey).equals(keyId));
    if (known === undefined) continue;
    if (!isSignedBy(known.publicKey, Buffer.from(text), signature)) {
      throw new CheckpointError('checkpoint-signature', 'its signature does not match');
    }
    signer ??= known;
  }
  if (signer === undefined) {
    throw new CheckpointError('checkpoint-signature', 'it is not signed by a key that is trusted here');
  }
  return {
    ...checkpoint,
    text,
    note: Buffer.from(bytes).toString('utf8'),
    signer,
    session: origin.slice(hostName(signer.hostId).length + 1),
  };
}

/** Ed25519 (RFC 8032), by the raw public key. */
export function isSignedBy(publicKey: Buffer, data: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') },
    format: 'jwk',
  });
  return verify(null, data, key, signature);
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof NoteError) throw new CheckpointError('checkpoint-malformed', error.message);
    throw error;
  }
}
