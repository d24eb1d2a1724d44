import { hash, randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { RecordingError, reasonOf, systemCode } from './errors.ts';

const RETRY_MS = 5;
const PATIENCE_MS = 15_000;
/** A holder that cannot be looked at, in another container, is given up after this time: steps take far less. */
const FOREIGN_MS = 300_000;

/**
 * Runs a step while no other process runs one under the same file. Node has no flock(2), so the file says who holds
 * it, and whoever finds it looks whether that process still lives: the death of a holder costs the next one nothing.
 * docs/log-format.md, "Locks". Blocks while another holds it.
 *
 * @throws RecordingError `state-locked` after 15 seconds, `state-unusable`.
 */
export function exclusively<T>(path: string, step: () => T): T {
  const own = acquire(path);
  try {
    return step();
  } finally {
    // Not if somebody took it over: then it is another's, who came to the opinion that this process was dead.
    if (read(path) === own) rmSync(path, { force: true });
  }
}

/** Makes the lock file appear with its content, by a link(2), which fails if there is one. */
function acquire(path: string): string {
  const own = `${describe()} ${randomBytes(8).toString('hex')}\n`;
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, own, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new RecordingError('state-unusable', `cannot lock ${path}: ${reasonOf(error)}`, error);
  }
  try {
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      try {
        linkSync(draft, path);
        return own;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') {
          throw new RecordingError('state-unusable', `cannot lock ${path}: ${reasonOf(error)}`, error);
        }
      }
      if (Date.now() > deadline) {
        throw new RecordingError(
          'state-locked',
          `another process holds ${path} (${read(path)?.trim()}): remove it if that process does not exist`,
        );
      }
      if (!breakIfDead(path, draft)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  } finally {
    unlinkSync(draft);
  }
}

/**
 * Takes a dead holder's file away; true if it is worth trying again at once. Only who has the sole right to break that
 * very holder may, so that nobody takes the next holder's file for it.
 */
function breakIfDead(path: string, draft: string): boolean {
  const holder = read(path);
  if (holder === undefined) return true;
  if (isAlive(path, holder)) return false;
  const rights: string[] = [];
  if (!mayBreak(path, holder, draft, rights)) return false;
  if (read(path) === holder) rmSync(path, { force: true });
  for (const right of rights) rmSync(right, { force: true });
  return true;
}

/** Whoever holds the right and died leaves it to who may break him: the chain ends at a process that lives. */
function mayBreak(path: string, holder: string, draft: string, rights: string[]): boolean {
  const right = `${path}.${hash('sha256', holder, 'hex').slice(0, 16)}.tmp`;
  rights.push(right);
  try {
    linkSync(draft, right);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  const breaker = read(right);
  return breaker !== undefined && !isAlive(right, breaker) && mayBreak(path, breaker, draft, rights);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** `<boot id> <pid namespace> <pid> <start time>`: pids are used again, and mean another process in a container. */
function describe(): string {
  return `${bootId()} ${namespace()} ${process.pid} ${startTimeOf(process.pid)}`;
}

/** `path`: the file that says so. */
function isAlive(path: string, holder: string): boolean {
  const [boot, space, pid, started] = holder.split(' ');
  if (boot !== bootId()) return false;
  if (space !== namespace()) return ageOf(path) < FOREIGN_MS;
  return /^\d{1,10}$/.test(pid ?? '') && startTimeOf(Number(pid)) === started;
}

function ageOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs;
}

function bootId(): string {
  return systemText(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

function namespace(): string {
  return systemText(() => readlinkSync('/proc/self/ns/pid'));
}

/** Only Linux tells; elsewhere it is the same for all, and a process is known by its pid alone. */
function systemText(ask: () => string): string {
  try {
    return ask();
  } catch {
    return '-';
  }
}

/** proc(5), field 22, counted from behind the command, which may hold anything. `dead` if there is none. */
function startTimeOf(pid: number): string {
  try {
    if (process.platform !== 'linux') return process.kill(pid, 0) ? 'alive' : 'dead';
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Killed, and its parent has not asked yet: it holds nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? 'dead');
  } catch (error) {
    // A process of another user exists all the same.
    return systemCode(error) === 'EPERM' ? 'alive' : 'dead';
  }
}
