import { classOf, hexValue, OTHER } from './chars.ts';
import { rotated } from './turns.ts';

const encoder = new TextEncoder();
let bytes = new Uint8Array(4096);

/** Separators of spelled out text, and with the `x` of hexadecimal (`k` in rot13) of bytes. */
const SEPARATES = Uint8Array.from({ length: 256 }, (_, c) => (c < 128 && classOf(c) === OTHER ? 1 : 0));
const MARKS = SEPARATES.slice();
for (const c of 'xXkK') MARKS[c.charCodeAt(0)] = 1;

/** Marks of escapes and brackets, a bit for each, and the rest of ASCII. */
const KINDS = new Uint8Array(256);
for (const [i, marks] of ['%', '&', '\\', '[({<'].entries()) {
  for (const c of marks) KINDS[c.charCodeAt(0)] = 1 << i;
}

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
  bracket: boolean;
}

/**
 * Which transformations a text may show signs of. Of separators: the same mark again and again at the distance at
 * which they would stand. One walk over bytes, which is several times as fast as over characters: most texts show few.
 */
export function signsIn(text: string): Signs {
  if (bytes.length < 3 * text.length + 64) bytes = new Uint8Array(4 * text.length + 64);
  const { written } = encoder.encodeInto(text, bytes);
  const wide = written !== text.length;
  let spaced = wide;
  let octets = wide;
  let kinds = 0;
  const held = bytes;
  held.fill(0, written, written + 64);
  for (let i = 0; i < written; i++) {
    const c = held[i]!;
    if (MARKS[c] === 0) continue;
    kinds |= KINDS[c]!;
    if (held[i + 2] === c && held[i + 4] === c && held[i + 6] === c) spaced ||= SEPARATES[c] === 1;
    else if (held[i + 3] === c) octets ||= isRow(c, i, 3);
    else if (held[i + 4] === c) octets ||= isRow(c, i, 4);
    else if (held[i + 5] === c) octets ||= isRow(c, i, 5);
    else if (held[i + 6] === c) octets ||= isRow(c, i, 6);
  }
  return {
    any: wide || spaced || octets || (kinds & 15) !== 0,
    spaced,
    octets,
    wide,
    percent: (kinds & 1) !== 0,
    ampersand: (kinds & 2) !== 0,
    backslash: (kinds & 4) !== 0,
    bracket: (kinds & 8) !== 0,
  };
}
