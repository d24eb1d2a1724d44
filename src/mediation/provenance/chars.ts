import { likeness } from './confusables.ts';

/**
 * What one character means to matching. A canonical character is a UTF-16 code unit after folding: lower case,
 * compatibility forms and diacritics removed (NFKD without U+0300..036F, one code point at a time, so that no
 * context is needed), look-alikes of ASCII replaced by it, any white space or control one space, invisible
 * characters gone.
 */

export const SPACE = 32;
export const PERCENT = 37;
export const AMPERSAND = 38;

/** Folds to nothing. */
export const GONE = 0;
/** Folds to several characters: see `foldMany`. */
export const MANY = 0xffff;

/** What a character is to word boundaries: no part of a word, part of one, or a word of its own (CJK). */
export const OTHER = 0;
export const WORD = 1;
export const LONE = 2;

const ASCII_FOLD = new Uint16Array(128);
const ASCII_CLASS = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const upper = c >= 65 && c <= 90;
  ASCII_FOLD[c] = c <= SPACE || c === 127 ? SPACE : upper ? c + 32 : c;
  ASCII_CLASS[c] = upper || (c >= 97 && c <= 122) || (c >= 48 && c <= 57) ? WORD : OTHER;
}

export { ASCII_CLASS, ASCII_FOLD };

/** The class of a character, canonical or not. */
export function classOf(c: number): number {
  return c < 128 ? ASCII_CLASS[c]! : wideClass(c);
}

function wideClass(c: number): number {
  if (c < 0xc0) return c === 0xaa || c === 0xb5 || c === 0xba ? WORD : OTHER;
  if (c < 0x2000) return c === 0xd7 || c === 0xf7 ? OTHER : WORD;
  if (c < 0x2e80) return c >= 0x2c00 && c < 0x2e00 ? WORD : OTHER;
  if (c < 0x3040) return OTHER;
  if (c < 0xa000 || (c >= 0xac00 && c < 0xd7b0) || (c >= 0xf900 && c < 0xfb00)) return LONE;
  if (c >= 0xd800 && c < 0xe000) return OTHER;
  return WORD;
}

/** What stands at `i` of a text as it came is to word boundaries once it is folded. */
export function classIn(text: string, i: number): number {
  const c = text.charCodeAt(i);
  if (c < 128) return ASCII_CLASS[c]!;
  const low = c >= 0xdc00 && c < 0xe000 && i > 0;
  const point = text.codePointAt(low ? i - 1 : i)!;
  const folded = foldMany(low && point <= 0xffff ? c : point);
  return folded === '' ? OTHER : classOf(folded.charCodeAt(0));
}

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** Of the Latin alphabet, without diacritics. */
export function isLetter(c: number): boolean {
  return c < 128 && (c | 32) >= 97 && (c | 32) <= 122;
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** A function of code units beyond ASCII that are no surrogates, worked out once for each 256. */
function paged(of: (c: number) => number): (c: number) => number {
  const pages: (Uint16Array | undefined)[] = new Array(256);
  return (c) => {
    let page = pages[c >>> 8];
    if (page === undefined) {
      page = new Uint16Array(256);
      for (let low = 0; low < 256; low++) page[low] = of((c & 0xff00) | low);
      pages[c >>> 8] = page;
    }
    return page[c & 0xff]!;
  };
}

/** The canonical character of a code unit beyond ASCII that is no surrogate, or `GONE`, or `MANY`. */
export const foldWide = paged((c) => {
  const folded = foldMany(c);
  return folded.length === 0 ? GONE : folded.length === 1 ? folded.charCodeAt(0) : MANY;
});

/** The canonical characters of any code point; at most four, so that no text grows without bound. */
export function foldMany(point: number): string {
  // Tag characters show nothing, but a model reads them as the letters that they shadow and passes those on.
  if (point >= 0xe0020 && point <= 0xe007e) return foldMany(point - 0xe0000);
  if (isInvisible(point)) return '';
  const text = String.fromCodePoint(point);
  if (point >= 0xac00 && point < 0xd7b0) return text;
  let folded = '';
  for (const part of text.normalize('NFKD')) {
    const c = part.codePointAt(0)!;
    if (c < 0x300 || c > 0x36f) folded += c <= SPACE ? ' ' : String.fromCodePoint(likeness(c) || c);
  }
  folded = folded.toLowerCase();
  return folded.length > 4 ? text : folded;
}

/**
 * The ASCII character that a reader sees, or a model reads, in one beyond ASCII, its case kept: tag characters,
 * look-alikes, fullwidth and mathematical letters. `GONE` for what nobody sees, and any other character itself.
 */
export function reveal(point: number): number {
  if (point <= 0xffff) return point >= 0xd800 && point < 0xe000 ? point : revealWide(point);
  return revealAny(point);
}

const revealWide = paged(revealAny);

function revealAny(point: number): number {
  if (point >= 0xe0020 && point <= 0xe007e) return point - 0xe0000;
  if (isInvisible(point)) return GONE;
  if (point >= 0x3400 && point < 0xe000) return point;
  const shown = String.fromCodePoint(point).normalize('NFKD');
  const c = shown.codePointAt(0)!;
  if (shown.length > (c > 0xffff ? 2 : 1)) return point;
  return c < 128 ? c : likeness(c) || point;
}

/** Zero-width, bidirectional and variation characters: no reader sees them, and they stand for nothing. */
function isInvisible(point: number): boolean {
  return (
    (point >= 0x300 && point <= 0x36f) ||
    point === 0xad ||
    point === 0x61c ||
    point === 0x180e ||
    (point >= 0x200b && point <= 0x200f) ||
    (point >= 0x202a && point <= 0x202e) ||
    (point >= 0x2060 && point <= 0x206f) ||
    (point >= 0xfe00 && point <= 0xfe0f) ||
    point === 0xfeff ||
    (point >= 0xe0000 && point <= 0xe0fff)
  );
}
