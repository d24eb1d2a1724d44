import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Linux only: what is alive is read from /proc, since a tool such as ps may be missing. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

/** Fields of /proc/PID/stat after the command's closing parenthesis: state, parent, group, ... */
function stat(pid: number): string[] {
  const text = read(pid, 'stat');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** A zombie has ended: it only waits for its parent to look. */
export function alive(pid: number): boolean {
  const state = stat(pid)[0];
  return state !== undefined && state !== '' && state !== 'Z' && state !== 'X';
}

/** Clock ticks since boot, field 22: what tells a process from a later one with the same pid. */
export function startTime(pid: number): string {
  return stat(pid)[19] ?? '';
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+([0-9]+) kB$/m.exec(read(pid, 'status'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Every living process, except this one, whose command line has `text` in it. */
export function mentioning(text: string): number[] {
  return pids().filter((pid) => pid !== process.pid && read(pid, 'cmdline').includes(text) && alive(pid));
}

/** Living children, their children and so on. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const candidate of pids()) {
    const parent = Number(stat(candidate)[1]);
    children.set(parent, [...(children.get(parent) ?? []), candidate]);
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of children.get(next) ?? []) {
      if (alive(child)) found.push(child);
      queue.push(child);
    }
  }
  return found;
}

/** Every living process that was started with exactly these first words. */
export function startedAs(words: readonly string[]): number[] {
  const start = `${words.join('\0')}\0`;
  return pids().filter((pid) => read(pid, 'cmdline').startsWith(start) && alive(pid));
}

export function killEverythingMentioning(text: string): void {
  for (const pid of mentioning(text)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself between the two looks.
    }
  }
}

/** Resolves once `condition` holds; after `patienceMs` it throws, with `what` as the explanation. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  patienceMs = 60_000,
): Promise<void> {
  const limit = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`never happened: ${typeof what === 'string' ? what : what()}`);
    await sleep(15);
  }
}

/** Resolves once none of the given processes lives. */
export function ended(processes: readonly number[]): Promise<void> {
  return eventually(
    () => !processes.some(alive),
    () =>
      `the end of ${processes
        .filter(alive)
        .map((pid) => `${pid} (${read(pid, 'cmdline').replaceAll('\0', ' ')})`)
        .join(', ')}`,
  );
}
