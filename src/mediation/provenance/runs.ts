import { base32, SHORTEST_BASE32 } from './base32.ts';
import { base64 } from './base64.ts';
import { hexValue, isDigit } from './chars.ts';
import { hexadecimal } from './hexadecimal.ts';
import { SHORTEST_DECODED } from './readable.ts';
import type { Run } from './run.ts';
import { sextetOf } from './sextets.ts';
import { LONG } from './signs.ts';
import { ALL_TURNS, rotated, type Turn } from './turns.ts';

/** A run may go on after a line break if a line of it is this long, as wrapped base64 is. */
const WRAPPED_LINE = 40;

/**
 * Everything in a text that is base64, base64url, base32 or hexadecimal for at least eight bytes of text, or for
 * text compressed; as it stands, backwards, and in rot13. Base64 is tried at all four alignments and hexadecimal at
 * both, since what stands before it may be of its alphabet too. In a text with very many of them, neighbours are one
 * run. `turns` are those that are tried; `long` is where its long words stand, if that is known (see signs.ts). Linear.
 */
export function runsOf(
  text: string,
  turns: readonly Turn[] = ALL_TURNS,
  long: readonly number[] = longIn(text),
): Run[] {
  const runs: Run[] = [];
  let behind = 0;
  for (let k = 0; k < long.length; k += 2) {
    let from = long[k]!;
    // It may be a line of the one before.
    if (from < behind) continue;
    const to = unwrapped(text, from, long[k + 1]!);
    if (to - from >= WRAPPED_LINE) from = lineBefore(text, from);
    measure(text, from, to);
    const isHex = longestHex >= 2 * SHORTEST_DECODED && hexadecimal(text, from, to, turns, runs);
    if (!isHex && longestBase32 >= SHORTEST_BASE32) base32(text, from, to, turns, runs);
    if (!isHex) base64(text, from, to, mixed, turns, runs);
    behind = to;
  }
  return runs;
}

/** Where at least `LONG` digits of base64 in a row begin and end, in order. */
function longIn(text: string): number[] {
  const found: number[] = [];
  const length = text.length;
  // That many cover one of the places looked at.
  for (let at = LONG - 1; at < length; at += LONG) {
    if (sextetOf(text.charCodeAt(at), false) < 0) continue;
    let from = at;
    while (from > 0 && at - from < LONG && sextetOf(text.charCodeAt(from - 1), false) >= 0) from--;
    let to = at + 1;
    while (to < length && sextetOf(text.charCodeAt(to), false) >= 0) to++;
    if (to - from < LONG) continue;
    found.push(from, to);
    at = to - 1;
  }
  return found;
}

const HEX = 1;
const BASE32 = 2;
const SMALL = 4;
const CAPITAL = 8;
/** What a character may be a digit of, plain or in rot13, and its case. */
const DIGIT = Uint8Array.from({ length: 128 }, (_, c) => {
  const small = c >= 97 && c <= 122;
  const capital = c >= 65 && c <= 90;
  const hex = isDigit(c) || hexValue(c) >= 0 || hexValue(rotated(c)) >= 0;
  const base32 = small || capital || (c >= 50 && c <= 55);
  return (hex ? HEX : 0) | (base32 ? BASE32 : 0) | (small ? SMALL : 0) | (capital ? CAPITAL : 0);
});

/** Of the run measured last: the most digits of either kind in a row, and whether it has letters of both cases. */
let longestHex = 0;
let longestBase32 = 0;
let mixed = false;

function measure(text: string, from: number, to: number): void {
  longestHex = 0;
  longestBase32 = 0;
  let hex = 0;
  let base32Digits = 0;
  let cases = 0;
  for (let i = from; i < to; i++) {
    const kind = DIGIT[text.charCodeAt(i)]!;
    hex = kind & HEX ? hex + 1 : 0;
    base32Digits = kind & BASE32 ? base32Digits + 1 : 0;
    if (hex > longestHex) longestHex = hex;
    if (base32Digits > longestBase32) longestBase32 = base32Digits;
    cases |= kind;
  }
  mixed = (cases & SMALL) !== 0 && (cases & CAPITAL) !== 0;
}

/** Where a run ends that goes on after line breaks. Backwards, its last line comes first. */
function unwrapped(text: string, from: number, to: number): number {
  let end = to;
  let before = from;
  for (;;) {
    let line = end;
    while (line < end + 2 && (text.charCodeAt(line) === 13 || text.charCodeAt(line) === 10)) line++;
    if (line === end) return end;
    let next = line;
    while (next < text.length && sextetOf(text.charCodeAt(next), false) >= 0) next++;
    if (next === line || Math.max(end - before, next - line) < WRAPPED_LINE) return end;
    before = line;
    end = next;
  }
}

/** Where the line before a run begins, if it is all of its digits and too short to be found by itself. */
function lineBefore(text: string, from: number): number {
  let start = from;
  while (start > 0 && from - start < 2 && /[\r\n]/.test(text[start - 1]!)) start--;
  if (start === from) return from;
  const end = start;
  while (start > 0 && end - start < LONG && sextetOf(text.charCodeAt(start - 1), false) >= 0) start--;
  return end - start < LONG && start < end ? start : from;
}
