/** Bits of a block's signature; one row of 32 blocks each. */
const ROWS = 8192;
const MASK = ROWS - 1;

/**
 * Which blocks of text may hold a sequence of words: for each block a Bloom filter of its words and of its pairs of
 * neighbouring words, kept bit-sliced (a row is one bit of 32 blocks), so that a question costs a few words of
 * memory for every 32 blocks. It never misses, and what it lets through is verified.
 */
export class Signatures {
  #groups: { first: number; starts: number[]; rows: Uint32Array }[] = [];
  #rows: Uint32Array | undefined;
  #bit = 0;

  get bytes(): number {
    return this.#groups.length * ROWS * 4;
  }

  /** Words noted from now on stand in a new block that starts at this absolute position. Returns true if a new group began. */
  open(start: number): boolean {
    const last = this.#groups.at(-1);
    if (last !== undefined && last.starts.length < 32) {
      this.#bit = 1 << last.starts.length;
      last.starts.push(start);
      return false;
    }
    this.#rows = new Uint32Array(ROWS);
    this.#groups.push({ first: start, starts: [start], rows: this.#rows });
    this.#bit = 1;
    return true;
  }

  noteWord(hash: number): void {
    this.#rows![hash & MASK]! |= this.#bit;
  }

  notePair(hash: number): void {
    const rows = this.#rows!;
    rows[hash & MASK]! |= this.#bit;
    rows[(hash >>> 13) & MASK]! |= this.#bit;
    rows[Math.imul(hash, 0x9e3779b1) >>> 19]! |= this.#bit;
  }

  /**
   * Calls `visit` with start and end (`end` of the last: `head`) of every block that may hold all words and pairs,
   * oldest first, until it returns false.
   */
  candidates(
    words: readonly number[],
    pairs: readonly number[],
    head: number,
    visit: (start: number, end: number) => boolean,
  ): void {
    const rows: number[] = [];
    for (const pair of pairs)
      rows.push(pair & MASK, (pair >>> 13) & MASK, Math.imul(pair, 0x9e3779b1) >>> 19);
    for (const word of words) rows.push(word & MASK);
    for (let g = 0; g < this.#groups.length; g++) {
      const group = this.#groups[g]!;
      let left = 0xffffffff;
      for (let r = 0; r < rows.length && left !== 0; r++) left &= group.rows[rows[r]!]!;
      for (; left !== 0; left &= left - 1) {
        const k = 31 - Math.clz32(left & -left);
        if (k >= group.starts.length) continue;
        const end = group.starts[k + 1] ?? this.#groups[g + 1]?.first ?? head;
        if (!visit(group.starts[k]!, end)) return;
      }
    }
  }

  /** Forgets groups that end before this absolute position. */
  evict(before: number): void {
    let gone = 0;
    while (gone + 1 < this.#groups.length && this.#groups[gone + 1]!.first <= before) gone++;
    if (gone > 0) this.#groups = this.#groups.slice(gone);
  }
}
