import { SHORTEST_COMPRESSED } from './base64.ts';
import { hexValue, isDigit } from './chars.ts';
import { isCompressedText } from './compressed.ts';
import { disguisesIn } from './decodings.ts';
import { mayBeDefanged } from './defanged.ts';
import { reversedEscapes, rotatedEscapes } from './disguises.ts';
import { BYTE } from './readable.ts';
import { sextetOf } from './sextets.ts';
import { signsIn } from './signs.ts';
import { ALL_TURNS, isReversed, isRotated, rotated, type Turn } from './turns.ts';

/** The shortest text that another one of eight characters is encoded in. */
const SHORTEST_ENCODED = 11;
/** Characters on either side of a border that tell an encoding from words, and those that show one. */
const NEAR = 16;
export const MARGIN = 32;
/** Hexadecimal of what is compressed. */
const HEX = /^(?:0x)?(?:1f8b|78)[\da-f]+$/i;
/** What is compressed looks like nothing but digits of base64. */
const PACKED = 1 << 12;
/** Bits of a digit of base64, base32, and hexadecimal. */
const WIDTHS = [6, 5, 4] as const;

/**
 * The encodings of which a text may be a piece, a bit for each with each turn: as it begins and ends anywhere, every
 * byte that is all of it has to be readable. Cheap: most texts are out with their first bytes.
 */
export function encodingsOf(text: string): number {
  let to = text.length;
  while (to > 0 && text.charCodeAt(to - 1) === 61) to--;
  const from = text.startsWith('0x') ? 2 : 0;
  let cases = 0;
  let isBase32 = true;
  let isHex = true;
  let isRotatedHex = true;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (sextetOf(c, false) < 0) return 0;
    cases |= c >= 97 ? 1 : c >= 65 ? 2 : 0;
    isBase32 &&= c >= 65 || (c >= 50 && c <= 55);
    isHex &&= hexValue(c) >= 0;
    isRotatedHex &&= isDigit(c) || hexValue(rotated(c)) >= 0;
  }
  let found = PACKED;
  for (const turn of ALL_TURNS) {
    const rot = isRotated(turn);
    const possible = [true, isBase32 && cases < 3, rot ? isRotatedHex : isHex];
    for (const [i, width] of WIDTHS.entries()) {
      if (possible[i] && isReadable(text, from, to, width, turn)) found |= 1 << (4 * i + turn);
    }
  }
  return found;
}

/**
 * Whether an encoding may go on across a border, of texts each of which may be a piece of the given ones. What stands
 * further from the border than `MARGIN` is not looked at, but for the beginning of what is compressed.
 */
export function mayHide(text: string, border: number, encodings: number): boolean {
  if (text.length < SHORTEST_ENCODED) return false;
  if (text.length > LONGEST_KNOWN) return looksHidden(text, border, encodings);
  // Calls repeat their arguments, and with them their rows.
  const key = `${border} ${encodings} ${text}`;
  let hides = known.get(key);
  if (hides === undefined) {
    hides = looksHidden(text, border, encodings);
    if (known.size === MOST_KNOWN) known.clear();
    known.set(key, hides);
  }
  return hides;
}

const known = new Map<string, boolean>();
const MOST_KNOWN = 1024;
const LONGEST_KNOWN = 1024;

function looksHidden(text: string, border: number, encodings: number): boolean {
  const around = text.slice(Math.max(0, border - MARGIN), border + MARGIN);
  const at = Math.min(border, MARGIN);
  if (/\s/.test(around.slice(Math.max(0, at - NEAR), at + NEAR))) return false;
  if ((encodings & ~PACKED) !== 0 && (encodings & encodingsOf(text) & ~PACKED) !== 0) return true;
  if (!/[^a-z]/.test(around)) return false;
  if (encodings !== 0 && text.length >= SHORTEST_COMPRESSED && (isMixed(around) || HEX.test(text))) {
    if (isCompressedText(text)) return true;
  }
  const signs = signsIn(around);
  if (signs.wide) return mayBeDefanged(around) || disguisesIn(around).places.length > 0;
  if (signs.spaced || signs.octets || signs.defanged) return true;
  const escapes = signs.percent || signs.ampersand || signs.backslash;
  // As they stand they are undone by folding.
  return escapes && (reversedEscapes(around).length > 0 || rotatedEscapes(around).length > 0);
}

/** Base64 of what is compressed has letters of both cases (see base64.ts), hexadecimal of it has digits. */
function isMixed(text: string): boolean {
  return /[a-z]/.test(text) && /[A-Z]/.test(text);
}

/** Whether digits read as text, from some place in a byte on. */
function isReadable(text: string, from: number, to: number, width: number, turn: Turn): boolean {
  for (let skip = 0; skip < 8; skip++) {
    if ((width === 6 && skip % 2 === 1) || (width === 4 && skip % 4 !== 0)) continue;
    if (readsFrom(text, from, to, width, turn, skip)) return true;
  }
  return false;
}

function readsFrom(text: string, from: number, to: number, width: number, turn: Turn, skip: number): boolean {
  const back = isReversed(turn);
  const rot = isRotated(turn);
  let bits = 0;
  let held = -skip;
  let last = 0;
  for (let i = 0; i < to - from; i++) {
    const c = text.charCodeAt(back ? to - 1 - i : from + i);
    bits = (bits << width) | digitOf(c, width, rot);
    held += width;
    if (held < 8) continue;
    held -= 8;
    const kind = BYTE[(bits >>> held) & 0xff]!;
    // Later bytes of a character follow a first or another, and nothing else follows a first.
    if (kind === 0 || (kind === 2 && last === 1) || (kind !== 2 && last === 3)) return false;
    last = kind;
  }
  return true;
}

function digitOf(c: number, width: number, rot: boolean): number {
  if (width === 6) return sextetOf(c, rot);
  const plain = rot && !isDigit(c) ? rotated(c) : c;
  if (width === 4) return hexValue(plain);
  return isDigit(plain) ? plain - 24 : (plain | 32) - 97;
}
