import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Lock } from '../event.ts';
import { reviewable } from '../json/printable.ts';
import { ConfigError } from './error.ts';
import { parseLock } from './lock-shape.ts';

/** A writer holds the guard for milliseconds; one that is older was left by a process that died. */
const STALE_MS = 3000;
const RETRY_MS = 10;
const PATIENCE_MS = 10_000;

/**
 * The lock at `path`, or an empty one if there is no such file.
 *
 * @throws ConfigError if it cannot be read, is not JSON or has another shape; names the member and what to do.
 */
export function readLock(path: string): Lock {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, pins: [], pending: [] };
    throw failed(path, 'cannot be read', error);
  }
  return parseLock(text, path);
}

/**
 * Replaces the lock by what `mutate` makes of the one on disk, and returns it. Writers in other processes wait, so
 * none undoes another's change; readers see the old file or the new one. A file whose content would not change is left
 * alone. Blocks while another process writes: for milliseconds, three seconds after one died of it.
 *
 * @throws ConfigError if the lock is broken or cannot be written. The caller decides whether to go on without.
 */
export function updateLock(path: string, mutate: (lock: Lock) => Lock): Lock {
  const release = acquire(path);
  try {
    const before = readLock(path);
    const after = mutate(before);
    const text = formatLock(after);
    if (text !== formatLock(before)) replace(path, text);
    return after;
  } finally {
    release();
  }
}

/** Changes whenever the file does; undefined if there is none. Cheap enough to ask before every call. */
export function lockVersion(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino}-${stat.size}-${stat.mtimeNs}`;
}

/**
 * Where the pins are: `cordon.lock` beside the configuration, or in the state directory under the server's name and
 * its command's digest (`sha256:` and hex) where there is no configuration.
 */
export function lockPath(
  where: { configPath: string } | { stateDir: string; name: string; commandDigest: string },
): string {
  if ('configPath' in where) return join(dirname(where.configPath), 'cordon.lock');
  const digest = where.commandDigest.replace('sha256:', '').slice(0, 16);
  return join(where.stateDir, 'pins', `${where.name.replace(/[^A-Za-z0-9._-]/g, '_')}-${digest}.lock`);
}

/**
 * For review in a diff: one line a member and a line of text, in a fixed order, and hidden characters as JSON
 * escapes. `parseLock` reads it back to the same value.
 */
export function formatLock(lock: Lock): string {
  const lines = <T extends { text: string }>(entry: T) => ({ ...entry, text: entry.text.split('\n') });
  const { version, pins, pending, remembered = [] } = lock;
  const file = {
    version,
    pins: pins.map(lines),
    pending: pending.map(lines),
    ...(remembered.length > 0 ? { remembered } : {}),
  };
  return `${reviewable(JSON.stringify(file, null, 2))}\n`;
}

/** Written whole beside the lock, then renamed: no reader and no crash sees half of it. */
function replace(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = openSync(temporary, 'wx', 0o644);
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw failed(path, 'cannot be written', error);
  }
}

/** Creates the guard file that keeps other writers out; the result removes it. */
function acquire(path: string): () => void {
  const guard = `${path}.guard`;
  const deadline = Date.now() + PATIENCE_MS;
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw failed(path, 'cannot be written', error);
  }
  for (;;) {
    try {
      closeSync(openSync(guard, 'wx', 0o600));
      return () => rmSync(guard, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(path, 'cannot be written', error);
      if (Date.now() > deadline) {
        throw new ConfigError(path, [
          { path: '', message: `another process keeps it locked: remove ${guard} if none is running` },
        ]);
      }
    }
    removeIfStale(guard);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
  }
}

/** Takes a dead writer's guard away. By renaming first, so that of two who see it only one removes that very file. */
function removeIfStale(guard: string): void {
  try {
    const { ino, mtimeMs } = statSync(guard);
    if (Date.now() - mtimeMs < STALE_MS) return;
    const aside = `${guard}.${randomBytes(6).toString('hex')}`;
    renameSync(guard, aside);
    // A new writer's guard was caught instead: put it back.
    if (statSync(aside).ino !== ino) renameSync(aside, guard);
    else rmSync(aside, { force: true });
  } catch {
    // It is gone: the next attempt will tell.
  }
}

function failed(path: string, what: string, error: unknown): ConfigError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new ConfigError(path, [
    { path: '', message: `${what} (${code ?? message}): check the file and its folder's permissions` },
  ]);
}
