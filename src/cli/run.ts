import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, resolveCommand, withoutShell } from '../config/command.ts';
import { type CommandEntry, type Config, configOf, loadConfig } from '../config/config.ts';
import { childEnvironment } from '../config/environment.ts';
import { ConfigError } from '../config/error.ts';
import { isServerName, nameAfter, SERVER_NAME } from '../config/names.ts';
import { makeStateDirectory, StateError, stateDirectory } from '../config/state.ts';
import type { Mode } from '../event.ts';
import { printable } from '../json/printable.ts';
import { type Launch, startChild } from '../proxy/child.ts';
import { log, logged } from '../proxy/log.ts';
import { tell } from '../proxy/stderr.ts';

const USAGE = `usage: cordon run [--config FILE] [--state DIR] [--mode observe|guard|lockdown] [--require-key]
       cordon run [--name NAME] [--state DIR] [--mode MODE] [--require-key] [--env NAME]... -- COMMAND [ARG...]

--require-key refuses to sign with the key that Cordon makes by itself: CORDON_SIGNING_KEY_FILE has to choose one.`;
const MODES = new Set(['observe', 'guard', 'lockdown']);

interface Options {
  config?: string;
  state?: string;
  mode?: string;
  name?: string;
  env?: string[];
  'require-key'?: boolean;
}

class UsageError extends Error {
  override name = 'UsageError';
}

/** Serves the servers of a configuration, or one command, over this process's stdin and stdout. */
export async function command(argv: string[]): Promise<number> {
  try {
    return await run(argv);
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`cordon run: ${error.message}\n${USAGE}\n`);
    else if (error instanceof ConfigError || error instanceof CommandError || error instanceof StateError) {
      process.stderr.write(`cordon run: ${error.message}\n`);
    } else throw error;
    return 2;
  } finally {
    await logged();
  }
}

async function run(argv: string[]): Promise<number> {
  if (argv[0] === '--help' || argv[0] === '-h') {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const { options, wrapped } = parse(argv);
  const stateDir = resolve(options.state ?? stateDirectory());
  makeStateDirectory(stateDir);
  const config = await configure(options, wrapped, stateDir);
  const mode = (options.mode as Mode | undefined) ?? config.mode;
  const withheld = new Map<string, string[]>();
  const failed: CommandError[] = [];
  const servers = config.servers.flatMap((server) => {
    if ('url' in server) return [];
    const launch = () => launchOf(server, wrapped !== undefined, options.env);
    const start = () => startChild(launch().launch);
    let child: ChildProcess | undefined;
    try {
      const made = launch();
      const names = made.withheld.join(' ');
      withheld.set(names, [...(withheld.get(names) ?? []), server.name]);
      // One alone starts while the rest of Cordon is still being loaded, which takes as long as it does; nothing is sent
      // to it before the log stands. Several would take that loading's time: the client is answered before they start.
      if (!config.several) child = startChild(made.launch);
    } catch (error) {
      // One of several takes no other down: it is named where all that fail are.
      if (!(error instanceof CommandError)) throw error;
      failed.push(error);
    }
    return { name: server.name, child, start };
  });
  if (failed.length === config.servers.length) throw failed[0]!;
  for (const [names, servers] of withheld) {
    if (names !== '') say(`environment variables kept from ${servers.join(', ')}: ${names}`);
  }

  const { serve } = await import('./serve.ts');
  return serve({ config, mode, stateDir, servers });
}

function parse(argv: string[]): { options: Options; wrapped: string[] | undefined } {
  const at = argv.indexOf('--');
  const wrapped = at === -1 ? undefined : argv.slice(at + 1);
  let options: Options;
  try {
    options = parseArgs({
      args: at === -1 ? argv : argv.slice(0, at),
      options: {
        config: { type: 'string' },
        state: { type: 'string' },
        mode: { type: 'string' },
        name: { type: 'string' },
        env: { type: 'string', multiple: true },
        'require-key': { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (wrapped?.length === 0) throw new UsageError('no command after --');
  if (wrapped === undefined && (options.name ?? options.env) !== undefined) {
    throw new UsageError('--name and --env go with a command after --');
  }
  if (wrapped !== undefined && options.config !== undefined) {
    throw new UsageError('either --config or a command after --');
  }
  if (options.mode !== undefined && !MODES.has(options.mode)) {
    throw new UsageError(`--mode is observe, guard or lockdown, not ${JSON.stringify(options.mode)}`);
  }
  if (options['require-key'] === true && !process.env['CORDON_SIGNING_KEY_FILE']) {
    throw new UsageError('only the automatic key would sign: name another in CORDON_SIGNING_KEY_FILE');
  }
  if (options.name !== undefined && !isServerName(options.name)) {
    throw new UsageError(`--name is ${SERVER_NAME}, not ${JSON.stringify(options.name)}`);
  }
  return { options, wrapped };
}

async function configure(options: Options, wrapped: string[] | undefined, stateDir: string): Promise<Config> {
  if (wrapped !== undefined) {
    const [file, ...args] = wrapped;
    const name = options.name ?? nameAfter(file!, args);
    return configOf({ name, command: file!, args, env: {}, cwd: process.cwd() });
  }
  const path = options.config ?? 'mcp.json';
  if (options.config === undefined && !existsSync(path)) {
    throw new UsageError('no mcp.json here: name one with --config, or a command after --');
  }
  const { config, warnings } = await loadConfig(path, stateDir);
  for (const warning of warnings) log('warn', warning);
  return config;
}

/** A line for the person who starts this. */
function say(line: string): void {
  tell(`cordon: ${printable(line)}\n`);
}

function launchOf(
  server: CommandEntry,
  isWrapped: boolean,
  only: string[] | undefined,
): { launch: Launch; withheld: readonly string[] } {
  const { env, withheld } = childEnvironment({
    mode: isWrapped ? 'wrap' : 'config',
    parentEnv: process.env,
    entryEnv: server.env,
    ...(only === undefined ? {} : { only }),
  });
  const found = withoutShell(resolveCommand(server.command, env, server.cwd), server.args);
  return {
    launch: { name: server.name, file: found.file, args: found.args, cwd: server.cwd, env },
    withheld,
  };
}
