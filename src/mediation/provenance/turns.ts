import type { Transform } from '../../event.ts';
import { isLetter } from './chars.ts';

/** A text read backwards, with the alphabet shifted by half of it, or both: each undoes itself, in any order. */
export type Turn = 0 | 1 | 2 | 3;

export const ALL_TURNS: readonly Turn[] = [0, 1, 2, 3];

const REVERSED = 1;
const ROTATED = 2;
export const TURNS: readonly (readonly Transform[])[] = [[], ['reversed'], ['rot13'], ['reversed', 'rot13']];

export const isReversed = (turn: Turn): boolean => (turn & REVERSED) !== 0;
export const isRotated = (turn: Turn): boolean => (turn & ROTATED) !== 0;

const ROTATED_ASCII = Uint8Array.from({ length: 128 }, (_, c) =>
  isLetter(c) ? ((c | 32) < 110 ? c + 13 : c - 13) : c,
);

/** What rot13 makes of a character. */
export function rotated(c: number): number {
  return c < 128 ? ROTATED_ASCII[c]! : c;
}

/** A text turned. By code points: halves of a pair change places with no other. */
export function turned(text: string, turn: Turn): string {
  const units = isReversed(turn) ? [...text].reverse() : [...text];
  return isRotated(turn)
    ? units.map((unit) => (unit.length > 1 ? unit : rotatedUnit(unit))).join('')
    : units.join('');
}

function rotatedUnit(unit: string): string {
  const c = unit.charCodeAt(0);
  return c < 128 ? String.fromCharCode(rotated(c)) : unit;
}

/** Canonical characters turned. */
export function turnedCodes(codes: Uint16Array, from: number, to: number, turn: Turn): Uint16Array {
  const copy = new Uint16Array(to - from);
  turnInto(copy, codes, from, to, turn);
  return copy;
}

/** Writes canonical characters turned; returns how many. */
export function turnInto(
  into: Uint16Array,
  codes: Uint16Array,
  from: number,
  to: number,
  turn: Turn,
): number {
  const length = to - from;
  const table = ROTATED_ASCII;
  if ((turn & REVERSED) !== 0) for (let i = 0; i < length; i++) into[i] = codes[to - 1 - i]!;
  else for (let i = 0; i < length; i++) into[i] = codes[from + i]!;
  if ((turn & ROTATED) !== 0) {
    for (let i = 0; i < length; i++) {
      const c = into[i]!;
      if (c < 128) into[i] = table[c]!;
    }
  }
  return length;
}
