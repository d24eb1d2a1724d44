import type { Words } from './words.ts';

/** Bits of a block's signature; a row is one bit of many blocks. */
const ROWS = 16_384;
/** What is left of a key's lane after this is its row. */
const SHIFT = 18;
/** Groups of 32 blocks whose rows lie together: sixteen, one cache line a row. */
const GROUPS = 16;

/** 512 blocks: where each begins, the classes of its texts (a bit for each, modulo 32), and for each row a bit of each. */
interface Segment {
  starts: number[];
  kinds: number[];
  rows: Int32Array;
}

/**
 * Which blocks of text may hold a sequence of words: for each block a Bloom filter of its words and of its pairs and
 * triples of neighbouring words, kept bit-sliced, so that a question costs one cache line a row for every 512 blocks. It never
 * misses, and what it lets through is verified.
 */
export class Signatures {
  readonly #open = new Int32Array(ROWS);
  #starts: number[] = [];
  #kinds: number[] = [];
  #bit = 0;
  #segments: Segment[] = [];
  readonly #left = new Int32Array(GROUPS);

  /** In bytes. */
  get bytes(): number {
    return this.#open.byteLength + this.#segments.length * ROWS * GROUPS * 4;
  }

  /** Words noted from now on stand in a new block, which begins at this address. True if a new group of 32 began. */
  open(start: number): boolean {
    const full = this.#starts.length === 32;
    if (full) this.#file();
    this.#bit = 1 << this.#starts.length;
    this.#starts.push(start);
    this.#kinds.push(0);
    return full;
  }

  /** A text of this class is part of the block. */
  noteKind(kind: number): void {
    this.#kinds[this.#kinds.length - 1]! |= 1 << kind;
  }

  /** The words of a text in this block: of each word one bit, of it with its neighbours before it two. */
  note({ count, lo, pairLo, pairHi, tripleLo, tripleHi }: Words): void {
    const rows = this.#open;
    const bit = this.#bit;
    for (let i = 0; i < count; i++) {
      rows[lo[i]! >>> SHIFT]! |= bit;
      rows[pairLo[i]! >>> SHIFT]! |= bit;
      rows[pairHi[i]! >>> SHIFT]! |= bit;
      rows[tripleLo[i]! >>> SHIFT]! |= bit;
      rows[tripleHi[i]! >>> SHIFT]! |= bit;
    }
  }

  /** Writes the group that is being noted, small enough to stay in cache meanwhile, into its segment. */
  #file(): void {
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.starts.length === GROUPS * 32) {
      segment = { starts: [], kinds: [], rows: new Int32Array(ROWS * GROUPS) };
      this.#segments.push(segment);
    }
    const group = segment.starts.length / 32;
    for (let row = 0; row < ROWS; row++) segment.rows[row * GROUPS + group] = this.#open[row]!;
    segment.starts.push(...this.#starts);
    segment.kinds.push(...this.#kinds);
    this.#starts = [];
    this.#kinds = [];
    this.#open.fill(0);
  }

  /**
   * Calls `visit` with start and end (`head` at the last) of every block of these classes that may hold all of some
   * words, as neighbours, oldest first, until it returns the classes that are still wanted as 0.
   */
  candidates(words: Words, kinds: number, head: number, visit: (start: number, end: number) => number): void {
    let wanted = kinds;
    const rows = rowsOf(words);
    const visitBits = (
      bits: number,
      of: Pick<Segment, 'starts' | 'kinds'>,
      base: number,
      next: number,
    ): void => {
      for (let left = bits; left !== 0 && wanted !== 0; left &= left - 1) {
        const k = base + 31 - Math.clz32(left & -left);
        const start = of.starts[k];
        if (start !== undefined && (of.kinds[k]! & wanted) !== 0)
          wanted = visit(start, of.starts[k + 1] ?? next);
      }
    };
    for (let s = 0; s < this.#segments.length && wanted !== 0; s++) {
      const segment = this.#segments[s]!;
      if (!this.#narrow(segment, rows)) continue;
      const next = this.#segments[s + 1]?.starts[0] ?? this.#starts[0] ?? head;
      const left = this.#left.slice();
      for (let g = 0; g < GROUPS; g++) visitBits(left[g]!, segment, g * 32, next);
    }
    let left = -1;
    for (let r = 0; r < rows.length && left !== 0; r++) left &= this.#open[rows[r]!]!;
    visitBits(left, { starts: this.#starts, kinds: this.#kinds }, 0, head);
  }

  /** Leaves in `#left` the blocks of a segment that have all rows; false if there are none. */
  #narrow({ rows: bits }: Segment, rows: readonly number[]): boolean {
    const left = this.#left;
    left.fill(-1);
    for (let r = 0; r < rows.length; r++) {
      const at = rows[r]! * GROUPS;
      let any = 0;
      for (let g = 0; g < GROUPS; g++) any |= left[g]! &= bits[at + g]!;
      if (any === 0) return false;
    }
    return true;
  }

  /** Forgets segments that end before this address. */
  evict(before: number): void {
    let gone = 0;
    while (gone + 1 < this.#segments.length && this.#segments[gone + 1]!.starts[0]! <= before) gone++;
    if (gone > 0) this.#segments = this.#segments.slice(gone);
  }
}

/** The rows of what `note` notes, the rarest first. */
function rowsOf({ count, lo, pairLo, pairHi, tripleLo, tripleHi }: Words): number[] {
  const rows: number[] = [];
  for (let i = count - 1; i > 1; i--) rows.push(tripleLo[i]! >>> SHIFT, tripleHi[i]! >>> SHIFT);
  for (let i = count - 1; i > 0; i--) rows.push(pairLo[i]! >>> SHIFT, pairHi[i]! >>> SHIFT);
  for (let i = count - 1; i >= 0; i--) rows.push(lo[i]! >>> SHIFT);
  return rows;
}
