import { ASCII_CLASS, classOf, LONE, OTHER, SPACE } from './chars.ts';
import { type Hash, mix } from './hash.ts';

/** Reads the words of a stretch of canonical characters, one after another; an ideograph is a word. */
export class Words {
  /** Low lane of the key, and place, of the word read last. */
  lo = 0;
  from = 0;
  to = 0;
  /** Key of this word and the one before, and of those two and the one before them; 0 where there are none. */
  pair = 0;
  triple = 0;
  /** Low lane of the word before it, 0 at the first. */
  previous = 0;
  /** A single mark, no white space, stands between them: both are parts of an address, a path, an identifier. */
  joined = false;
  readonly #hash: Hash;
  readonly #codes: Uint16Array;
  readonly #end: number;

  constructor(hash: Hash, codes: Uint16Array, from: number, end: number) {
    this.#hash = hash;
    this.#codes = codes;
    this.to = from;
    this.#end = end;
  }

  /** False after the last. */
  next(): boolean {
    const codes = this.#codes;
    const table = ASCII_CLASS;
    const end = this.#end;
    let i = this.to;
    let between = 0;
    let kind = OTHER;
    for (; i < end; i++) {
      const c = codes[i]!;
      kind = c < 128 ? table[c]! : classOf(c);
      if (kind !== OTHER) break;
      between = Math.imul(between ^ c, 0x01000193);
    }
    if (i === end) return false;
    this.joined = this.lo !== 0 && i === this.to + 1 && codes[this.to] !== SPACE;
    this.previous = this.lo;
    this.from = i++;
    if (kind !== LONE) {
      for (; i < end; i++) {
        const c = codes[i]!;
        if ((c < 128 ? table[c] : classOf(c)) !== kind) break;
      }
    }
    this.to = i;
    this.lo = this.#hash.low(codes, this.from, i);
    const before = this.pair;
    this.pair = this.previous === 0 ? 0 : mix(Math.imul(this.previous, 0x9e3779b1) ^ this.lo ^ between);
    this.triple = before === 0 ? 0 : mix(Math.imul(before, 0x85ebca6b) ^ this.pair);
    return true;
  }
}
