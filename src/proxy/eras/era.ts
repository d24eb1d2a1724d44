import type { Message } from '../message.ts';

/** The revision without a handshake: every request says itself who asks, and as whom. */
export const STATELESS = '2026-07-28';
export const LATEST_HANDSHAKE = '2025-11-25';
export const HANDSHAKE_REVISIONS: ReadonlySet<string> = new Set([
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  LATEST_HANDSHAKE,
]);

/** Members of `_meta` that the stateless revision gives a meaning. */
export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  client: 'io.modelcontextprotocol/clientInfo',
  level: 'io.modelcontextprotocol/logLevel',
  server: 'io.modelcontextprotocol/serverInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** What a request of the stateless revision says of its client. */
export const ENVELOPE: ReadonlySet<string> = new Set([
  META.version,
  META.capabilities,
  META.client,
  META.level,
]);

/** Requests that a server may answer by asking for more first, and what it may then ask the client. */
export const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
const ASKS: ReadonlyMap<string, string> = new Map([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
]);

export type Fields = Record<string, unknown>;

/** Lines to either side of a translation: `up` is the client's side, `down` the server's. */
export interface Ends {
  up(line: Buffer): void;
  down(line: Buffer): void;
  /** Takes a server's answer that nobody waits for: clients may break at one. */
  unasked?(line: Buffer): void;
  /** The server has answered a handshake that was made for the client. */
  greeted?(isRefused: boolean): void;
}

/** Stands between a client of one era and a server of the other. */
export interface Translation {
  fromClient(message: Message): void;
  fromServer(message: Message): void;
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function metaOf(params: unknown): Fields {
  return fieldsOf(fieldsOf(params)['_meta']);
}

/** The message says of itself that it is of the stateless revision. */
export function isStateless(params: unknown): boolean {
  return typeof metaOf(params)[META.version] === 'string';
}

/** What of a client's or a server's capabilities both eras know: tasks were taken out of the protocol between them. */
export function sharedCapabilities(capabilities: unknown): Fields {
  const { tasks: _, ...shared } = fieldsOf(capabilities);
  return shared;
}

/** The client said that it can be asked this. */
export function mayBeAsked(capabilities: unknown, method: string): boolean {
  const needed = ASKS.get(method);
  return needed !== undefined && fieldsOf(capabilities)[needed] !== undefined;
}
