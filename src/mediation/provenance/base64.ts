import { compressed, mayBeCompressed } from './compressed.ts';
import { BYTE, SHORTEST_DECODED, textOf } from './readable.ts';
import { add, named, type Run, telling } from './run.ts';
import { digitsOf, SEXTETS, sextetBytes } from './sextets.ts';
import { isReversed, isRotated, type Turn } from './turns.ts';

/** What is compressed is at least this long. */
export const SHORTEST_COMPRESSED = 14;
/**
 * Base64 of this many characters has capitals and small letters, but once in 50,000 times, as what is compressed has
 * but once in 700; most identifiers have not. What has not is not tried turned, or as compressed.
 */
const LONGEST_ALIKE = 24;

const IN_BASE64 = named('base64');
const PACKED_BASE64 = named('base64', 'compressed');

/** Adds what is base64 in a run of its digits; `mixed`: it has letters of both cases. */
export function base64(
  text: string,
  from: number,
  to: number,
  mixed: boolean,
  turns: readonly Turn[],
  runs: Run[],
): void {
  const isAlike = !mixed && to - from < LONGEST_ALIKE;
  if (isAlike && !mayBeText(text, from, to)) return;
  const walked = isAlike ? likelyTurns(text, from, to) : 0;
  for (const turn of turns) {
    const packed = mixed && to - from >= SHORTEST_COMPRESSED && mayBeCompressed(text, from, to, turn);
    let likely = (walked & (1 << turn)) !== 0;
    if (!isAlike && (mixed || turn === 0)) {
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
    const first = isText((a << 2) | (b >> 4));
    const second = isText(((a & 15) << 4) | (b >> 2));
    PAIRS[(a << 6) | b] = first | (second << 1) | (isText(((a & 3) << 6) | b) << 2);
  }
}
function isText(byte: number): number {
  return BYTE[byte] === 1 ? 1 : 0;
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

/**
 * Of a digit, plain and (three bits on) in rot13: whether it may be the first, second and third of the four that are
 * three bytes of ASCII text.
 */
const GROUPED = Uint8Array.from({ length: 128 }, (_, c) =>
  SEXTETS.reduce((bits, values, rot) => {
    const value = values[c]!;
    if (value < 0) return bits;
    const first = value < 32 && (value > 7 || value === 2 || value === 3) ? 1 : 0;
    const second = [0, 2, 3, 4, 5, 6, 7].includes(value & 15) ? 2 : 0;
    const third = (value & 3) < 2 ? 4 : 0;
    return bits | ((first | second | third) << (3 * rot));
  }, 0),
);
const FIRSTS = 0b001001;

/** False if no turn of a run holds eight bytes of ASCII, which are two such groups in a row, at least: most words end here. */
function mayBeText(text: string, from: number, to: number): boolean {
  let before = 0;
  let beforeThat = 0;
  /** Whether a group ended, or backwards began, at each of the last four places: a byte for each. */
  let groups = 0;
  for (let i = from; i < to; i++) {
    const here = GROUPED[text.charCodeAt(i)]!;
    const ahead = beforeThat & (before >> 1) & (here >> 2) & FIRSTS;
    const back = here & (before >> 1) & (beforeThat >> 2) & FIRSTS;
    const group = ahead | (back << 1);
    if ((group & (groups >>> 24)) !== 0) return true;
    groups = (groups << 8) | group;
    beforeThat = before;
    before = here;
  }
  return false;
}

/** Eight bytes of ASCII are at least this many pairs of digits in a row. */
const FEWEST_PAIRS = 10;
const ONE_EACH = 0x01010101;
const ENOUGH = (0x80 - FEWEST_PAIRS) * ONE_EACH;
const TOPS = 0x80808080 | 0;

/**
 * The turns, a bit for each, in which a short run may be base64 of ASCII: one walk for all of them, and for all
 * alignments, of each a counter in a number.
 */
function likelyTurns(text: string, from: number, to: number): number {
  const [plain, rotation] = SEXTETS;
  let ahead = 0;
  let back = 0;
  let rot = 0;
  let both = 0;
  let turns = 0;
  for (let i = from; i + 1 < to; i++) {
    const c = text.charCodeAt(i);
    const d = text.charCodeAt(i + 1);
    const place = i & 3;
    ahead = (ahead + ONE_EACH) & ALIGNED[(PAIRS[(plain[c]! << 6) | plain[d]!]! << 2) | place]!;
    back = (back + ONE_EACH) & ALIGNED_BACK[(PAIRS[(plain[d]! << 6) | plain[c]!]! << 2) | place]!;
    rot = (rot + ONE_EACH) & ALIGNED[(PAIRS[(rotation[c]! << 6) | rotation[d]!]! << 2) | place]!;
    both = (both + ONE_EACH) & ALIGNED_BACK[(PAIRS[(rotation[d]! << 6) | rotation[c]!]! << 2) | place]!;
    if (((ahead + ENOUGH) & TOPS) !== 0) turns |= 1;
    if (((back + ENOUGH) & TOPS) !== 0) turns |= 2;
    if (((rot + ENOUGH) & TOPS) !== 0) turns |= 4;
    if (((both + ENOUGH) & TOPS) !== 0) turns |= 8;
  }
  return turns;
}
