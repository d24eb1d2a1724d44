import { HASH_BYTES, MAX_CHECKPOINT_BYTES, MAX_ENTRY_BYTES } from '../format.ts';
import { NoteError } from '../note.ts';

/** That an entry is in a log (c2sp.org/tlog-proof). */
export interface InclusionFile {
  index: number;
  path: readonly Buffer[];
  /** The signed checkpoint, verbatim. */
  checkpoint: string;
  /** The entry itself, as the extra data of the format: a receipt carries it, a bare proof does not. */
  entry: Buffer | undefined;
}

/** That a log begins with an older state of its own: the body of add-checkpoint in c2sp.org/tlog-witness. */
export interface ConsistencyFile {
  oldSize: number;
  path: readonly Buffer[];
  /** The newer signed checkpoint, verbatim. */
  checkpoint: string;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_HASHES = 63;
/** Base64 of an entry, 63 hashes of 45 characters, a checkpoint. */
export const MAX_PROOF_BYTES = 2 * MAX_ENTRY_BYTES + 4096 + MAX_CHECKPOINT_BYTES;

export function formatInclusion({ index, path, checkpoint, entry }: InclusionFile): string {
  const extra = entry === undefined ? [] : [`extra ${entry.toString('base64')}`];
  return [HEADER, ...extra, `index ${index}`, ...path.map(base64), '', checkpoint].join('\n');
}

export function formatConsistency({ oldSize, path, checkpoint }: ConsistencyFile): string {
  return [`old ${oldSize}`, ...path.map(base64), '', checkpoint].join('\n');
}

/**
 * Reads a proof of inclusion; only bytes that `formatInclusion` would print again are accepted. Nothing is verified.
 *
 * @throws NoteError
 */
export function parseInclusion(bytes: Uint8Array): InclusionFile {
  const { lines, checkpoint } = split(bytes);
  if (lines.shift() !== HEADER) throw new NoteError(`a proof of inclusion begins with ${HEADER}`);
  const extra = lines[0]?.startsWith('extra ') ? lines.shift()!.slice('extra '.length) : undefined;
  const index = numberAfter('index ', lines.shift());
  const entry = extra === undefined ? undefined : Buffer.from(extra, 'base64');
  const file = { index, path: hashes(lines), checkpoint, entry };
  return canonical(file, formatInclusion, bytes);
}

/**
 * Reads a proof of consistency, as strictly.
 *
 * @throws NoteError
 */
export function parseConsistency(bytes: Uint8Array): ConsistencyFile {
  const { lines, checkpoint } = split(bytes);
  const file = { oldSize: numberAfter('old ', lines.shift()), path: hashes(lines), checkpoint };
  return canonical(file, formatConsistency, bytes);
}

/** Whether a file means to be a proof of inclusion, and not one of consistency. */
export function isInclusion(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, HEADER.length)).toString('latin1') === HEADER;
}

/** The lines before the first empty one, and all that follows it. */
function split(bytes: Uint8Array): { lines: string[]; checkpoint: string } {
  if (bytes.length > MAX_PROOF_BYTES) throw new NoteError(`longer than ${MAX_PROOF_BYTES} bytes`);
  const text = Buffer.from(bytes).toString('utf8');
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw new NoteError('no empty line between proof and checkpoint');
  return { lines: text.slice(0, blank).split('\n'), checkpoint: text.slice(blank + 2) };
}

function numberAfter(word: string, line: string | undefined): number {
  const number = line?.startsWith(word) ? Number(line.slice(word.length)) : Number.NaN;
  if (!Number.isSafeInteger(number) || number < 0)
    throw new NoteError(`expected ${word.trim()} and a number`);
  return number;
}

function hashes(lines: readonly string[]): Buffer[] {
  if (lines.length > MAX_HASHES) throw new NoteError(`more than ${MAX_HASHES} hashes`);
  return lines.map((line) => {
    const hash = Buffer.from(line, 'base64');
    if (hash.length !== HASH_BYTES) throw new NoteError('a line of the proof is not a hash');
    return hash;
  });
}

/** What prints the same has no second reading: neither spare bits of base64 nor `+1`, `1e3` or broken UTF-8. */
function canonical<T>(file: T, format: (file: T) => string, bytes: Uint8Array): T {
  if (!Buffer.from(format(file)).equals(bytes)) throw new NoteError('not in its one canonical form');
  return file;
}

function base64(hash: Buffer): string {
  return hash.toString('base64');
}
