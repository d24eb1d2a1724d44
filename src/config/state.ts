import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import envPaths from 'env-paths';

/**
 * The absolute folder of keys, logs and markers of validated configurations, when `--state` names none. It may not
 * exist yet. `CORDON_STATE` wins; an empty value counts as unset.
 *
 * Linux: `$XDG_STATE_HOME/cordon` (`~/.local/state/cordon`), which env-paths calls `log`. Elsewhere its `data`:
 * what other systems call logs may be swept by cleaners and collected by support tools, and a key lies here.
 */
export function stateDirectory(): string {
  const chosen = process.env['CORDON_STATE'];
  if (chosen) return resolve(chosen);
  const paths = envPaths('cordon', { suffix: '' });
  return resolve(process.platform === 'linux' ? paths.log : paths.data);
}

/** The state directory cannot be made. The message says why and what to do. */
export class StateError extends Error {
  override name = 'StateError';
}

/**
 * The folder is there, readable for its owner alone if it had to be made. Step by step: Node's own `recursive` never
 * returns where the system denies that anything can be there (below /proc, say).
 *
 * @throws StateError
 */
export function makeStateDirectory(folder: string): void {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  try {
    for (const one of missing.reverse()) mkdirSync(one, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (existsSync(folder)) return;
    const why = error instanceof Error ? error.message : String(error);
    throw new StateError(`the state directory ${folder} cannot be made (${why}): name another with --state`);
  }
}
