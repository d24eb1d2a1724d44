export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** Why a message cannot be read in one way only. */
export type FaultCode =
  | 'invalid-utf8'
  | 'invalid-json'
  | 'not-an-object'
  | 'batch'
  | 'too-deep'
  | 'duplicate-key'
  | 'folded-key'
  | 'lone-surrogate'
  | 'line-break'
  | 'too-wide';

/** Refusal of bytes that two JSON parsers could read as two messages. `offset` counts bytes. */
export class JsonFault extends Error {
  override name = 'JsonFault';
  readonly code: FaultCode;
  readonly offset: number;

  constructor(code: FaultCode, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

/** One member of an object in the bytes: `key` decoded, `keyStart` at its quote, the value in [start, end). */
export interface Member {
  key: string;
  keyStart: number;
  start: number;
  end: number;
}

/** The index after the closing quote of the string that opens at `start`. */
export function stringEnd(line: Buffer, start: number): number {
  const length = line.length;
  const near = Math.min(length, start + 48);
  let i = start + 1;
  // Most strings are short: a native search costs more than these few steps.
  for (; i < near; i++) {
    const byte = line[i]!;
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) i++;
  }
  for (;;) {
    const quote = line.indexOf(QUOTE, i);
    if (quote === -1) return length;
    let slashes = 0;
    while (quote - 1 - slashes >= i && line[quote - 1 - slashes] === BACKSLASH) slashes++;
    i = quote + 1;
    if (slashes % 2 === 0) return i;
  }
}

/** The index after the number or word that starts at `start`. */
export function literalEnd(line: Buffer, start: number): number {
  let i = start + 1;
  for (; i < line.length; i++) {
    const byte = line[i]!;
    if (byte <= 0x20 || byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === QUOTE)
      break;
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) break;
  }
  return i;
}

/** Names that most messages consist of, by length: making a string of bytes takes longer than comparing them. */
const USUAL: readonly (readonly string[])[] = byLength(
  'jsonrpc id method params result error name arguments content structuredContent isError _meta tools nextCursor',
);

function byLength(names: string): string[][] {
  const all: string[][] = Array.from({ length: 24 }, () => []);
  for (const name of names.split(' ')) all[name.length]!.push(name);
  return all;
}

function usualKey(line: Buffer, start: number, end: number): string | undefined {
  const length = end - start - 2;
  if (length <= 0 || length >= USUAL.length) return undefined;
  for (const name of USUAL[length]!) {
    let i = 0;
    while (i < length && line[start + 1 + i] === name.charCodeAt(i)) i++;
    if (i === length) return name;
  }
  return undefined;
}

/** Keys are compared as decoded: `\u006eame` is `name` to every parser. */
export function decodeKey(line: Buffer, start: number, end: number): string {
  const usual = usualKey(line, start, end);
  if (usual !== undefined) return usual;
  let isPlain = true;
  for (let i = start; i < end && isPlain; i++) isPlain = line[i]! < 0x80 && line[i] !== BACKSLASH;
  if (isPlain) return line.toString('latin1', start + 1, end - 1);
  const text = line.toString('utf8', start, end);
  if (!text.includes('\\')) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    throw new JsonFault('invalid-json', 'a member name is not a JSON string', start);
  }
}

/** The index after the value that starts at `start`, in bytes that already passed `scan` and JSON.parse. */
function valueEnd(line: Buffer, start: number): number {
  const first = line[start]!;
  if (first === QUOTE) return stringEnd(line, start);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return literalEnd(line, start);
  let depth = 0;
  for (let i = start; i < line.length; ) {
    const byte = line[i]!;
    if (byte === QUOTE) {
      i = stringEnd(line, i);
      continue;
    }
    i++;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return i;
  }
  return line.length;
}

/**
 * The members of the object at `start`, the first `most` of them, in bytes that already passed `scan` and JSON.parse; in
 * other bytes what is found means nothing.
 */
export function membersOf(line: Buffer, start: number, most = Number.POSITIVE_INFINITY): Member[] {
  const members: Member[] = [];
  if (line[start] !== OPEN_OBJECT) return members;
  let i = start + 1;
  for (;;) {
    while (line[i]! <= 0x20 || line[i] === COMMA) i++;
    if (line[i] !== QUOTE) return members;
    const keyStart = i;
    const keyEnd = stringEnd(line, i);
    i = keyEnd;
    while (line[i]! <= 0x20 || line[i] === COLON) i++;
    const end = valueEnd(line, i);
    members.push({ key: decodeKey(line, keyStart, keyEnd), keyStart, start: i, end });
    if (members.length === most) return members;
    i = end;
  }
}

/**
 * Start and end of each element of the array at `start`, the first `most` of them, in bytes that already passed `scan`
 * and JSON.parse; in other bytes what is found means nothing.
 */
export function elementsOf(
  line: Buffer,
  start: number,
  most = Number.POSITIVE_INFINITY,
): { start: number; end: number }[] {
  const elements: { start: number; end: number }[] = [];
  if (line[start] !== OPEN_ARRAY) return elements;
  let i = start + 1;
  for (;;) {
    while (line[i]! <= 0x20 || line[i] === COMMA) i++;
    if (i >= line.length || line[i] === CLOSE_ARRAY) return elements;
    const end = valueEnd(line, i);
    elements.push({ start: i, end });
    if (elements.length === most) return elements;
    i = end;
  }
}
