/**
 * 64-bit hashes of canonical characters, as two 32-bit lanes. Not linear, and seeded: whoever can read this code but
 * not the session's seed cannot choose two values that collide.
 */
export class Hash {
  /** The lanes of what was hashed last, unsigned. */
  lo = 0;
  hi = 0;
  readonly #a: number;
  readonly #b: number;

  constructor(seed: number) {
    this.#a = mix(seed ^ 0x9e3779b9);
    this.#b = mix(seed ^ 0x7f4a7c15);
  }

  begin(): void {
    this.lo = this.#a;
    this.hi = this.#b;
  }

  add(c: number): void {
    const lo = Math.imul(this.lo ^ c, 0x85ebca6b);
    this.lo = lo ^ (lo >>> 13);
    const hi = Math.imul(this.hi + c, 0xc2b2ae35);
    this.hi = hi ^ (hi >>> 15);
  }

  end(salt: number): void {
    this.lo = mix(this.lo ^ salt);
    this.hi = mix(this.hi + salt);
  }

  of(codes: Uint16Array, from: number, to: number, salt: number): void {
    this.begin();
    for (let i = from; i < to; i++) this.add(codes[i]!);
    this.end(salt);
  }
}

/** Spreads every bit of a 32-bit number over all of an unsigned one. */
export function mix(h: number): number {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
