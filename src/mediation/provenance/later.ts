import type { Leaf } from '../../event.ts';
import { needlesOf } from './needles.ts';
import type { Said } from './said.ts';
import { type Clear, SHORTEST_SCREENED } from './screen.ts';
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
  #waiting: (Leaf | readonly number[])[] = [];
  /** The values of the first leaf are taken, its stretches are not. */
  #isHalf = false;
  #characters = 0;
  /** The long text that was taken last, and when: a call that is made again says the same. */
  #latest: { leaf: Leaf; generation: number } | undefined;

  constructor(store: Store, said: Said) {
    this.#store = store;
    this.#said = said;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes leaves with what they decode to, and keys of what they make together, pairs of lanes. */
  push(clear: readonly Clear[], keys: readonly number[]): void {
    for (const { leaf, decoded } of clear) {
      this.#push(leaf);
      for (const text of decoded) this.#push({ ...leaf, text, form: 'string' });
    }
    this.#waiting.push(keys);
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

  /** Works out a part of what waits; returns about how many characters that took. */
  step(): number {
    const next = this.#waiting[0]!;
    let took = 1;
    if ('text' in next) {
      const { length } = next.text;
      if (this.#isHalf) {
        this.#takeStretches();
        took = length;
      } else if (!this.#isLatest(next)) {
        this.#takeValues(next);
        this.#isHalf = true;
        return length;
      }
      this.#isHalf = false;
      this.#characters -= length;
    } else this.#said.addAll(next, []);
    this.#waiting.shift();
    return took;
  }

  /** Whether all of a leaf was taken a moment ago, and nothing forgotten since. */
  #isLatest({ text, form }: Leaf): boolean {
    const latest = this.#latest;
    return (
      latest?.generation === this.#said.generation && latest.leaf.form === form && latest.leaf.text === text
    );
  }

  /** Gives back what very long texts took. */
  rest(): void {
    this.#view.shrink();
    this.#stretches.shrink();
    if (this.#latest !== undefined && this.#latest.leaf.text.length > MOST) this.#latest = undefined;
  }

  #takeValues(leaf: Leaf): void {
    const { length } = leaf.text;
    if (length >= SHORTEST_SCREENED) this.#latest = { leaf, generation: this.#said.generation };
    const { hash } = this.#store;
    this.#view.fill(leaf.text, 0, length);
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
  }

  #add(lo: number, hi: number): void {
    if (!this.#said.has(lo, hi)) this.#said.add(lo, hi);
  }
}
