import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingError, reasonOf, systemCode } from './errors.ts';
import { readLines, readLogFile, unpackBundle } from './files.ts';
import {
  CHECKPOINT,
  isSessionId,
  MAX_BUNDLE_BYTES,
  MAX_CHECKPOINT_BYTES,
  sessionsDirectory,
  TILE_WIDTH,
  tilePath,
  WAL,
} from './format.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import { readPruning } from './upkeep/pruning.ts';

/** An entry as it was recorded. What is read here has not been verified: `verifyLog` does that. */
export type Entry = Readonly<Record<string, unknown>> & { n: number; time: number; kind: string };

/** A session of a state directory. */
export interface SessionSummary {
  id: string;
  directory: string;
  /** Milliseconds since 1970; 0 if its first entry cannot be read. */
  opened: number;
  /** Entries under its checkpoint. */
  signed: number;
  /** Whether its log is complete: a running or broken-off session still has its write-ahead file. */
  closed: boolean;
  /** When its entries were dropped, in milliseconds since 1970; absent if they were not. */
  pruned?: number;
}

/** Every session, the newest first. A state directory without sessions has none. */
export function listSessions(stateDir: string): SessionSummary[] {
  const folder = sessionsDirectory(stateDir);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw new RecordingError('state-unusable', `cannot list ${folder}: ${reasonOf(error)}`, error);
  }
  const sessions = names.filter(isSessionId).map((id) => summarize(id, join(folder, id)));
  return sessions.sort((a, b) => b.opened - a.opened || (a.id < b.id ? 1 : -1));
}

function summarize(id: string, directory: string): SessionSummary {
  const signed = signedSize(directory);
  let opened = 0;
  for (const entry of readEntries(directory)) {
    opened = entry.time;
    break;
  }
  const summary = {
    id,
    directory,
    opened,
    signed: signed ?? 0,
    closed: signed !== undefined && !hasWal(directory),
  };
  const pruning = opened === 0 ? readPruning(directory) : undefined;
  return pruning === undefined ? summary : { ...summary, opened: pruning.opened, pruned: pruning.pruned };
}

/**
 * The session that `prefix` begins the name of, or the newest.
 *
 * @throws RecordingError `session-missing` or `session-ambiguous`.
 */
export function findSession(stateDir: string, prefix = ''): SessionSummary {
  const sessions = listSessions(stateDir);
  const exact = sessions.find((session) => session.id === prefix);
  if (exact !== undefined) return exact;
  const [first, ...others] = sessions.filter((session) => session.id.startsWith(prefix));
  if (first === undefined) {
    const what = prefix === '' ? 'no session' : `no session whose id begins with ${JSON.stringify(prefix)}`;
    throw new RecordingError('session-missing', `${what} in ${sessionsDirectory(stateDir)}`);
  }
  if (prefix !== '' && others.length > 0) {
    throw new RecordingError(
      'session-ambiguous',
      `${others.length + 1} sessions begin with ${prefix}: ${first.id}, ${others[0]!.id}${others.length > 1 ? ', ...' : ''}`,
    );
  }
  return first;
}

/**
 * The entries of a log in order from number `first` on, of a running or broken-off session too. What is no entry ends it
 * without an error: this is for showing what there is.
 */
export function* readEntries(directory: string, first = 0): Generator<Entry> {
  try {
    let n = 0;
    for (const bytes of readEntryBytes(directory)) {
      if (n++ < first) continue;
      const entry = parseEntry(bytes);
      if (entry === undefined) return;
      yield entry;
    }
  } catch {
    // A file is missing or no log file.
  }
}

/**
 * The same as they were hashed.
 *
 * @throws LogFault where a file is missing or no log file.
 */
export function readEntryBytes(directory: string): Generator<Buffer> {
  return hasWal(directory) ? walEntries(directory) : bundledEntries(directory);
}

/** The entry that these bytes are; undefined if they are none. */
export function parseEntry(bytes: Buffer): Entry | undefined {
  try {
    const entry: unknown = JSON.parse(bytes.toString('utf8'));
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function* walEntries(directory: string): Generator<Buffer> {
  for (const { bytes, whole } of readLines(directory, WAL)) if (whole) yield bytes;
}

function* bundledEntries(directory: string): Generator<Buffer> {
  const size = signedSize(directory) ?? 0;
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - first);
    const file = tilePath('entries', first / TILE_WIDTH, width);
    yield* unpackBundle(readLogFile(directory, file, MAX_BUNDLE_BYTES), width, file, first);
  }
}

function hasWal(directory: string): boolean {
  return existsSync(join(directory, WAL));
}

/** What the checkpoint claims, its signature not looked at. */
function signedSize(directory: string): number | undefined {
  try {
    return parseCheckpoint(parseNote(readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES)).text).size;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (value === null || typeof value !== 'object') return false;
  const { n, time, kind } = value as Record<string, unknown>;
  return typeof n === 'number' && typeof time === 'number' && typeof kind === 'string';
}
