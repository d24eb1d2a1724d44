import type { Effect, Leaf, ServerTrust } from '../../event.ts';
import { isAnswer } from '../own.ts';
import { recordOf } from '../sinks.ts';
import { wordsOf } from '../words.ts';
import { isNetworkUri } from './addresses.ts';
import { isStricter, profileOf } from './profile.ts';

/** A tool whose name starts with one of these only reads, unless something below says more. */
const READING_VERBS = new Set([
  'get',
  'list',
  'read',
  'search',
  'find',
  'show',
  'view',
  'describe',
  'lookup',
  'count',
  'stat',
  'status',
  'check',
  'fetch',
  'browse',
  'retrieve',
  'resolve',
  'extract',
  'analyze',
  'calculate',
  'compute',
  'convert',
  'compare',
  'explore',
  'validate',
  'think',
]);

/** A tool whose name starts with one of these ends what it is given. */
const ENDING_VERBS = new Set([
  ...['delete', 'remove', 'destroy', 'drop', 'purge', 'erase', 'wipe', 'truncate', 'unlink', 'rm', 'rmdir'],
  ...['uninstall', 'cancel', 'close', 'terminate'],
]);

/** What a call would do, and which of the sources of that opinion decided. */
export interface EffectOpinion {
  effect: Effect;
  by: 'configuration' | 'profile' | 'url' | 'annotation' | 'verb' | 'default';
}

/**
 * What a tool does by what is known of it before any call: what the user configured; else the profile of the package
 * that the user's configuration starts; else its own word and name, which a profile that it merely looks like can raise
 * and never lower. Whoever imitates a well-known tool gains nothing.
 */
export function effectOfTool(
  name: string,
  server: string,
  descriptor: unknown,
  trust: ServerTrust | undefined,
): EffectOpinion {
  const configured = trust?.tools.get(name)?.effect;
  if (configured !== undefined) return { effect: configured, by: 'configuration' };
  const profile = profileOf(name, descriptor, trust?.package);
  if (profile?.isNamed) return { effect: profile.effect, by: 'profile' };
  const own = effectByDescriptor(name, server, descriptor, trust?.integrity === 'trusted');
  if (profile !== undefined && isStricter(profile.effect, own.effect))
    return { effect: profile.effect, by: 'profile' };
  return own;
}

/**
 * It has an effect unless its name starts with a reading verb, and destroys if it starts with one that ends things. Its
 * annotations can raise that; lower it only where the user trusts the server: they are the word of a party that may lie.
 */
function effectByDescriptor(
  name: string,
  server: string,
  descriptor: unknown,
  isTrusted: boolean,
): EffectOpinion {
  const annotations = recordOf(recordOf(descriptor)['annotations']);
  if (annotations['destructiveHint'] === true) return { effect: 'destroy', by: 'annotation' };
  if (isTrusted && annotations['readOnlyHint'] === true) return { effect: 'read', by: 'annotation' };
  const verb = verbOf(name, server);
  if (ENDING_VERBS.has(verb) && !(isTrusted && annotations['destructiveHint'] === false))
    return { effect: 'destroy', by: 'verb' };
  if (!READING_VERBS.has(verb)) return { effect: 'write', by: 'default' };
  if (annotations['readOnlyHint'] === false) return { effect: 'write', by: 'annotation' };
  return { effect: 'read', by: 'verb' };
}

/**
 * The effect of one call of a tool: a URL among its arguments makes it a send, whatever the tool is called, and so does
 * an answer to what the server asked in the middle of it.
 */
export function effectOfCall(tool: EffectOpinion, leaves: readonly Leaf[]): EffectOpinion {
  if (!isStricter('send', tool.effect)) return tool;
  if (leaves.some(({ path }) => isAnswer(path))) return { effect: 'send', by: 'default' };
  if (tool.by === 'configuration' || !leaves.some(namesAddress)) return tool;
  return { effect: 'send', by: 'url' };
}

/** An argument that is called an address is one, though no scheme stands in front: `url: "www.example.invalid"`. */
const ADDRESS_WORDS = new Set('url urls uri uris href link links endpoint webhook domain'.split(' '));

function namesAddress({ path, text, form }: Leaf): boolean {
  if (isNetworkUri(text)) return true;
  if (form !== 'string' || !isAddressPath(path)) return false;
  return text.trim() !== '' && !/^(?:[./~]|file:|data:|about:)/i.test(text);
}

/** Paths come back with every call of a tool: what they say is worked out once. */
const addressPaths = new Map<string, boolean>();
const MOST_PATHS = 1024;
/** A client's own names may be of any length. */
const LONGEST_PATH = 256;

function isAddressPath(path: string): boolean {
  let isAddress = addressPaths.get(path);
  if (isAddress === undefined) {
    isAddress = wordsOf(lastName(path)).some((word) => ADDRESS_WORDS.has(word));
    if (path.length > LONGEST_PATH) return isAddress;
    if (addressPaths.size === MOST_PATHS) addressPaths.clear();
    addressPaths.set(path, isAddress);
  }
  return isAddress;
}

/** The name in a pointer nearest to its end: elements of a list have the list's. */
function lastName(path: string): string {
  const names = path.split('/').filter((token) => !/^\d*$/.test(token));
  return names[names.length - 1] ?? '';
}

/** The first word of a tool's name, the server's own name before it left aside: `git_log` on `git` is `log`. */
export function verbOf(name: string, server: string): string {
  const words = wordsOf(name);
  const own = new Set(wordsOf(server));
  return words.find((word) => !own.has(word)) ?? words[0] ?? '';
}
