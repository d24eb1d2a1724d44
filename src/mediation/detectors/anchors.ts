/** At least this long, or the scan cannot skip ahead. */
const MIN = 7;
const LETTERS = 0x1f;

/**
 * Finds the next of many words in a text, letter case ignored (ASCII), in one pass that skips ahead
 * (Wu and Manber's algorithm over three-character blocks). It replaces one case-insensitive alternation, at
 * about twice its speed. At no place does it take longer than its longest word: words may be a hostile server's.
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
    for (const bucket of this.#words.values()) bucket.sort();
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
      const found = longestAt(text, at, this.#words.get(block)!);
      if (found > 0) return { at, length: found };
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

/** How long the longest of these sorted words is that stands in a text at `at`; 0 if none does. */
function longestAt(text: string, at: number, words: readonly string[]): number {
  let longest = 0;
  let low = 0;
  let high = words.length;
  for (let i = 0; low < high; i++) {
    if (words[low]!.length === i) {
      longest = i;
      low++;
    }
    const code = at + i < text.length ? text.charCodeAt(at + i) : -1;
    const folded = code >= 65 && code <= 90 ? code | 32 : code;
    low = firstFrom(words, low, high, i, folded);
    high = firstFrom(words, low, high, i, folded + 1);
  }
  return longest;
}

/** The first of `words` from `low` to `high`, which are alike up to there, whose letter at `i` is `code` or a later one. */
function firstFrom(words: readonly string[], low: number, high: number, i: number, code: number): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (words[middle]!.charCodeAt(i) < code) from = middle + 1;
    else to = middle;
  }
  return from;
}

function lower(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
