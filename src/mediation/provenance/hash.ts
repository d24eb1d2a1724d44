/** Powers kept, for stretches shorter than this; a power of two. */
export const POWERS = 512;

/**
 * 64-bit hashes of canonical characters, as two 32-bit lanes (signed, which engines keep unboxed): the sum of a secret
 * number for each character times a power of a secret odd number, so that whatever lies between two places is hashed
 * in no time once all beginnings are (see words.ts). Whoever can read this code but not the session's seed cannot
 * choose two values that collide. The upper bits are as good as random, the lower are not: take the upper.
 */
export class Hash {
  /** The lanes of what was hashed last. */
  lo = 0;
  hi = 0;
  /** What an ASCII character adds to each lane. */
  readonly los = new Int32Array(128);
  readonly his = new Int32Array(128);
  /** What each lane is multiplied with to go on by so many characters. */
  readonly loPowers = new Int32Array(POWERS);
  readonly hiPowers = new Int32Array(POWERS);
  readonly #lo: number;
  readonly #hi: number;

  constructor(seed: number) {
    this.#lo = mix(seed ^ 0x1e3779b9);
    this.#hi = mix(seed ^ 0x7f4a7c15);
    for (let c = 0; c < 128; c++) {
      this.los[c] = this.loOf(c);
      this.his[c] = this.hiOf(c);
    }
    const lo = mix(this.#lo) | 1;
    const hi = mix(this.#hi) | 1;
    this.loPowers[0] = 1;
    this.hiPowers[0] = 1;
    for (let n = 1; n < POWERS; n++) {
      this.loPowers[n] = Math.imul(this.loPowers[n - 1]!, lo);
      this.hiPowers[n] = Math.imul(this.hiPowers[n - 1]!, hi);
    }
  }

  /** What any character adds to each lane. */
  loOf(c: number): number {
    return mix(this.#lo + Math.imul(c + 1, 0x9e3779b1));
  }

  hiOf(c: number): number {
    return mix(this.#hi + Math.imul(c + 1, 0x9e3779b1));
  }

  /** Hashes `codes[from]` to before `codes[to]`; equal characters under another salt are another key. */
  of(codes: Uint16Array, from: number, to: number, salt: number): void {
    const { los, his } = this;
    const loStep = this.loPowers[1]!;
    const hiStep = this.hiPowers[1]!;
    let lo = 0;
    let hi = 0;
    for (let i = from; i < to; i++) {
      const c = codes[i]!;
      const ascii = c < 128;
      lo = (Math.imul(lo, loStep) + (ascii ? los[c]! : this.loOf(c))) | 0;
      hi = (Math.imul(hi, hiStep) + (ascii ? his[c]! : this.hiOf(c))) | 0;
    }
    this.lo = lo ^ salt;
    this.hi = hi ^ salt;
  }
}

/** Spreads every bit of a 32-bit number over all of another. */
export function mix(h: number): number {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
