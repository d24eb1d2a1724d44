import { printable, reviewable } from '../../json/printable.ts';
import { dropBlobs } from '../../recording/blobs.ts';
import { RecordingError } from '../../recording/errors.ts';
import { LogFault } from '../../recording/files.ts';
import { MachineIndex } from '../../recording/index/machine-index.ts';
import { openSigningKey, ownSigners } from '../../recording/keys/keys.ts';
import { findSession, listSessions, readEntryBytes } from '../../recording/reader.ts';
import { dropTape, tapedSession } from '../../recording/tape/tape.ts';
import { pruneLog } from '../../recording/upkeep/prune.ts';
import { sealLog } from '../../recording/upkeep/seal.ts';
import { verifyLog } from '../../recording/verify.ts';
import { signingKeyFile } from '../key-file.ts';
import { timeOf } from '../log-line.ts';
import { type Flags, textFlag, UsageError } from '../read-command.ts';
import { isRunning } from '../status.ts';
import { signersMeant } from '../trust-meant.ts';
import { unpruned } from './read.ts';

/** `cordon log export`: entries as they were hashed. Exit codes as of verify; nothing is printed of a log that is bad. */
export function exportLog(state: string, [session]: readonly string[], _json: boolean, flags: Flags): number {
  if (textFlag(flags, 'format') !== 'jsonl') throw new UsageError('export needs --format jsonl');
  const { id, directory } = unpruned(state, session);
  const { status, fault, signed } = verifyLog(directory, signersMeant(state, flags));
  if (status === 'tampered') {
    process.stderr.write(
      `${id}: TAMPERED: ${printable(`${fault!.file}: ${fault!.message}`)}; nothing is exported\n`,
    );
    return 1;
  }
  for (const bytes of readEntryBytes(directory)) process.stdout.write(`${bytes.toString('utf8')}\n`);
  if (status === 'ok') return 0;
  process.stderr.write(`${id}: only the first ${signed} entries are signed\n`);
  return 3;
}

/** `cordon log seal`. */
export function seal(state: string, [session]: readonly string[], json: boolean): number {
  const { id, directory } = findSession(state, session);
  if (isRunning(state, id)) {
    throw new UsageError(`${id} is running: it signs what it writes, and closes its log itself`);
  }
  const key = openSigningKey(state, signingKeyFile());
  const sealing = sealLog(directory, key, ownSigners(state), Date.now());
  new MachineIndex(state, key, Date.now).closed(id, directory);
  const { unsigned, tornBytes } = sealing;
  const torn = tornBytes > 0 ? `, ${tornBytes} torn bytes were cut off` : '';
  const entries =
    unsigned === 1
      ? '1 entry that no checkpoint covered is'
      : `${unsigned} entries that no checkpoint covered are`;
  print(
    json
      ? JSON.stringify(sealing, undefined, 2)
      : `${id}: sealed: ${entries} signed now${torn}; the log says so. Whether more was written before, nobody can tell`,
  );
  return 0;
}

/** `cordon log prune`. Exit code 1 if a session was kept because it is not intact. */
export function prune(state: string, _words: readonly string[], json: boolean, flags: Flags): number {
  const now = Date.now();
  const before = now - ageIn(textFlag(flags, 'older-than'));
  const key = openSigningKey(state, signingKeyFile());
  const signers = ownSigners(state);
  const pruned: string[] = [];
  const kept: { session: string; why: string }[] = [];
  for (const { id, directory, pruned: wasPruned } of listSessions(state)) {
    // An earlier part of a session that goes on is closed, but the tape of the whole is still written.
    if (isRunning(state, tapedSession(id))) continue;
    try {
      if (pruneLog(directory, key, signers, before, now)) pruned.push(id);
      // Also where an earlier pruning was cut short of it. The first part that goes takes the tape along.
      if (pruned.at(-1) === id || wasPruned !== undefined) dropTape(state, tapedSession(id));
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      kept.push({ session: id, why: error.message });
    }
  }
  if (pruned.length > 0) dropUnneeded(state, now);
  if (json) print(reviewable(JSON.stringify({ pruned, kept }, undefined, 2)));
  else {
    print(
      `${pruned.length} ${pruned.length === 1 ? 'session' : 'sessions'} that ended before ${timeOf(before)} pruned`,
    );
    for (const id of pruned) print(`  ${id}`);
    for (const { why } of kept) print(`  ${printable(why)}`);
  }
  return kept.length > 0 ? 1 : 0;
}

/** Removes what no entry that is left speaks of; nothing where an entry cannot be read. */
function dropUnneeded(state: string, now: number): void {
  const needed = new Set<string>();
  try {
    for (const { directory, pruned } of listSessions(state)) {
      if (pruned !== undefined) continue;
      for (const bytes of readEntryBytes(directory)) {
        for (const [, digest] of bytes.toString('latin1').matchAll(/"(sha256:[0-9a-f]{64})"/g))
          needed.add(digest!);
      }
    }
  } catch (error) {
    if (error instanceof LogFault) return;
    throw error;
  }
  dropBlobs(state, needed, now - UNITS.get('d')!);
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
]);

/** `90d` or `12h`, in milliseconds. */
function ageIn(text: string | undefined): number {
  const unit = UNITS.get(text?.at(-1) ?? '');
  const count = text?.slice(0, -1) ?? '';
  if (unit === undefined || !/^\d{1,6}$/.test(count)) {
    throw new UsageError('how old? --older-than with days or hours, such as 90d or 12h');
  }
  return Number(count) * unit;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
