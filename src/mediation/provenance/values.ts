import { core, isBorder, isCore, isIndexed, overlapping } from './borders.ts';
import { LONGEST_NEEDLE, type Needle } from './needles.ts';
import { BLOCK, type Piece } from './shelf.ts';
import { ALONE, QUOTED, type Store } from './store.ts';
import { View } from './view.ts';
import { isJoined, readWords } from './words.ts';

/** Blocks searched for one call before candidates count as found: what cannot be ruled out is not ruled out. */
const MAX_SCANS = 2048;

/** Characters of the text, around a value, that are enough for what follows it and for an escape cut in two. */
const MARGIN = 24;
/** Characters of the text for one of the value: no more are looked at. */
const LONGEST_REACH = 128;

const NONE = new Int32Array(0);

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
  find({ codes, from, to, short }: Pick<Needle, 'codes' | 'from' | 'to' | 'short'>, full: number): Hit[] {
    const hits: Hit[] = [];
    this.passed = false;
    this.#findAlone(codes, from, to, hits);
    if (short) this.#findQuoted(codes, from, to, hits);
    else if (to - from <= LONGEST_NEEDLE) this.#findWithin(codes, from, to, full, hits);
    return hits;
  }

  #findAlone(codes: Uint16Array, from: number, to: number, hits: Hit[]): void {
    const { hash, postings, shelf } = this.#store;
    hash.of(codes, from, to, ALONE);
    const count = postings.find(hash.lo, hash.hi);
    const view = this.#window;
    for (let i = 0; i < count; i++) {
      const held = shelf.at(shelf.address(postings.positions[i]!));
      view.fill(held.text, 0, held.text.length);
      const [start, end] = core(view.codes, 0, view.n);
      if (end - start !== to - from || !equal(view.codes, start, codes, from, to)) continue;
      hits.push({ held, from: view.map[start]!, to: view.map[end]!, alone: true });
    }
  }

  #findQuoted(codes: Uint16Array, from: number, to: number, hits: Hit[]): void {
    this.#store.hash.of(codes, from, to, QUOTED);
    const { places, shelf } = this.#store;
    const count = places.find(this.#store.hash.lo, this.#store.hash.hi, 0);
    const done = new Set<number>();
    for (let i = 0; i < count; i++) {
      const address = shelf.address(places.positions[i]!);
      const held = shelf.at(address);
      if (done.has(held.kind)) continue;
      const hit = this.#check(held, address - held.start, codes, from, to, 0);
      if (hit === undefined) continue;
      hits.push(hit);
      done.add(held.kind);
    }
  }

  #findWithin(codes: Uint16Array, from: number, to: number, full: number, hits: Hit[]): void {
    const { places, signatures } = this.#store;
    const words = readWords(this.#store.hash, codes, from, to);
    /** Of the rarest part: the fewest classes have it, so there are the fewest places to look at. */
    let rarest: Int32Array | undefined;
    let offset = 0;
    /** Classes that have every part, a bit for each, modulo 32. */
    let open = -1;
    const narrow = (lo: number, hi: number, at: number): boolean => {
      const count = places.find(lo, hi, full);
      open &= places.kinds;
      if (rarest === undefined || count < rarest.length) {
        rarest = places.positions.slice(0, count);
        offset = at - from;
      }
      return open !== 0;
    };
    // Words that are joined are looked up together, by threes: fewer texts hold those, and then they hold each.
    let joined = 0;
    for (let i = 0; i < words.count; i++) {
      const goesOn = i + 1 < words.count && isJoined(codes, words.to[i]!, words.from[i + 1]!);
      if (joined > 1) {
        if (!narrow(words.tripleLo[i]!, words.tripleHi[i]!, words.from[i - 2]!)) return;
      } else if (joined === 1 && !goesOn) {
        if (!narrow(words.pairLo[i]!, words.pairHi[i]!, words.from[i - 1]!)) return;
      } else if (joined === 0 && !goesOn && isIndexed(words.from[i]!, words.to[i]!)) {
        if (!narrow(words.lo[i]!, words.hi[i]!, words.from[i]!)) return;
      }
      joined = goesOn ? joined + 1 : 0;
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
    for (const position of rarest ?? NONE) {
      const address = this.#store.shelf.address(position);
      const held = this.#store.shelf.at(address);
      if (((open >>> (held.kind & 31)) & 1) === 0) continue;
      found(this.#check(held, address - held.start, codes, from, to, offset));
      if (this.#store.kinds <= 32 && done.has(held.kind)) open &= ~(1 << held.kind);
    }
    if ((words.count === 1 && rarest !== undefined) || open === 0) return;
    signatures.candidates(words, open, this.#store.shelf.head, (start, end) => {
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
      // A window that begins in an escape of an escape shows characters that are none.
      const isDense = (before > 0 || end < text.length) && 2 * (end - before) > 3 * view.n;
      const isCut =
        isDense ||
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
