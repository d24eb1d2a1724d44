import { classOf, hexValue, isLetter, OTHER, WORD } from './chars.ts';
import { rotated } from './turns.ts';

const encoder = new TextEncoder();
/** Zeros on either side of a text, so that one may look around without a look at where it begins and ends. */
const BEFORE = 16;
const BEHIND = 64;
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
  return (bytes[i + 3] === 32 || bytes[i + 4] === 32) && isWordAt(i + 1);
}

/** The two letters in the middle of `hxxp`, turned or not. */
function isScheme(i: number): boolean {
  if (lower(i) !== lower(i + 1)) return false;
  const [first, last] = [lower(i - 1), lower(i + 2)];
  return lower(i) === 120
    ? (first === 104 || first === 112) && (last === 104 || last === 112)
    : (first === 117 || first === 99) && (last === 117 || last === 99);
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
}

/**
 * Which transformations a text may show signs of. Of separators: the same mark again and again at the distance at
 * which they would stand. One walk over bytes, which is several times as fast as over characters: most texts show few.
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
  for (let i = BEFORE; i < end; i++) {
    const c = held[i]!;
    if (MARKS[c] === 0) continue;
    if (held[i + 2] === c && held[i + 4] === c && held[i + 6] === c) spaced ||= SEPARATES[c] === 1;
    else if (held[i + 3] === c) octets ||= isRow(c, i, 3);
    else if (held[i + 4] === c) octets ||= isRow(c, i, 4);
    else if (held[i + 5] === c) octets ||= isRow(c, i, 5);
    else if (held[i + 6] === c) octets ||= isRow(c, i, 6);
    const kind = KINDS[c]!;
    if (kind === 0) continue;
    if (kind === BLANK) {
      if (isWordBehind(i)) found |= DEFANGED;
    } else if (kind === TWIN) {
      if (isScheme(i)) found |= DEFANGED;
    } else if (kind === DEFANGED) {
      if (isBracketed(i)) found |= DEFANGED;
    } else if (kind === PERCENT) {
      if (isPercentEscape(i)) found |= PERCENT;
    } else if (kind === AMPERSAND) {
      if (isReference(i)) found |= AMPERSAND;
    } else if (isCode(i)) found |= BACKSLASH;
  }
  if (bytes.length > USUAL) makeRoom(4096);
  return {
    any: wide || spaced || octets || found !== 0,
    spaced,
    octets,
    wide,
    percent: (found & PERCENT) !== 0,
    ampersand: (found & AMPERSAND) !== 0,
    backslash: (found & BACKSLASH) !== 0,
    defanged: wide || (found & DEFANGED) !== 0,
  };
}
