import { classIn, classOf, OTHER } from './chars.ts';
import { LONGEST_NEEDLE } from './needles.ts';
import { BLOCK } from './shelf.ts';
import type { View } from './view.ts';

/** Borders of what is left without the characters that are no part of a word, at either end. */
export function core(codes: Uint16Array, from: number, to: number): [number, number] {
  let start = from;
  let end = to;
  while (start < end && classOf(codes[start]!) === OTHER) start++;
  while (end > start && classOf(codes[end - 1]!) === OTHER) end--;
  return [start, end];
}

/** Whether nothing but marks, of which there are not very many, stands around a stretch of a text as it came. */
export function isCore(text: string, from: number, to: number): boolean {
  if (text.length > 8 * (to - from) + BLOCK) return false;
  for (let i = 0; i < from; i++) if (classIn(text, i) !== OTHER) return false;
  for (let i = to; i < text.length; i++) if (classIn(text, i) !== OTHER) return false;
  return true;
}

/** Whether no word goes on across this place. */
export function isBorder(codes: Uint16Array, at: number, n: number): boolean {
  return at === 0 || at === n || classOf(codes[at - 1]!) !== 1 || classOf(codes[at]!) !== 1;
}

/** Words too short to be a value are found by what stands beside them. */
export function isIndexed(from: number, to: number): boolean {
  return to - from > 3 && to - from <= LONGEST_NEEDLE;
}

/** Fills the view with a block and at least `LONGEST_NEEDLE` characters of what follows. */
export function overlapping(view: View, text: string, from: number, to: number): void {
  for (let beyond = LONGEST_NEEDLE + 32; ; beyond *= 4) {
    const end = Math.min(text.length, to + beyond);
    view.fill(text, from, end);
    // Of blanks and invisible characters alone nothing is to be seen further on.
    if (end === text.length || beyond > 4096 || view.n <= 1) return;
    const inside = view.n - LONGEST_NEEDLE - 1;
    if (inside >= 0 && view.map[inside]! >= to) return;
  }
}

/** Whether nothing goes on from a stretch of a text, but for the end of a sentence. */
export function isApart(text: string, from: number, to: number): boolean {
  return BEFORE.test(text.slice(Math.max(0, from - 1), from)) && AFTER.test(text.slice(to, to + 2));
}

const BEFORE = /^[\s"'`()<>[\]{}]?$/;
const AFTER = /^(?:$|[\s"'`()<>[\]{}]|[.,;:!?](?:[\s"'`)]|$))/;
