import { hash } from 'node:crypto';
import { HASH_BYTES, MAX_CHECKPOINT_BYTES } from './format.ts';

/** One signature line of a note: `— <name> base64(<key id> || <signature>)`. */
export interface NoteSignature {
  name: string;
  /** The four bytes that tell keys of one name apart. */
  keyId: Buffer;
  signature: Buffer;
}

/** A signed note (c2sp.org/signed-note): the text, its last newline included, and who signed it. */
export interface Note {
  text: string;
  signatures: readonly NoteSignature[];
}

/** The head of a log (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  origin: string;
  size: number;
  /** The RFC 6962 root over the first `size` entries, 32 bytes. */
  root: Buffer;
}

/** The note or checkpoint is not one that `formatNote` and `formatCheckpoint` could have printed. */
export class NoteError extends Error {
  override name = 'NoteError';
}

/** What a key signs, and how (c2sp.org/signed-note, "Signature types"). */
export const KeyType = {
  /** The text of a note. */
  ed25519: 0x01,
  /** That a witness saw a checkpoint (c2sp.org/tlog-cosignature). */
  cosignature: 0x04,
} as const;
export type KeyType = (typeof KeyType)[keyof typeof KeyType];

const MAX_SIGNATURES = 100;
const PUBLIC_KEY_BYTES = 32;

/** SHA-256(name || LF || type || public key)[:4]. `publicKey`: the raw 32 bytes. */
export function keyIdOf(name: string, publicKey: Uint8Array, type: KeyType = KeyType.ed25519): Buffer {
  const data = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), publicKey]);
  return hash('sha256', data, 'buffer').subarray(0, 4);
}

/** A public key and the name it signs under. */
export interface VerifierKey {
  name: string;
  type: KeyType;
  /** The raw 32 bytes. */
  publicKey: Buffer;
}

/** The key as other verifiers of signed notes take it: `<name>+<key id in hex>+base64(<type> || public key)`. */
export function verifierKey(name: string, publicKey: Uint8Array, type: KeyType = KeyType.ed25519): string {
  const data = Buffer.concat([Buffer.of(type), publicKey]).toString('base64');
  return `${name}+${keyIdOf(name, publicKey, type).toString('hex')}+${data}`;
}

/**
 * Reads what `verifierKey` prints, and nothing else.
 *
 * @throws NoteError
 */
export function parseVerifierKey(text: string): VerifierKey {
  const name = text.slice(0, text.indexOf('+'));
  // The key id is eight digits between two pluses; base64 may hold a plus of its own.
  const bytes = Buffer.from(text.slice(name.length + 10), 'base64');
  const type = bytes[0] as KeyType;
  const publicKey = bytes.subarray(1);
  if (
    !isKeyName(name) ||
    (type !== KeyType.ed25519 && type !== KeyType.cosignature) ||
    publicKey.length !== PUBLIC_KEY_BYTES ||
    verifierKey(name, publicKey, type) !== text
  ) {
    throw new NoteError('not a key: expected <name>+<key id>+<base64>, as cordon keys show prints it');
  }
  return { name, type, publicKey };
}

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join('')}`;
}

export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  return `\u2014 ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
}

/** `<origin>\n<size>\n<base64 root>\n`, the text that is signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** The signed note of a checkpoint, by the log's own key: its name is the origin. Who signs often knows its id. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  key: { publicKey: Buffer; sign(data: Uint8Array): Buffer },
  keyId: Buffer = keyIdOf(checkpoint.origin, key.publicKey),
): string {
  const text = formatCheckpoint(checkpoint);
  const signature = key.sign(Buffer.from(text));
  return formatNote({ text, signatures: [{ name: checkpoint.origin, keyId, signature }] });
}

/**
 * Reads a signed note, strictly: only bytes that `formatNote` would print again are accepted, so no byte of a note
 * can change unseen. Says nothing about whether a signature is good.
 *
 * @throws NoteError
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_CHECKPOINT_BYTES) throw new NoteError(`longer than ${MAX_CHECKPOINT_BYTES} bytes`);
  const whole = Buffer.from(bytes).toString('utf8');
  const blank = whole.lastIndexOf('\n\n');
  if (blank <= 0) throw new NoteError('no blank line between text and signatures');
  const text = whole.slice(0, blank + 1);
  if (hasControl(text)) throw new NoteError('a control character');
  const note = { text, signatures: parseSignatures(whole.slice(blank + 2)) };
  if (!Buffer.from(formatNote(note)).equals(bytes)) throw new NoteError('not in its one canonical form');
  return note;
}

/**
 * Reads signature lines.
 *
 * @throws NoteError
 */
export function parseSignatures(text: string): NoteSignature[] {
  const lines = text.split('\n', MAX_SIGNATURES + 2);
  if (lines.pop() !== '' || lines.length === 0)
    throw new NoteError('no signature line, or an unfinished one');
  return lines.map(parseSignature);
}

function parseSignature(line: string): NoteSignature {
  const [dash, name, data, ...more] = line.split(' ', 4);
  if (dash !== '\u2014' || !name || !data || more.length > 0 || !isKeyName(name)) {
    throw new NoteError('a malformed signature line');
  }
  const raw = Buffer.from(data, 'base64');
  if (raw.length < 5) throw new NoteError('a signature too short');
  return { name, keyId: raw.subarray(0, 4), signature: raw.subarray(4) };
}

/**
 * Reads the text of a checkpoint. Extension lines are refused: this log writes none.
 *
 * @throws NoteError
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root] = text.split('\n', 3);
  const checkpoint = { origin: origin!, size: Number(size), root: Buffer.from(root ?? '', 'base64') };
  if (
    checkpoint.origin === '' ||
    !Number.isSafeInteger(checkpoint.size) ||
    checkpoint.size < 0 ||
    checkpoint.root.length !== HASH_BYTES ||
    formatCheckpoint(checkpoint) !== text
  ) {
    throw new NoteError('not a checkpoint: expected origin, size and root, a line each');
  }
  return checkpoint;
}

/** c2sp.org/signed-note, "Format": not empty, neither a plus nor a Unicode space. */
function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}+]/u.test(name) && !hasControl(name);
}

/** Controls other than newline are not allowed in a note. */
function hasControl(text: string): boolean {
  return /[\u0000-\u0009\u000b-\u001f]/.test(text);
}
