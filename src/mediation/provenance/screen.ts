import type { Leaf } from '../../event.ts';
import { type Decodings, decodingsOf } from './decodings.ts';
import { needlesOf } from './needles.ts';
import { OVERHEAD } from './shelf.ts';
import { Sieve } from './sieve.ts';
import { type Store, VALUE } from './store.ts';
import { GRAM } from './stretches.ts';
import { ALL_TURNS, turnedCodes } from './turns.ts';
import { ValueFinder } from './values.ts';
import { View } from './view.ts';

/** Shorter texts are searched sooner than they are screened. */
export const SHORTEST_SCREENED = 16_384;
/** Values and stretches that are looked up to rule a text out. */
const MOST_LOOKUPS = 8192;

/** A leaf that holds nothing which an output held, and what it decodes to. */
export interface Clear {
  leaf: Leaf;
  decoded: readonly string[];
}

/**
 * Rules out that a long text holds anything that some output held, in a fraction of the time in which it is searched:
 * most long texts that a client sends are its own. Whatever cannot be ruled out is searched.
 */
export class Screen {
  readonly #store: Store;
  readonly #sieve: Sieve;
  /** With a budget of its own: what is looked up here must not change what the search may look up. */
  readonly #values: ValueFinder;
  readonly #view = new View();
  #left = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#sieve = new Sieve(store.shelf);
    this.#values = new ValueFinder(store);
  }

  /** The leaves, if they are long and hold nothing of any output; undefined if that is not certain. */
  clear(leaves: readonly Leaf[]): Clear[] | undefined {
    let characters = 0;
    for (const { text } of leaves) characters += text.length;
    if (characters < SHORTEST_SCREENED || this.#store.evicted || !this.#sieve.update()) return undefined;
    this.#values.beginCall();
    this.#left = MOST_LOOKUPS;
    const clear: Clear[] = [];
    for (const leaf of leaves) {
      if (this.#mayHold(leaf)) return undefined;
      const { found, cut }: Decodings =
        leaf.form === 'string' ? decodingsOf(leaf.text, OVERHEAD) : { found: [], cut: false };
      if (cut) return undefined;
      const decoded = found.map(({ text }) => text);
      if (decoded.some((text) => this.#mayHold({ path: leaf.path, text, form: 'string' }))) return undefined;
      clear.push({ leaf, decoded });
    }
    return clear;
  }

  #mayHold(leaf: Leaf): boolean {
    if (this.#store.isEmpty) return false;
    const view = this.#view;
    view.fill(leaf.text, 0, leaf.text.length);
    return this.#mayCopy() || this.#mayCarry(leaf);
  }

  /** Gives back what very long texts took. */
  rest(): void {
    this.#view.shrink();
  }

  /** Whether a stretch of the text at hand may stand in an output, turned or not. */
  #mayCopy(): boolean {
    const { codes, n } = this.#view;
    const { hash, places } = this.#store;
    for (let to = this.#sieve.stretch(codes, n, 0); to >= 0; to = this.#sieve.stretch(codes, n, to)) {
      if (--this.#left < 0) return true;
      for (const turn of ALL_TURNS) {
        hash.of(turnedCodes(codes, to - GRAM, to, turn), 0, GRAM, VALUE);
        if (places.find(hash.lo, hash.hi, 0) > 0) return true;
      }
    }
    return false;
  }

  /** Whether a value of the text at hand stands in an output, turned or not. */
  #mayCarry(leaf: Leaf): boolean {
    const sieve = this.#sieve;
    const needles = needlesOf(this.#view, leaf, (codes, from, to) => sieve.may(codes, from, to));
    this.#left -= needles.length;
    if (this.#left < 0) return true;
    return needles.some((needle) =>
      (needle.turnable ? ALL_TURNS : PLAIN).some((turn) => {
        const codes = turnedCodes(needle.codes, needle.from, needle.to, turn);
        return this.#values.find({ ...needle, codes, from: 0, to: codes.length }, 0).length > 0;
      }),
    );
  }
}

const PLAIN = ALL_TURNS.slice(0, 1);
