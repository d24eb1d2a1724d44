import { hexValue, isDigit, isLetter, reveal, SPACE } from './chars.ts';
import { ENTITIES } from './escapes.ts';
import { rotated } from './turns.ts';

/** `&#x10ffff;` is the longest reference. */
const LONGEST_ENTITY = 10;
/** Letters of a word are looked at this far from one another. */
const LONGEST_WORD = 64;
const HASH = 35;
const SEMICOLON = 59;

/** Where escapes stand backwards: `04%`, `;46#&`, `1600u\`. What is no part of an escape stays in order of itself. */
export function reversedEscapes(text: string): number[] {
  const places: number[] = [];
  each(text, '%', (at) => {
    const byte = hexish(text, at - 1) * 16 + hexish(text, at - 2);
    // A percentage stands by itself, and hardly ever reads as a character.
    const beside = text[at + 1] ?? ' ';
    const isSpelled = beside === text[at - 3] && beside.trim() !== '';
    const isInside = isWordy(text, at - 3) || isWordy(text, at + 1) || isSpelled;
    if (byte >= 32 && byte !== 127 && isInside) places.push(at);
  });
  each(text, '&', (at) => {
    let i = at - 1;
    while (i >= 0 && at - i <= LONGEST_ENTITY && (isWordy(text, i) || text.charCodeAt(i) === HASH)) i--;
    if (i < 0 || i === at - 1 || text.charCodeAt(i) !== SEMICOLON) return;
    const name = [...text.slice(i + 1, at)].reverse().join('');
    if (name.startsWith('#') || name in ENTITIES || ROTATED.has(name)) places.push(at);
  });
  each(text, '\\', (at) => {
    const mark = text.charCodeAt(at - 1) | 32;
    // Of `x` and `u` the digits are plain, of `k` and `h` they are rotated.
    const value = (place: number): number => {
      const c = text.charCodeAt(place);
      return isDigit(c) || mark === 120 || mark === 117 ? hexValue(c) : hexValue(rotated(c));
    };
    const isShort = mark === 120 || mark === 107;
    if (!isShort && mark !== 117 && mark !== 104) return;
    const [first, second] = [value(at - 2), value(at - 3)];
    // Of characters beyond ASCII the fullwidth ones, and those of two halves, look like letters.
    const isFar = (first === 0xf || first === 0xd) && value(at - 4) >= 0 && value(at - 5) >= 0;
    if (text[at - 2] === '}' || text[at - 2] === '{') places.push(at);
    else if (isShort ? first >= 2 && first < 8 && second >= 0 : (first === 0 || isFar) && second >= 0)
      places.push(at);
  });
  return places;
}

/**
 * Where escapes stand that rot13 changed (`%2s`, `&nzc;`, `\k65`), and where one of a letter, or a letter in another's
 * shape, stands beside plain letters: whether rot13 came before or after makes a difference there.
 */
export function rotatedEscapes(text: string): number[] {
  const places: number[] = [];
  each(text, '%', (at) => {
    const byte = hexish(text, at + 1) * 16 + hexish(text, at + 2);
    if (byte < 32) return;
    const isPlain = hexValue(text.charCodeAt(at + 1)) >= 0 && hexValue(text.charCodeAt(at + 2)) >= 0;
    if (!isPlain || isLetter(byte)) places.push(at);
  });
  each(text, '&', (at) => {
    const end = text.indexOf(';', at);
    if (end < 0 || end - at > LONGEST_ENTITY) return;
    const name = text.slice(at + 1, end);
    if (
      /^#\d+$/.test(name)
        ? isLetter(Number(name.slice(1)))
        : /^#k[\da-fn-s]+$/i.test(name) || ROTATED.has(name)
    ) {
      places.push(at);
    }
  });
  each(text, '\\', (at) => {
    const mark = text.charCodeAt(at + 1);
    if (
      (mark === 107 || mark === 104 || mark === 72) &&
      (hexish(text, at + 2) >= 0 || text[at + 2] === '{')
    ) {
      places.push(at);
    }
  });
  return places;
}

/** Where a letter that only looks like one of ASCII, or hides one, stands in a word with one. */
export function mixedLetters(text: string): number[] {
  const places: number[] = [];
  for (const { 0: one, index } of text.matchAll(/[^\0-\x7f]/gu)) {
    const shown = reveal(one.codePointAt(0)!);
    if (shown >= 128 || !isLetter(shown)) continue;
    const before = text.slice(Math.max(0, index - LONGEST_WORD), index);
    const after = text.slice(index, index + LONGEST_WORD);
    // Spelled out, or byte by byte, its word goes on beyond the blanks.
    const isApart = isInPiece(text, index, index + one.length);
    const isMixed = isApart
      ? /[a-z]/i.test(before + after)
      : /[a-z]/i.test(before.slice(before.lastIndexOf(' ') + 1)) || /^[^ a-z]*[a-z]/i.test(after);
    if (isMixed) places.push(index);
  }
  return places;
}

/** Characters of one letter, or of a byte in hexadecimal with what marks it, at most on either side of one of them. */
const LONGEST_PIECE = 4;

/** Whether blanks, whatever they look like, or the text's ends stand close around a character. */
function isInPiece(text: string, from: number, to: number): boolean {
  let end = to;
  for (let left = LONGEST_PIECE; end < text.length && !isBlankAt(text, end); left--) {
    if (left === 0) return false;
    end += text.codePointAt(end)! > 0xffff ? 2 : 1;
  }
  let start = placeBefore(text, from);
  for (let left = LONGEST_PIECE; start >= 0 && !isBlankAt(text, start); left--) {
    if (left === 0) return false;
    start = placeBefore(text, start);
  }
  return true;
}

function isBlankAt(text: string, at: number): boolean {
  return reveal(text.codePointAt(at)!) === SPACE;
}

function placeBefore(text: string, at: number): number {
  const c = text.charCodeAt(at - 1);
  return c >= 0xdc00 && c < 0xe000 && at > 1 ? at - 2 : at - 1;
}

const ROTATED = new Set(
  Object.keys(ENTITIES).map((name) =>
    String.fromCharCode(...Array.from(name, (letter) => rotated(letter.charCodeAt(0)))),
  ),
);

function each(text: string, mark: string, visit: (at: number) => void): void {
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) visit(at);
}

/** The value of a hexadecimal digit, plain or as rot13 leaves it; far below zero if it is none. */
function hexish(text: string, at: number): number {
  const c = text.charCodeAt(at);
  const value = hexValue(c);
  if (value >= 0) return value;
  return isDigit(c) || !isLetter(c) || hexValue(rotated(c)) < 0 ? -10_000 : hexValue(rotated(c));
}

function isWordy(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  return isDigit(c) || isLetter(c);
}
