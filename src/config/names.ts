/** A tool of one server among several is offered as `server__tool`, and most clients allow 64 characters for both. */
const LONGEST = 40;

const NAME = /^[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*$/;

/** What a server's name must be, for messages that say what was expected. */
export const SERVER_NAME = `1 to ${LONGEST} letters and digits, with single ".", "_" or "-" between them`;

/**
 * Whether a server may have this name. There is never `__` in it, nor `_` at its end, so that `server__tool` splits
 * at its first `__` in one way only; `.` counts as `_` in that, since some clients write it so.
 */
export function isServerName(name: string): boolean {
  return name.length <= LONGEST && NAME.test(name);
}

/**
 * Equal for names that a person or a client could take for one another: case is folded, and `.` and `-` read as `_`.
 * The alphabet of names leaves nothing else to fold (NFKC is the identity on it).
 */
export function sameName(name: string): string {
  return name.toLowerCase().replace(/[.-]/g, '_');
}

/** The name that would do in place of one that does not: `my server` -> `my-server`; empty if nothing is left of it. */
export function nearestServerName(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/[._-]{2,}/g, '-')
    .slice(0, LONGEST)
    .replace(/^[._-]|[._-]$/g, '');
}

/** Programs that run what their arguments name. */
const LAUNCHERS = new Set(
  [
    'node',
    'npx',
    'npm',
    'pnpm',
    'yarn',
    'bun',
    'bunx',
    'deno',
    'tsx',
    'uv',
    'uvx',
    'pipx',
    'python',
    'python3',
  ].concat(['docker', 'podman', 'sh', 'bash', 'env']),
);
const SUBCOMMANDS = new Set(['exec', 'x', 'dlx', 'run', 'tool', 'start']);

/**
 * The name of a server of which only the command is known: after the package or script that a launcher is given, or
 * after the program itself. `npx -y @scope/server-files@1.2 /data` -> `server-files`.
 */
export function nameAfter(command: string, args: readonly string[]): string {
  const program = baseName(command);
  const launched = LAUNCHERS.has(program.toLowerCase())
    ? args.find((arg) => arg !== '' && !arg.startsWith('-') && !SUBCOMMANDS.has(arg))
    : undefined;
  return nearestServerName(baseName(launched ?? command)) || nearestServerName(program) || 'server';
}

/** `/a/server-files.mjs` -> `server-files`, `@scope/server-files@1.2` -> `server-files`. */
function baseName(path: string): string {
  const last = path.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  return last.replace(/(?<=.)@.*$/, '').replace(/(?<=.)\.(?:[cm]?[jt]s|py|exe|cmd|bat|sh)$/i, '');
}

/** Which of the candidates a mistyped key was most likely meant to be, if one is near. */
export function suggestion(typed: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - typed.length) >= least || typed.length > 64) continue;
    const distance = edits(typed.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, one row at a time. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
