import { printable, reviewable } from '../json/printable.ts';
import { readPublicKey } from '../recording/keys.ts';
import { findSession, listSessions, readEntries, type SessionSummary } from '../recording/reader.ts';
import { type Verification, verifyLog } from '../recording/verify.ts';
import { lineOf, timeOf } from './log-line.ts';
import { readCommand } from './read-command.ts';
import { runningSessions } from './status.ts';

const USAGE = `usage: cordon log list|show|verify [SESSION] [--state DIR] [--json]

  list     the recorded sessions, the newest first
  show     the entries of a session, one a line; what was not recorded (arguments, results) is not there to show
  verify   check every byte of a session's log against its signed checkpoint

SESSION is a session's id or the beginning of one; without it, the newest is meant.
  --state DIR   where keys and logs lie (default: the system's state directory)
  --json        for programs: list and verify print one object, show one entry a line, as recorded

Exit codes of verify: 0 every entry is signed and intact; 1 something was changed, removed, added or moved, and the
first bad entry is named; 2 it could not be checked; 3 what is signed is intact, but entries or torn bytes follow that
are not signed, or the session has no end: its process died, or the log was put back to an earlier state of its own. The
key is the state directory's own, so verify cannot tell whether somebody who holds the private key rewrote the log, nor
whether a whole session was removed.
`;

/** Lists, shows and verifies recorded sessions. Exit codes: see the usage. */
export async function command(argv: string[]): Promise<number> {
  return readCommand('log', USAGE, argv, ([action, session, ...more], state, json) => {
    const run = ACTIONS.get(action ?? '');
    if (run === undefined || more.length > 0 || (action === 'list' && session !== undefined))
      return undefined;
    return run(state, session, json);
  });
}

type Action = (state: string, session: string | undefined, json: boolean) => number;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['list', list],
  ['show', show],
  ['verify', verify],
]);

function list(state: string, _session: string | undefined, json: boolean): number {
  const sessions = listSessions(state);
  if (json) print(JSON.stringify(sessions, undefined, 2));
  else if (sessions.length === 0) print(`no sessions in ${printable(state)}`);
  else for (const session of sessions) print(summaryOf(session));
  return 0;
}

function summaryOf({ id, opened, signed, closed }: SessionSummary): string {
  const entries = `${signed} signed ${signed === 1 ? 'entry' : 'entries'}`;
  return `${id}  ${timeOf(opened)}  ${entries}${closed ? '' : ', not closed: running or broken off'}`;
}

function show(state: string, session: string | undefined, json: boolean): number {
  const { id, directory } = findSession(state, session);
  if (!json) print(`session ${id}, not verified here (cordon log verify ${id})`);
  for (const entry of readEntries(directory)) {
    print(json ? reviewable(JSON.stringify(entry)) : lineOf(entry, process.stdout));
  }
  return 0;
}

function verify(state: string, session: string | undefined, json: boolean): number {
  const result = verifyLog(findSession(state, session).directory, readPublicKey(state));
  const running = runningSessions(state).some((one) => one.session === result.session);
  print(json ? JSON.stringify({ ...result, running }, undefined, 2) : findingOf(result, running));
  // A log put back to an earlier checkpoint of its own is intact; that it has no end is all there is to see.
  if (result.status === 'ok' && !result.closed && !running) return 3;
  return { ok: 0, tampered: 1, unsigned: 3 }[result.status];
}

function findingOf(result: Verification, running: boolean): string {
  const { session, status, signed, unsigned, tornBytes, closed, fault } = result;
  if (status === 'tampered') {
    const where = fault!.entry === undefined ? '' : `first bad entry ${fault!.entry}: `;
    return `${session}: TAMPERED: ${where}${printable(`${fault!.file}: ${fault!.message}`)}`;
  }
  const intact = `${session}: ${signed} signed ${signed === 1 ? 'entry is' : 'entries are'} intact`;
  if (status === 'ok' && closed) return `${intact}; the session was closed`;
  if (status === 'ok' && running) return `${intact}; the session is running`;
  if (status === 'ok') {
    return `${intact}; UNFINISHED: the session was never closed: its process died, or what followed was taken away`;
  }
  const rest = [`${unsigned} ${unsigned === 1 ? 'entry' : 'entries'}`];
  if (tornBytes > 0) rest.push(`${tornBytes} torn bytes`);
  return `${intact}; UNSIGNED: ${rest.join(' and ')} after them: the session is running, or its process died`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
