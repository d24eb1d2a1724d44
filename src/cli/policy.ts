import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../config/config.ts';
import { ConfigError } from '../config/error.ts';
import { lockPath, readLock } from '../config/lock-file.ts';
import { suggestion } from '../config/names.ts';
import { stateDirectory } from '../config/state.ts';
import type { Pin } from '../event.ts';
import { printable, reviewable } from '../json/printable.ts';
import { fromOutline } from '../mediation/descriptors/outline.ts';
import { outlookOf } from '../mediation/policy/outlook.ts';
import { type DraftedServer, draft } from './policy/draft.ts';
import { explanation } from './policy/explain.ts';
import { UsageError } from './read-command.ts';

const USAGE = `usage: cordon policy draft   [--config FILE]
       cordon policy explain [--config FILE] [--json] SERVER TOOL

What Cordon thinks of the tools of a configuration's servers: what each does, what its arguments are for, and why.
It reads the configuration and the pins beside it (cordon.lock); nothing is started and no network is used.

  draft            a "cordon" block to read, correct and paste into the configuration; as printed it changes nothing
  explain          one tool: by what its effect and the roles of its arguments are told, and which rules could ask or deny

  --config FILE    the configuration (default: ./mcp.json)
  --state DIR      where it is noted that a configuration was found valid
  --json           explain: for programs

Exit code: 0; 1 if the tool is not pinned; 2 if the command line, the configuration or the lock is wrong.
`;

const OPTIONS = {
  config: { type: 'string' },
  state: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `cordon policy`: what the policy would make of tools, before any call of them. */
export async function command(argv: string[]): Promise<number> {
  try {
    return await run(argv);
  } catch (error) {
    const isUsage =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!isUsage && !(error instanceof ConfigError)) throw error;
    process.stderr.write(`cordon policy: ${(error as Error).message}\n${isUsage ? `\n${USAGE}` : ''}`);
    return 2;
  }
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [verb, server, tool, ...rest] = positionals;
  const isDraft = verb === 'draft' && server === undefined;
  const isExplain = verb === 'explain' && tool !== undefined && rest.length === 0;
  if (!isDraft && !isExplain) throw new UsageError('either draft, or explain SERVER TOOL');
  const path = resolve(values.config ?? 'mcp.json');
  const { config } = await loadConfig(path, resolve(values.state ?? stateDirectory()));
  const pins = readLock(lockPath({ configPath: path }));
  if (isDraft) {
    process.stdout.write(draft(config.servers.map(({ name }) => serverOf(name, config, pins))));
    return 0;
  }
  return explain(server!, tool!, { config, pins: pins.pins, json: values.json === true });
}

function serverOf(
  name: string,
  config: Config,
  { pins, pending }: { pins: readonly Pin[]; pending: readonly Pick<Pin, 'server' | 'kind' | 'name'>[] },
): DraftedServer {
  const trust = config.trust.get(name);
  const tools = pins.filter(({ server, kind }) => server === name && kind === 'tool');
  return {
    name,
    trust,
    tools: tools.map((pin) => ({ name: pin.name, outlook: outlookOf(toolOf(pin), trust) })),
    withheld: pending.filter((one) => one.server === name && one.kind === 'tool').map((one) => one.name),
  };
}

function explain(
  server: string,
  tool: string,
  { config, pins, json }: { config: Config; pins: readonly Pin[]; json: boolean },
): number {
  const names = config.servers.map(({ name }) => name);
  if (!names.includes(server)) throw new UsageError(`there is no server ${hinted(server, names)}`);
  const own = pins.filter((one) => one.server === server && one.kind === 'tool');
  const pin = own.find(({ name }) => name === tool);
  if (pin === undefined) {
    const known = own.map(({ name }) => name);
    const what =
      own.length === 0 ? `no tool of ${server} is pinned` : `no tool ${hinted(tool, known)} is pinned`;
    process.stderr.write(
      `cordon policy: ${what}: serve it once behind Cordon, so that its tools are listed, or see cordon pins list\n`,
    );
    return 1;
  }
  const trust = config.trust.get(server);
  const outlook = outlookOf(toolOf(pin), trust);
  const allowed = config.allow.filter((rule) => rule.server === server && rule.tool === tool);
  const shown = { server, tool, digest: pin.digest, outlook, allowed, package: trust?.package };
  const text = json ? reviewable(JSON.stringify(jsonOf(shown), null, 2)) : explanation(shown).join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}

/** The same for programs; rules by their names. */
function jsonOf({ outlook, ...rest }: Parameters<typeof explanation>[0]): object {
  const { effect, profile, arguments: args } = outlook;
  return {
    ...rest,
    effect,
    profile: profile?.of,
    arguments: args.map((one) => ({ ...one, rules: one.rules.map(({ name }) => name) })),
  };
}

function toolOf({ server, name, text }: Pin): { server: string; name: string; descriptor: unknown } {
  return { server, name, descriptor: fromOutline(text) };
}

function hinted(name: string, names: readonly string[]): string {
  const meant = suggestion(name, names);
  return printable(`"${name}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`);
}
