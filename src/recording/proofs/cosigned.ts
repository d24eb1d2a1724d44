import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingError } from '../errors.ts';
import { LogFault, readLogFile } from '../files.ts';
import { CHECKPOINT, COSIGNED, MAX_CHECKPOINT_BYTES, WAL } from '../format.ts';
import { CheckpointError, openCheckpoint, type SignedCheckpoint, type Signer } from '../keys/trust.ts';
import type { VerifierKey } from '../note.ts';
import { replaceSynced } from '../synced.ts';
import { opened, proofOfExtension } from './evidence.ts';
import { rootHash } from './proof.ts';
import { parseConsistency } from './proof-file.ts';
import { StoredTree } from './stored-tree.ts';
import { withCosignatures, witnessesOf } from './witness.ts';

/** What cosignatures are put under. */
export interface Cosigning {
  signers: readonly Signer[];
  /** Witnesses whose lines are taken. */
  keys: readonly VerifierKey[];
  /** What they were asked with; undefined if they cosigned the checkpoint in force. */
  request: Uint8Array | undefined;
}

/**
 * Keeps the signature lines of witnesses: under the checkpoint of a session that is closed, else, since the next
 * checkpoint would drop them, under a copy of the one that they saw. Returns who has cosigned it now, and how many entries
 * it covers.
 *
 * @throws RecordingError `proof-wrong`, `proof-malformed`, `state-unusable`.
 */
export function addCosignatures(
  directory: string,
  lines: Uint8Array,
  { signers, keys, request }: Cosigning,
): { names: string[]; size: number } {
  const now = opened(() => readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES));
  const head = opened(() => openCheckpoint(now, signers));
  const seen = request === undefined ? now : Buffer.from(opened(() => parseConsistency(request)).checkpoint);
  const { text, size } = opened(() => openCheckpoint(seen, signers));
  const isLast = text === head.text && !existsSync(join(directory, WAL));
  let under = isLast ? now : seen;
  if (!isLast) {
    // That it is one of this log, whatever its size.
    proofOfExtension(directory, signers, seen);
    const kept = opened(() => readCosigned(directory, signers));
    if (kept !== undefined && kept.size > size) {
      const why = `a later checkpoint, of ${kept.size} entries, is cosigned already`;
      throw new RecordingError('proof-wrong', why);
    }
    if (kept?.text === text) under = Buffer.from(kept.note);
  }
  const note = withCosignatures(under, lines, keys);
  replaceSynced(join(directory, isLast ? CHECKPOINT : COSIGNED), note);
  return { names: witnessesOf(Buffer.from(note), keys), size };
}

/**
 * Checks that the log whose tiles were verified begins with what was cosigned; undefined if nothing is kept.
 *
 * @throws LogFault
 */
export function checkCosigned(
  directory: string,
  head: SignedCheckpoint,
  signers: readonly Signer[],
): { note: string; size: number } | undefined {
  const kept = readCosigned(directory, signers);
  if (kept === undefined) return undefined;
  const { origin, size, root, note } = kept;
  const isOfThis = origin === head.origin && size <= head.size;
  if (isOfThis && rootHash(new StoredTree(directory, head.size).subtree, size).equals(root))
    return { note, size };
  throw new LogFault('cosigned-mismatch', COSIGNED, undefined, 'the log does not extend what was cosigned');
}

/** @throws LogFault */
function readCosigned(directory: string, signers: readonly Signer[]): SignedCheckpoint | undefined {
  if (!existsSync(join(directory, COSIGNED))) return undefined;
  try {
    return openCheckpoint(readLogFile(directory, COSIGNED, MAX_CHECKPOINT_BYTES), signers);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new LogFault(error.code, COSIGNED, undefined, error.message);
  }
}
