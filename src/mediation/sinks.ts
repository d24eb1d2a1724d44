import type { Leaf } from '../event.ts';
import { leavesOf } from '../json/leaves.ts';
import { escapeToken } from '../json/pointer.ts';
import { isConstant, PROTOCOL_NAMES } from './protocol.ts';

export type SinkKind = 'tool' | 'resource' | 'prompt' | 'completion' | 'answer' | 'unknown';

/** Where an outbound message would take its data. */
export interface Sink {
  kind: SinkKind;
  server: string;
  /** The tool's or prompt's own name, the resource's URI, the method of anything else. */
  name: string;
  /**
   * What it carries. For tools and prompts the pointers start at `arguments`, and `../` leads to the other members of
   * `params`; for anything else they start at `params`.
   */
  leaves: readonly Leaf[];
  /** Of a completion: the prompt or resource template whose argument is to be completed. */
  about?: { kind: 'prompt' | 'resourceTemplate'; name: string } | undefined;
}

/** Requests that carry nothing of the user's or the model's: protocol housekeeping. */
const PLUMBING = new Set([
  'initialize',
  'ping',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
  'logging/setLevel',
  'server/discover',
  'tasks/get',
  'tasks/result',
  'tasks/list',
  'tasks/cancel',
]);

/**
 * The sink of a client's request, or undefined for plumbing. Every value that leaves is a leaf of it, save
 * `_meta`, which the client writes and no model does, and the name of what is called.
 */
export function sinkOf(server: string, method: string, params: unknown): Sink | undefined {
  if (PLUMBING.has(method)) return undefined;
  const record = recordOf(params);
  switch (method) {
    case 'tools/call':
      return { kind: 'tool', server, name: text(record['name']), leaves: callLeaves(params) };
    case 'prompts/get':
      return { kind: 'prompt', server, name: text(record['name']), leaves: callLeaves(params) };
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return { kind: 'resource', server, name: text(record['uri']), leaves: knownLeaves(params) };
    case 'completion/complete':
      return {
        kind: 'completion',
        server,
        name: method,
        leaves: knownLeaves(params),
        about: referenceOf(params),
      };
    case 'tasks/update':
      return { kind: 'unknown', server, name: method, leaves: knownLeaves(params) };
    default:
      return { kind: 'unknown', server, name: method, leaves: leavesOf(withoutMeta(params)) };
  }
}

/** The sink of the client's answer to a server's request (sampling, elicitation, roots). */
export function answerSink(server: string, method: string, result: unknown): Sink {
  return { kind: 'answer', server, name: method, leaves: leavesOf(withoutMeta(result)) };
}

/** The arguments, and what leaves beside them: answers and state of a retried call (2026-07-28), and whatever else. */
function callLeaves(params: unknown): readonly Leaf[] {
  const record = recordOf(params);
  const leaves = leavesOf(record['arguments']);
  for (const key in record) {
    if (key === 'arguments' || key === '_meta' || (key === 'name' && typeof record[key] === 'string'))
      continue;
    const path = `../${escapeToken(key)}`;
    if (!PROTOCOL_NAMES.has(key)) leaves.push({ path, text: key, form: 'key' });
    for (const leaf of leavesOf(record[key], path)) if (!isProtocolOwn(leaf)) leaves.push(leaf);
  }
  return leaves;
}

/** Of a request whose members the protocol knows. */
function knownLeaves(params: unknown): readonly Leaf[] {
  return leavesOf(withoutMeta(params)).filter((leaf) => !isProtocolOwn(leaf));
}

/** A name or a value that the protocol's own lists hold; a task's time to live is the client's. */
function isProtocolOwn({ path, text, form }: Leaf): boolean {
  if (form === 'key') return PROTOCOL_NAMES.has(text);
  return form === 'number' ? path === '../task/ttl' : isConstant(path.slice(path.lastIndexOf('/') + 1), text);
}

function withoutMeta(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { _meta: _, ...rest } = value as Record<string, unknown>;
  return rest;
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function referenceOf(params: unknown): Sink['about'] {
  const { name, uri } = recordOf(recordOf(params)['ref']);
  if (typeof name === 'string') return { kind: 'prompt', name };
  return typeof uri === 'string' ? { kind: 'resourceTemplate', name: uri } : undefined;
}
