import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signalGroup, startTimeOf } from './process-group.ts';

/** A server of a running proxy; without a pid where no process is behind it. */
export interface ServerRecord {
  name: string;
  pid?: number | undefined;
  startTime?: string | undefined;
  /** Where it is reached, as it may be shown. */
  address?: string | undefined;
  state: 'starting' | 'up' | 'down';
  /** Why it is down, and what is done about that. */
  reason?: string | undefined;
  /** How many of what it lists are left out, since another server has the same. */
  leftOut?: number | undefined;
}

/** A proxy that is running, as others may read it: `cordon status`, and the next start, which ends what it left. */
export interface RunningRecord {
  pid: number;
  startTime: string;
  session: string;
  mode: string;
  servers: ServerRecord[];
  /** Path of the lock that holds its pins. */
  lock: string;
  /** Since when calls go on unrecorded, in milliseconds since 1970, and why. */
  unrecorded?: { since: number; reason: string } | undefined;
}

const KILL_AFTER_MS = 2000;
const LOOK_MS = 100;

function folderOf(stateDir: string): string {
  return join(stateDir, 'running');
}

/** Puts this proxy and its servers on record; gives what takes the record away again. */
export function putOnRecord(stateDir: string, record: RunningRecord): () => void {
  const folder = folderOf(stateDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${record.pid}.json`);
  replace(path, JSON.stringify(record));
  return () => rmSync(path, { force: true });
}

/** Says on this proxy's record since when calls go on unrecorded, or no longer. */
export function noteUnrecorded(stateDir: string, gap: { since: number; reason: string } | undefined): void {
  amend(stateDir, { unrecorded: gap && { since: gap.since, reason: gap.reason } });
}

/** Says on this proxy's record how its servers are now. */
export function noteServers(stateDir: string, servers: ServerRecord[]): void {
  amend(stateDir, { servers });
}

/** Changes the record as far as the disk lets it: what it says is on stderr, too. */
function amend(stateDir: string, changed: Partial<RunningRecord>): void {
  const path = join(folderOf(stateDir), `${process.pid}.json`);
  const record = parse(path);
  if (record === undefined) return;
  try {
    replace(path, JSON.stringify({ ...record, ...changed }));
  } catch {}
}

/**
 * Ends servers that a killed proxy left behind: those that do not end with their stdin. Only processes with the
 * recorded start time are touched; a pid alone may by now be somebody else's. Gives what ends them at once, for a
 * proxy that itself ends before they had their time; their record stays until they are gone.
 */
export function reapLeftovers(stateDir: string): () => void {
  const left = new Map<string, Started[]>();
  const kill = (): void => {
    for (const [path, servers] of left) {
      for (const server of servers) if (isStill(server)) signalGroup(server.pid, 'SIGKILL');
      rmSync(path, { force: true });
    }
    left.clear();
  };
  for (const path of records(stateDir)) {
    const record = parse(path);
    if (record !== undefined && isStill(record)) continue;
    const servers = (record?.servers ?? []).filter(isStarted).filter(isStill);
    for (const server of servers) signalGroup(server.pid, 'SIGTERM');
    if (servers.length > 0) left.set(path, servers);
    else rmSync(path, { force: true });
  }
  const started = Date.now();
  const timer = setInterval(() => {
    const isOver = Date.now() - started >= KILL_AFTER_MS || ![...left.values()].flat().some(isStill);
    if (!isOver) return;
    clearInterval(timer);
    kill();
  }, LOOK_MS).unref();
  return kill;
}

interface Started {
  pid: number;
  startTime: string;
}

function isStill({ pid, startTime }: Started): boolean {
  return startTimeOf(pid) === startTime;
}

function isStarted<T>(value: T): value is T & Started {
  const { pid, startTime } = (value ?? {}) as Partial<Started>;
  return Number.isInteger(pid) && pid! > 1 && typeof startTime === 'string';
}

function records(stateDir: string): string[] {
  const folder = folderOf(stateDir);
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function parse(path: string): RunningRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const { servers } = value as RunningRecord;
    return isStarted(value) && Array.isArray(servers) ? (value as RunningRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all: a proxy that is killed meanwhile must leave the record by which its servers are ended. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
