import type { Allow, ServerTrust, ToolTrust } from '../event.ts';
import type { Config, ServerEntry } from './config.ts';
import { serverEntry, unusedKeys, whySkipped } from './entry.ts';
import { BuildError, dotted, quote } from './error.ts';
import { isServerName, nearestServerName, SERVER_NAME, sameName, suggestion } from './names.ts';
import { packageOf } from './package.ts';
import type { ConfigFile, CordonFile } from './schema.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const FILE_KEYS = new Set(['mcpServers', 'servers', 'cordon', '$schema']);

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
    servers.push(serverEntry(name, entry, path, folder, variables));
    const unused = unusedKeys(entry);
    if (unused.length > 0) warnings.push(`${dotted(path)}: not used by Cordon: ${list(unused)}`);
  }
  if (servers.length === 0) throw new BuildError([section], 'there is no server here that Cordon can serve');

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
      samplingInFlight: block.limits?.samplingInFlight ?? 32,
      samplingPerSession: block.limits?.samplingPerSession ?? 1000,
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

function trustOf(server: ServerFile, entry: ServerEntry): ServerTrust {
  const started = 'url' in entry ? undefined : packageOf(entry.command, entry.args);
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
