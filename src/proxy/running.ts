import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signalGroup, startTimeOf } from './process-group.ts';

/** A proxy that is running, as others may read it: `cordon status`, and the next start, which ends what it left. */
export interface RunningRecord {
  pid: number;
  startTime: string;
  session: string;
  mode: string;
  servers: { name: string; pid: number; startTime: string }[];
  /** Path of the lock that holds its pins. */
  lock: string;
}

const KILL_AFTER_MS = 2000;

function folderOf(stateDir: string): string {
  return join(stateDir, 'running');
}

/** Puts this proxy and its servers on record; gives what takes the record away again. */
export function putOnRecord(stateDir: string, record: RunningRecord): () => void {
  const folder = folderOf(stateDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${record.pid}.json`);
  writeFileSync(path, JSON.stringify(record), { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/**
 * Ends servers that a killed proxy left behind: those that do not end with their stdin. Only processes with the
 * recorded start time are touched; a pid alone may by now be somebody else's.
 */
export function reapLeftovers(stateDir: string): void {
  for (const path of records(stateDir)) {
    const record = parse(path);
    if (record !== undefined && startTimeOf(record.pid) === record.startTime) continue;
    for (const server of record?.servers ?? []) end(server);
    rmSync(path, { force: true });
  }
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
    const value = JSON.parse(readFileSync(path, 'utf8')) as RunningRecord;
    return Array.isArray(value.servers) ? value : undefined;
  } catch {
    return undefined;
  }
}

function end({ pid, startTime }: { pid: number; startTime: string }): void {
  const isIt = () => Number.isInteger(pid) && pid > 1 && startTimeOf(pid) === startTime;
  if (!isIt()) return;
  signalGroup(pid, 'SIGTERM');
  setTimeout(() => {
    if (isIt()) signalGroup(pid, 'SIGKILL');
  }, KILL_AFTER_MS).unref();
}
