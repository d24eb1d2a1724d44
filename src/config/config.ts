import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Allow, Mode, ServerTrust } from '../event.ts';
import { build, withDefaults } from './build.ts';
import { BuildError, ConfigError, dotted, quote } from './error.ts';
import type { RemoteEntry } from './remote.ts';
import type { ConfigFile } from './schema.ts';
import { VERSION } from './version.ts';

/** A server to start. */
export interface CommandEntry {
  name: string;
  /** As written, variables expanded: a name to look up on the child's PATH, or a path. */
  command: string;
  args: readonly string[];
  /** What the entry itself gives, variables expanded; `childEnvironment` says what else a child gets. */
  env: Readonly<Record<string, string>>;
  /** Absolute. */
  cwd: string;
}

export type ServerEntry = CommandEntry | RemoteEntry;

export interface Limits {
  /** Longest message, either way, in bytes. */
  messageBytes: number;
  /** Deepest nesting of a message. */
  depth: number;
  /** Memory for what was read, in bytes, before the oldest is forgotten and matches read as unknown. */
  taintBytes: number;
  /** How often one server may ask the model: so many that are not answered, and so many in a session. */
  samplingInFlight: number;
  samplingPerSession: number;
}

/** How often what was written to the log is synced to the disk: within 50 ms, before each call, or by the system. */
export type Sync = 'group' | 'always' | 'never';

export interface Config {
  /** Absolute path of the file; absent when a server was given on the command line. */
  path?: string;
  /** `sha256:...` of the file's bytes. The bytes can hold secrets that a digest lets others guess: log it salted. */
  digest?: string;
  /** At least one, in the order of the file. */
  servers: readonly ServerEntry[];
  /** The file names more than one, of which this may be the only one that is served. */
  several: boolean;
  mode: Mode;
  limits: Limits;
  record: {
    sync: Sync;
    /** What becomes of calls while the log cannot be written. */
    onFailure: 'deny' | 'continue';
    /** `full`: everything that was judged is kept as well, sealed, apart from the log. */
    content: 'digests' | 'full';
    /** A log longer than this continues in another. */
    rotateBytes: number;
  };
  /** One for each of `servers`. */
  trust: ReadonlyMap<string, ServerTrust>;
  allow: readonly Allow[];
  /** Mail domains and hosts that are the user's own, with all below them: lower case. */
  domains: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Larger than any client's own file, which may hold more than servers. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * The configuration of a file, with defaults filled in and `${X}` expanded from `variables`, and what a person should
 * be told about it: entries that are not served, keys that have no effect.
 *
 * What was validated before, by its bytes and Cordon's version, is not validated again: zod takes longer to load than
 * a proxy may take to start.
 *
 * @throws ConfigError for a file that is missing, unreadable, broken, wrong, or names nothing to serve.
 */
export async function loadConfig(
  path: string,
  stateDir: string,
  variables: Variables = process.env,
): Promise<{ config: Config; warnings: string[] }> {
  const file = resolve(path);
  const bytes = read(file);
  const text = decode(bytes, file);
  const value = await valid(text, bytes, file, stateDir);
  // Not needed where there is no file, and with node:crypto behind it a fifth of the time until a server starts.
  const { sha256 } = await import('../json/digest.ts');
  try {
    const { config, warnings } = build(value, dirname(file), variables);
    return { config: { path: file, digest: sha256(bytes), ...config }, warnings };
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    const { locate } = await import('./locate.ts');
    const at = locate(text, file).at(error.path, error.atKey);
    throw new ConfigError(file, [{ ...at, path: dotted(error.path), message: error.message }]);
  }
}

/** The configuration of `cordon run -- COMMAND`: one server, and defaults for all else. */
export function configOf(server: CommandEntry): Config {
  return { ...withDefaults([server], {}), several: false };
}

function read(file: string): Buffer {
  const fail = (message: string) => new ConfigError(file, [{ path: '', message }]);
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw fail('this is not a file: give the path of a configuration with --config');
    if (stats.size > MAX_BYTES) throw fail(`longer than ${MAX_BYTES} bytes`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw fail('there is no such file: give the path of a configuration with --config');
    throw fail(`it cannot be read: ${code ?? quote(message)}`);
  }
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError(file, [{ path: '', message: 'not UTF-8 text: save it as UTF-8' }]);
  }
}

/** The value, validated now or, the bytes being the same, before. */
async function valid(text: string, bytes: Buffer, file: string, stateDir: string): Promise<ConfigFile> {
  const { isMarked, mark, markerPath } = await import('./marker.ts');
  const marker = markerPath(stateDir, bytes, VERSION);
  if (isMarked(marker)) {
    try {
      // Same value as from the tree below: these bytes are known to have no duplicates and no `__proto__`.
      return JSON.parse(text) as ConfigFile;
    } catch {
      const { locate } = await import('./locate.ts');
      return locate(text, file).value as ConfigFile;
    }
  }
  const [{ locate }, { validate }] = await Promise.all([import('./locate.ts'), import('./schema.ts')]);
  const value = validate(locate(text, file), file);
  mark(marker, VERSION);
  return value;
}
