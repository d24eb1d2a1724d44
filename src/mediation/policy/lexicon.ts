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
    const size = toBytes(text);
    const held = bytes;
    const letters = LETTERS;
    const hashes = this.#hashes;
    const sets = this.#sets;
    let found = 0;
    let hash = 0;
    // One byte more, which is no letter: the last word ends there.
    for (let i = 0; i <= size; i++) {
      const letter = letters[held[i]!]!;
      if (letter !== 0) {
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

/** 1 to 26 for a letter in either case. */
const LETTERS = Uint8Array.from({ length: 256 }, (_, c) =>
  (c | 32) > 96 && (c | 32) < 123 && c < 128 ? (c | 32) - 96 : 0,
);

const encoder = new TextEncoder();
let bytes = new Uint8Array(4096);

/** Reading bytes from an array is several times as fast as reading characters from a string. Returns how many. */
function toBytes(text: string): number {
  if (bytes.length <= 3 * text.length) bytes = new Uint8Array(4 * text.length);
  const { written } = encoder.encodeInto(text, bytes);
  bytes[written] = 0;
  return written;
}

function hashOf(word: string): number {
  let hash = 0;
  for (const c of word) hash = next(hash, LETTERS[c.charCodeAt(0)]!);
  return hash;
}

/** 0 for no word; one that comes to 0 is not met in 4 billion. */
function next(hash: number, letter: number): number {
  return (Math.imul(hash, 0x01000193) + letter) | 0;
}
