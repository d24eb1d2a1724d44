import { RecordingError, reasonOf } from '../errors.ts';
import { LogFault, readLogFile, unpackBundle } from '../files.ts';
import { CHECKPOINT, MAX_BUNDLE_BYTES, MAX_CHECKPOINT_BYTES, TILE_WIDTH, tilePath } from '../format.ts';
import { CheckpointError, openCheckpoint, type SignedCheckpoint, type Signer } from '../keys/trust.ts';
import { leafHash } from '../merkle.ts';
import { NoteError } from '../note.ts';
import { isConsistent, proveConsistency, proveInclusion, rootFromInclusion, rootHash } from './proof.ts';
import {
  type ConsistencyFile,
  formatConsistency,
  formatInclusion,
  type InclusionFile,
  parseConsistency,
  parseInclusion,
} from './proof-file.ts';
import { StoredTree } from './stored-tree.ts';

/** A running session may replace its checkpoint while its tiles are read; then all is read again. */
const ATTEMPTS = 8;

/**
 * A proof that entry `index` is under the session's checkpoint, as text (c2sp.org/tlog-proof); with the entry in it
 * if `withEntry`. It has been checked against the signed root: a log whose tiles are wrong proves nothing.
 *
 * @throws RecordingError `entry-missing`, `proof-wrong`.
 */
export function proofOfEntry(
  directory: string,
  signers: readonly Signer[],
  index: number,
  withEntry: boolean,
): string {
  return steadily(directory, signers, (checkpoint, text) => {
    const { size, root } = checkpoint;
    if (index >= size) {
      throw new RecordingError(
        'entry-missing',
        `entry ${index} is not under the checkpoint, which covers ${size} entries`,
      );
    }
    const { subtree } = new StoredTree(directory, size);
    const entry = withEntry ? readEntry(directory, index, size) : undefined;
    const leaf = entry === undefined ? subtree(0, index) : leafHash(entry);
    const path = proveInclusion(subtree, index, size);
    if (!rootFromInclusion(leaf, index, size, path)?.equals(root)) throw unlike();
    return formatInclusion({ index, path, checkpoint: text, entry });
  });
}

/**
 * A proof that the session's log extends an older checkpoint of its own, or the tree of its first so many entries, as
 * text (the body of add-checkpoint in c2sp.org/tlog-witness).
 *
 * @throws RecordingError `proof-wrong` if it does not: then one of the two was forged.
 */
export function proofOfExtension(
  directory: string,
  signers: readonly Signer[],
  old: number | Uint8Array,
): string {
  return steadily(directory, signers, (now, text) => {
    const { subtree } = new StoredTree(directory, now.size);
    const before = typeof old === 'number' ? undefined : opened(() => openCheckpoint(old, signers));
    const oldSize = before?.size ?? (old as number);
    if (before !== undefined && before.origin !== now.origin) {
      throw new RecordingError('proof-wrong', `${before.origin} is another log than ${now.origin}`);
    }
    if (oldSize > now.size) {
      throw new RecordingError(
        'proof-wrong',
        `the log covers ${now.size} entries, not the ${oldSize} it once did`,
      );
    }
    const path = proveConsistency(subtree, oldSize, now.size);
    const was = before ?? { size: oldSize, root: rootHash(subtree, oldSize) };
    if (!rootHash(subtree, now.size).equals(now.root)) throw unlike();
    if (!isConsistent(was, now, path)) {
      throw new RecordingError(
        'proof-wrong',
        `the log does not extend the checkpoint of ${oldSize} entries: FORKED`,
      );
    }
    return formatConsistency({ oldSize, path, checkpoint: text });
  });
}

/** What a proof of inclusion proves. */
export interface ProvedEntry {
  checkpoint: SignedCheckpoint;
  index: number;
  entry: Buffer;
}

/**
 * Checks a proof of inclusion with nothing but public keys. `entry` is needed where the proof does not carry it.
 *
 * @throws RecordingError `proof-malformed`, `proof-wrong`.
 */
export function checkInclusion(
  bytes: Uint8Array,
  signers: readonly Signer[],
  entry: Buffer | undefined,
): ProvedEntry {
  const file: InclusionFile = opened(() => parseInclusion(bytes));
  const content = entry ?? file.entry;
  if (content === undefined) {
    throw new RecordingError('proof-malformed', 'the proof does not carry the entry: name its file too');
  }
  const checkpoint = opened(() => openCheckpoint(Buffer.from(file.checkpoint), signers));
  const root = rootFromInclusion(leafHash(content), file.index, checkpoint.size, file.path);
  if (!root?.equals(checkpoint.root)) {
    throw new RecordingError('proof-wrong', `the entry is not number ${file.index} of ${checkpoint.origin}`);
  }
  return { checkpoint, index: file.index, entry: content };
}

/**
 * Checks a proof of consistency with nothing but public keys and the older checkpoint.
 *
 * @throws RecordingError `proof-malformed`, `proof-wrong`.
 */
export function checkConsistency(
  bytes: Uint8Array,
  signers: readonly Signer[],
  oldBytes: Uint8Array,
): { old: SignedCheckpoint; now: SignedCheckpoint } {
  const file: ConsistencyFile = opened(() => parseConsistency(bytes));
  const old = opened(() => openCheckpoint(oldBytes, signers));
  const now = opened(() => openCheckpoint(Buffer.from(file.checkpoint), signers));
  if (old.origin !== now.origin || old.size !== file.oldSize || !isConsistent(old, now, file.path)) {
    throw new RecordingError(
      'proof-wrong',
      `${now.origin} of ${now.size} entries does not extend ${old.origin} of ${old.size} entries`,
    );
  }
  return { old, now };
}

/**
 * Entry `index` of a log of `size` entries as it lies in its bundle.
 *
 * @throws LogFault
 */
export function readEntry(directory: string, index: number, size: number): Buffer {
  const first = index - (index % TILE_WIDTH);
  const width = Math.min(TILE_WIDTH, size - first);
  const file = tilePath('entries', first / TILE_WIDTH, width);
  return unpackBundle(readLogFile(directory, file, MAX_BUNDLE_BYTES, first), width, file, first)[
    index - first
  ]!;
}

/** Runs a step on the checkpoint in force, again if the session has replaced it meanwhile. */
function steadily<T>(
  directory: string,
  signers: readonly Signer[],
  step: (checkpoint: SignedCheckpoint, text: string) => T,
): T {
  for (let attempt = 1; ; attempt++) {
    const bytes = opened(() => readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES));
    try {
      return step(
        opened(() => openCheckpoint(bytes, signers)),
        bytes.toString('utf8'),
      );
    } catch (error) {
      const now = opened(() => readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES));
      if (attempt < ATTEMPTS && !now.equals(bytes)) continue;
      throw refusalOf(error);
    }
  }
}

function unlike(): RecordingError {
  return new RecordingError('proof-wrong', 'the tiles are not those signed: cordon log verify says more');
}

/**
 * Runs a reader or parser of what others wrote.
 *
 * @throws RecordingError `proof-malformed`, `proof-wrong`.
 */
export function opened<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw refusalOf(error);
  }
}

/** What cannot be parsed, or is no part of an intact log, proves nothing. */
function refusalOf(error: unknown): unknown {
  if (error instanceof NoteError) return new RecordingError('proof-malformed', error.message, error);
  if (error instanceof LogFault) {
    return new RecordingError('proof-wrong', `${error.file}: ${error.message}`, error);
  }
  if (error instanceof CheckpointError) {
    return new RecordingError('proof-wrong', `the checkpoint is refused: ${reasonOf(error)}`, error);
  }
  return error;
}
