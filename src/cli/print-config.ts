import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CommandError, resolveCommand } from '../config/command.ts';
import { quote } from '../config/error.ts';
import { isServerName, nameAfter, SERVER_NAME } from '../config/names.ts';
import { UsageError } from './read-command.ts';

const USAGE = `usage: cordon print-config --client CLIENT [options] -- COMMAND [ARG...]
       cordon print-config --client CLIENT [options] --config FILE

Prints the JSON that puts Cordon in front of a server, or of all servers of a file, with absolute paths.
Standard output holds the JSON alone; which file it goes into is told on standard error.

  --client CLIENT   claude-desktop, claude-code, cursor or vscode
  --name NAME       the server's name (default: after the command; with --config: cordon)
  --mode MODE       observe, guard (default) or lockdown
  --env NAME        pass exactly this variable to the server, no other; may be repeated
  --config FILE     serve every server of this configuration
`;

const MODES = ['observe', 'guard', 'lockdown'];

interface Client {
  key: 'mcpServers' | 'servers';
  /** Members that this client wants in an entry besides command and args. */
  extra: Readonly<Record<string, string>>;
  file: (support: string) => string;
  hint: string;
}

const CLIENTS: ReadonlyMap<string, Client> = new Map<string, Client>([
  [
    'claude-desktop',
    {
      key: 'mcpServers',
      extra: {},
      file: (support) => join(support, 'Claude', 'claude_desktop_config.json'),
      hint: 'Quit Claude Desktop before editing: it may write the file itself.',
    },
  ],
  [
    'claude-code',
    {
      key: 'mcpServers',
      extra: {},
      file: () => `${join('~', '.claude.json')} for yourself, or .mcp.json in a project's folder`,
      hint: 'Close Claude Code before editing ~/.claude.json: it writes the file whenever it runs.',
    },
  ],
  [
    'cursor',
    {
      key: 'mcpServers',
      extra: {},
      file: () =>
        `${join('~', '.cursor', 'mcp.json')} for yourself, or .cursor/mcp.json in a project's folder`,
      hint: 'Cursor asks again whether the server is allowed.',
    },
  ],
  [
    'vscode',
    {
      key: 'servers',
      extra: { type: 'stdio' },
      file: (support) =>
        `${join(support, 'Code', 'User', 'mcp.json')} for yourself, or .vscode/mcp.json in a project's folder`,
      hint: 'VS Code asks whether the server is trusted when it first starts.',
    },
  ],
]);

/** `cordon print-config`. Exit code 0, or 2 with the usage on standard error. */
export async function command(argv: string[]): Promise<number> {
  try {
    return print(argv);
  } catch (error) {
    if (!(error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')))
      throw error;
    process.stderr.write(`cordon print-config: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
}

function print(argv: string[]): number {
  const end = argv.indexOf('--');
  const wrapped = end < 0 ? undefined : argv.slice(end + 1);
  const { values } = parseArgs({
    args: end < 0 ? argv : argv.slice(0, end),
    options: {
      client: { type: 'string' },
      name: { type: 'string' },
      mode: { type: 'string' },
      env: { type: 'string', multiple: true },
      config: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const client = CLIENTS.get(values.client ?? '');
  if (!client) throw new UsageError(`--client must be one of ${[...CLIENTS.keys()].join(', ')}`);
  if (values.mode !== undefined && !MODES.includes(values.mode)) {
    throw new UsageError(`--mode must be one of ${MODES.join(', ')}, found ${quote(values.mode)}`);
  }
  if (values.config === undefined ? !wrapped?.length : wrapped) {
    throw new UsageError('give either -- COMMAND [ARG...] or --config FILE');
  }
  const name = values.name ?? (wrapped ? nameAfter(wrapped[0]!, wrapped.slice(1)) : 'cordon');
  if (!isServerName(name)) throw new UsageError(`--name must be ${SERVER_NAME}, found ${quote(name)}`);

  const notes: string[] = [];
  const args = ['run', ...(values.mode === undefined ? [] : ['--mode', values.mode])];
  if (wrapped) {
    args.push('--name', name, ...(values.env ?? []).flatMap((variable) => ['--env', variable]));
    args.push('--', ...absolute(wrapped, notes));
  } else {
    if (values.env)
      throw new UsageError('--env goes with -- COMMAND; a configuration has "env" in its entries');
    const file = resolve(values.config!);
    if (!existsSync(file)) throw new UsageError(`there is no file ${quote(file, 1000)}`);
    args.push('--config', file);
  }

  const entry = { ...client.extra, command: process.execPath, args: [bundle(), ...args] };
  process.stdout.write(`${JSON.stringify({ [client.key]: { [name]: entry } }, undefined, 2)}\n`);
  process.stderr.write(
    `${[`Goes into ${client.file(support())}, under "${client.key}".`, client.hint, ...notes].join('\n')}\n`,
  );
  return 0;
}

/** The command line with its program as an absolute path: a client's PATH and working directory are not those of here. */
function absolute(wrapped: readonly string[], notes: string[]): string[] {
  const [program, ...args] = wrapped as [string, ...string[]];
  for (const arg of args) {
    if (arg !== '' && !arg.startsWith('-') && !isAbsolute(arg) && existsSync(arg)) {
      notes.push(
        `Note: ${quote(arg)} is relative, and the client starts servers elsewhere: write ${resolve(arg)}`,
      );
    }
  }
  try {
    return [resolveCommand(program, process.env, process.cwd()), ...args];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    notes.push(`Note: ${error.message}. It is left as it is.`);
    return [...wrapped];
  }
}

/** The bundle, whether this runs from it or from source. */
function bundle(): string {
  const folder = dirname(fileURLToPath(import.meta.url));
  const candidates = [join(folder, 'cordon.js'), join(folder, '..', '..', 'dist', 'cordon.js')];
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) throw new UsageError('dist/cordon.js is not built: run npm ci');
  return file;
}

/** Where programs keep what users configure, as a person would write it. */
function support(): string {
  if (process.platform === 'darwin') return '~/Library/Application Support';
  return process.platform === 'win32' ? '%APPDATA%' : '~/.config';
}
