import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { checkEntry } from './check-entry.ts';
import { LogFault, readLines, readLogFile, unpackBundle } from './files.ts';
import { CHECKPOINT, MAX_BUNDLE_BYTES, MAX_CHECKPOINT_BYTES, TILE_WIDTH, tilePath, WAL } from './format.ts';
import { CheckpointError, openCheckpoint, type SignedCheckpoint, type Signer } from './keys/trust.ts';
import { type Checkpoint, verifierKey } from './note.ts';
import { checkCosigned } from './proofs/cosigned.ts';
import { checkOtherFiles, TreeCheck } from './tiles.ts';
import { checkPruning, type Pruning, pushLeaves } from './upkeep/pruning.ts';

/** What verification found. It says nothing about entries that nobody wrote, nor about content behind digests. */
export interface Verification {
  session: string;
  /**
   * `ok`: the checkpoint covers every entry. `unsigned`: what it covers is good, and more follows. `tampered`: see
   * `fault`.
   */
  status: 'ok' | 'unsigned' | 'tampered';
  /** The key that signed, as other verifiers of signed notes take it; of no use where nothing was found signed. */
  key?: string;
  /** The signed checkpoint, cosignatures included: kept elsewhere, it shows later that the log still extends it. */
  checkpoint?: string;
  /** An earlier checkpoint that witnesses cosigned, as a signed note, and how many of the entries it covers. */
  cosigned?: { note: string; size: number };
  /** Entries under the checkpoint. */
  signed: number;
  /** Whole entries after them. */
  unsigned: number;
  /** Bytes after the last whole entry: a write that never ended. */
  tornBytes: number;
  /** When the entries were dropped on purpose, in milliseconds since 1970; the tree over them is intact. */
  pruned?: number;
  /** The last signed entry is `session.close`. If not, the session runs or was broken off. */
  closed: boolean;
  /** The first thing wrong. */
  fault?: { code: string; file: string; entry?: number; message: string };
}

/** A running session may put a new checkpoint in force while its files are read; then they are read again. */
const ATTEMPTS = 8;

/**
 * Checks every byte of a session's log against its signed checkpoint: bundles, write-ahead file and tiles against
 * each other, entries for canonical form and sequence, and that no other file is there. Shares no code with the
 * writer but the format's constants and the syntax of notes; opens no network.
 */
export function verifyLog(directory: string, signers: readonly Signer[]): Verification {
  for (let attempt = 1; ; attempt++) {
    const before = checkpointBytes(directory);
    const result = verifyOnce(directory, signers);
    const stable = before?.equals(checkpointBytes(directory) ?? Buffer.alloc(0)) ?? true;
    if (result.status !== 'tampered' || stable || attempt === ATTEMPTS) return result;
  }
}

function checkpointBytes(directory: string): Buffer | undefined {
  try {
    return readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES);
  } catch {
    return undefined;
  }
}

function verifyOnce(directory: string, signers: readonly Signer[]): Verification {
  const result: Verification = {
    session: basename(directory),
    status: 'ok',
    signed: 0,
    unsigned: 0,
    tornBytes: 0,
    closed: false,
  };
  try {
    const checkpoint = readCheckpoint(directory, signers, basename(directory));
    result.key = verifierKey(checkpoint.origin, checkpoint.signer.publicKey);
    result.checkpoint = checkpoint.note;
    result.signed = checkpoint.size;
    const pruning = checkPruning(directory, checkpoint, signers);
    if (pruning === undefined) checkEntries(directory, checkpoint, result);
    else checkPruned(directory, checkpoint, pruning, result);
    const cosigned = checkCosigned(directory, checkpoint, signers);
    if (cosigned !== undefined) result.cosigned = cosigned;
    const left = checkOtherFiles(directory, checkpoint.size);
    if (left !== undefined && result.closed) {
      throw new LogFault('file-unexpected', left, undefined, 'it lies past the end of a closed log');
    }
    if (result.unsigned > 0 || result.tornBytes > 0 || left !== undefined) result.status = 'unsigned';
  } catch (error) {
    if (!(error instanceof LogFault)) throw error;
    const { code, file, entry, message } = error;
    result.status = 'tampered';
    result.fault = { code, file, ...(entry === undefined ? {} : { entry }), message };
  }
  return result;
}

/** @throws LogFault */
export function readCheckpoint(
  directory: string,
  signers: readonly Signer[],
  session: string,
): SignedCheckpoint {
  const bytes = readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES);
  try {
    const checkpoint = openCheckpoint(bytes, signers);
    if (checkpoint.session === session) return checkpoint;
    throw new CheckpointError(
      'checkpoint-origin',
      `it belongs to session ${checkpoint.session}, not to ${session}`,
    );
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new LogFault(error.code, CHECKPOINT, undefined, error.message);
  }
}

/** Every signed entry against bundle, write-ahead file, tiles and root; then what follows them. */
function checkEntries(directory: string, { size, root }: Checkpoint, result: Verification): void {
  const lines = existsSync(`${directory}/${WAL}`) ? readLines(directory, WAL) : undefined;
  try {
    const tree = new TreeCheck(directory);
    let kind = '';
    for (const { n, entry, file } of bundledEntries(directory, size)) {
      if (lines !== undefined) {
        const line = lines.next().value;
        if (!line?.whole) throw new LogFault('entry-mismatch', WAL, n, 'it ends before this signed entry');
        if (!line.bytes.equals(entry)) {
          throw new LogFault('entry-mismatch', WAL, n, 'write-ahead file and entry bundle differ');
        }
      }
      tree.push(entry);
      kind = checkEntry(entry, n, file);
    }
    if (!tree.finish().equals(root)) {
      throw new LogFault(
        'root-mismatch',
        CHECKPOINT,
        size === 0 ? undefined : 0,
        'the entries are not those signed',
      );
    }
    result.closed = kind === 'session.close';
    if (lines === undefined) {
      if (result.closed) return;
      throw new LogFault(
        'file-missing',
        WAL,
        size,
        'the session was not closed, so its write-ahead file must be here',
      );
    }
    for (const { bytes, whole } of lines) {
      if (!whole) result.tornBytes = bytes.length;
      else checkEntry(bytes, size + result.unsigned++, WAL);
    }
  } finally {
    lines?.return(undefined);
  }
}

/** Only closed sessions are pruned, so nothing follows what is signed. */
function checkPruned(
  directory: string,
  { size, root }: Checkpoint,
  { pruned }: Pruning,
  result: Verification,
): void {
  const tree = new TreeCheck(directory);
  pushLeaves(directory, size, tree);
  if (!tree.finish().equals(root)) {
    throw new LogFault('root-mismatch', CHECKPOINT, undefined, 'the tiles are not those signed');
  }
  if (existsSync(`${directory}/${WAL}`)) {
    throw new LogFault('file-unexpected', WAL, undefined, 'the log was pruned, and so had ended');
  }
  result.closed = true;
  result.pruned = pruned;
}

/** An entry as it was hashed, and the bundle that it lies in. */
export interface BundledEntry {
  n: number;
  entry: Buffer;
  file: string;
}

/**
 * The entries of a log of `size` entries, from its bundles.
 *
 * @throws LogFault
 */
export function* bundledEntries(directory: string, size: number): Generator<BundledEntry> {
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - first);
    const file = tilePath('entries', first / TILE_WIDTH, width);
    const bundle = unpackBundle(readLogFile(directory, file, MAX_BUNDLE_BYTES, first), width, file, first);
    for (const [slot, entry] of bundle.entries()) yield { n: first + slot, entry, file };
  }
}
