/** Bits of the first table and of the largest, as powers of two: no more of a key than 24 bits are kept with its place. */
const FEWEST_BITS = 16;
const MOST_BITS = 23;
/** Bits for each key, at least, until the table is as large as it gets. */
const SPARSE = 8;
const GROWTH = 16;

/**
 * Which keys may stand anywhere: one bit for each, by the upper bits of the key's high lane. Most of what is looked up
 * stands nowhere, and this table stays in the processor's cache where the others do not.
 */
export class Presence {
  #bits = FEWEST_BITS;
  #shift = 32 - FEWEST_BITS;
  #table = new Int32Array(1 << (FEWEST_BITS - 5));
  #count = 0;
  /** What was read last to load it: kept, or engines would leave it out. */
  touched = 0;

  /** In bytes. */
  get bytes(): number {
    return this.#table.byteLength;
  }

  /** There are more keys than the table tells apart well; one who has them all makes it anew with `restart`. */
  get isCrowded(): boolean {
    return this.#bits < MOST_BITS && this.#count * SPARSE > 1 << this.#bits;
  }

  /** An empty table, large enough for this many keys and a few times as many. */
  restart(keys: number): void {
    this.#bits = FEWEST_BITS;
    while (this.#bits < MOST_BITS && keys * GROWTH * SPARSE > 1 << this.#bits) this.#bits++;
    this.#shift = 32 - this.#bits;
    this.#table = new Int32Array(1 << (this.#bits - 5));
    this.#count = 0;
  }

  add(hi: number): void {
    const bit = hi >>> this.#shift;
    this.#table[bit >>> 5]! |= 1 << bit;
    this.#count++;
  }

  /**
   * Reads what there is of `n` keys, pairs of lanes, which loads it into the cache: these loads do not wait for each
   * other, as those of one question after another do.
   */
  touch(keys: Int32Array, n: number): void {
    const table = this.#table;
    let seen = 0;
    for (let i = 1; i < 2 * n; i += 2) seen |= table[(keys[i]! >>> this.#shift) >>> 5]!;
    this.touched = seen;
  }

  /** False only if no such key was added. */
  may(hi: number): boolean {
    const bit = hi >>> this.#shift;
    return ((this.#table[bit >>> 5]! >>> bit) & 1) !== 0;
  }
}
