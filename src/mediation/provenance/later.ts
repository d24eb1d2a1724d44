import type { Leaf } from '../../event.ts';
import { needlesOf } from './needles.ts';
import type { Said } from './said.ts';
import type { Clear } from './screen.ts';
import { type Store, VALUE } from './store.ts';
import { SHORTEST_COPY, Stretches } from './stretches.ts';
import { View } from './view.ts';

/** Characters that wait, at most. */
const MOST = 4 * 1024 * 1024;

/**
 * Long texts that the client said and no output held: all of them is its own. That is known, so it makes no difference
 * what is read before it is worked out, as long as nobody asks meanwhile what the client said.
 */
export class Later {
  readonly #store: Store;
  readonly #said: Said;
  readonly #view = new View();
  readonly #stretches = new Stretches();
  #waiting: Leaf[] = [];
  /** The values of the first of them are taken, its stretches are not. */
  #isHalf = false;
  #characters = 0;

  constructor(store: Store, said: Said) {
    this.#store = store;
    this.#said = said;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes leaves with what they decode to. */
  push(clear: readonly Clear[]): void {
    for (const { leaf, decoded } of clear) {
      this.#push(leaf);
      for (const text of decoded) this.#push({ ...leaf, text, form: 'string' });
    }
    while (this.#characters > MOST) this.step();
  }

  #push(leaf: Leaf): void {
    this.#waiting.push(leaf);
    this.#characters += leaf.text.length;
  }

  /** Works out all that waits. */
  finish(): void {
    while (!this.isEmpty) this.step();
  }

  /** Works out a part of a text; returns how many characters that took. */
  step(): number {
    const leaf = this.#waiting[0]!;
    const { length } = leaf.text;
    if (this.#isHalf) {
      this.#takeStretches();
      this.#waiting.shift();
      this.#characters -= length;
      this.#view.shrink();
    } else {
      this.#view.fill(leaf.text, 0, length);
      this.#takeValues(leaf);
    }
    this.#isHalf = !this.#isHalf;
    return length;
  }

  #takeValues(leaf: Leaf): void {
    const { hash } = this.#store;
    for (const { codes, from, to } of needlesOf(this.#view, leaf)) {
      hash.of(codes, from, to, VALUE);
      this.#add(hash.lo, hash.hi);
    }
  }

  #takeStretches(): void {
    const { codes, n } = this.#view;
    if (n < SHORTEST_COPY) return;
    const stretches = this.#stretches;
    stretches.read(this.#store.hash, codes, n);
    const { chosen, chosenCount, lo, hi } = stretches;
    for (let i = 0; i < chosenCount; i++) this.#add(lo[chosen[i]!]!, hi[chosen[i]!]!);
    stretches.shrink();
  }

  #add(lo: number, hi: number): void {
    if (!this.#said.has(lo, hi)) this.#said.add(lo, hi);
  }
}
