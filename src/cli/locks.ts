import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lockPath } from '../config/lock-file.ts';
import { stateDirectory } from '../config/state.ts';
import { printable } from '../json/printable.ts';
import { UsageError } from './read-command.ts';

/** Every lock in a state directory: the pins of servers that are served without a configuration. */
export function locksInState(stateDir: string): string[] {
  const folder = join(stateDir, 'pins');
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.lock'));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The locks that a command line means; without options those of ./mcp.json or else of the state directory. */
export function locksMeant(options: { lock?: string; config?: string; state?: string }): string[] {
  if (options.lock !== undefined) return [resolve(options.lock)];
  if (options.config !== undefined) {
    const lock = lockPath({ configPath: resolve(options.config) });
    // Of a mistyped name it would be said that nothing is pinned or withheld.
    if (!existsSync(options.config) && !existsSync(lock))
      throw new UsageError(`there is no ${printable(options.config)}`);
    return [lock];
  }
  if (options.state === undefined && existsSync(resolve('mcp.json'))) {
    return [lockPath({ configPath: resolve('mcp.json') })];
  }
  return locksInState(resolve(options.state ?? stateDirectory()));
}
