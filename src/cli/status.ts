import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Approvals } from '../config/approvals.ts';
import { ConfigError } from '../config/error.ts';
import { excerpt } from '../config/held-call.ts';
import { lockPath, readLock } from '../config/lock-file.ts';
import { stateDirectory } from '../config/state.ts';
import type { PendingPin } from '../event.ts';
import { printable, reviewable } from '../json/printable.ts';
import { startTimeOf } from '../proxy/process-group.ts';
import type { ServerRecord } from '../proxy/running.ts';
import { type Group, groupsOf } from './approvals/question.ts';
import { named } from './fence.ts';
import { locksInState } from './locks.ts';
import { timeOf } from './log-line.ts';

const USAGE = `usage: cordon status [--state DIR] [--json]

Shows the sessions that run, the calls that were held back until a person decides, and every descriptor that is
withheld until a person approves it: those of the state directory, of ./mcp.json and of running sessions. Other
configurations: cordon pins diff --config FILE.

Exit code: 0; 1 if something is held back or withheld; 2 if the command line or a lock is wrong.
`;

type Server = Omit<ServerRecord, 'startTime'>;

interface Session {
  pid: number;
  session: string;
  mode: string;
  servers: Server[];
  lock: string;
  /** Since when calls go on unrecorded, and why: `record.onFailure`. */
  unrecorded?: { since: number; reason: string };
}

interface Withheld extends Pick<PendingPin, 'server' | 'kind' | 'name' | 'state' | 'digest'> {
  lock: string;
  detectors: string[];
}

/** `cordon status`: what runs, what is held back and what is withheld. */
export async function command(argv: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        state: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    return report(resolve(values.state ?? stateDirectory()), values.json === true);
  } catch (error) {
    const isUsage = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!isUsage) throw error;
    process.stderr.write(`cordon status: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
}

function report(stateDir: string, json: boolean): number {
  const sessions = runningSessions(stateDir);
  const locks = new Set(locksInState(stateDir));
  if (existsSync(resolve('mcp.json'))) locks.add(lockPath({ configPath: resolve('mcp.json') }));
  for (const { lock } of sessions) locks.add(lock);

  const withheld: Withheld[] = [];
  const errors: string[] = [];
  for (const lock of locks) {
    try {
      for (const one of readLock(lock).pending) withheld.push(summary(lock, one));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error.message);
    }
  }

  const held = groupsOf(new Approvals(stateDir).open(Date.now()));
  const lines = () => [...sessionLines(sessions), ...heldLines(held), ...withheldLines(withheld)];
  const text = json
    ? reviewable(JSON.stringify({ sessions, held, withheld, errors }, null, 2))
    : lines().join('\n');
  process.stdout.write(`${text}\n`);
  for (const error of errors) process.stderr.write(`cordon status: ${error}\n`);
  if (errors.length > 0) return 2;
  return withheld.length + held.length > 0 ? 1 : 0;
}

/** Whether a log is that of a session that runs: `one`, or `one.2`, in which it goes on. */
export function isRunning(stateDir: string, log: string): boolean {
  return runningSessions(stateDir).some(({ session }) => log === session || log.startsWith(`${session}.`));
}

/** The sessions whose process still is the one that wrote the record: pids are used again. */
export function runningSessions(stateDir: string): Session[] {
  const folder = join(stateDir, 'running');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d+\.json$/.test(name))
    .sort()
    .flatMap((name) => sessionOf(join(folder, name)) ?? []);
}

/** Undefined for a record that is stale, half written or not one. */
function sessionOf(path: string): Session | undefined {
  try {
    const { pid, startTime, session, mode, servers, lock, unrecorded } = JSON.parse(
      readFileSync(path, 'utf8'),
    );
    if (!Number.isSafeInteger(pid) || startTimeOf(pid) !== String(startTime)) return undefined;
    return {
      pid,
      session: String(session),
      mode: String(mode),
      servers: (servers as Server[]).map(({ name, pid, address, state, reason, leftOut }) => ({
        ...{ name: String(name), pid, state },
        ...(address === undefined ? {} : { address: String(address) }),
        ...(reason === undefined ? {} : { reason: String(reason) }),
        ...(leftOut === undefined ? {} : { leftOut: Number(leftOut) }),
      })),
      lock: String(lock),
      ...(unrecorded === undefined
        ? {}
        : { unrecorded: { since: Number(unrecorded.since), reason: String(unrecorded.reason) } }),
    };
  } catch {
    return undefined;
  }
}

function summary(lock: string, { server, kind, name, state, digest, findings }: PendingPin): Withheld {
  const detectors = [...new Set(findings.map(({ detector }) => detector))];
  return { lock, server, kind, name, state, digest, detectors };
}

function sessionLines(sessions: readonly Session[]): string[] {
  if (sessions.length === 0) return ['no session is running'];
  return sessions.flatMap(({ pid, session, mode, servers, unrecorded }) => [
    printable(`session ${session}  ${mode}  pid ${pid}`),
    ...(unrecorded === undefined
      ? []
      : [printable(`  UNRECORDED since ${timeOf(unrecorded.since)}: ${unrecorded.reason}`)]),
    ...servers.flatMap((one) => serverLines(one)),
  ]);
}

function serverLines({ name, pid, address, state, reason, leftOut }: Server): string[] {
  const left = `  ${name}: ${leftOut} of what it lists left out, since another has the same (docs/gateway.md)`;
  const isDown = state === 'down';
  const now = isDown
    ? `DOWN: ${reason}`
    : [state === 'starting' ? state : '', pid === undefined ? address : `pid ${pid}`];
  const line = printable(`  ${name}  ${[now].flat().filter(Boolean).join('  ')}`);
  return leftOut === undefined ? [line] : [line, printable(left)];
}

function heldLines(held: readonly Group[]): string[] {
  if (held.length === 0) return ['nothing is held back'];
  return [
    `${held.length} held back until answered (cordon approvals list):`,
    ...held.map(({ call, ids }) => {
      const times = ids.length > 1 ? `, ${ids.length} times` : '';
      return printable(
        `  ${call.id}  ${named(call.name)} on ${named(excerpt(call.server, 48, 0))}: ${call.rule}${times}`,
      );
    }),
  ];
}

function withheldLines(withheld: readonly Withheld[]): string[] {
  if (withheld.length === 0) return ['nothing is withheld'];
  return [
    `${withheld.length} withheld until approved (cordon pins diff, cordon pins approve):`,
    ...withheld.map(({ server, kind, name, state, detectors, lock }) => {
      const why = detectors.length > 0 ? `: ${detectors.join(', ')}` : '';
      return printable(`  ${server}.${name} (${kind}) is ${state}${why}  ${lock}`);
    }),
  ];
}
