import type { Leaf } from '../../event.ts';
import { classOf, OTHER } from './chars.ts';

/** A value is put together again from at most this many pieces. */
const MOST_PIECES = 8;
const SHORTEST_PIECE = 4;
const LONGEST_PIECE = 256;
/** The shortest text that another one of eight characters is encoded in. */
const SHORTEST_ENCODED = 11;
/** Characters on either side of a border that tell an encoding from words. */
const NEAR = 16;
/** Leaves of a call that are taken for pieces, and arguments whose last values are kept. */
const MOST_LEAVES = 16;
const MOST_PATHS = 64;

/** Pieces in a row: what they make together, where the last one begins in it, and those of this call. */
export interface Join {
  text: string;
  border: number;
  leaves: readonly Leaf[];
}

interface Piece {
  text: string;
  /** Undefined if an earlier call carried it. */
  leaf: Leaf | undefined;
}

/**
 * What the values of a call make when they are put together, with each other or with those of the calls before: an
 * attacker may ask for an address in pieces. In order, and next to each other: among the arguments of the calls, or in
 * the same argument of one call after another.
 */
export class Splits {
  #all: string[] = [];
  readonly #byPath = new Map<string, string[]>();

  /** Every row of two to eight pieces that ends with a leaf of this call. */
  joins(leaves: readonly Leaf[]): Join[] {
    const joins = new Map<string, Join>();
    const row: Piece[] = this.#all.map((text) => ({ text, leaf: undefined }));
    for (const leaf of leaves.filter(isPiece).slice(0, MOST_LEAVES)) {
      const one = { text: leaf.text.trim(), leaf };
      row.push(one);
      const before = (this.#byPath.get(leaf.path) ?? []).map((text) => ({ text, leaf: undefined }));
      for (const pieces of [row, [...before, one]]) addJoins(pieces, joins);
    }
    return [...joins.values()];
  }

  /** Keeps the pieces of a call, for those that follow. */
  keep(leaves: readonly Leaf[]): void {
    for (const { path, text } of leaves.filter(isPiece).slice(0, MOST_LEAVES)) {
      this.#all.push(text.trim());
      const row = this.#byPath.get(path) ?? [];
      row.push(text.trim());
      if (row.length === MOST_PIECES) row.shift();
      // The argument that was used last is the last to be forgotten.
      this.#byPath.delete(path);
      this.#byPath.set(path, row);
      if (this.#byPath.size > MOST_PATHS) this.#byPath.delete(this.#byPath.keys().next().value!);
    }
    this.#all = this.#all.slice(1 - MOST_PIECES);
  }
}

function isPiece({ text, form }: Leaf): boolean {
  return form !== 'key' && text.length >= SHORTEST_PIECE && text.length <= LONGEST_PIECE;
}

function addJoins(row: readonly Piece[], joins: Map<string, Join>): void {
  const last = row.at(-1)!;
  let { text } = last;
  const leaves = [last.leaf!];
  for (let i = row.length - 2; i >= 0 && i >= row.length - MOST_PIECES; i--) {
    const { text: before, leaf } = row[i]!;
    text = before + text;
    if (leaf !== undefined) leaves.push(leaf);
    if (!joins.has(text))
      joins.set(text, { text, border: text.length - last.text.length, leaves: [...leaves] });
  }
}

/** The word that goes on across the last border of a join, or undefined if none does. */
export function borderWord({ text, border }: Join): string | undefined {
  if (!isWordy(text, border - 1) || !isWordy(text, border)) return undefined;
  let from = border - 1;
  while (from > 0 && isWordy(text, from - 1)) from--;
  let to = border + 1;
  while (to < text.length && isWordy(text, to)) to++;
  return text.slice(from, to);
}

/** Whether an encoding may go on across a border: no blank stands there, and something else than small letters does. */
export function isEncodedAcross(text: string, border: number): boolean {
  const around = text.slice(Math.max(0, border - NEAR), border + NEAR);
  return text.length >= SHORTEST_ENCODED && !/\s/.test(around) && /[^a-z]/.test(around);
}

function isWordy(text: string, at: number): boolean {
  return classOf(text.charCodeAt(at)) !== OTHER;
}
