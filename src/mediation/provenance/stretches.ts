import { classOf, WORD } from './chars.ts';
import type { Hash } from './hash.ts';
import type { Store } from './store.ts';

/** Characters of a stretch that is looked up. */
export const GRAM = 16;
/** Copies at least this long are found. */
export const SHORTEST_COPY = 2 * GRAM - 1;
/** A landmark is the beginning of a word of at least so many characters. */
export const LANDMARK = 4;

/** A stretch needs this many different characters. */
const FEWEST_DIFFERENT = 6;

/** Stretches that are asked for together. */
export const TOUCHED = 256;

/**
 * The stretches of a leaf that are looked up. Texts are indexed at their landmarks and, between two that are further
 * apart, at every sixteenth character from the first on: among any sixteen places there is one. A leaf is looked up
 * at its landmarks and, where two are as far apart as that or further, everywhere between: where the leaf has a copy of
 * `SHORTEST_COPY` characters it is looked up at one of those places. Most are landmarks, which both have.
 */
export class Stretches {
  /** Where stretches begin that are looked up, in order. */
  count = 0;
  places = new Int32Array(0);
  /** Those of them by which is remembered what the client says: what they say decides, and little that surrounds it. */
  chosenCount = 0;
  chosen = new Int32Array(0);
  /** Lanes of the stretch that begins at each character. */
  lo = new Int32Array(0);
  hi = new Int32Array(0);
  #landmarks = new Int32Array(0);
  readonly #likely = new Uint8Array(TOUCHED);

  /** Reads the first `n` of `codes`. */
  read(hash: Hash, codes: Uint16Array, n: number): void {
    this.count = 0;
    this.chosenCount = 0;
    const total = n - GRAM + 1;
    if (total <= 0) return;
    if (this.lo.length < total) this.#resize(total + 1024);
    rolling(hash, codes, total, this);
    const landmarks = this.#landmarks;
    const count = landmarksOf(codes, total, landmarks);
    let last = -1;
    for (let i = 0; i <= count; i++) {
      const next = i < count ? landmarks[i]! : total;
      if (last >= 0) this.#look(codes, last, true);
      // Before the first landmark the beginning stands for one.
      if (next - Math.max(last, 0) >= GRAM) {
        for (let at = last + 1; at < next; at++) this.#look(codes, at, this.lo[at]! >>> 30 === 0);
      }
      last = next;
    }
  }

  /** Asks which of the next `TOUCHED` of those looked up, from one on, may stand anywhere. */
  ask({ places }: Store, from: number): void {
    places.likely(this.lo, this.hi, this.places, from, Math.min(from + TOUCHED, this.count), this.#likely);
  }

  /** Whether one of those asked for last may stand anywhere. */
  isLikely(i: number): boolean {
    return this.#likely[i % TOUCHED] === 1;
  }

  #look(codes: Uint16Array, at: number, isChosen: boolean): void {
    if (!isVaried(codes, at)) return;
    this.places[this.count++] = at;
    if (isChosen) this.chosen[this.chosenCount++] = at;
  }

  /** Gives back what a very long leaf took. */
  shrink(): void {
    if (this.lo.length > 65_536) this.#resize(0);
  }

  #resize(size: number): void {
    this.places = new Int32Array(size);
    this.chosen = new Int32Array(size);
    this.lo = new Int32Array(size);
    this.hi = new Int32Array(size);
    this.#landmarks = new Int32Array(size);
  }
}

/** Hashes the first `n` stretches. In a closure: see `readWords`. */
const rolling = (() => {
  const loIn = new Int32Array(128);
  const hiIn = new Int32Array(128);
  const loOut = new Int32Array(128);
  const hiOut = new Int32Array(128);
  let current: Hash | undefined;

  const use = (hash: Hash): void => {
    current = hash;
    for (let c = 0; c < 128; c++) {
      loIn[c] = hash.los[c]!;
      hiIn[c] = hash.his[c]!;
      loOut[c] = Math.imul(hash.los[c]!, hash.loPowers[GRAM]!);
      hiOut[c] = Math.imul(hash.his[c]!, hash.hiPowers[GRAM]!);
    }
  };

  return (hash: Hash, codes: Uint16Array, n: number, { lo: los, hi: his }: Stretches): void => {
    if (current !== hash) use(hash);
    const loStep = hash.loPowers[1]!;
    const hiStep = hash.hiPowers[1]!;
    const loGone = hash.loPowers[GRAM]!;
    const hiGone = hash.hiPowers[GRAM]!;
    hash.of(codes, 0, GRAM - 1, 0);
    let { lo, hi } = hash;
    // What the character before the stretch adds still.
    let loLeft = 0;
    let hiLeft = 0;
    for (let i = 0; i < n; i++) {
      const c = codes[i + GRAM - 1]!;
      const ascii = c < 128;
      lo = (Math.imul(lo, loStep) + (ascii ? loIn[c]! : hash.loOf(c)) - loLeft) | 0;
      hi = (Math.imul(hi, hiStep) + (ascii ? hiIn[c]! : hash.hiOf(c)) - hiLeft) | 0;
      los[i] = lo;
      his[i] = hi;
      const left = codes[i]!;
      loLeft = left < 128 ? loOut[left]! : Math.imul(hash.loOf(left), loGone);
      hiLeft = left < 128 ? hiOut[left]! : Math.imul(hash.hiOf(left), hiGone);
    }
  };
})();

/** Writes the landmarks among the first `n` places into `into`; returns how many. */
function landmarksOf(codes: Uint16Array, n: number, into: Int32Array): number {
  let count = 0;
  let length = 0;
  for (let i = 0; i < n + LANDMARK - 1; i++) {
    length = classOf(codes[i]!) === WORD ? length + 1 : 0;
    if (length === LANDMARK) into[count++] = i - LANDMARK + 1;
  }
  return count;
}

/** Rulers, blanks and table borders are no evidence. */
function isVaried(codes: Uint16Array, at: number): boolean {
  let seen = 0;
  const end = at + GRAM;
  for (let i = at; i < end; i++) seen |= 1 << (codes[i]! & 31);
  let pairs = seen - ((seen >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24 >= FEWEST_DIFFERENT;
}
