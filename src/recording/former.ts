import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readLogFile } from './files.ts';
import { CHECKPOINT, isSessionId, MAX_CHECKPOINT_BYTES } from './format.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import { rootHash } from './proofs/proof.ts';
import { StoredTree } from './proofs/stored-tree.ts';
import { readEntries } from './reader.ts';

/** The log that a log says it continues. `forked`: it is not the one that was continued, or an earlier state of it. */
export interface FormerCheck {
  session: string;
  state: 'extended' | 'missing' | 'forked';
}

/**
 * Whether the log that this one says it continues is there and extends the checkpoint that it names; undefined if it
 * continues none. That log itself is not verified here.
 */
export function checkFormer(directory: string): FormerCheck | undefined {
  const [opening] = readEntries(directory);
  const continues = opening?.['continues'];
  if (continues === undefined) return undefined;
  const { session, size, root } = (continues ?? {}) as Record<string, unknown>;
  if (typeof session !== 'string' || !isSessionId(session)) return { session: '', state: 'forked' };
  const former = join(dirname(directory), session);
  if (!existsSync(former)) return { session, state: 'missing' };
  const isExtended = Number.isSafeInteger(size) && rootAt(former, size as number) === root;
  return { session, state: isExtended ? 'extended' : 'forked' };
}

/** Base64; undefined where the log is shorter, or cannot be read. */
function rootAt(directory: string, size: number): string | undefined {
  try {
    const head = parseCheckpoint(parseNote(readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES)).text);
    if (size < 0 || size > head.size) return undefined;
    return rootHash(new StoredTree(directory, head.size).subtree, size).toString('base64');
  } catch {
    // A file is missing or no log file: verifying that log says which.
    return undefined;
  }
}
