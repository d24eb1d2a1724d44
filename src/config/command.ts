import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { quote } from './error.ts';

/** What a configuration or a command line asks to start is not there. The message says where it was looked for. */
export class CommandError extends Error {
  override name = 'CommandError';
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The absolute path of the program that `command` names for a child with this environment and working directory: a
 * path as it is, relative to `cwd`; a name on the child's PATH. No shell is involved.
 *
 * Folders of PATH that are not absolute are passed over: they would run what lies where the child happens to work.
 * `node` is the running node where PATH has none, and `npx` and `npm` are then looked for beside it, so that Cordon
 * works when a desktop starts it with a bare PATH.
 *
 * @throws CommandError
 */
export function resolveCommand(command: string, env: Variables, cwd: string): string {
  if (isPath(command)) {
    const file = resolve(cwd, command);
    const found = firstExecutable([file], env);
    if (found !== undefined) return found;
    const why = isFile(file) ? 'is not executable: make it so' : 'is not a file: correct the path';
    throw new CommandError(`${quote(file, 1000)} ${why}, or name a command that is on PATH`);
  }

  const path = variable(env, 'PATH') ?? '';
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const found = firstExecutable(
    folders.map((folder) => join(folder, command)),
    env,
  );
  if (found !== undefined) return found;

  if (command === 'node') return process.execPath;
  const beside = join(dirname(process.execPath), command);
  const own = command === 'npx' || command === 'npm' ? firstExecutable([beside], env) : undefined;
  if (own !== undefined) return own;
  const looked = folders.length === 0 ? 'its PATH is empty' : `not on its PATH, ${quote(path, 1000)}`;
  throw new CommandError(`${quote(command)} was not found: ${looked}. Install it, or give its absolute path`);
}

/**
 * What to hand to spawn() for a resolved file. On Windows npm and npx are batch files, which no process can start
 * without a shell, and a shell would read the arguments again: the script behind them is run by node instead.
 *
 * @throws CommandError for any other batch file.
 */
export function withoutShell(
  file: string,
  args: readonly string[],
  platform: NodeJS.Platform = process.platform,
): { file: string; args: readonly string[] } {
  const [, folder, name] = /^(.*[\\/])([^\\/]*)\.(?:cmd|bat)$/i.exec(file) ?? [];
  if (platform !== 'win32' || folder === undefined || name === undefined) return { file, args };
  const script = join(folder, 'node_modules', 'npm', 'bin', `${name.toLowerCase()}-cli.js`);
  if (['npm', 'npx'].includes(name.toLowerCase()) && isFile(script)) {
    return { file: process.execPath, args: [script, ...args] };
  }
  throw new CommandError(
    `${quote(file, 1000)} is a batch file, which needs a shell: give the program that it starts instead, such as "node" and the path of a script`,
  );
}

function isPath(command: string): boolean {
  return command.includes('/') || (process.platform === 'win32' && command.includes('\\'));
}

/** The first of the files that can be run, with an extension of PATHEXT added where Windows would add one. */
function firstExecutable(files: readonly string[], env: Variables): string | undefined {
  const extensions =
    process.platform === 'win32' ? (variable(env, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';') : [];
  for (const file of files) {
    for (const candidate of ['', ...extensions].map((extension) => file + extension)) {
      if (isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

function isExecutable(file: string): boolean {
  // Windows has no such permission: there the extension decides, and a file without one is never a program.
  if (process.platform === 'win32') return /\.[^.\\/]+$/.test(file) && isFile(file);
  try {
    accessSync(file, constants.X_OK);
    return isFile(file);
  } catch {
    return false;
  }
}

/** Whatever keeps us from looking (a folder without permission, a file where a folder should be) means: not here. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function variable(env: Variables, name: string): string | undefined {
  if (process.platform !== 'win32') return env[name];
  const key = Object.keys(env).find((each) => each.toUpperCase() === name);
  return key === undefined ? undefined : env[key];
}
