import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingError, systemCode } from '../errors.ts';
import { exclusively } from '../exclusive.ts';
import { MAX_CHECKPOINT_BYTES, witnessName } from '../format.ts';
import { hostIdOf, keyPaths } from '../keys/keys.ts';
import { openPrivateKey } from '../keys/private-key.ts';
import { isSignedBy, openCheckpoint, readVerifierKeys, type Signer } from '../keys/trust.ts';
import { treeHash } from '../merkle.ts';
import {
  formatNote,
  formatSignature,
  KeyType,
  keyIdOf,
  type NoteSignature,
  parseCheckpoint,
  parseNote,
  parseSignatures,
  type VerifierKey,
  verifierKey,
} from '../note.ts';
import { replaceSynced } from '../synced.ts';
import { opened } from './evidence.ts';
import { isConsistent, type TreeHead } from './proof.ts';
import { parseConsistency } from './proof-file.ts';

/** Ed25519 after a time: c2sp.org/tlog-cosignature, "Format". */
const TIME_BYTES = 8;

const NEVER_SEEN: TreeHead = { size: 0, root: treeHash(Buffer.alloc(0)) };

/** Whose cosignatures count, and how many of them a checkpoint has to bear. */
export interface WitnessPolicy {
  keys: readonly VerifierKey[];
  atLeast: number;
}

/**
 * The keys of a file that witnesses sign with. No two may be the same: one witness must not count for two.
 *
 * @throws RecordingError `key-missing` or `key-broken`.
 */
export function readWitnessKeys(path: string): VerifierKey[] {
  const keys = readVerifierKeys(path).filter(({ type }) => type === KeyType.cosignature);
  if (keys.length === 0) throw new RecordingError('key-missing', `${path} names no key of a witness`);
  if (new Set(keys.map(({ publicKey }) => publicKey.toString('hex'))).size < keys.length) {
    throw new RecordingError('key-broken', `${path} names the same key twice`);
  }
  return keys;
}

/**
 * The names of the known witnesses that cosigned a checkpoint. A cosignature by a known key that does not match
 * condemns all.
 *
 * @throws RecordingError `proof-wrong`, `proof-malformed`.
 */
export function witnessesOf(checkpoint: Uint8Array, keys: readonly VerifierKey[]): string[] {
  const { text, signatures } = opened(() => parseNote(checkpoint));
  const found = new Set<VerifierKey>();
  for (const signature of signatures) {
    const key = keys.find((one) => isBy(one, signature));
    if (key === undefined) continue;
    if (!isCosignature(key, text, signature)) {
      throw new RecordingError('proof-wrong', `the cosignature of ${key.name} does not match`);
    }
    found.add(key);
  }
  return [...found].map(({ name }) => name);
}

/** @throws RecordingError `witnesses-missing`; and as `witnessesOf`. */
export function requireWitnesses(checkpoint: Uint8Array, { keys, atLeast }: WitnessPolicy): string[] {
  const found = witnessesOf(checkpoint, keys);
  if (found.length >= atLeast) return found;
  throw new RecordingError(
    'witnesses-missing',
    `${found.length} of the ${atLeast} witnesses that are demanded have cosigned the checkpoint`,
  );
}

/**
 * Cosigns the checkpoint in a request (the body of add-checkpoint in c2sp.org/tlog-witness) and returns the signature
 * line. What this state directory cosigned last is kept and has to be extended: so a log that shows one history here
 * and another elsewhere is found out. `signers`: whose logs this witness knows. `now` in milliseconds since 1970.
 *
 * @throws RecordingError `witness-conflict` where the request starts from another size than what was seen last;
 * `proof-wrong` where it contradicts it; `proof-malformed`, `key-exposed`, `state-locked`, `state-unusable`.
 */
export function cosign(
  request: Uint8Array,
  signers: readonly Signer[],
  stateDir: string,
  now: number,
): string {
  const file = opened(() => parseConsistency(request));
  const checkpoint = opened(() => openCheckpoint(Buffer.from(file.checkpoint), signers));
  const key = openPrivateKey(keyPaths(stateDir).witness, true);
  const name = witnessName(hostIdOf(stateDir));
  const folder = join(stateDir, 'witness');
  exclusively(join(folder, 'lock'), () => {
    const path = join(folder, `${hash('sha256', checkpoint.origin, 'hex')}.checkpoint`);
    const before = readSeen(path) ?? NEVER_SEEN;
    if (file.oldSize !== before.size) {
      throw new RecordingError(
        'witness-conflict',
        `this witness has seen ${before.size} entries of ${checkpoint.origin}: ask with cordon log consistency ${before.size}`,
      );
    }
    if (!isConsistent(before, checkpoint, file.path)) {
      throw new RecordingError(
        'proof-wrong',
        `${checkpoint.origin} does not extend what this witness saw: FORKED, or a wrong proof. Keep the request and ${path}: if both are signed, they show it`,
      );
    }
    // On the disk before anybody sees the cosignature: what it promises must not be forgotten.
    replaceSynced(path, file.checkpoint);
  });
  const seconds = Math.floor(now / 1000);
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = key.sign(cosignedText(checkpoint.text, seconds));
  return formatSignature({
    name,
    keyId: keyIdOf(name, key.publicKey, KeyType.cosignature),
    signature: Buffer.concat([time, signature]),
  });
}

/**
 * The checkpoint with signature lines of witnesses under it, beside those that it has.
 *
 * @throws RecordingError `proof-wrong` for a line that is no cosignature of it by one of `keys`, `proof-malformed`.
 */
export function withCosignatures(
  checkpoint: Uint8Array,
  lines: Uint8Array,
  keys: readonly VerifierKey[],
): string {
  const { text, signatures } = opened(() => parseNote(checkpoint));
  const added = opened(() => parseSignatures(Buffer.from(lines).toString('utf8')));
  for (const signature of added) {
    const key = keys.find((one) => isBy(one, signature));
    if (key === undefined || !isCosignature(key, text, signature)) {
      throw new RecordingError(
        'proof-wrong',
        `the line of ${JSON.stringify(signature.name)} is no cosignature of this checkpoint by a known witness`,
      );
    }
  }
  // A newer one of the same witness takes the place of its older.
  const all = new Map<string, NoteSignature>();
  for (const one of [...signatures, ...added]) all.set(`${one.name} ${one.keyId.toString('hex')}`, one);
  const note = formatNote({ text, signatures: [...all.values()] });
  if (note.length > MAX_CHECKPOINT_BYTES)
    throw new RecordingError('proof-malformed', 'too many cosignatures');
  return note;
}

/** The key that this state directory witnesses with, as `--witness-keys` takes it; undefined before its first use. */
export function readWitnessKey(stateDir: string): string | undefined {
  const path = keyPaths(stateDir).witness;
  if (!existsSync(path)) return undefined;
  const { publicKey } = openPrivateKey(path, false);
  return verifierKey(witnessName(hostIdOf(stateDir)), publicKey, KeyType.cosignature);
}

function isBy({ name, type, publicKey }: VerifierKey, signature: NoteSignature): boolean {
  return name === signature.name && keyIdOf(name, publicKey, type).equals(signature.keyId);
}

function isCosignature({ publicKey }: VerifierKey, text: string, { signature }: NoteSignature): boolean {
  if (signature.length !== TIME_BYTES + 64) return false;
  const seconds = signature.readBigUInt64BE(0);
  return isSignedBy(publicKey, cosignedText(text, seconds), signature.subarray(TIME_BYTES));
}

/** c2sp.org/tlog-cosignature, "Ed25519 signed message". */
function cosignedText(checkpoint: string, seconds: number | bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${checkpoint}`);
}

/** Whatever this directory holds was verified when it was put there. */
function readSeen(path: string): TreeHead | undefined {
  try {
    const bytes = readFileSync(path);
    return opened(() => parseCheckpoint(parseNote(bytes).text));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
