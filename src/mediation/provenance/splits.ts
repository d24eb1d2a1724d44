import type { Leaf } from '../../event.ts';

/** A value is put together again from at most this many pieces. */
const MOST_PIECES = 8;
const SHORTEST_PIECE = 4;
const LONGEST_PIECE = 256;
const LONGEST_WITH_BLANKS = 64;
/** Leaves of a call that are taken for pieces, and arguments whose last values are kept. */
const MOST_LEAVES = 16;
const MOST_PATHS = 64;

/** What may be a piece of a value: all of a leaf. */
export interface Piece {
  text: string;
  /** Undefined if an earlier call carried it. */
  leaf: Leaf | undefined;
  /** It is a value that an output set apart: what follows it is no more of it. */
  complete: boolean;
  /** See encodings.ts; worked out when it is first asked for. */
  encodings: number | undefined;
}

/**
 * What the values of a call stand next to: an attacker may ask for an address in pieces. In order: among the arguments
 * of the calls, or in the same argument of one call after another.
 */
export class Splits {
  #all: Piece[] = [];
  readonly #byPath = new Map<string, Piece[]>();

  /** Every row of two to eight pieces that ends with a leaf of this call. */
  rows(leaves: readonly Leaf[]): Piece[][] {
    const rows: Piece[][] = [];
    const all = [...this.#all];
    for (const leaf of piecesOf(leaves)) {
      const piece: Piece = { text: leaf.text.trim(), leaf, complete: false, encodings: undefined };
      all.push(piece);
      const row = all.slice(-MOST_PIECES);
      if (row.some(({ text }) => text !== piece.text)) rows.push(row);
      const before = this.#byPath.get(leaf.path);
      // Calls of one argument put the same pieces next to each other either way; the same again and again is no value.
      const isNews = before?.some((one, i) => one !== all.at(i - before.length - 1));
      if (before !== undefined && isNews && before.some(({ text }) => text !== piece.text))
        rows.push([...before, piece]);
    }
    return rows;
  }

  /** Keeps the pieces of a call, for those that follow; `complete`: the leaves that an output set apart. */
  keep(leaves: readonly Leaf[], complete: ReadonlySet<Leaf>): void {
    for (const leaf of piecesOf(leaves)) {
      const { path } = leaf;
      const piece: Piece = {
        text: leaf.text.trim(),
        leaf: undefined,
        complete: complete.has(leaf),
        encodings: undefined,
      };
      this.#all.push(piece);
      const row = this.#byPath.get(path) ?? [];
      row.push(piece);
      if (row.length === MOST_PIECES) row.shift();
      // The argument that was used last is the last to be forgotten.
      this.#byPath.delete(path);
      this.#byPath.set(path, row);
      if (this.#byPath.size > MOST_PATHS) this.#byPath.delete(this.#byPath.keys().next().value!);
    }
    this.#all = this.#all.slice(1 - MOST_PIECES);
  }
}

function piecesOf(leaves: readonly Leaf[]): Leaf[] {
  return leaves.filter(isPiece).slice(0, MOST_LEAVES);
}

/** A JSON number comes with nearly every call, and who can write a text has no need to cut it into numbers. */
function isPiece({ text, form }: Leaf): boolean {
  if (form !== 'string' || text.length < SHORTEST_PIECE || text.length > LONGEST_PIECE) return false;
  // So much running text is found as a copy by itself.
  if (text.length > LONGEST_WITH_BLANKS && /\S\s\S/.test(text)) return false;
  return text.trim() !== '';
}
