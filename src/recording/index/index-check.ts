import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkEntry } from '../check-entry.ts';
import { LogFault } from '../files.ts';
import { CHECKPOINT, INDEX, isSessionId, sessionsDirectory, TILES } from '../format.ts';
import type { SignedCheckpoint, Signer } from '../keys/trust.ts';
import { leafHash } from '../merkle.ts';
import { StoredTree } from '../proofs/stored-tree.ts';
import { type Entry, listSessions, parseEntry, readEntryBytes } from '../reader.ts';
import { checkOtherFiles, TreeCheck } from '../tiles.ts';
import { bundledEntries, readCheckpoint } from '../verify.ts';
import { indexDirectory } from './machine-index.ts';

/** How a session stands to the index. */
export interface Standing {
  session: string;
  /**
   * `closed`: its log ends as it did when the index recorded that. `open`: it runs or was broken off. `vanished`: its
   * folder is gone. `changed`: it is not the log that the index recorded. `unlisted`: the index does not know it: it is
   * older than the index, or its opening was taken away.
   */
  state: 'closed' | 'open' | 'vanished' | 'changed' | 'unlisted';
}

/** What checking the index found. Of the sessions only their beginning and their signed end are looked at. */
export interface IndexCheck {
  status: 'ok' | 'tampered';
  /** Entries of the index. */
  size: number;
  /** The signed checkpoint of the index: kept elsewhere, it shows later that the index still extends it. */
  checkpoint?: string;
  sessions: Standing[];
  fault?: { code: string; file: string; entry?: number; message: string };
}

/** Another process may add to the index while it is read; then it is read again. */
const ATTEMPTS = 8;

/**
 * Checks every byte of the machine-wide index, and that each session that it names is there: the same that it was, and
 * as long. Undefined if there is no index.
 */
export function checkIndex(stateDir: string, signers: readonly Signer[]): IndexCheck | undefined {
  const directory = indexDirectory(stateDir);
  if (![CHECKPOINT, TILES].some((name) => existsSync(join(directory, name)))) return undefined;
  for (let attempt = 1; ; attempt++) {
    let checkpoint: SignedCheckpoint | undefined;
    try {
      checkpoint = readCheckpoint(directory, signers, INDEX);
      const sessions = compare(stateDir, signers, readListed(directory, checkpoint));
      return { status: 'ok', size: checkpoint.size, checkpoint: checkpoint.note, sessions };
    } catch (error) {
      if (!(error instanceof LogFault)) throw error;
      if (attempt < ATTEMPTS && hasMoved(directory, signers, checkpoint)) continue;
      const { code, file, entry, message } = error;
      const fault = { code, file, ...(entry === undefined ? {} : { entry }), message };
      return { status: 'tampered', size: checkpoint?.size ?? 0, sessions: [], fault };
    }
  }
}

function hasMoved(
  directory: string,
  signers: readonly Signer[],
  before: SignedCheckpoint | undefined,
): boolean {
  try {
    return readCheckpoint(directory, signers, INDEX).note !== before?.note;
  } catch {
    return before !== undefined;
  }
}

/** What the index says of each session. */
interface Listed {
  opened: Entry;
  closed: Entry | undefined;
}

function readListed(directory: string, { size, root }: SignedCheckpoint): Map<string, Listed> {
  const tree = new TreeCheck(directory);
  const listed = new Map<string, Listed>();
  for (const { n, entry: bytes, file } of bundledEntries(directory, size)) {
    tree.push(bytes);
    const kind = checkEntry(bytes, n, file, 'index.open');
    const entry = parseEntry(bytes)!;
    const session = String(entry['session']);
    if (kind === 'index.opened') listed.set(session, { opened: entry, closed: undefined });
    const known = listed.get(session);
    if (kind === 'index.closed' && known !== undefined) known.closed = entry;
  }
  if (!tree.finish().equals(root)) {
    throw new LogFault('root-mismatch', CHECKPOINT, undefined, 'the entries are not those signed');
  }
  checkOtherFiles(directory, size);
  return listed;
}

function compare(
  stateDir: string,
  signers: readonly Signer[],
  listed: ReadonlyMap<string, Listed>,
): Standing[] {
  const standings: Standing[] = [];
  for (const [session, { opened, closed }] of listed) {
    const directory = join(sessionsDirectory(stateDir), session);
    let state: Standing['state'] = closed === undefined ? 'open' : 'closed';
    if (!isSessionId(session) || !existsSync(directory)) state = 'vanished';
    else if (!isSame(directory, signers, opened, closed)) state = 'changed';
    standings.push({ session, state });
  }
  for (const { id } of listSessions(stateDir)) {
    if (!listed.has(id)) standings.push({ session: id, state: 'unlisted' });
  }
  return standings;
}

/** Whether a log begins with the entry that the index saw, and ends where it saw it end. */
function isSame(
  directory: string,
  signers: readonly Signer[],
  opened: Entry,
  closed: Entry | undefined,
): boolean {
  try {
    const { size, root } = readCheckpoint(directory, signers, basename(directory));
    // Of a pruned log the leaf is all there is. Before its first checkpoint a log has no leaf yet.
    const first =
      size > 0
        ? new StoredTree(directory, size).subtree(0, 0)
        : leafHash(readEntryBytes(directory).next().value!);
    if (first.toString('base64') !== opened['first']) return false;
    return closed === undefined || (closed['size'] === size && closed['root'] === root.toString('base64'));
  } catch (error) {
    if (error instanceof LogFault) return false;
    throw error;
  }
}
