import type { Leaf } from '../event.ts';
import { leavesOf } from '../json/leaves.ts';

export type SinkKind = 'tool' | 'resource' | 'prompt' | 'completion' | 'answer' | 'unknown';

/** Where an outbound message would take its data. */
export interface Sink {
  kind: SinkKind;
  server: string;
  /** The tool's or prompt's own name, the resource's URI, the method of anything else. */
  name: string;
  /** What it carries. For tools and prompts the pointers start at `arguments`, otherwise at `params`. */
  leaves: readonly Leaf[];
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
 * `_meta`, which the client writes and no model does.
 */
export function sinkOf(server: string, method: string, params: unknown): Sink | undefined {
  if (PLUMBING.has(method)) return undefined;
  const record = recordOf(params);
  switch (method) {
    case 'tools/call':
      return { kind: 'tool', server, name: text(record['name']), leaves: leavesOf(record['arguments']) };
    case 'prompts/get':
      return { kind: 'prompt', server, name: text(record['name']), leaves: leavesOf(record['arguments']) };
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return {
        kind: 'resource',
        server,
        name: text(record['uri']),
        leaves: [{ path: '/uri', text: text(record['uri']), form: 'string' }],
      };
    case 'completion/complete':
      return {
        kind: 'completion',
        server,
        name: method,
        leaves: [
          ...leavesOf(recordOf(record['argument'])['value'], '/argument/value'),
          ...leavesOf(record['context'], '/context'),
        ],
      };
    default:
      return { kind: 'unknown', server, name: method, leaves: leavesOf(withoutMeta(params)) };
  }
}

/** The sink of the client's answer to a server's request (sampling, elicitation, roots). */
export function answerSink(server: string, method: string, result: unknown): Sink {
  return { kind: 'answer', server, name: method, leaves: leavesOf(withoutMeta(result)) };
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
