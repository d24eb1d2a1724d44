/**
 * 64-bit hashes of canonical characters, as two 32-bit lanes (signed, which engines keep unboxed). Not linear, and
 * seeded: whoever can read this code but not the session's seed cannot choose two values that collide.
 */
export class Hash {
  /** The lanes of what was hashed last. */
  lo = 0;
  hi = 0;
  readonly #lo: number;
  readonly #hi: number;

  constructor(seed: number) {
    this.#lo = mix(seed ^ 0x1e3779b9);
    this.#hi = mix(seed ^ 0x7f4a7c15);
  }

  /** Hashes `codes[from]` to before `codes[to]`; equal characters under another salt are another key. */
  of(codes: Uint16Array, from: number, to: number, salt: number): void {
    let lo = this.#lo;
    let hi = this.#hi;
    for (let i = from; i < to; i++) {
      const c = codes[i]!;
      lo = Math.imul(lo ^ c, 0x85ebca6b);
      lo ^= lo >>> 13;
      hi = Math.imul(hi + c, 0xc2b2ae35);
      hi ^= hi >>> 15;
    }
    this.lo = mix(lo ^ salt);
    this.hi = mix((hi + salt) | 0);
  }

  /** The low lane alone of what `of` hashes without a salt. */
  low(codes: Uint16Array, from: number, to: number): number {
    let lo = this.#lo;
    for (let i = from; i < to; i++) {
      lo = Math.imul(lo ^ codes[i]!, 0x85ebca6b);
      lo ^= lo >>> 13;
    }
    return mix(lo);
  }

  /** Hashes the sixteen characters from `at` on, faster than `of` would. */
  stretch(codes: Uint16Array, at: number): void {
    let lo = this.#lo;
    let hi = this.#hi;
    for (let i = at; i < at + 16; i += 4) {
      lo = Math.imul(lo ^ codes[i]! ^ (codes[i + 1]! << 16), 0x85ebca6b);
      hi = Math.imul((hi + codes[i + 2]!) ^ (codes[i + 3]! << 16), 0xc2b2ae35);
      lo ^= hi >>> 15;
      hi ^= (lo >>> 13) + lo;
    }
    this.lo = mix(lo);
    this.hi = mix(hi ^ 0x5a17);
  }
}

/** Spreads every bit of a 32-bit number over all of another. */
export function mix(h: number): number {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
