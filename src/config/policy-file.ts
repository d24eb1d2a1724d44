import { readFileSync } from 'node:fs';
import type { Allow, Mode, ServerTrust } from '../event.ts';
import { withDefaults } from './build.ts';
import { ConfigError } from './error.ts';
import { locate } from './locate.ts';
import { type CordonFile, validate } from './schema.ts';

/** What a "cordon" block says of decisions; `mode` only where it names one. */
export interface PolicyFile {
  mode: Mode | undefined;
  allow: readonly Allow[];
  domains: readonly string[];
  /** How far servers of these names are trusted: as the block says, or by default. */
  trust(servers: readonly string[]): ReadonlyMap<string, ServerTrust>;
}

/**
 * The policy in a file: that of a configuration, or a "cordon" block alone.
 *
 * @throws ConfigError
 */
export function readPolicy(path: string): PolicyFile {
  const block = blockOf(path);
  const { allow, domains } = withDefaults([], block);
  return {
    mode: block.mode,
    allow,
    domains,
    trust: (servers) => withDefaults(servers.map(entryOf), block).trust,
  };
}

function blockOf(path: string): CordonFile {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new ConfigError(path, [{ path: '', message: `it cannot be read: ${(error as Error).message}` }]);
  }
  const located = locate(text, path);
  const { value, at } = located;
  const members = Object.keys((value ?? {}) as object);
  if (members.includes('mcpServers') || members.includes('cordon')) {
    const whole = members.includes('mcpServers') ? value : { mcpServers: {}, ...(value as object) };
    return validate({ value: whole, at }, path).cordon ?? {};
  }
  const alone = { mcpServers: {}, cordon: value };
  return validate({ value: alone, at: (inner, key) => at(inner.slice(1), key) }, path).cordon ?? {};
}

function entryOf(name: string): Parameters<typeof withDefaults>[0][number] {
  return { name, command: '', args: [], env: {}, cwd: '' };
}
