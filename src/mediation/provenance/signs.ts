import { classOf, hexValue, isLetter, OTHER, WORD } from './chars.ts';
import { sextetOf } from './sextets.ts';
import { rotated } from './turns.ts';

const encoder = new TextEncoder();
/** Zeros on either side of a text, so that one may look around without a look at where it begins and ends. */
const BEFORE = 16;
const BEHIND = 64;
/** Bytes whose marks are looked at together. */
const CHUNK = 4096;
/** Fewer digits of base64 decode to less than eight bytes. */
export const LONG = 11;
/** Room for longer texts is given back. */
const USUAL = 1024 * 1024;
let bytes = new Uint8Array(4096);
let inside = bytes.subarray(BEFORE);

function makeRoom(size: number): void {
  bytes = new Uint8Array(BEFORE + size + BEHIND);
  inside = bytes.subarray(BEFORE);
}

/** Separators of spelled out text, and with the `x` of hexadecimal (`k` in rot13) of bytes. */
const SEPARATES = Uint8Array.from({ length: 256 }, (_, c) => (c < 128 && classOf(c) === OTHER ? 1 : 0));
const MARKS = SEPARATES.slice();
for (const c of 'xXkK') MARKS[c.charCodeAt(0)] = 1;

const HASH = 35;
const SEMICOLON = 59;
/** `x`, `u`, and in rot13 `k`, `h`. */
const CODES = new Uint8Array(256);
for (const c of 'xukh') CODES[c.charCodeAt(0)] = 1;
/** What begins or ends something that is to be undone, and so is looked at more closely. */
const PERCENT = 1;
const AMPERSAND = 2;
const BACKSLASH = 4;
const DEFANGED = 8;
const BLANK = 16;
const TWIN = 32;
const KINDS = new Uint8Array(256);
for (const [marks, kind] of [
  ['%', PERCENT],
  ['&', AMPERSAND],
  ['\\', BACKSLASH],
  ['[({<', DEFANGED],
  [' ', BLANK],
  ['xXkK', TWIN],
] as const) {
  for (const c of marks) KINDS[c.charCodeAt(0)] = kind;
}
/** What is to be done where a mark stands: it ends what could be base64; it may stand before a word; it may be a sign. */
const END = 1;
const BEGIN = 2;
const SIGN = 4;
const ACTS = Uint8Array.from(MARKS, (mark, c) => {
  const ends = mark === 1 && sextetOf(c, false) < 0;
  return (ends ? END : 0) | (KINDS[c] === BLANK ? BEGIN : KINDS[c] === 0 ? 0 : SIGN);
});
/** The longest reference in HTML, and somewhat more. */
const LONGEST_ENTITY = 12;

/** Of eight bytes there are seven marks, six of them at any two places that follow each other. */
const ROW = 5;
const HEX = Uint8Array.from({ length: 256 }, (_, c) =>
  c < 128 && (hexValue(c) >= 0 || hexValue(rotated(c)) >= 0) ? 1 : 0,
);

/** Whether a mark stands at this distance again and again, and hexadecimal digits, plain or in rot13, between. */
function isRow(mark: number, at: number, stride: number): boolean {
  for (let i = at; i < at + ROW * stride; i += stride) if (bytes[i + stride] !== mark) return false;
  for (let i = at + 1; i + 1 < at + stride; i++) {
    let k = 0;
    while (k < ROW && HEX[bytes[i + k * stride]!] === 1 && HEX[bytes[i + k * stride + 1]!] === 1) k++;
    if (k === ROW) return true;
  }
  return false;
}

const lower = (i: number): number => bytes[i]! | 32;
const isHex = (i: number): boolean => HEX[bytes[i]!] === 1;

/** Hexadecimal digits, plain or in rot13, on either side: a percentage has none behind it, and seldom two before. */
function isPercentEscape(i: number): boolean {
  return (isHex(i + 1) && isHex(i + 2)) || (isHex(i - 1) && isHex(i - 2));
}

/** A name or number with a semicolon behind it, read forwards or backwards; a number may do without. */
function isReference(i: number): boolean {
  if (bytes[i + 1] === HASH) return true;
  const [on, back] = [isLetter(bytes[i + 1]!), bytes[i - 1] === HASH || classOf(bytes[i - 1]!) === WORD];
  for (let k = 1; k <= LONGEST_ENTITY; k++) {
    if ((on && bytes[i + k] === SEMICOLON) || (back && bytes[i - k] === SEMICOLON)) return true;
  }
  return false;
}

/** `x` or `u`, or what rot13 makes of them, on either side. */
function isCode(i: number): boolean {
  return CODES[lower(i - 1)] === 1 || CODES[lower(i + 1)] === 1;
}

/** A mark, or a word for one, in brackets, or between brackets that face away: `[at]`, `(.)`, `]tod[`. */
function isBracketed(i: number): boolean {
  const next = bytes[i + 1] === 32 ? i + 2 : i + 1;
  const last = bytes[i - 1] === 32 ? i - 2 : i - 1;
  return (
    isMark(bytes[next]!) || isMark(bytes[last]!) || isWordAt(next) || isWordAt(last - 1) || isWordAt(last - 2)
  );
}

/** `.`, `/`, `:`, `@`. */
function isMark(c: number): boolean {
  return c === 46 || c === 47 || c === 58 || c === 64;
}

/** By the first two letters of a word for a mark, turned or not: what its third is, `WHOLE` if it has no third. */
const THIRD = new Uint8Array(1024);
const WHOLE = 255;
const at = (word: string, i: number): number => word.charCodeAt(i) & 31;
for (const word of ['at', 'ta', 'ng', 'gn']) THIRD[(at(word, 0) << 5) | at(word, 1)] = WHOLE;
for (const word of ['dot', 'tod', 'qbg', 'gbq']) THIRD[(at(word, 0) << 5) | at(word, 1)] = at(word, 2);

/** Whether one of them begins there, in any case, or something that is seldom taken for it. */
function isWordAt(i: number): boolean {
  const third = THIRD[((bytes[i]! & 31) << 5) | (bytes[i + 1]! & 31)]!;
  return third !== 0 && (third === WHOLE || third === (bytes[i + 2]! & 31));
}

/** Whether one of them stands alone behind this blank. */
function isWordBehind(i: number): boolean {
  return isWordAt(i + 1) && (bytes[i + 3] === 32 || bytes[i + 4] === 32);
}

/** The two letters in the middle of `hxxp`, turned or not. */
function isScheme(i: number): boolean {
  if (lower(i) !== lower(i + 1)) return false;
  const [first, last] = [lower(i - 1), lower(i + 2)];
  return lower(i) === 120
    ? (first === 104 || first === 112) && (last === 104 || last === 112)
    : (first === 117 || first === 99) && (last === 117 || last === 99);
}

/** What the mark that stands there is a sign of. */
function signAt(c: number, i: number): number {
  const kind = KINDS[c]!;
  if (kind === 0) return 0;
  if (kind === BLANK) return isWordBehind(i) ? DEFANGED : 0;
  if (kind === TWIN) return isScheme(i) ? DEFANGED : 0;
  if (kind === DEFANGED) return isBracketed(i) ? kind : 0;
  if (kind === PERCENT) return isPercentEscape(i) ? kind : 0;
  if (kind === AMPERSAND) return isReference(i) ? kind : 0;
  return isCode(i) ? kind : 0;
}

/** What a text may hold. */
export interface Signs {
  /** Any of those that follow. */
  any: boolean;
  /** Characters with a separator after each. */
  spaced: boolean;
  /** Bytes in hexadecimal with a mark after each. */
  octets: boolean;
  /** Something beyond ASCII. */
  wide: boolean;
  percent: boolean;
  ampersand: boolean;
  backslash: boolean;
  /** Marks in brackets, or in words. */
  defanged: boolean;
  /** Where those may be: at the first blank, the bracket that opens, the first `x`. Undefined if it is `wide`. */
  near: readonly number[] | undefined;
  /** Where at least `LONG` digits of base64 in a row begin and end, in order; undefined if it is `wide`. */
  long: readonly number[] | undefined;
}

/** Marks that have to be looked at, and where what could be base64 before each of them begins. */
const suspects = new Int32Array(CHUNK + 1);
const ends = new Int32Array(CHUNK + 1);

/**
 * Writes which marks of a stretch have to be looked at into `suspects`; returns how many. `start` is where what could
 * be base64 begins at its beginning, `ends` has behind it where it does at its end. Without branches on the text: no
 * processor can predict where a word ends. In a closure: engines load a module's variables anew in every round.
 */
const suspectsIn = (() => {
  const [places, marks, acts] = [new Int32Array(CHUNK + 1), MARKS, ACTS];
  const words = THIRD.map((third) => (third === 0 ? 0 : 1));
  const [into, starts] = [suspects, ends];

  return (held: Uint8Array, from: number, to: number, start: number): number => {
    let marked = 0;
    for (let i = from; i < to; i++) {
      places[marked] = i;
      marked += marks[held[i]!]!;
    }
    let last = start;
    let count = 0;
    for (let k = 0; k < marked; k++) {
      const i = places[k]!;
      const c = held[i]!;
      const act = acts[c]!;
      into[count] = i;
      starts[count] = last;
      const isEnd = -(act & END);
      // The same mark twice more at any distance.
      const two = (held[i + 2]! ^ c) | (held[i + 4]! ^ c);
      const three = (held[i + 3]! ^ c) | (held[i + 6]! ^ c);
      const four = (held[i + 4]! ^ c) | (held[i + 8]! ^ c);
      const five = (held[i + 5]! ^ c) | (held[i + 10]! ^ c);
      const six = (held[i + 6]! ^ c) | (held[i + 12]! ^ c);
      const all = Math.imul(Math.imul(two, three), Math.imul(four, Math.imul(five, six)));
      const isRepeated = ~(all | -all) >>> 31;
      const isLong = (isEnd & (LONG - 1 - (i - last))) >>> 31;
      const isWord = (act >> 1) & words[((held[i + 1]! & 31) << 5) | (held[i + 2]! & 31)]!;
      count += isRepeated | isLong | isWord | (act >> 2);
      last = (last & ~isEnd) | ((i + 1) & isEnd);
    }
    starts[count] = last;
    return count;
  };
})();

/**
 * Which transformations a text may show signs of. Of separators: the same mark again and again at the distance at
 * which they would stand. One walk over bytes, which is several times as fast as over characters, finds the marks, and
 * only those are looked at: most texts show few signs.
 */
export function signsIn(text: string): Signs {
  if (inside.length < 3 * text.length + BEHIND) makeRoom(4 * text.length);
  const { written } = encoder.encodeInto(text, inside);
  const end = BEFORE + written;
  const wide = written !== text.length;
  let spaced = wide;
  let octets = wide;
  let found = 0;
  const held = bytes;
  held.fill(0, end, end + BEHIND);
  const long: number[] = [];
  const near: number[] = [];
  /** Behind the last character that is no digit of base64. */
  let start = BEFORE;
  for (let from = BEFORE; from < end; from += CHUNK) {
    const count = suspectsIn(held, from, Math.min(end, from + CHUNK), start);
    for (let k = 0; k < count; k++) {
      const i = suspects[k]!;
      const c = held[i]!;
      const before = ends[k]!;
      if ((ACTS[c]! & END) !== 0 && i - before >= LONG) long.push(before - BEFORE, i - BEFORE);
      if (held[i + 2] === c && held[i + 4] === c && held[i + 6] === c) spaced ||= SEPARATES[c] === 1;
      else if (held[i + 3] === c) octets ||= isRow(c, i, 3);
      else if (held[i + 4] === c) octets ||= isRow(c, i, 4);
      else if (held[i + 5] === c) octets ||= isRow(c, i, 5);
      else if (held[i + 6] === c) octets ||= isRow(c, i, 6);
      const sign = signAt(c, i);
      found |= sign;
      if (sign === DEFANGED) near.push(i - BEFORE);
    }
    start = ends[count]!;
  }
  if (end - start >= LONG) long.push(start - BEFORE, written);
  if (bytes.length > USUAL) makeRoom(4096);
  return {
    any: wide || spaced || octets || found !== 0,
    spaced,
    octets,
    wide,
    percent: (found & PERCENT) !== 0,
    ampersand: (found & AMPERSAND) !== 0,
    backslash: (found & BACKSLASH) !== 0,
    defanged: wide || near.length > 0,
    near: wide ? undefined : near,
    long: wide ? undefined : long,
  };
}
