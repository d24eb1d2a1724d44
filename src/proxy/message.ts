import { loneSurrogate, type Scan, scan } from '../json/scan.ts';
import { JsonFault, type Member, membersOf } from '../json/spans.ts';

export type Id = string | number;

interface Received {
  /** The bytes as they came, without the newline. */
  line: Buffer;
  scan: Scan;
}

export interface Request extends Received {
  kind: 'request';
  id: Id;
  method: string;
  params: unknown;
}

export interface Notification extends Received {
  kind: 'notification';
  method: string;
  params: unknown;
}

export interface Answer extends Received {
  kind: 'answer';
  id: Id;
  /** The `result`, or the `error` if `failed`. */
  payload: unknown;
  failed: boolean;
}

export type Message = Request | Notification | Answer;

const DECIDING = new Set(['id', 'method', 'name', 'uri', 'requestId']);

export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;

/** A line that is no message, or not one message only. `id` is the request's, where it can be read. */
export class WireFault extends Error {
  override name = 'WireFault';
  readonly code: number;
  readonly reason: string;
  readonly id: Id | null;

  constructor(code: number, reason: string, message: string, id: Id | null) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.id = id;
  }
}

/**
 * The message in a line. `params` and `payload` hold numbers that a double cannot as the text that was written,
 * so that what is judged is what is sent.
 *
 * @throws WireFault
 */
export function parseMessage(line: Buffer, depth: number): Message {
  let found: Scan;
  let value: Record<string, unknown>;
  try {
    found = scan(line, depth);
    value = parse(line, found);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    if (error.code === 'not-an-object' && !isJson(line)) {
      throw new WireFault(PARSE_ERROR, 'invalid-json', 'it is not valid JSON', null);
    }
    const code =
      error.code === 'invalid-json' || error.code === 'invalid-utf8' ? PARSE_ERROR : INVALID_REQUEST;
    throw new WireFault(code, error.code, `${error.message} (at byte ${error.offset})`, readId(line));
  }
  const invalid = (reason: string, message: string) =>
    new WireFault(INVALID_REQUEST, reason, message, readId(line));
  // A number that a double does not hold is text by now; in these places it decides where a message goes.
  if (found.drift.length > 0) {
    for (const member of [...found.members, ...found.inner]) {
      if (DECIDING.has(member.key) && found.drift.includes(member.start)) {
        throw invalid('number', `"${member.key}" is a number that not every reader holds`);
      }
    }
  }
  // Own members only: `__proto__` in a message is a member like any other.
  const has = (key: string) => Object.hasOwn(value, key);
  if (value['jsonrpc'] !== '2.0' || !has('jsonrpc')) throw invalid('version', '"jsonrpc" is not "2.0"');
  if (has('id') && !isId(value['id'])) {
    if (value['id'] === null && has('error'))
      throw invalid('null-id', 'an error without the id of its request');
    throw invalid('id', '"id" is neither a string nor a number that a double holds');
  }
  if (has('method')) {
    if (has('result') || has('error')) throw invalid('shape', 'it is a request and an answer at once');
    const { method, params } = value;
    if (typeof method !== 'string') throw invalid('method', '"method" is not a string');
    if (has('params') && params !== null && !isObject(params))
      throw invalid('params', '"params" is not an object');
    const surrogate = loneSurrogate(line);
    if (surrogate !== -1) throw invalid('lone-surrogate', `a lone surrogate (at byte ${surrogate})`);
    if (!has('id')) return { kind: 'notification', line, scan: found, method, params };
    return { kind: 'request', line, scan: found, id: value['id'] as Id, method, params };
  }
  if (!has('id')) throw invalid('shape', 'it has neither a method nor an id');
  if (has('params')) throw invalid('shape', 'it is an answer and has "params"');
  if (has('result') === has('error')) throw invalid('shape', 'it needs either a result or an error');
  const failed = has('error');
  const payload = failed ? value['error'] : value['result'];
  if (failed && !isObject(payload)) throw invalid('shape', '"error" is not an object');
  return { kind: 'answer', line, scan: found, id: value['id'] as Id, payload, failed };
}

/** Ids are told apart by type and value: an SDK that takes `" 0x1 "` for 1 must not answer another's call. */
export function idKey(id: Id): string {
  return typeof id === 'number' ? `n${id}` : `s${id}`;
}

/** The id or token that `params` hold under a name, if it is one. */
export function idIn(params: unknown, key: string): Id | undefined {
  const id = (params as Record<string, unknown> | null | undefined)?.[key];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

/** The progress token in the `_meta` of a request, where it is one. */
export function tokenIn(request: Request): Member | undefined {
  const { _meta: meta } = (request.params ?? {}) as { _meta?: unknown };
  if (idIn(meta, 'progressToken') === undefined) return undefined;
  return membersOf(request.line, innerOf(request, '_meta')!.start).find(({ key }) => key === 'progressToken');
}

/** The member of the message itself. */
export function memberOf(message: Received, key: string): Member | undefined {
  return message.scan.members.find((member) => member.key === key);
}

/** The member of the message's `params`, `result` or `error`. */
export function innerOf(message: Received, key: string): Member | undefined {
  return message.scan.inner.find((member) => member.key === key);
}

/** The id in a line that may be broken, cut short or ambiguous; null where it cannot be told. */
export function readId(line: Buffer): Id | null {
  const ids = readIds(line);
  return new Set(ids.map(idKey)).size === 1 ? ids[0]! : null;
}

/** More members than any message has: a line that holds millions is not to be taken apart. */
const MAX_MEMBERS = 1000;

/** Every id that a reader of such a line may take for its own. */
export function readIds(line: Buffer): Id[] {
  let start = 0;
  while (start < line.length && line[start]! <= 0x20) start++;
  try {
    return membersOf(line, start, MAX_MEMBERS)
      .filter((member) => member.key === 'id')
      .map((member) => JSON.parse(line.toString('utf8', member.start, member.end)) as unknown)
      .filter(isId);
  } catch {
    return [];
  }
}

function parse(line: Buffer, { drift }: Scan): Record<string, unknown> {
  let text: string;
  if (drift.length === 0) text = line.toString('utf8');
  else {
    const pieces: string[] = [];
    let at = 0;
    for (let i = 0; i < drift.length; i += 2) {
      const number = line.toString('latin1', drift[i], drift[i + 1]);
      pieces.push(line.toString('utf8', at, drift[i]), JSON.stringify(number));
      at = drift[i + 1]!;
    }
    pieces.push(line.toString('utf8', at));
    text = pieces.join('');
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new JsonFault('invalid-json', 'it is not valid JSON', 0);
  }
}

function isJson(line: Buffer): boolean {
  try {
    JSON.parse(line.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

function isId(value: unknown): value is Id {
  return (
    typeof value === 'string' || (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER)
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
