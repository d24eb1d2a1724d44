import { Presence } from './presence.ts';

const FIRST_CAPACITY = 512;
const MAX_LOAD = 0.75;
/** Small tables grow fast, for speed; large ones slowly, for memory. */
const GROWTH = 1.6;
const SMALL_GROWTH = 4;
const SMALL = 32_768;
/** Occurrences kept of one key, each from another class of source. */
const MAX_POSTINGS = 32;
/** Beyond this many slots from its place a key is given up; with seeded hashes nobody gets there. */
const MAX_PROBES = 256;

/** What `Postings` must know of the texts that its positions point into. */
export interface Horizon {
  /** Whether any position is not. */
  readonly evicted: boolean;
  /** Whether a position is still retained. */
  alive(position: number): boolean;
  /** Whether it will be evicted before long, so that a later occurrence is worth more. */
  aging(position: number): boolean;
}

/** A table with fewer keys than one in so many slots is not made larger for a run of full ones. */
const SPARSE = 4;

/**
 * Where keys stand: key (56 bits) -> the first position in each class of source. One flat array, three words an
 * entry: the key's low lane, its high lane above 8 bits of class, the position. The slot grows with the low lane,
 * so that growing the table is one sequential sweep and needs no power of two.
 */
export class Postings {
  /** A key was given up: its absence proves nothing any more. */
  overflowed = false;
  /** What `find` found last. */
  readonly positions = new Int32Array(MAX_POSTINGS);
  readonly #horizon: Horizon;
  readonly #presence = new Presence();
  #entries = new Int32Array(FIRST_CAPACITY * 3);
  #capacity = FIRST_CAPACITY;
  #count = 0;

  constructor(horizon: Horizon) {
    this.#horizon = horizon;
  }

  get bytes(): number {
    return this.#entries.byteLength + this.#presence.bytes;
  }

  /** Keeps the key's position unless its class has one that will last. `kind` is 1 to 255. */
  add(lo: number, hi: number, kind: number, position: number): void {
    if (this.#presence.isCrowded) this.#recall();
    this.#presence.add(hi);
    if (this.#count >= this.#capacity * MAX_LOAD) this.#resize();
    const tag = (hi & ~0xff) | kind;
    const entries = this.#entries;
    let slot = this.#slot(lo);
    let same = 0;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const at = slot * 3;
      if (entries[at + 1] === 0) {
        this.#count++;
        this.#write(slot, lo, tag, position);
        return;
      }
      if (entries[at] === lo && (entries[at + 1]! ^ tag) >>> 8 === 0) {
        const old = entries[at + 2]!;
        if (entries[at + 1] === tag) {
          if (this.#horizon.aging(old)) entries[at + 2] = position;
          return;
        }
        if (!this.#horizon.alive(old)) {
          this.#write(slot, lo, tag, position);
          return;
        }
        if (++same === MAX_POSTINGS) return;
      }
      if (++slot === this.#capacity) slot = 0;
    }
    // Many keys fell close together: in a larger table they fall apart.
    if (this.#count * SPARSE > this.#capacity) {
      this.#resize();
      this.add(lo, hi, kind, position);
    } else this.overflowed = true;
  }

  /** Loads what tells whether `n` keys, pairs of lanes, stand for any text. */
  touch(keys: Int32Array, n: number): void {
    this.#presence.touch(keys, n);
  }

  /** Whether `add` would change nothing. */
  has(lo: number, hi: number, kind: number): boolean {
    const entries = this.#entries;
    const tag = (hi & ~0xff) | kind;
    let slot = this.#slot(lo);
    for (let probes = 0; probes < MAX_PROBES && entries[slot * 3 + 1] !== 0; probes++) {
      const at = slot * 3;
      if (entries[at] === lo && entries[at + 1] === tag) return !this.#horizon.aging(entries[at + 2]!);
      if (++slot === this.#capacity) slot = 0;
    }
    return false;
  }

  /** Makes the table of what may stand for a key anew. */
  #recall(): void {
    const presence = this.#presence;
    const entries = this.#entries;
    presence.restart(this.#count);
    for (let at = 1; at < entries.length; at += 3) if (entries[at] !== 0) presence.add(entries[at]!);
  }

  /** Writes the retained positions of a key into `positions`, in no useful order; returns how many. */
  find(lo: number, hi: number): number {
    if (!this.#presence.may(hi)) return 0;
    const entries = this.#entries;
    let count = 0;
    let slot = this.#slot(lo);
    for (let probes = 0; probes < MAX_PROBES && entries[slot * 3 + 1] !== 0; probes++) {
      const at = slot * 3;
      if (entries[at] === lo && (entries[at + 1]! ^ hi) >>> 8 === 0) {
        const position = entries[at + 2]!;
        if (this.#horizon.alive(position) && count < MAX_POSTINGS) this.positions[count++] = position;
      }
      if (++slot === this.#capacity) slot = 0;
    }
    return count;
  }

  #slot(lo: number): number {
    return Math.floor(((lo >>> 0) * this.#capacity) / 4294967296);
  }

  #write(slot: number, lo: number, tag: number, position: number): void {
    const at = slot * 3;
    this.#entries[at] = lo;
    this.#entries[at + 1] = tag;
    this.#entries[at + 2] = position;
  }

  /** Drops what was evicted, and makes room for what comes. */
  #resize(): void {
    const old = this.#entries;
    const all = !this.#horizon.evicted;
    let live = this.#count;
    if (!all) {
      live = 0;
      for (let at = 0; at < old.length; at += 3) {
        if (old[at + 1] !== 0 && this.#horizon.alive(old[at + 2]!)) live++;
      }
    }
    const capacity = Math.max(
      FIRST_CAPACITY,
      Math.ceil((live * (live < SMALL ? SMALL_GROWTH : GROWTH)) / MAX_LOAD),
    );
    const entries = new Int32Array(capacity * 3);
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 1] === 0 || !(all || this.#horizon.alive(old[at + 2]!))) continue;
      let to = Math.floor(((old[at]! >>> 0) * capacity) / 4294967296) * 3;
      while (entries[to + 1] !== 0) {
        to += 3;
        if (to === entries.length) to = 0;
      }
      entries[to] = old[at]!;
      entries[to + 1] = old[at + 1]!;
      entries[to + 2] = old[at + 2]!;
    }
    this.#entries = entries;
    this.#capacity = capacity;
    this.#count = live;
    if (!all) this.#recall();
  }
}
