import { classOf, hexValue, isDigit, OTHER, SPACE } from './chars.ts';
import { hexRun } from './hexadecimal.ts';
import { SHORTEST_DECODED } from './readable.ts';
import type { Run } from './run.ts';
import { rotated, type Turn } from './turns.ts';

/** Characters from a separator to the next: `61 62`, `61, 62`, `0x61 0x62`, `0x61, 0x62`. */
const STRIDES = [3, 4, 5, 6] as const;
/** From the first mark behind a byte to the end of the eighth. */
const SHORTEST = 20;
/** Marks between two bytes, at most. */
const MOST_MARKS = 2;

/**
 * Adds every stretch of a text that is hexadecimal byte by byte: `65 76 65`, `65:76:65`, `0x65, 0x76`, `\x65\x76`;
 * as it stands, backwards and in rot13. Linear.
 */
export function octetsIn(text: string, turns: readonly Turn[], runs: Run[]): void {
  const last = text.length - SHORTEST;
  for (let at = 0; at < last; at++) {
    const mark = text.charCodeAt(at);
    if (mark > 127 || MARKS[mark] === 0 || !mayBegin(text, at, mark)) continue;
    // Back to where the bytes begin; not beyond what was read before.
    let start = at;
    const bound = Math.max(0, at - 8);
    while (start > bound && isPart(text.charCodeAt(start - 1))) start--;
    at = Math.max(at, readFrom(text, start, turns, runs));
  }
}

/** Whether a byte and what sets it apart may stand here, and again. */
function mayBegin(text: string, at: number, mark: number): boolean {
  for (const stride of STRIDES) {
    if (text.charCodeAt(at + stride) !== mark || text.charCodeAt(at + 2 * stride) !== mark) continue;
    if (hexish(text.charCodeAt(at + stride - 1)) || hexish(text.charCodeAt(at + stride - 2))) return true;
  }
  return false;
}

/** Reads bytes from here on; adds them if they are enough. Returns where it stopped. */
function readFrom(text: string, from: number, turns: readonly Turn[], runs: Run[]): number {
  let i = from;
  while (i < text.length && isPart(text.charCodeAt(i))) {
    if (i > 0 && classOf(text.charCodeAt(i - 1)) !== OTHER) i++;
    else if (read(text, i)) {
      add(i, turns, runs);
      i = next;
    } else i = Math.max(i + 1, second);
  }
  return i;
}

/** What `read` read last: its digits, the alphabet, what is between the bytes, where it and its first byte end. */
let digits: number[] = [];
let rot: boolean | undefined;
let gap = '';
let end = 0;
let next = 0;
let second = 0;
let marked = 0;
let markedBehind = 0;

/** Reads bytes that are set apart alike; false if they are too few. Then the first of them may have been another's. */
function read(text: string, from: number): boolean {
  digits = [];
  rot = undefined;
  second = 0;
  next = from;
  for (let at = byteAt(text, from); at > 0; at = byteAt(text, next)) {
    // `0x61` is no neighbour of `61`, and backwards `16x0` is none of `16`.
    const prefix = first - (digits.length === 0 ? from : next);
    const suffix = at - first - 2;
    if (digits.length > 0 && (prefix !== marked || suffix !== markedBehind)) break;
    marked = prefix;
    markedBehind = suffix;
    const of = hasLetter(text, first) ? isRot(text, first) : undefined;
    if (of !== undefined && rot !== undefined && of !== rot) break;
    let after = at;
    while (after < text.length && after - at < MOST_MARKS && isSeparator(text.charCodeAt(after))) after++;
    const here = text.slice(at, after);
    if (digits.length === 0) {
      gap = here;
      second = after;
    }
    rot ??= of;
    digits.push(text.charCodeAt(first), text.charCodeAt(first + 1));
    end = at;
    next = after;
    if (here !== gap) break;
  }
  return digits.length >= 2 * SHORTEST_DECODED;
}

function add(from: number, turns: readonly Turn[], runs: Run[]): void {
  const values = Uint8Array.from(digits, (c) => hexValue(rot === true && !isDigit(c) ? rotated(c) : c));
  const isRotatedRun = rot === true;
  hexRun(values, from, end, isRotatedRun, turns, runs);
  if (gap !== ' ') return;
  // Set apart by blanks alone, a number or a word beside it may belong to it or not, which is all one where it stands for
  // a blank.
  const isOpen = (i: number): boolean => {
    const [one, other] = [values.at(i)!, values.at(i + 1)!];
    if (isDigit(digits.at(i)!) !== isDigit(digits.at(i + 1)!)) return false;
    return ((one << 4) | other) > SPACE || ((other << 4) | one) > SPACE;
  };
  const [before, after] = [isOpen(0) ? 2 : 0, isOpen(-2) ? 2 : 0];
  if (before > 0) hexRun(values.subarray(before), from, end, isRotatedRun, turns, runs);
  if (after > 0) hexRun(values.subarray(0, -after), from, end, isRotatedRun, turns, runs);
  if (before > 0 && after > 0) hexRun(values.subarray(before, -after), from, end, isRotatedRun, turns, runs);
}

function hasLetter(text: string, at: number): boolean {
  return !(isDigit(text.charCodeAt(at)) && isDigit(text.charCodeAt(at + 1)));
}

/** Where the digits of the byte read last begin. */
let first = 0;

/** The end of the byte here, with what marks it as one before or (backwards) behind it; 0 if there is none. */
function byteAt(text: string, at: number): number {
  first = at;
  if (isEscape(text.charCodeAt(at)) && isX(text.charCodeAt(at + 1))) first += 2;
  let end = first + 2;
  if (!hexish(text.charCodeAt(first)) || !hexish(text.charCodeAt(first + 1))) return 0;
  if (isRot(text, first) === undefined) return 0;
  if (first === at && isX(text.charCodeAt(end)) && isEscape(text.charCodeAt(end + 1))) end += 2;
  const after = text.charCodeAt(end);
  const isApart =
    end >= text.length || classOf(after) === OTHER || (isEscape(after) && isX(text.charCodeAt(end + 1)));
  // Backwards `x0` follows a byte, and the next one follows that.
  return isApart || end > first + 2 ? end : 0;
}

/** Whether two digits are of the rotated alphabet; undefined if they are of none. Of digits alone: not. */
function isRot(text: string, at: number): boolean | undefined {
  const [one, other] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
  if (hexValue(one) >= 0 && hexValue(other) >= 0) return false;
  const isRotatedDigit = (c: number): boolean => isDigit(c) || hexValue(rotated(c)) >= 0;
  return isRotatedDigit(one) && isRotatedDigit(other) ? true : undefined;
}

function hexish(c: number): boolean {
  return hexValue(c) >= 0 || (c < 128 && hexValue(rotated(c)) >= 0 && !isDigit(c));
}

/** `0` or a back slash. */
function isEscape(c: number): boolean {
  return c === 48 || c === 92;
}

/** `x`, or what rot13 makes of it. */
function isX(c: number): boolean {
  return (c | 32) === 120 || (c | 32) === 107;
}

/** Blank, or one of `, : ; - . _ |`. */
function isSeparator(c: number): boolean {
  return (
    c === 32 ||
    (c >= 9 && c <= 13) ||
    c === 44 ||
    c === 58 ||
    c === 59 ||
    c === 45 ||
    c === 46 ||
    c === 95 ||
    c === 124
  );
}

function isMark(c: number): boolean {
  return isSeparator(c) || isX(c);
}

const MARKS = Uint8Array.from({ length: 128 }, (_, c) => (isMark(c) ? 1 : 0));

function isPart(c: number): boolean {
  return hexish(c) || isMark(c) || c === 92;
}
