import { isUtf8 } from 'node:buffer';

/** Why a message cannot be read in one way only. */
export type FaultCode =
  | 'invalid-utf8'
  | 'invalid-json'
  | 'not-an-object'
  | 'batch'
  | 'too-deep'
  | 'duplicate-key'
  | 'folded-key'
  | 'lone-surrogate';

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

/** What one walk over a message found. Offsets are bytes of the scanned line. */
export interface Scan {
  /** Members of the message itself. */
  members: readonly Member[];
  /** Members of its `params`, `result` or `error`, whichever object comes last. */
  inner: readonly Member[];
  /** A `_meta` stands somewhere below those. */
  nestedMeta: boolean;
  /** Start and end, in pairs, of numbers that a double does not hold (2^53+1, 1e400). */
  drift: readonly number[];
}

/**
 * Envelope names that Cordon or a peer decides by. A decoder that folds case or compatibility forms (Go's
 * encoding/json does) takes `Method` or `param\u017f` for them: CVE-2026-27896.
 */
const ENVELOPE = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const INNER = new Set(
  'name arguments uri ref argument _meta content structuredContent isError contents messages tools resources resourceTemplates prompts instructions cursor requestId progressToken requestState inputResponses inputRequests resultType code message data'.split(
    ' ',
  ),
);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Objects with more members than this compare keys through a set, smaller ones byte by byte. */
const SMALL_OBJECT = 12;

/**
 * State of the walk, kept between calls: one frame a level, and the start and end of every key of every open object.
 * The walk never yields, so one of each is enough for the process.
 */
const isObject: boolean[] = [];
const firstKey: number[] = [];
const names: (Set<string> | undefined)[] = [];
const keys: number[] = [];

/**
 * Walks the bytes of one message once, in linear time and with at most `depth` levels of state, and leaves the
 * spans of its envelope.
 *
 * It does not check the grammar: the caller parses the same bytes with JSON.parse, and only what passes both is
 * used. It comes first because JSON.parse has no depth limit, and because JSON.parse cannot tell duplicate keys
 * (RFC 8259 section 4) or drifting numbers (section 6) once it is done.
 *
 * @throws JsonFault
 */
export function scan(line: Buffer, depth: number): Scan {
  if (!isUtf8(line)) throw new JsonFault('invalid-utf8', 'the message is not valid UTF-8', 0);
  const members: Member[] = [];
  let inner: Member[] = [];
  const drift: number[] = [];
  const length = line.length;
  // The member whose value is being walked, at each of the two levels of the envelope.
  let outerOpen: Member | undefined;
  let innerOpen: Member | undefined;
  let inBody = false;
  let nestedMeta = false;
  let level = 0;
  let keyCount = 0;
  let expectKey = false;
  let lastEnd = 0;
  let i = 0;

  const endValue = (): void => {
    if (level === 1 && outerOpen !== undefined) {
      outerOpen.end = lastEnd;
      outerOpen = undefined;
    } else if (level === 2 && innerOpen !== undefined) {
      innerOpen.end = lastEnd;
      innerOpen = undefined;
    }
  };

  while (i < length) {
    const byte = line[i]!;
    if (byte <= 0x20) {
      i++;
      continue;
    }
    if (byte === QUOTE) {
      const end = stringEnd(line, i);
      if (!expectKey) {
        i = end;
        lastEnd = end;
        continue;
      }
      expectKey = false;
      keyCount = noteKey(line, level - 1, keyCount, i, end);
      const keyStart = i;
      i = end;
      while (i < length && line[i] !== COLON) i++;
      i++;
      if (level > 2 || (level === 2 && !inBody)) {
        nestedMeta ||= isMeta(line, keyStart, end);
        continue;
      }
      while (i < length && line[i]! <= 0x20) i++;
      const member = { key: decodeKey(line, keyStart, end), keyStart, start: i, end: length };
      refuseFolded(member.key, level === 1 ? ENVELOPE : INNER, keyStart);
      if (level === 1) outerOpen = member;
      else innerOpen = member;
      (level === 1 ? members : inner).push(member);
      continue;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (level >= depth)
        throw new JsonFault('too-deep', `the message is nested deeper than ${depth} levels`, i);
      const object = byte === OPEN_OBJECT;
      if (level === 0 && !object) {
        throw new JsonFault('batch', 'the message is an array; batches are not accepted', i);
      }
      if (level === 1) {
        inBody = object && outerOpen !== undefined && isBody(outerOpen.key);
        if (inBody) inner = [];
      }
      isObject[level] = object;
      firstKey[level] = keyCount;
      names[level] = undefined;
      level++;
      expectKey = object;
      i++;
      continue;
    }
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      endValue();
      if (level > 0) {
        level--;
        keyCount = firstKey[level]!;
      }
      expectKey = false;
      i++;
      lastEnd = i;
      continue;
    }
    if (byte === COMMA) {
      endValue();
      expectKey = level > 0 && isObject[level - 1]!;
      i++;
      continue;
    }
    const end = literalEnd(line, i);
    if ((byte === MINUS || (byte >= 0x30 && byte <= 0x39)) && drifts(line, i, end)) drift.push(i, end);
    i = end;
    lastEnd = end;
  }
  if (members.length === 0 && line[firstByte(line)] !== OPEN_OBJECT) {
    throw new JsonFault('not-an-object', 'the message is not a JSON object', 0);
  }
  return { members, inner, nestedMeta, drift };
}

function isBody(key: string): boolean {
  return key === 'params' || key === 'result' || key === 'error';
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

function literalEnd(line: Buffer, start: number): number {
  let i = start + 1;
  for (; i < line.length; i++) {
    const byte = line[i]!;
    if (byte <= 0x20 || byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === QUOTE)
      break;
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) break;
  }
  return i;
}

function firstByte(line: Buffer): number {
  let i = 0;
  while (i < line.length && line[i]! <= 0x20) i++;
  return i;
}

/** Notes a key of the object at `level` and refuses its second occurrence; the number of keys noted since. */
function noteKey(line: Buffer, level: number, count: number, start: number, end: number): number {
  const first = firstKey[level]!;
  let seen = names[level];
  if (seen === undefined) {
    if (count - first < 2 * SMALL_OBJECT && !hasBackslash(line, start, end)) {
      for (let k = first; k < count; k += 2) {
        if (sameBytes(line, keys[k]!, keys[k + 1]!, start, end)) throw duplicate(line, start, end);
      }
      keys[count] = start;
      keys[count + 1] = end;
      return count + 2;
    }
    seen = new Set();
    for (let k = first; k < count; k += 2) seen.add(decodeKey(line, keys[k]!, keys[k + 1]!));
    names[level] = seen;
  }
  const name = decodeKey(line, start, end);
  if (seen.has(name)) throw duplicate(line, start, end);
  seen.add(name);
  return count;
}

const META = Buffer.from('"_meta"');

function isMeta(line: Buffer, start: number, end: number): boolean {
  if (hasBackslash(line, start, end)) return decodeKey(line, start, end) === '_meta';
  if (end - start !== META.length) return false;
  for (let i = 0; i < META.length; i++) if (line[start + i] !== META[i]) return false;
  return true;
}

function hasBackslash(line: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (line[i] === BACKSLASH) return true;
  return false;
}

function sameBytes(line: Buffer, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b) return false;
  for (; a < aEnd; a++, b++) if (line[a] !== line[b]) return false;
  return true;
}

/** Keys are compared as decoded: `\u006eame` is `name` to every parser. */
function decodeKey(line: Buffer, start: number, end: number): string {
  const text = line.toString('utf8', start, end);
  if (!text.includes('\\')) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    throw new JsonFault('invalid-json', 'a member name is not a JSON string', start);
  }
}

function duplicate(line: Buffer, start: number, end: number): JsonFault {
  const key = JSON.stringify(decodeKey(line, start, end).slice(0, 60));
  return new JsonFault('duplicate-key', `the member name ${key} occurs twice in one object`, start);
}

function refuseFolded(key: string, known: ReadonlySet<string>, offset: number): void {
  if (known.has(key)) return;
  const folded = key.normalize('NFKC').toLowerCase();
  for (const name of known) {
    if (folded === name.toLowerCase()) {
      const shown = JSON.stringify(key.slice(0, 60));
      throw new JsonFault(
        'folded-key',
        `the member name ${shown} reads as "${name}" to some parsers`,
        offset,
      );
    }
  }
}

/** True if a double does not hold this number: integers past 2^53, overflow, underflow, over 17 digits. */
function drifts(line: Buffer, start: number, end: number): boolean {
  const size = end - start;
  if (size <= 15 && !mayOverflow(line, start, end)) return false;
  const text = line.toString('latin1', start, end);
  const value = Number(text);
  if (!Number.isFinite(value)) return true;
  const mantissa = text.replace(/[eE].*$/, '');
  if (!/[.eE]/.test(text)) return !Number.isSafeInteger(value);
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return digits.length > 17 || (value === 0 && digits.length > 0);
}

function mayOverflow(line: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = line[i]!;
    if (byte === 0x65 || byte === 0x45) return true;
  }
  return false;
}

/**
 * The byte offset of the first \u escape of a surrogate without its other half, or -1. Parsers disagree on these
 * (replacement character, refusal, the half kept), so a call that holds one has no single meaning.
 */
export function loneSurrogate(line: Buffer): number {
  if (line.indexOf('\\ud') === -1 && line.indexOf('\\uD') === -1) return -1;
  for (let i = line.indexOf(BACKSLASH); i !== -1; i = line.indexOf(BACKSLASH, i)) {
    const unit = escapedUnit(line, i);
    if (unit >= 0xdc00 && unit <= 0xdfff) return i;
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = escapedUnit(line, i + 6);
      if (next < 0xdc00 || next > 0xdfff) return i;
      i += 12;
    } else i += unit === -1 ? 2 : 6;
  }
  return -1;
}

/** The code unit of the `\uXXXX` at `at`, or -1. */
function escapedUnit(line: Buffer, at: number): number {
  if (line[at] !== BACKSLASH || line[at + 1] !== 0x75 || at + 6 > line.length) return -1;
  const unit = Number.parseInt(line.toString('latin1', at + 2, at + 6), 16);
  return Number.isNaN(unit) ? -1 : unit;
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

/** The members of the object at `start`, in bytes that already passed `scan` and JSON.parse. */
export function membersOf(line: Buffer, start: number): Member[] {
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
    i = end;
  }
}

/** Start and end of each element of the array at `start`, in bytes that already passed `scan` and JSON.parse. */
export function elementsOf(line: Buffer, start: number): { start: number; end: number }[] {
  const elements: { start: number; end: number }[] = [];
  if (line[start] !== OPEN_ARRAY) return elements;
  let i = start + 1;
  for (;;) {
    while (line[i]! <= 0x20 || line[i] === COMMA) i++;
    if (i >= line.length || line[i] === CLOSE_ARRAY) return elements;
    const end = valueEnd(line, i);
    elements.push({ start: i, end });
    i = end;
  }
}
