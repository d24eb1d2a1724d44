import { type ChildProcess, spawn } from 'node:child_process';
import { printable } from '../json/printable.ts';
import { log } from './log.ts';
import { signalGroup } from './process-group.ts';
import { tell } from './stderr.ts';

/** What to start: nothing is left to look up or to interpret. */
export interface Launch {
  name: string;
  /** Absolute path of an executable. */
  file: string;
  args: readonly string[];
  cwd: string | undefined;
  env: Readonly<Record<string, string>>;
}

/** How long a server has to end, in ms: after its stdin closed, and after SIGTERM. */
const PATIENCE_MS = { eof: 1500, term: 1500 };
const MAX_STDERR_LINE = 4096;

/**
 * Starts a server without a shell, as the leader of a process group of its own. Its stderr is shown line by line,
 * prefixed with its name.
 */
export function startChild(launch: Launch): ChildProcess {
  const child = spawn(launch.file, [...launch.args], {
    cwd: launch.cwd,
    env: { ...launch.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  showStderr(launch.name, child);
  return child;
}

/**
 * Ends a server as the specification asks (2025-11-25, lifecycle, stdio): stdin closed, then SIGTERM, then SIGKILL,
 * each to the whole group once its patience is over. Resolves when the server and its group are gone.
 */
export async function endChild(child: ChildProcess, eofMs = PATIENCE_MS.eof): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const gone = hasExited(child)
    ? Promise.resolve()
    : new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin?.end();
  if (!(await within(gone, eofMs))) {
    signalGroup(pid, 'SIGTERM');
    if (!(await within(gone, PATIENCE_MS.term))) signalGroup(pid, 'SIGKILL');
    await gone;
  }
  // The leader is gone; what it left behind is asked once and then ended.
  if (signalGroup(pid, 'SIGTERM')) {
    for (let waited = 0; waited < 500 && signalGroup(pid, 0); waited += 25) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    signalGroup(pid, 'SIGKILL');
  }
}

/** Ends a server at once, for a proxy that is itself going down and cannot wait. */
export function killChild(child: ChildProcess): void {
  if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function within(event: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void event.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function showStderr(name: string, child: ChildProcess): void {
  let rest = '';
  const show = (line: string) => {
    if (line !== '') tell(`[${name}] ${printable(line.slice(0, MAX_STDERR_LINE))}\n`, child.stderr!);
  };
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = (lines.pop() ?? '').slice(0, MAX_STDERR_LINE);
    for (const line of lines) show(line);
  });
  child.stderr?.on('end', () => show(rest));
  child.on('error', (error) => log('error', `server ${name} could not be started: ${error.message}`));
}
