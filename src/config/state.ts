import { resolve } from 'node:path';
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
