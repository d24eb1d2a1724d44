import type { Shelf } from './shelf.ts';
import { GRAM } from './stretches.ts';
import { ALL_TURNS, turnInto } from './turns.ts';
import { View } from './view.ts';

/** Characters in a row that are asked for together: no value in a long text is shorter. */
export const RUN = 5;
/** Each character moves the others by so many bits, and the first of more than `RUN` out. */
const STEP = 5;
const MASK = (1 << (RUN * STEP)) - 1;
const SPREAD = 0x9e3779b1;
/** Bits of the table, as a power of two: 256 KB, which stay in the processor's cache. */
const BITS = 21;
const SHIFT = 32 - BITS;
/** Characters that it takes: of more, it would rule out little. */
const MOST = 131_072;

/**
 * Which five characters in a row some retained text holds, plain or turned: one bit for each. Whatever is found in a
 * text stands in a retained one, so all of its characters have to be there. Made when it is first asked for, since few
 * sessions send long texts, and kept up with the shelf.
 */
export class Sieve {
  readonly #shelf: Shelf;
  readonly #view = new View();
  #table = new Int32Array(0);
  #turned = new Uint16Array(0);
  /** Address of the first text that is not in it. */
  #next = 0;
  #taken = 0;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** Takes in what is new on the shelf; false if that is too much. */
  update(): boolean {
    const { head } = this.#shelf;
    if (this.#table.length === 0) this.#table = new Int32Array(1 << (BITS - 5));
    if (this.#taken + head - this.#next > MOST) return false;
    if (head === this.#next) return true;
    this.#taken += head - this.#next;
    this.#shelf.between(this.#next, head, ({ text }) => this.#take(text));
    this.#next = head;
    return true;
  }

  /** False only if no retained text holds these characters in a row, plain or turned. */
  may(codes: Uint16Array, from: number, to: number): boolean {
    const table = this.#table;
    let run = 0;
    for (let i = from; i < to; i++) {
      run = ((run << STEP) ^ codes[i]!) & MASK;
      if (i < from + RUN - 1) continue;
      const bit = Math.imul(run, SPREAD) >>> SHIFT;
      if (((table[bit >>> 5]! >>> bit) & 1) === 0) return false;
    }
    return true;
  }

  /**
   * Where the first stretch of `GRAM` characters ends, behind `from`, that some text may hold; -1 if there is none. Read
   * from its end: what is missing there rules out all that hold it, so few characters are looked at.
   */
  stretch(codes: Uint16Array, n: number, from: number): number {
    const table = this.#table;
    for (let last = Math.max(from, GRAM - 1); last < n; ) {
      let at = last - RUN + 1;
      for (; at > last - GRAM; at--) {
        let run = 0;
        for (let i = at; i < at + RUN; i++) run = (run << STEP) ^ codes[i]!;
        const bit = Math.imul(run & MASK, SPREAD) >>> SHIFT;
        if (((table[bit >>> 5]! >>> bit) & 1) === 0) break;
      }
      if (at === last - GRAM) return last + 1;
      last = at + GRAM;
    }
    return -1;
  }

  #take(text: string): void {
    const view = this.#view;
    view.fill(text, 0, text.length);
    if (this.#turned.length < view.n) this.#turned = new Uint16Array(view.n + 64);
    const table = this.#table;
    const turned = this.#turned;
    for (const turn of ALL_TURNS) {
      const n = turnInto(turned, view.codes, 0, view.n, turn);
      let run = 0;
      for (let i = 0; i < n; i++) {
        run = ((run << STEP) ^ turned[i]!) & MASK;
        const bit = Math.imul(run, SPREAD) >>> SHIFT;
        table[bit >>> 5]! |= 1 << bit;
      }
    }
    view.shrink();
  }
}
