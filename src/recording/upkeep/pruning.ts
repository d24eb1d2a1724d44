import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LogFault, readLogFile } from '../files.ts';
import { HASH_BYTES, hostName, PRUNED, TILE_WIDTH, TILES, tilePath } from '../format.ts';
import { isSignedBy, type SignedCheckpoint, type Signer } from '../keys/trust.ts';
import { keyIdOf, NoteError, parseNote } from '../note.ts';
import type { TreeCheck } from '../tiles.ts';

const HEADER = 'cordon pruned v1';
const MAX_NOTE_BYTES = 4096;
export const BUNDLES = `${TILES}/entries`;

/** The statement that entries were dropped on purpose; without it their absence is tampering. */
export interface Pruning {
  /** Of the first and the last entry, and of the pruning: milliseconds since 1970. */
  opened: number;
  closed: number;
  pruned: number;
}

/** What a session's folder says about its pruning, its signature not looked at; undefined if it says nothing. */
export function readPruning(directory: string): Pruning | undefined {
  try {
    return parsePruning(parseNote(readLogFile(directory, PRUNED, MAX_NOTE_BYTES)).text);
  } catch {
    return undefined;
  }
}

/**
 * Checks that the holder of the log's key pruned just this log; undefined if its entries are there to be checked.
 *
 * @throws LogFault
 */
export function checkPruning(
  directory: string,
  checkpoint: SignedCheckpoint,
  signers: readonly Signer[],
): Pruning | undefined {
  if (!existsSync(join(directory, PRUNED))) return undefined;
  const fault = (message: string) => new LogFault('pruning-malformed', PRUNED, undefined, message);
  try {
    const { text, signatures } = parseNote(readLogFile(directory, PRUNED, MAX_NOTE_BYTES));
    const pruning = parsePruning(text);
    if (formatPruning(checkpoint.text, pruning) !== text) throw fault('it is not about this log');
    const { hostId } = checkpoint.signer;
    const name = hostName(hostId);
    const [made, ...more] = signatures;
    const signer = signers.find(
      (one) =>
        one.hostId === hostId && made?.name === name && keyIdOf(name, one.publicKey).equals(made.keyId),
    );
    if (signer === undefined || more.length > 0)
      throw fault('it is not signed by a key that is trusted here');
    if (!isSignedBy(signer.publicKey, Buffer.from(text), made!.signature)) {
      throw fault('its signature does not match');
    }
    return existsSync(join(directory, BUNDLES)) ? undefined : pruning;
  } catch (error) {
    if (error instanceof NoteError) throw fault(error.message);
    throw error;
  }
}

/** Feeds the leaves of a pruned log, which only its tiles still hold, to a check of its tree. */
export function pushLeaves(directory: string, size: number, tree: TreeCheck): void {
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - first);
    const file = tilePath(0, first / TILE_WIDTH, width);
    const tile = readLogFile(directory, file, TILE_WIDTH * HASH_BYTES, first);
    if (tile.length !== width * HASH_BYTES) {
      throw new LogFault(
        'file-malformed',
        file,
        first,
        `${tile.length} bytes long, not ${width * HASH_BYTES}`,
      );
    }
    for (let at = 0; at < tile.length; at += HASH_BYTES) tree.pushLeaf(tile.subarray(at, at + HASH_BYTES));
  }
}

/** The text that is signed. `checkpoint`: the text of the checkpoint in force. */
export function formatPruning(checkpoint: string, { opened, closed, pruned }: Pruning): string {
  const line = (word: string, time: number) => `${word} ${new Date(time).toISOString()}\n`;
  return `${HEADER}\n${checkpoint}${line('opened', opened)}${line('closed', closed)}${line('pruned', pruned)}`;
}

/** @throws NoteError */
function parsePruning(text: string): Pruning {
  const lines = text.split('\n');
  const timeOf = (word: string, at: number): number => {
    const time = Date.parse(lines[at]?.slice(word.length + 1) ?? '');
    if (Number.isNaN(time)) throw new NoteError(`no time where ${word} must be`);
    return time;
  };
  return { opened: timeOf('opened', 4), closed: timeOf('closed', 5), pruned: timeOf('pruned', 6) };
}
