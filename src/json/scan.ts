import { isUtf8 } from 'node:buffer';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  decodeKey,
  JsonFault,
  literalEnd,
  type Member,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  stringEnd,
} from './spans.ts';

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
const ENVELOPE = byFolded('jsonrpc id method params result error');
const INNER = byFolded(
  'name arguments uri ref argument _meta content structuredContent isError contents messages tools resources resourceTemplates prompts instructions cursor requestId progressToken requestState inputResponses inputRequests resultType code message data',
);

function byFolded(names: string): ReadonlyMap<string, string> {
  return new Map(names.split(' ').map((name) => [name.toLowerCase(), name]));
}

const CARRIAGE_RETURN = 0x0d;
const MINUS = 0x2d;

/** More members than this no envelope has; their spans would be kept. */
const MAX_MEMBERS = 10_000;
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
      // Some readers end a line at a bare carriage return, and would take one message for several.
      if (byte === CARRIAGE_RETURN && i < length - 1) {
        throw new JsonFault('line-break', 'the message holds a carriage return', i);
      }
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
      const into = level === 1 ? members : inner;
      if (into.length >= MAX_MEMBERS) {
        throw new JsonFault('too-wide', `the envelope has more than ${MAX_MEMBERS} members`, keyStart);
      }
      into.push(member);
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

function duplicate(line: Buffer, start: number, end: number): JsonFault {
  const key = JSON.stringify(decodeKey(line, start, end).slice(0, 60));
  return new JsonFault('duplicate-key', `the member name ${key} occurs twice in one object`, start);
}

function refuseFolded(key: string, known: ReadonlyMap<string, string>, offset: number): void {
  // No name that folds to one of ours is much longer, and almost every name is one of ours, in lower case.
  if (key.length > 128 || known.get(key) === key) return;
  const name = known.get(key.normalize('NFKC').toLowerCase());
  if (name === undefined || name === key) return;
  const shown = JSON.stringify(key.slice(0, 60));
  throw new JsonFault('folded-key', `the member name ${shown} reads as "${name}" to some parsers`, offset);
}

/** True if a double does not hold this number: integers past 2^53, overflow, underflow, over 17 digits. */
function drifts(line: Buffer, start: number, end: number): boolean {
  const size = end - start;
  if (size <= 15 && !mayOverflow(line, start, end)) return false;
  const text = line.toString('latin1', start, end);
  const value = Number(text);
  if (!Number.isFinite(value)) return true;
  const digits = significantDigits(text);
  if (!text.includes('.') && !mayOverflow(line, start, end)) return !Number.isSafeInteger(value);
  return digits > 17 || (value === 0 && digits > 0);
}

/** Digits from the first to the last that is not 0, the exponent left aside. */
function significantDigits(text: string): number {
  let seen = 0;
  let upToLast = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x65 || code === 0x45) break;
    if (code < 0x30 || code > 0x39 || (code === 0x30 && seen === 0)) continue;
    seen++;
    if (code !== 0x30) upToLast = seen;
  }
  return upToLast;
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
