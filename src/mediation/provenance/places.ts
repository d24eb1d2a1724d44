/** Slots of the first table and of the largest; each is four times as large as the one before. Powers of two. */
const FIRST = 16_384;
const LARGEST = 524_288;
const MAX_LOAD = 0.7;
/** Occurrences kept of one key in a table, each from another class of source. */
export const MAX_PLACES = 32;
/** Occurrences of one key that are looked at. */
const MAX_FOUND = 1024;
/** Beyond this many slots from its place a key is given up; with seeded hashes nobody gets there. */
const MAX_PROBES = 256;

/** A word of a table's filter is for four slots: the shift from the number of the one to that of the other. */
const WORD = 2;

/** What `Places` must know of the texts that it points into. */
interface Horizon {
  /** Addresses of the oldest text, and after the newest. */
  readonly tail: number;
  readonly head: number;
  readonly limit: number;
}

/** The places of one stretch of the session: two words an entry, a key's upper bits above 8 bits of class, and the position. */
interface Table {
  entries: Int32Array;
  /** A key's slot is what is left of its low lane after this shift. */
  shift: number;
  /**
   * Which keys may be in it: two bits of one word for each. Most of what is looked up stands nowhere, and this stays
   * in the processor's cache where the entries do not.
   */
  filter: Int32Array;
  count: number;
  /** Classes in it, a bit for each, modulo 32. */
  kinds: number;
  start: number;
  /** Address behind all that it points to. */
  end: number;
}

/**
 * Where keys stand: key -> the first position in each class of source, in each of several tables. A table is never
 * grown or cleared: when it is full, or has served for an eighth of what is retained, the next is begun; the oldest is
 * dropped when all it points to is gone. So what is written to stays in the processor's cache, and a text outlives no
 * entry that stands for it by more than that eighth.
 */
export class Places {
  /** A key was given up: its absence proves nothing any more. */
  overflowed = false;
  /** What `find` found last. */
  readonly positions = new Int32Array(MAX_FOUND);
  /** Classes of what `find` found last, a bit for each, modulo 32; all of them if they were not all kept. */
  kinds = 0;
  readonly #horizon: Horizon;
  readonly #largest: number;
  readonly #span: number;
  /**
   * Before many keys are added their slots are read, which loads them into the cache: these loads do not wait for each
   * other. What was read is kept here, or engines would leave it out.
   */
  touched = 0;
  /** Oldest first; the last is written to. */
  #tables: Table[] = [];

  constructor(horizon: Horizon) {
    this.#horizon = horizon;
    let largest = 1024;
    while (largest < LARGEST && largest < horizon.limit / 64) largest *= 2;
    this.#largest = largest;
    this.#span = horizon.limit / 8;
  }

  /** In bytes. */
  get bytes(): number {
    let sum = 0;
    for (const { entries, filter } of this.#tables) sum += entries.byteLength + filter.byteLength;
    return sum;
  }

  /** Makes room for `n` keys of a text at this address; true if a new table was begun, which holds none of the old ones. */
  reserve(n: number, address: number): boolean {
    const last = this.#tables.at(-1);
    if (last !== undefined) {
      const slots = last.entries.length / 2;
      if (last.count + n <= slots * MAX_LOAD && address - last.start <= this.#span) return false;
      last.end = this.#horizon.head;
    }
    let slots = Math.min(this.#largest, last === undefined ? FIRST : last.entries.length * 2);
    while (n > slots * MAX_LOAD) slots *= 2;
    const shift = Math.clz32(slots) + 1;
    this.#tables.push({
      entries: new Int32Array(2 * slots),
      filter: new Int32Array(slots >>> WORD),
      shift,
      count: 0,
      kinds: 0,
      start: address,
      end: 0,
    });
    return true;
  }

  /**
   * Keeps the places of `n` keys, three numbers each: lanes and position. There must be room. `kind` is 1 to 255.
   * Those from `again` on are kept also where a text of this class said them before.
   */
  add(keys: Int32Array, n: number, kind: number, again = n): void {
    const table = this.#tables[this.#tables.length - 1]!;
    const { entries, shift, filter } = table;
    const mask = entries.length - 1;
    let seen = 0;
    for (let i = 0; i < 3 * n; i += 3) seen |= entries[2 * (keys[i]! >>> shift)]!;
    this.touched = seen;
    let count = table.count;
    for (let i = 0; i < 3 * n; i += 3) {
      const tag = (keys[i + 1]! & ~0xff) | kind;
      let at = 2 * (keys[i]! >>> shift);
      let same = 0;
      for (let probes = 0; ; probes++) {
        const found = entries[at]!;
        if (found === 0) {
          entries[at] = tag;
          entries[at + 1] = keys[i + 2]!;
          filter[keys[i + 1]! >>> (shift + WORD)]! |= bitsOf(keys[i]!, keys[i + 1]!);
          count++;
          break;
        }
        if (found === tag && i < 3 * again) break;
        if ((found ^ tag) >>> 8 === 0 && ++same === MAX_PLACES) break;
        if (probes === MAX_PROBES) {
          this.overflowed = true;
          break;
        }
        at = (at + 2) & mask;
      }
    }
    table.count = count;
    table.kinds |= 1 << kind;
  }

  /** Loads what tells whether `n` keys, pairs of lanes, stand anywhere. */
  touch(keys: Int32Array, n: number): void {
    let seen = 0;
    for (const { filter, shift } of this.#tables) {
      for (let i = 1; i < 2 * n; i += 2) seen |= filter[keys[i]! >>> (shift + WORD)]!;
    }
    this.touched = seen;
  }

  /**
   * Of the keys whose lanes stand at some places of two arrays, `from` one to before another, writes 1 into `into` for
   * those that may stand anywhere. Table by table, so that no load waits for another.
   */
  likely(
    los: Int32Array,
    his: Int32Array,
    places: Int32Array,
    from: number,
    to: number,
    into: Uint8Array,
  ): void {
    into.fill(0, 0, to - from);
    for (const { filter, shift } of this.#tables) {
      for (let i = from; i < to; i++) {
        const lo = los[places[i]!]!;
        const hi = his[places[i]!]!;
        const bits = bitsOf(lo, hi);
        const missing = ~filter[hi >>> (shift + WORD)]! & bits;
        into[i - from]! |= 1 ^ ((missing | -missing) >>> 31);
      }
    }
  }

  /**
   * Writes the retained positions of a key into `positions`, the oldest of each class first, and their classes into
   * `kinds`; returns how many. Those of the classes of which a bit of `full` is set are passed over.
   */
  find(lo: number, hi: number, full: number): number {
    this.kinds = 0;
    const bits = bitsOf(lo, hi);
    const tables = this.#tables;
    const positions = this.positions;
    const { tail, head } = this.#horizon;
    const retained = head - tail;
    let kinds = 0;
    let count = 0;
    for (let t = 0; t < tables.length; t++) {
      const { entries, shift, kinds: all, filter } = tables[t]!;
      if ((~filter[hi >>> (shift + WORD)]! & bits) !== 0) continue;
      // That full classes hold it is known already, and which of them does not matter.
      if ((kinds & full) !== 0 && (all & ~full) === 0) {
        kinds |= all;
        continue;
      }
      const mask = entries.length - 1;
      let same = 0;
      let at = 2 * (lo >>> shift);
      for (let found = entries[at]!; found !== 0; found = entries[at]!) {
        if ((found ^ hi) >>> 8 === 0 && (entries[at + 1]! - tail) >>> 0 < retained) {
          const kind = 1 << found;
          kinds |= kind;
          if ((kind & full) === 0 && count < positions.length) positions[count++] = entries[at + 1]!;
          if (++same === MAX_PLACES) kinds = -1;
        }
        at = (at + 2) & mask;
      }
    }
    this.kinds = kinds;
    return count;
  }

  /** Drops tables that point to nothing from this address on. */
  evict(before: number): void {
    let gone = 0;
    while (gone + 1 < this.#tables.length && this.#tables[gone]!.end <= before) gone++;
    if (gone === 0) return;
    this.#tables = this.#tables.slice(gone);
  }
}

/** The bits of a key in its word of a filter. */
function bitsOf(lo: number, hi: number): number {
  const mixed = Math.imul(lo ^ hi, 0x9e3779b1);
  return (1 << (mixed >>> 27)) | (1 << (mixed >>> 22));
}
