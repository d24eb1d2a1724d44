import { resolve } from 'node:path';
import type { Allow, ServerTrust, ToolTrust } from '../event.ts';
import type { Config, ServerEntry } from './config.ts';
import { dotted, quote } from './error.ts';
import { ExpandError, expand } from './expand.ts';
import { isServerName, nearestServerName, SERVER_NAME, sameName, suggestion } from './names.ts';
import { packageOf } from './package.ts';
import type { ConfigFile, CordonFile, EntryFile } from './schema.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Something that types cannot say is wrong with the value at `path`, or with that member's name. */
export class BuildError extends Error {
  override name = 'BuildError';
  readonly path: readonly PropertyKey[];
  readonly atKey: boolean;

  constructor(path: readonly PropertyKey[], message: string, atKey = false) {
    super(message);
    this.path = path;
    this.atKey = atKey;
  }
}

/** What Cordon reads of an entry; the rest is the client's and has no effect behind Cordon. */
const ENTRY_KEYS = new Set(['type', 'command', 'args', 'env', 'cwd', 'disabled']);
const FILE_KEYS = new Set(['mcpServers', 'servers', 'cordon', '$schema']);
const REMOTE = new Set(['http', 'sse', 'streamable-http', 'streamableHttp', 'ws']);

/**
 * The configuration that a valid file means, read in the folder it lies in.
 *
 * @throws BuildError for names, variables and references that do not hold.
 */
export function build(
  file: ConfigFile,
  folder: string,
  variables: Variables,
): { config: Config; warnings: string[] } {
  const warnings: string[] = [];
  const section = file.mcpServers === undefined ? 'servers' : 'mcpServers';
  const entries = Object.entries(file[section] ?? {});

  const ignored = Object.keys(file).filter((key) => !FILE_KEYS.has(key));
  if (ignored.length > 0) warnings.push(`not used by Cordon: ${list(ignored)}`);

  const names = new Map<string, string>();
  const servers: ServerEntry[] = [];
  for (const [name, entry] of entries) {
    const path = [section, name];
    const skipped = whySkipped(entry, path);
    if (skipped !== undefined) {
      warnings.push(`${dotted(path)} ${skipped}`);
      continue;
    }
    checkName(name, path, names);
    servers.push(start(name, entry, path, folder, variables));
    const unused = Object.keys(entry).filter((key) => !ENTRY_KEYS.has(key));
    if (unused.length > 0) warnings.push(`${dotted(path)}: not used by Cordon: ${list(unused)}`);
  }
  if (servers.length === 0) throw new BuildError([section], 'there is no server here that Cordon can start');

  const block = file.cordon ?? {};
  checkReferences(
    block,
    entries.map(([name]) => name),
  );
  return { config: { ...withDefaults(servers, block), several: entries.length > 1 }, warnings };
}

/** A configuration of these servers and what the block says, with defaults for what it does not say. */
export function withDefaults(servers: readonly ServerEntry[], block: CordonFile): Omit<Config, 'several'> {
  const said = new Map(Object.entries(block.servers ?? {}));
  return {
    servers,
    mode: block.mode ?? 'guard',
    limits: {
      messageBytes: block.limits?.messageBytes ?? 64 * 1024 * 1024,
      depth: block.limits?.depth ?? 128,
      taintBytes: block.limits?.taintBytes ?? 64 * 1024 * 1024,
    },
    record: {
      sync: block.record?.sync ?? 'group',
      onFailure: block.record?.onFailure ?? 'deny',
      content: block.record?.content ?? 'digests',
      rotateBytes: block.record?.rotateBytes ?? 1024 * 1024 * 1024,
    },
    trust: new Map(servers.map((server) => [server.name, trustOf(said.get(server.name) ?? {}, server)])),
    domains: block.domains ?? [],
    allow: (block.allow ?? []).map(
      ({ server, tool, argument, from }): Allow =>
        argument === undefined || from === undefined ? { server, tool } : { server, tool, argument, from },
    ),
  };
}

type ServerFile = NonNullable<CordonFile['servers']>[string];
type ToolFile = NonNullable<ServerFile['tools']>[string];

function trustOf(server: ServerFile, { command, args }: ServerEntry): ServerTrust {
  const started = packageOf(command, args);
  return {
    integrity: server.trust ?? 'untrusted',
    confidentiality: server.confidentiality ?? 'public',
    tools: new Map(Object.entries(server.tools ?? {}).map(([name, tool]) => [name, toolTrust(tool)])),
    ...(started !== undefined && { package: started }),
  };
}

function toolTrust(tool: ToolFile): ToolTrust {
  return {
    ...(tool.effect && { effect: tool.effect }),
    ...(tool.trust && { integrity: tool.trust }),
    ...(tool.confidentiality && { confidentiality: tool.confidentiality }),
    ...(tool.roles && { roles: new Map(Object.entries(tool.roles)) }),
    fields: new Map(Object.entries(tool.fields ?? {})),
  };
}

/** Why an entry is not served though nothing is wrong with it. */
function whySkipped(entry: EntryFile, path: readonly PropertyKey[]): string | undefined {
  if (entry.disabled) return 'is disabled and not served';
  const remote = (['url', 'serverUrl', 'httpUrl'] as const).find((key) => entry[key] !== undefined);
  if (remote && entry.command !== undefined) {
    throw new BuildError([...path, remote], 'found beside "command", expected one of the two');
  }
  if (remote || (entry.type !== undefined && REMOTE.has(entry.type))) {
    return 'is reached over HTTP and not served: Cordon serves only servers that it can start, until it has a gateway';
  }
  if (entry.type !== undefined && entry.type !== 'stdio') {
    throw new BuildError([...path, 'type'], `found ${quote(entry.type)}, expected "stdio" or "http"`);
  }
  return undefined;
}

function checkName(name: string, path: readonly PropertyKey[], names: Map<string, string>): void {
  if (!isServerName(name)) {
    const nearest = nearestServerName(name);
    const hint = nearest === '' ? '' : `; "${nearest}" would do`;
    throw new BuildError(path, `found the name ${quote(name)}, expected ${SERVER_NAME}${hint}`, true);
  }
  const twin = names.get(sameName(name));
  if (twin !== undefined) {
    throw new BuildError(
      path,
      `too much like "${twin}" to tell their tools apart: rename one of the two`,
      true,
    );
  }
  names.set(sameName(name), name);
}

function start(
  name: string,
  entry: EntryFile,
  path: readonly PropertyKey[],
  folder: string,
  variables: Variables,
): ServerEntry {
  if (entry.command === undefined) throw new BuildError(path, 'found no "command", expected one');
  const value = (text: string, ...at: PropertyKey[]): string => {
    try {
      const expanded = expand(text, variables);
      // An argument, a path or a variable ends at NUL for the system: what was read here would not be what starts.
      if (expanded.includes('\0')) throw new ExpandError('found a NUL character, expected text without');
      return expanded;
    } catch (error) {
      if (error instanceof ExpandError) throw new BuildError([...path, ...at], error.message);
      throw error;
    }
  };
  const command = value(entry.command, 'command');
  if (command === '')
    throw new BuildError([...path, 'command'], 'found nothing after expansion, expected a command');
  const env: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(entry.env ?? {})) {
    if (key === '' || key.includes('=') || key.includes('\0')) {
      throw new BuildError([...path, 'env', key], 'found a name that no environment variable can have', true);
    }
    env[key] = value(text, 'env', key);
  }
  return {
    name,
    command,
    args: (entry.args ?? []).map((arg, i) => value(arg, 'args', i)),
    env,
    cwd: resolve(folder, entry.cwd === undefined ? '.' : value(entry.cwd, 'cwd')),
  };
}

/** A rule for a server that is not there would protect, or allow, nothing: it is a typing mistake. */
function checkReferences(block: CordonFile, names: readonly string[]): void {
  const known = (name: string, path: readonly PropertyKey[], atKey: boolean) => {
    if (names.includes(name)) return;
    const meant = suggestion(name, names);
    const hint = meant === undefined ? `expected one of ${list(names)}` : `did you mean ${quote(meant)}?`;
    throw new BuildError(path, `there is no server ${quote(name)}; ${hint}`, atKey);
  };
  for (const name of Object.keys(block.servers ?? {})) known(name, ['cordon', 'servers', name], true);
  for (const [i, { server, from }] of (block.allow ?? []).entries()) {
    known(server, ['cordon', 'allow', i, 'server'], false);
    if (from === undefined) continue;
    const path = ['cordon', 'allow', i, 'from'];
    const sources = names.filter((name) => from.startsWith(`${name}.`) && from.length > name.length + 1);
    if (sources.length === 0) {
      throw new BuildError(path, `found ${quote(from)}, expected "server.tool" of a server in this file`);
    }
    if (sources.length > 1) {
      throw new BuildError(
        path,
        `found ${quote(from)}, which could mean a tool of ${list(sources)}: rename one`,
      );
    }
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => quote(name));
  return names.length > 8 ? `${shown.join(', ')} and ${names.length - 8} more` : shown.join(', ');
}
