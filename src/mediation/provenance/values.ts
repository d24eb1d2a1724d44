import { core, isBorder, isCore, isIndexed, overlapping } from './borders.ts';
import { LONGEST_NEEDLE, type Needle } from './needles.ts';
import { MAX_POSTINGS } from './postings.ts';
import { BLOCK, type Piece } from './shelf.ts';
import { ALONE, otherLane, QUOTED, type Store, VALUE } from './store.ts';
import { View } from './view.ts';
import { Words } from './words.ts';

/** Blocks searched for one call before candidates count as found: what cannot be ruled out is not ruled out. */
const MAX_SCANS = 2048;

/** Characters of the text, around a value, that are enough for what follows it and for an escape cut in two. */
const MARGIN = 24;
/** Characters of the text for one of the value: no more are looked at. */
const LONGEST_REACH = 128;

/** Where a value was found in a retained text. `to` is exclusive. */
export interface Hit {
  held: Piece;
  from: number;
  to: number;
  /** It is all of the text, but for what surrounds its first and last letter or digit. */
  alone: boolean;
}

/** Finds values in the retained texts. */
export class ValueFinder {
  readonly #store: Store;
  readonly #window = new View();
  readonly #positions: number[] = [];
  #scans = 0;
  passed = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Starts the budget of a call. */
  beginCall(): void {
    this.#scans = 0;
  }

  /**
   * Where a value stands, at most once for each class of source and for alone or not. Classes of which a bit of
   * `full` is set are passed over, but for texts that are this value alone; `passed` says if one may have held it.
   */
  find({ codes, from, to, short }: Needle, full: number): Hit[] {
    const hits: Hit[] = [];
    this.passed = false;
    this.#findAlone(codes, from, to, hits);
    if (short) this.#findQuoted(codes, from, to, hits);
    else if (to - from <= LONGEST_NEEDLE) this.#findWithin(codes, from, to, full, hits);
    return hits;
  }

  #findAlone(codes: Uint16Array, from: number, to: number, hits: Hit[]): void {
    this.#store.hash.of(codes, from, to, ALONE);
    if (this.#store.postings.find(this.#store.hash.lo, this.#store.hash.hi, this.#positions) === 0) return;
    const view = this.#window;
    for (const position of this.#positions) {
      const held = this.#store.shelf.at(this.#store.shelf.address(position));
      view.fill(held.text, 0, held.text.length);
      const [start, end] = core(view.codes, 0, view.n);
      if (end - start !== to - from || !equal(view.codes, start, codes, from, to)) continue;
      hits.push({ held, from: view.map[start]!, to: view.map[end]!, alone: true });
    }
  }

  #findQuoted(codes: Uint16Array, from: number, to: number, hits: Hit[]): void {
    this.#store.hash.of(codes, from, to, QUOTED);
    this.#store.postings.find(this.#store.hash.lo, this.#store.hash.hi, this.#positions);
    for (const position of this.#positions) {
      const address = this.#store.shelf.address(position);
      const held = this.#store.shelf.at(address);
      const hit = this.#check(held, address - held.start, codes, from, to, 0);
      if (hit !== undefined) hits.push(hit);
    }
  }

  #findWithin(codes: Uint16Array, from: number, to: number, full: number, hits: Hit[]): void {
    const words = new Words(this.#store.hash, codes, from, to);
    const hashes: number[] = [];
    const neighbours: number[] = [];
    /** Of the rarest part: the fewest classes have it, so there are the fewest places to look at. */
    let rarest: number[] | undefined;
    let offset = 0;
    // With as many places as its words a pair is to be preferred: it is found at fewer that are not the value's.
    /** Classes that have every part, a bit for each, modulo 32. */
    let open = -1;
    const narrow = (lo: number, hi: number, at: number, slack: number): boolean => {
      const count = this.#store.postings.find(lo, hi, this.#positions);
      if (count < MAX_POSTINGS) open &= this.#store.postings.kinds;
      if (rarest === undefined || count < rarest.length + slack) {
        rarest = [...this.#positions];
        offset = at;
      }
      return open !== 0;
    };
    while (words.next()) {
      const { lo, pair, triple } = words;
      const at = words.from - from;
      hashes.push(lo);
      if (pair !== 0) neighbours.push(pair);
      if (triple !== 0) neighbours.push(triple);
      if (words.joined && !narrow(pair, otherLane(words.previous, lo), at, 1)) return;
      if (!isIndexed(codes, words.from, words.to)) continue;
      this.#store.hash.of(codes, words.from, words.to, VALUE);
      if (!narrow(lo, this.#store.hash.hi, at, 0)) return;
    }
    this.passed = (open & full) !== 0;
    open &= ~full;
    if (open === 0) return;
    const done = new Set<number>();
    const found = (hit: Hit | undefined): void => {
      if (hit === undefined) return;
      hits.push(hit);
      done.add(hit.held.kind);
    };
    for (const position of rarest ?? []) {
      const address = this.#store.shelf.address(position);
      const held = this.#store.shelf.at(address);
      if (((open >>> (held.kind & 31)) & 1) === 0) continue;
      found(this.#check(held, address - held.start, codes, from, to, offset));
      if (this.#store.kinds <= 32 && done.has(held.kind)) open &= ~(1 << held.kind);
    }
    if ((hashes.length === 1 && rarest !== undefined) || open === 0) return;
    this.#store.signatures.candidates(hashes, neighbours, open, this.#store.shelf.head, (start, end) => {
      this.#store.shelf.between(start, end, (held) => {
        if (done.has(held.kind) || ((open >>> (held.kind & 31)) & 1) === 0) return;
        found(this.#scan(held, Math.max(0, start - held.start), end - held.start, codes, from, to));
        if (this.#store.kinds <= 32 && done.has(held.kind)) open &= ~(1 << held.kind);
      });
      return open;
    });
  }

  /** The value at the one place where its word `offset` characters in stands at `at` of the text. */
  #check(
    held: Piece,
    at: number,
    codes: Uint16Array,
    from: number,
    to: number,
    offset: number,
  ): Hit | undefined {
    const view = this.#window;
    const { text } = held;
    const length = to - from;
    // In escapes, or with invisible characters between, a value is many times as long as it reads.
    for (let reach = 2; ; reach *= 4) {
      const before = Math.max(0, at - reach * offset - MARGIN);
      const end = Math.min(text.length, at + reach * (length - offset) + MARGIN);
      view.fill(text, before, end);
      let place = 0;
      while (place < view.n && view.map[place]! < at) place++;
      const start = place - offset;
      const stop = start + length;
      const isCut =
        (before > 0 && start < 1) ||
        (end < text.length && (stop >= view.n || view.map[stop]! > end - MARGIN / 2));
      if (isCut && reach < LONGEST_REACH) {
        if (++this.#scans > MAX_SCANS) return { held, from: at, to: end, alone: false };
        continue;
      }
      if (start < 0 || !this.#matches(view, start, codes, from, to)) return undefined;
      return this.#hit(held, view, start, stop);
    }
  }

  #scan(
    held: Piece,
    start: number,
    end: number,
    codes: Uint16Array,
    from: number,
    to: number,
  ): Hit | undefined {
    const view = this.#window;
    const before = Math.max(0, start - MARGIN);
    overlapping(view, held.text, before, Math.min(held.text.length, end));
    if (++this.#scans > MAX_SCANS)
      return { held, from: start, to: Math.min(held.text.length, end), alone: false };
    const last = view.n - (to - from);
    const first = codes[from]!;
    for (let i = 0; i <= last; i++) {
      if (view.codes[i] !== first || !this.#matches(view, i, codes, from, to)) continue;
      const hit = this.#hit(held, view, i, i + to - from);
      if (hit !== undefined) return hit;
    }
    return undefined;
  }

  #matches(view: View, at: number, codes: Uint16Array, from: number, to: number): boolean {
    const end = at + to - from;
    return (
      end <= view.n &&
      equal(view.codes, at, codes, from, to) &&
      isBorder(view.codes, at, view.n) &&
      isBorder(view.codes, end, view.n)
    );
  }

  /** A hit that is not the whole text: those have keys of their own. */
  #hit(held: Piece, view: View, start: number, end: number): Hit | undefined {
    const from = view.map[start]!;
    const to = view.map[end]!;
    if (held.text.length <= BLOCK && isCore(held.text, from, to)) return undefined;
    return { held, from, to, alone: false };
  }
}

function equal(left: Uint16Array, at: number, right: Uint16Array, from: number, to: number): boolean {
  for (let i = from, k = at; i < to; i++, k++) if (left[k] !== right[i]) return false;
  return true;
}
