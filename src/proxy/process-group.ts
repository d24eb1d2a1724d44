import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process started, in a form that only it has: pids are used again, and a signal must not reach a stranger.
 * Undefined if there is no such process.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The command in parentheses may hold anything; field 22 is counted from behind it (proc(5)).
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    }
    // Windows tells no other process's start time without a helper: nothing is recorded there, and nothing reaped.
    if (process.platform === 'win32') return undefined;
    return (
      execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}

/** Signals a server and everything it started (npx leaves grandchildren behind); 0 only asks. True if anything was there. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    if (process.platform !== 'win32') return process.kill(-pid, signal);
    // Windows has no groups to signal; taskkill walks the tree of a process that is still there.
    execFileSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    return true;
  } catch {
    return false;
  }
}
