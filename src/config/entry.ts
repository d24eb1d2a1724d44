import { resolve } from 'node:path';
import type { CommandEntry, ServerEntry } from './config.ts';
import { BuildError, quote } from './error.ts';
import { ExpandError, expand } from './expand.ts';
import { checkHeaders, checkOAuth, checkUrl, type OAuthClient, type RemoteEntry } from './remote.ts';
import type { EntryFile } from './schema.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** What Cordon reads of an entry; the rest is the client's. */
const COMMAND_KEYS = new Set(['type', 'command', 'args', 'env', 'cwd', 'disabled']);
const URL_KEYS = new Set(['type', 'url', 'headers', 'oauth', 'disabled']);
const HTTP = new Set(['http', 'streamable-http', 'streamableHttp']);
/** Transports that Cordon does not speak: the one before Streamable HTTP, and one that is no standard. */
const UNSPOKEN = new Set(['sse', 'ws']);

/** Why an entry is not served though nothing is wrong with it. */
export function whySkipped(entry: EntryFile, path: readonly PropertyKey[]): string | undefined {
  if (entry.disabled) return 'is disabled and not served';
  const { type } = entry;
  if (type !== undefined && UNSPOKEN.has(type)) {
    return `speaks ${quote(type)} and is not served: ask its maker for an address of type "http" (Streamable HTTP)`;
  }
  const other = (['serverUrl', 'httpUrl'] as const).find((key) => entry[key] !== undefined);
  if (other !== undefined) {
    if (entry.command !== undefined) throw new BuildError([...path, other], BESIDE);
    return `is not served: Cordon reads its address from "url" beside "type": "http", not from ${quote(other)}`;
  }
  if (type !== undefined && type !== 'stdio' && !HTTP.has(type)) {
    throw new BuildError([...path, 'type'], `found ${quote(type)}, expected "stdio" or "http"`);
  }
  return undefined;
}

const BESIDE = 'found beside "command", expected one of the two';

/**
 * The server that an entry means, read in the folder its file lies in, with variables filled in.
 *
 * @throws BuildError
 */
export function serverEntry(
  name: string,
  entry: EntryFile,
  path: readonly PropertyKey[],
  folder: string,
  variables: Variables,
): ServerEntry {
  const value = expander(path, variables);
  const url = urlOf(entry, path);
  return url === undefined
    ? commandEntry(name, entry, path, folder, value)
    : remoteEntry(name, entry, url, path, value);
}

/** Keys of an entry that have no effect behind Cordon. */
export function unusedKeys(entry: EntryFile): string[] {
  const used = entry.url === undefined ? COMMAND_KEYS : URL_KEYS;
  return Object.keys(entry).filter((key) => !used.has(key));
}

/** The address of a server that is reached by Streamable HTTP; undefined for one to start. */
function urlOf({ type, url, command }: EntryFile, path: readonly PropertyKey[]): string | undefined {
  if (url !== undefined && command !== undefined) throw new BuildError([...path, 'url'], BESIDE);
  if (url !== undefined && type === 'stdio') {
    throw new BuildError([...path, 'type'], 'found "stdio" beside "url", expected "http"');
  }
  if (url === undefined && type !== undefined && HTTP.has(type)) {
    throw new BuildError(path, 'found no "url", expected one');
  }
  return url;
}

/** Takes a text of an entry, at a place in it, with its variables filled in. */
type Expander = (text: string, ...at: PropertyKey[]) => string;

function expander(path: readonly PropertyKey[], variables: Variables): Expander {
  return (text, ...at) => {
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
}

function remoteEntry(
  name: string,
  { headers = {}, oauth }: EntryFile,
  url: string,
  path: readonly PropertyKey[],
  value: Expander,
): RemoteEntry {
  const expanded = Object.entries(headers).map(([key, text]) => [key, value(text, 'headers', key)] as const);
  const entry = {
    name,
    url: checkUrl(value(url, 'url'), [...path, 'url']),
    headers: checkHeaders(expanded, [...path, 'headers']),
  };
  if (oauth === undefined) return entry;
  if (expanded.some(([key]) => key.toLowerCase() === 'authorization'))
    throw new BuildError(
      [...path, 'oauth'],
      'found beside an "Authorization" header, expected one of the two',
    );
  const client: OAuthClient = {};
  for (const key of ['clientId', 'clientSecret', 'issuer'] as const) {
    const text = oauth[key];
    if (text !== undefined) client[key] = value(text, 'oauth', key);
  }
  if (oauth.callbackPort !== undefined) client.callbackPort = oauth.callbackPort;
  return { ...entry, oauth: checkOAuth(client, [...path, 'oauth']) };
}

function commandEntry(
  name: string,
  entry: EntryFile,
  path: readonly PropertyKey[],
  folder: string,
  value: Expander,
): CommandEntry {
  if (entry.command === undefined)
    throw new BuildError(path, 'found no "command" and no "url", expected one');
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
