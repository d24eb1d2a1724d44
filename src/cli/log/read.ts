import { writeSync } from 'node:fs';
import { printable, reviewable } from '../../json/printable.ts';
import { followEntries } from '../../recording/follow.ts';
import {
  type Entry,
  findSession,
  listSessions,
  parseEntry,
  readEntries,
  readEntryBytes,
  type SessionSummary,
} from '../../recording/reader.ts';
import { lineOf, linesOf, objectOf, refusalOf, timeOf } from '../log-line.ts';
import { paintFor } from '../paint.ts';
import { type Flags, numberFlag, textFlag, UsageError } from '../read-command.ts';

/** A session in the list, with what a person looks for first. */
interface Listed extends SessionSummary {
  denied: number;
  held: number;
  approved: number;
}

const DENIED = Buffer.from('"verdict":"deny"');
const HELD = Buffer.from('"verdict":"ask"');
const APPROVED = [Buffer.from('"rule":"approved"'), Buffer.from('"rule":"remembered"')];

/** `cordon log list`. */
export function list(state: string, _words: readonly string[], json: boolean): number {
  const sessions = listSessions(state).map(counted);
  if (json) print(JSON.stringify(sessions, undefined, 2));
  else if (sessions.length === 0) print(`no sessions in ${printable(state)}`);
  else for (const session of sessions) print(summaryOf(session));
  return 0;
}

/** The text of an entry holds no quote that is not an escape or a string's own, so these are members. */
function counted(session: SessionSummary): Listed {
  const counts = { denied: 0, held: 0, approved: 0 };
  if (session.pruned === undefined) {
    for (const bytes of entryBytes(session.directory)) {
      if (bytes.includes(DENIED)) counts.denied++;
      else if (bytes.includes(HELD)) counts.held++;
      else if (APPROVED.some((rule) => bytes.includes(rule))) counts.approved++;
    }
  }
  return { ...session, ...counts };
}

function summaryOf({ id, opened, signed, closed, pruned, denied, held, approved }: Listed): string {
  const paint = paintFor(process.stdout, process.env);
  const entries = `${signed} signed ${signed === 1 ? 'entry' : 'entries'}`;
  const state = pruned === undefined ? (closed ? '' : ', not closed: running or broken off') : ', pruned';
  const counts = [
    denied > 0 ? paint.bold(paint.red(`${denied} denied`)) : '',
    held > 0 ? paint.bold(paint.red(`${held} held back`)) : '',
    approved > 0 ? `${approved} approved` : '',
  ].filter((count) => count !== '');
  return [`${id}  ${timeOf(opened)}  ${entries}${state}`, ...counts].join(', ');
}

/** `cordon log show`: what was refused and what a person let through, then all of it. */
export function show(state: string, [session]: readonly string[], json: boolean): number {
  const { id, directory } = unpruned(state, session);
  if (!json) {
    print(`session ${id}, not verified here (cordon log verify ${id})`);
    print(unrecordedIn(directory));
    const told = [...firstToTell(directory)];
    if (told.length > 0) {
      print('\nrefused, held back or approved:');
      for (const entry of told) for (const line of linesOf(entry, process.stdout)) print(line);
      print('\nall entries:');
    }
  }
  for (const entry of readEntries(directory)) print(shown(entry, json));
  return 0;
}

const MOST_TOLD = 200;

function* firstToTell(directory: string): Generator<Entry> {
  let told = 0;
  for (const entry of readEntries(directory)) {
    if (refusalOf(entry) === undefined && !isPersons(entry)) continue;
    yield entry;
    if (++told === MOST_TOLD) return;
  }
}

/** A person decided it, now or before. */
function isPersons({ kind, rule }: Entry): boolean {
  return kind === 'approval.decide' || rule === 'approved' || rule === 'remembered';
}

/** What is not there to show, by what the entries hold in its place. */
function unrecordedIn(directory: string): string {
  const names = new Set<string>();
  const missing: string[] = [];
  let isTaped = false;
  for (const entry of readEntries(directory)) {
    if (entry['taped'] === true) isTaped = true;
    for (const name of Object.keys(objectOf(entry['content']))) names.add(name);
    if (entry.kind === 'record.gap') missing.push(`entry ${entry.n}`);
  }
  const content =
    names.size === 0
      ? 'no content was met'
      : `not recorded, but for size and digest: ${[...names].sort().join(', ')}`;
  const gaps = missing.length === 0 ? '' : `; entries are missing, see ${missing.join(', ')}`;
  const taped = isTaped ? '; it is kept sealed, apart from the log, for cordon replay' : '';
  return printable(`${content}${taped}${gaps}`);
}

/** `cordon log tail`: the last entries, and with `--follow` those that come, until the session is closed. */
export function tail(state: string, [session]: readonly string[], json: boolean, flags: Flags): number {
  const { directory } = unpruned(state, session);
  const lines = numberFlag(flags, 'lines') ?? 20;
  const last: Entry[] = [];
  for (const entry of readEntries(directory)) {
    last.push(entry);
    if (last.length > lines) last.shift();
  }
  for (const entry of last) print(shown(entry, json));
  if (flags['follow'] !== true) return 0;
  try {
    // Nothing else runs meanwhile, so a reader that is gone shows only here.
    for (const entry of followEntries(directory, last.at(-1))) writeSync(1, `${shown(entry, json)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
  return 0;
}

/** `cordon log grep`: entries that hold a text, of one session or of all. Exit code 1 if there is none. */
export function grep(
  state: string,
  [text, session]: readonly string[],
  json: boolean,
  flags: Flags,
): number | undefined {
  const verdict = textFlag(flags, 'verdict');
  if (text === undefined && verdict === undefined) return undefined;
  if (verdict !== undefined && !['allow', 'ask', 'deny'].includes(verdict)) {
    throw new UsageError('--verdict is allow, ask or deny');
  }
  const wanted = (text ?? '').toLowerCase();
  const sessions = session === undefined ? listSessions(state).reverse() : [unpruned(state, session)];
  let found = 0;
  for (const { id, directory } of sessions) {
    for (const bytes of entryBytes(directory)) {
      if (!bytes.toString('utf8').toLowerCase().includes(wanted)) continue;
      const entry = parseEntry(bytes);
      if (entry === undefined || (verdict !== undefined && entry['verdict'] !== verdict)) continue;
      found++;
      print(
        json
          ? reviewable(JSON.stringify({ session: id, entry }))
          : `${id}  ${lineOf(entry, process.stdout, id.length + 2)}`,
      );
    }
  }
  const gone = sessions.filter(({ pruned }) => pruned !== undefined).length;
  if (gone > 0)
    process.stderr.write(
      `cordon log: not searched, because they were pruned: ${gone} of ${sessions.length} sessions\n`,
    );
  return found > 0 ? 0 : 1;
}

/** The session meant, if its entries are there to be read. */
export function unpruned(state: string, session: string | undefined): SessionSummary {
  const found = findSession(state, session);
  if (found.pruned === undefined) return found;
  throw new UsageError(
    `the entries of ${found.id} were pruned, ${timeOf(found.pruned)}: cordon log verify still checks its tree`,
  );
}

/** As far as they can be read: this is for looking, not for checking. */
function* entryBytes(directory: string): Generator<Buffer> {
  try {
    yield* readEntryBytes(directory);
  } catch {
    // A file is missing or no log file.
  }
}

function shown(entry: Entry, json: boolean): string {
  return json ? reviewable(JSON.stringify(entry)) : lineOf(entry, process.stdout);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
