import type { Transform } from '../../event.ts';
import { hexValue, isDigit } from './chars.ts';
import { decompress } from './inflate.ts';
import { BYTE, readable, SHORTEST_DECODED, textOf } from './readable.ts';
import { ALL_TURNS, isReversed, isRotated, rotated, TURNS, type Turn } from './turns.ts';

/** Shorter runs decode to less than eight bytes. */
const SHORTEST_RUN = 11;
/** Of base32, and of what is compressed. */
const SHORTEST_BASE32 = 13;
const SHORTEST_COMPRESSED = 14;
/**
 * Base64 of this many characters has capitals and small letters, but once in 50,000 times, as what is compressed has
 * but once in 700; most identifiers have not. What has not is not tried turned, or as compressed.
 */
const LONGEST_ALIKE = 24;
/** A run may go on after a line break if a line of it is this long, as wrapped base64 is. */
const WRAPPED_LINE = 40;
/** After this many runs of a text short ones are joined to texts of at least this length: a text can hold millions. */
const SEPARATE = 64;
const JOINED = 2048;
/** Kinds of runs that may take turns. */
const KINDS = 16;
/** What is compressed is read up to this many times the length of its run. */
const MOST_EXPANDED = 8;

/** A stretch of a text that reads as another text once something is undone. */
export interface Run {
  from: number;
  to: number;
  text: string;
  /** What was undone, outermost first. */
  transforms: readonly Transform[];
}

/** What each turn of an encoding is called; one array for each, so that runs of a kind are told by it. */
const named = (...names: Transform[]): readonly (readonly Transform[])[] =>
  TURNS.map((turn) => [...turn, ...names]);
const IN_BASE64 = named('base64');
const IN_BASE32 = named('base32');
const IN_HEX = named('hex');
const PACKED_BASE64 = named('base64', 'compressed');
const PACKED_HEX = named('hex', 'compressed');

/** Values of the digits of base64 and base64url, plain and as rot13 leaves them. */
const SEXTETS = [new Int8Array(128).fill(-1), new Int8Array(128).fill(-1)] as const;
for (const [i, c] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  SEXTETS[0][c.charCodeAt(0)] = i;
}
SEXTETS[0][45] = 62;
SEXTETS[0][95] = 63;
for (let c = 0; c < 128; c++) SEXTETS[1][c] = SEXTETS[0][rotated(c)]!;

const sextet = (c: number): number => (c < 128 ? SEXTETS[0][c]! : -1);

/**
 * Everything in a text that is base64, base64url, base32 or hexadecimal for at least eight bytes of text, or for
 * text compressed; as it stands, backwards, and in rot13. Base64 is tried at all four alignments and hexadecimal at
 * both, since what stands before it may be of its alphabet too. In a text with very many of them, neighbours are one
 * run. `turns` are those that are tried. Linear.
 */
export function runsOf(text: string, turns: readonly Turn[] = ALL_TURNS): Run[] {
  const runs: Run[] = [];
  const length = text.length;
  // A run of at least SHORTEST_RUN covers one of the positions looked at.
  for (let at = SHORTEST_RUN - 1; at < length; at += SHORTEST_RUN) {
    if (sextet(text.charCodeAt(at)) < 0) continue;
    let from = at;
    while (from > 0 && at - from < SHORTEST_RUN && sextet(text.charCodeAt(from - 1)) >= 0) from--;
    let to = at + 1;
    while (to < length && sextet(text.charCodeAt(to)) >= 0) to++;
    if (to - from < SHORTEST_RUN) continue;
    to = unwrapped(text, from, to);
    if (to - from >= WRAPPED_LINE) from = lineBefore(text, from);
    measure(text, from, to);
    const isHex = longestHex >= 2 * SHORTEST_DECODED && hexadecimal(text, from, to, turns, runs);
    if (!isHex && longestBase32 >= SHORTEST_BASE32) base32(text, from, to, turns, runs);
    if (!isHex) base64(text, from, to, turns, runs);
    at = to - 1;
  }
  return runs;
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
    while (next < text.length && sextet(text.charCodeAt(next)) >= 0) next++;
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
  while (start > 0 && end - start < SHORTEST_RUN && sextet(text.charCodeAt(start - 1)) >= 0) start--;
  return end - start < SHORTEST_RUN && start < end ? start : from;
}

/** The values of the digits of a run, in the order of the turn; what is no digit is left out. */
function digitsOf(text: string, from: number, to: number, turn: Turn): Uint8Array {
  const values = SEXTETS[isRotated(turn) ? 1 : 0];
  const digits = new Uint8Array(to - from);
  let n = 0;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    const value = c < 128 ? values[c]! : -1;
    if (value >= 0) digits[n++] = value;
  }
  const held = digits.subarray(0, n);
  return isReversed(turn) ? held.reverse() : held;
}

function base64(text: string, from: number, to: number, turns: readonly Turn[], runs: Run[]): void {
  const walked = !mixed && to - from < LONGEST_ALIKE ? likelyTurns(text, from, to) : 0;
  for (const turn of turns) {
    const packed = mixed && to - from >= SHORTEST_COMPRESSED && mayBeCompressed(text, from, to, turn);
    let likely = (walked & (1 << turn)) !== 0;
    if (mixed || turn === 0) {
      for (let shift = 0; shift < 4 && !likely; shift++) likely = hasStretch(text, from, to, shift, turn);
    }
    if (!likely && !packed) continue;
    const transforms = IN_BASE64[turn]!;
    const digits = digitsOf(text, from, to, turn);
    let all = false;
    for (let shift = 0; shift < 4 && likely && !all; shift++) {
      const bytes = sextetBytes(digits, shift);
      for (const stretch of telling(bytes, turn)) {
        // Where it stands is told to within a group of four, where a line break or a turn does not make it coarser.
        const exact = turn === 0 && digits.length === to - from;
        add(runs, {
          from: exact ? from + shift + Math.floor((stretch[0] * 4) / 3) : from,
          to: exact ? Math.min(to, from + shift + Math.ceil((stretch[1] * 4) / 3)) : to,
          text: textOf(bytes, stretch),
          transforms,
        });
        all ||= stretch[1] - stretch[0] === bytes.length;
      }
    }
    if (packed) compressed(sextetBytes(digits, 0), from, to, PACKED_BASE64[turn]!, runs);
  }
}

/** The readable stretches; of what is turned those that are most of it, for any long text has some by chance. */
function telling(bytes: Uint8Array, turn: Turn): (readonly [number, number])[] {
  const stretches = [...readable(bytes)];
  return turn === 0 ? stretches : stretches.filter(([start, end]) => 2 * (end - start) >= bytes.length);
}

function sextetBytes(digits: Uint8Array, shift: number): Uint8Array {
  const n = digits.length;
  const bytes = new Uint8Array(Math.max(0, Math.floor(((n - shift) * 6) / 8)));
  let size = 0;
  for (let i = shift; i + 1 < n; i += 4) {
    bytes[size++] = (digits[i]! << 2) | (digits[i + 1]! >> 4);
    if (i + 2 < n) bytes[size++] = (digits[i + 1]! << 4) | (digits[i + 2]! >> 2);
    if (i + 3 < n) bytes[size++] = (digits[i + 2]! << 6) | digits[i + 3]!;
  }
  return bytes;
}

/** False if base64 from its `shift`th digit on holds no eight readable bytes in a row: most long identifiers end here. */
function hasStretch(text: string, from: number, to: number, shift: number, turn: Turn): boolean {
  const values = SEXTETS[isRotated(turn) ? 1 : 0];
  const step = isReversed(turn) ? -1 : 1;
  const start = isReversed(turn) ? to - 1 - shift : from + shift;
  let length = 0;
  let last = 1;
  let bits = 0;
  let held = 0;
  for (let i = start, left = to - from - shift - 1; left >= 0; i += step, left--) {
    const c = text.charCodeAt(i);
    const value = c < 128 ? values[c]! : -1;
    if (value < 0) continue;
    bits = (bits << 6) | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const kind = BYTE[(bits >>> held) & 0xff]!;
    // Later bytes follow a first or another; a character does not follow a first.
    if (kind === 0 || (kind === 2 && last === 1)) length = 0;
    else length = last === 3 && kind !== 2 ? 1 : length + 1;
    last = kind === 0 || length === 0 ? 1 : kind;
    // Most runs are hardly longer than the shortest, and are done with at the first byte that is none.
    if (length <= 1 && length * 8 + left * 6 + held < SHORTEST_DECODED * 8) return false;
    if (length >= SHORTEST_DECODED) return true;
  }
  return false;
}

/** For two digits in a row, which of the three bytes that could lie across them would be ASCII text. */
const PAIRS = new Uint8Array(4096);
for (let a = 0; a < 64; a++) {
  for (let b = 0; b < 64; b++) {
    const bytes = [(a << 2) | (b >> 4), ((a & 15) << 4) | (b >> 2), ((a & 3) << 6) | b];
    PAIRS[(a << 6) | b] = bytes.reduce((sum, byte, k) => sum | (BYTE[byte] === 1 ? 1 << k : 0), 0);
  }
}
/** The alignments at which a pair at this place may be part of text: one byte of the number for each. */
const [ALIGNED, ALIGNED_BACK] = [1, -1].map((step) =>
  Int32Array.from({ length: 32 }, (_, at) => {
    let mask = 0;
    for (let alignment = 0; alignment < 4; alignment++) {
      const place = (step * ((at & 3) - alignment)) & 3;
      if (place === 3 || ((at >> 2) >> place) & 1) mask |= 0xff << (8 * alignment);
    }
    return mask;
  }),
) as [Int32Array, Int32Array];

/** Eight bytes of ASCII are at least this many pairs of digits in a row. */
const FEWEST_PAIRS = 10;
const ONE_EACH = 0x01010101;
const ENOUGH = (0x80 - FEWEST_PAIRS) * ONE_EACH;
const TOPS = 0x80808080 | 0;

/**
 * The turns, a bit for each, in which a short run may be base64 of ASCII: one walk for all three, and for all
 * alignments, of each a counter in a number.
 */
function likelyTurns(text: string, from: number, to: number): number {
  const [plain, rotation] = SEXTETS;
  let back = 0;
  let rot = 0;
  let both = 0;
  let turns = 0;
  for (let i = from; i + 1 < to; i++) {
    const c = text.charCodeAt(i);
    const d = text.charCodeAt(i + 1);
    const place = i & 3;
    back = (back + ONE_EACH) & ALIGNED_BACK[(PAIRS[(plain[d]! << 6) | plain[c]!]! << 2) | place]!;
    rot = (rot + ONE_EACH) & ALIGNED[(PAIRS[(rotation[c]! << 6) | rotation[d]!]! << 2) | place]!;
    both = (both + ONE_EACH) & ALIGNED_BACK[(PAIRS[(rotation[d]! << 6) | rotation[c]!]! << 2) | place]!;
    if (((back + ENOUGH) & TOPS) !== 0) turns |= 2;
    if (((rot + ENOUGH) & TOPS) !== 0) turns |= 4;
    if (((both + ENOUGH) & TOPS) !== 0) turns |= 8;
  }
  return turns;
}

/** By its first byte: that of gzip, of zlib, or of a last block of deflate. */
function mayBeCompressed(text: string, from: number, to: number, turn: Turn): boolean {
  const values = SEXTETS[isRotated(turn) ? 1 : 0];
  const first = values[text.charCodeAt(isReversed(turn) ? to - 1 : from)]!;
  const second = values[text.charCodeAt(isReversed(turn) ? to - 2 : from + 1)]!;
  const byte = ((first << 2) | (second >> 4)) & 0xff;
  return byte === 0x1f || byte === 0x78 || (byte & 7) === 3 || (byte & 7) === 5;
}

function compressed(
  bytes: Uint8Array,
  from: number,
  to: number,
  transforms: readonly Transform[],
  runs: Run[],
): void {
  const inside = decompress(bytes, MOST_EXPANDED * (to - from));
  if (inside === undefined) return;
  for (const stretch of readable(inside)) {
    add(runs, { from, to, text: textOf(inside, stretch), transforms });
  }
}

/** Adds what is hexadecimal, as it stands or turned; true if nothing else is left of the run. */
function hexadecimal(text: string, from: number, to: number, turns: readonly Turn[], runs: Run[]): boolean {
  let all = false;
  for (let i = from; i < to; ) {
    // Digits are of both alphabets, and the first letter says which it is.
    let end = i;
    let rot: boolean | undefined;
    for (; end < to; end++) {
      const c = text.charCodeAt(end);
      if (isDigit(c)) continue;
      const isPlain = hexValue(c) >= 0;
      if (!(isPlain || hexValue(rotated(c)) >= 0) || rot === isPlain) break;
      rot = !isPlain;
    }
    if (end - i >= 2 * SHORTEST_DECODED) {
      const whole = hexRun(hexDigits(text, i, end, rot === true), i, end, rot === true, turns, runs);
      all ||= whole && i === from && end === to;
    }
    // What ended it may begin another in the other alphabet.
    i = end + (end < to && end > i && sextet(text.charCodeAt(end)) >= 10 ? 0 : 1);
  }
  return all;
}

function hexDigits(text: string, from: number, to: number, rot: boolean): Uint8Array {
  const digits = new Uint8Array(to - from);
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    digits[i - from] = hexValue(rot && !isDigit(c) ? rotated(c) : c);
  }
  return digits;
}

/**
 * Adds what the hexadecimal digits of a stretch hold, forwards and backwards: with the halves of its bytes exchanged
 * text may read as text, too. True if all of them are text.
 */
export function hexRun(
  digits: Uint8Array,
  from: number,
  to: number,
  rot: boolean,
  turns: readonly Turn[],
  runs: Run[],
): boolean {
  let any = false;
  for (const back of [false, true]) {
    const turn = ((back ? 1 : 0) + (rot ? 2 : 0)) as Turn;
    if (!turns.includes(turn)) continue;
    const inOrder = back ? digits.slice().reverse() : digits;
    const transforms = IN_HEX[turn]!;
    let all = false;
    for (let shift = 0; shift < 2 && !all; shift++) {
      const bytes = hexBytes(inOrder, shift);
      for (const [start, end] of telling(bytes, turn)) {
        const exact = !back && digits.length === to - from;
        add(runs, {
          from: exact ? from + shift + 2 * start : from,
          to: exact ? from + shift + 2 * end : to,
          text: textOf(bytes, [start, end]),
          transforms,
        });
        all ||= end - start === bytes.length;
      }
      if (shift === 0 && (bytes[0] === 0x1f || bytes[0] === 0x78))
        compressed(bytes, from, to, PACKED_HEX[turn]!, runs);
    }
    any ||= all;
  }
  return any;
}

function hexBytes(digits: Uint8Array, shift: number): Uint8Array {
  return Uint8Array.from(
    { length: (digits.length - shift) >> 1 },
    (_, k) => digits[shift + 2 * k]! * 16 + digits[shift + 2 * k + 1]!,
  );
}

/**
 * Adds what is base32 (RFC 4648) from its first digit to its last. Any long word is of its alphabet: what stands
 * before it has to be set apart, and all of it has to be text.
 */
function base32(text: string, from: number, to: number, turns: readonly Turn[], runs: Run[]): void {
  for (let i = from; i < to; i++) {
    let end = i;
    let cases = 0;
    for (; end < to; end++) {
      const c = text.charCodeAt(end);
      if (c >= 97 && c <= 122) cases |= 1;
      else if (c >= 65 && c <= 90) cases |= 2;
      else if (c < 50 || c > 55) break;
    }
    if (end - i >= SHORTEST_BASE32 && cases < 3) {
      for (const turn of turns) {
        const bytes = quintetBytes(text, i, end, turn);
        if (bytes === undefined) continue;
        const transforms = IN_BASE32[turn]!;
        for (const stretch of readable(bytes)) {
          add(runs, { from: i, to: end, text: textOf(bytes, stretch), transforms });
        }
      }
    }
    i = end;
  }
}

/** Undefined if not all bytes are text. */
function quintetBytes(text: string, from: number, to: number, turn: Turn): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor(((to - from) * 5) / 8));
  let size = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < to - from; i++) {
    const c = text.charCodeAt(isReversed(turn) ? to - 1 - i : from + i);
    const value = isDigit(c) ? c - 24 : ((isRotated(turn) ? rotated(c) : c) | 32) - 97;
    bits = (bits << 5) | value;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    const byte = (bits >>> held) & 0xff;
    if (BYTE[byte] === 0) return undefined;
    bytes[size++] = byte;
  }
  return bytes;
}

/** Adds a run, or joins it to a late one of its kind where there are very many. */
export function add(runs: Run[], run: Run): void {
  for (let i = runs.length - 1; i >= SEPARATE && i >= runs.length - KINDS; i--) {
    const other = runs[i]!;
    if (other.text.length >= JOINED || other.transforms !== run.transforms) continue;
    other.text += `\n${run.text}`;
    other.from = Math.min(other.from, run.from);
    other.to = Math.max(other.to, run.to);
    return;
  }
  runs.push(run);
}
