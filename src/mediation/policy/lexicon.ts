/** Of two slots one is free at least. */
const MOST_LOAD = 0.5;

/**
 * Sets of words, a bit for each set: one walk over a text tells which of them have a word in it, so that patterns need
 * not be tried on the many texts that hold none of theirs. Words are runs of ASCII letters, in any case.
 */
export class Lexicon {
  /** Hashes of the words, 0 where there is none: two words may share one, and then a set is named in vain. */
  readonly #hashes: Int32Array;
  readonly #sets: Uint8Array;
  readonly #shift: number;

  /** The first set has bit 1, the next 2, and so on: at most eight. */
  constructor(...sets: readonly (readonly string[])[]) {
    const count = sets.reduce((sum, words) => sum + words.length, 0);
    const bits = Math.ceil(Math.log2(count / MOST_LOAD + 2));
    this.#hashes = new Int32Array(1 << bits);
    this.#sets = new Uint8Array(1 << bits);
    this.#shift = 32 - bits;
    for (const [i, words] of sets.entries()) {
      for (const word of words) {
        const hash = hashOf(word);
        const slot = this.#slotOf(hash);
        this.#hashes[slot] = hash;
        this.#sets[slot]! |= 1 << i;
      }
    }
  }

  /** A bit for each set of which a word stands in the text. */
  in(text: string): number {
    const hashes = this.#hashes;
    const sets = this.#sets;
    let found = 0;
    let hash = 0;
    for (let i = 0; i <= text.length; i++) {
      const letter = (i < text.length ? text.charCodeAt(i) | 32 : 0) - 97;
      if (letter >>> 0 < 26) {
        hash = next(hash, letter);
      } else if (hash !== 0) {
        const slot = this.#slotOf(hash);
        if (hashes[slot] !== 0) found |= sets[slot]!;
        hash = 0;
      }
    }
    return found;
  }

  #slotOf(hash: number): number {
    const hashes = this.#hashes;
    let slot = Math.imul(hash, 0x9e3779b1) >>> this.#shift;
    while (hashes[slot] !== 0 && hashes[slot] !== hash) slot = (slot + 1) & (hashes.length - 1);
    return slot;
  }
}

function hashOf(word: string): number {
  let hash = 0;
  for (const c of word) hash = next(hash, (c.charCodeAt(0) | 32) - 97);
  return hash;
}

/** 0 for no word; one that comes to 0 is not met in 4 billion. */
function next(hash: number, letter: number): number {
  return (Math.imul(hash, 0x01000193) + letter + 1) | 0;
}
