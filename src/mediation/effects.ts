import type { Effect, Leaf } from '../event.ts';
import { recordOf } from './sinks.ts';

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
]);

/** Hosts are reached through these: whoever owns the host reads the address. */
const NETWORK_SCHEME = /^[\s\p{Cf}]{0,256}(?:https?|wss?|ftps?|sftp|mailto|ssh|git|file):/iu;

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
  if (annotations['destructiveHint'] === true && annotations['readOnlyHint'] !== true) {
    return { effect: 'destroy', by: 'annotation' };
  }
  if (!READING_VERBS.has(verbOf(name, server))) return { effect: 'write', by: 'default' };
  if (annotations['readOnlyHint'] === false) return { effect: 'write', by: 'annotation' };
  return { effect: 'read', by: 'verb' };
}

/** The effect of one call of a tool: a URL among its arguments makes it a send, whatever the tool is called. */
export function effectOfCall(tool: EffectOpinion, leaves: readonly Leaf[]): EffectOpinion {
  if (tool.by === 'configuration' || !leaves.some((leaf) => isNetworkUri(leaf.text))) return tool;
  return { effect: 'send', by: 'url' };
}

/** True for an address on the network. `file:` counts: on some systems it names a host. */
export function isNetworkUri(text: string): boolean {
  return text.includes(':') && NETWORK_SCHEME.test(text);
}

/** The first word of a tool's name, the server's own name before it left aside: `git_log` on `git` is `log`. */
function verbOf(name: string, server: string): string {
  const words = wordsOf(name);
  const own = new Set(wordsOf(server));
  return words.find((word) => !own.has(word)) ?? '';
}

function wordsOf(name: string): string[] {
  return name
    .slice(0, 128)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}
