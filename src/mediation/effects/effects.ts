import type { Effect, Leaf } from '../../event.ts';
import { recordOf } from '../sinks.ts';
import { wordsOf } from '../words.ts';
import { isNetworkUri } from './addresses.ts';

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

/** What a call would do, and which of the sources of that opinion decided. */
export interface EffectOpinion {
  effect: Effect;
  by: 'configuration' | 'url' | 'annotation' | 'verb' | 'default';
}

/**
 * What a tool does by what is known of it before any call. What the user configured decides. Otherwise it has an
 * effect unless its name starts with a reading verb; its own annotations can raise that, never lower it: they are the
 * word of a party that may lie.
 */
export function effectOfTool(
  name: string,
  server: string,
  descriptor: unknown,
  configured: Effect | undefined,
): EffectOpinion {
  if (configured !== undefined) return { effect: configured, by: 'configuration' };
  const annotations = recordOf(recordOf(descriptor)['annotations']);
  if (annotations['destructiveHint'] === true) {
    return { effect: 'destroy', by: 'annotation' };
  }
  if (!READING_VERBS.has(verbOf(name, server))) return { effect: 'write', by: 'default' };
  if (annotations['readOnlyHint'] === false) return { effect: 'write', by: 'annotation' };
  return { effect: 'read', by: 'verb' };
}

/** The effect of one call of a tool: a URL among its arguments makes it a send, whatever the tool is called. */
export function effectOfCall(tool: EffectOpinion, leaves: readonly Leaf[]): EffectOpinion {
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

function isAddressPath(path: string): boolean {
  let isAddress = addressPaths.get(path);
  if (isAddress === undefined) {
    isAddress = wordsOf(lastName(path)).some((word) => ADDRESS_WORDS.has(word));
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
