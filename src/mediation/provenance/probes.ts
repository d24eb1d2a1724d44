import { classOf, isDigit, OTHER } from './chars.ts';
import { LONGEST_NEEDLE, type Needle } from './needles.ts';
import { ALONE, type Store, VALUE } from './store.ts';
import { ALL_TURNS, type Turn, turnInto } from './turns.ts';

/** For every so many characters of a text one word is looked up turned; for more of them in a long one. */
const PROBED = 16;
const PROBED_LONG = 64;
const LONG = 2048;
/** Shorter words are others backwards. */
const SHORTEST_PROBED = 4;
/** The shortest word that is indexed whatever it consists of. */
const SHORTEST_INDEXED = 4;

/**
 * Asks whether values may stand in an output turned: two keys for each turn, all of them loaded before any is read.
 * Few honest values do, so it is seldom that one is looked up in full.
 */
export class TurnProbes {
  readonly #store: Store;
  /** Places of words: where each begins and ends. */
  #places = new Int32Array(256);
  #keys = new Int32Array(256);
  readonly #scratch = new Uint16Array(LONGEST_NEEDLE);

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Calls `visit` for every one of the values and every turn of it that may stand in an output: its longest word does.
   * A text that is one word is found as that text.
   */
  values(needles: readonly Needle[], visit: (needle: Needle, turn: Turn) => void): void {
    this.#reserve(2 * needles.length);
    const places = this.#places;
    for (let i = 0; i < needles.length; i++) {
      const { codes, from, to } = needles[i]!;
      longestWord(codes, from, to, to, places, 2 * i);
    }
    for (const turn of [1, 2, 3] as const) {
      let count = 0;
      for (let i = 0; i < needles.length; i++) {
        const { codes, from, to, letters } = needles[i]!;
        if (turn !== 1 && !letters) continue;
        const [start, end] = [places[2 * i]!, places[2 * i + 1]!];
        this.#key(codes, start, end, turn, VALUE, count++);
        if (end - start === to - from) this.#key(codes, from, to, turn, ALONE, count++);
      }
      this.#store.touch(this.#keys, count);
      count = 0;
      for (let i = 0; i < needles.length; i++) {
        const needle = needles[i]!;
        const { codes, from, to, letters } = needle;
        if (turn !== 1 && !letters) continue;
        let stands = this.#stands(count++);
        if (places[2 * i + 1]! - places[2 * i]! === to - from) stands = this.#stands(count++) || stands;
        if (stands || !hasIndexedWord(codes, from, to)) visit(needle, turn);
      }
    }
  }

  /** Whether a word, turned or not, stands in an output; `whole`: or is one. */
  word(codes: Uint16Array, n: number, whole: boolean): boolean {
    return ALL_TURNS.some((turn) => {
      this.#key(codes, 0, n, turn, VALUE, 0);
      if (this.#stands(0)) return true;
      if (whole) this.#key(codes, 0, n, turn, ALONE, 0);
      return whole && this.#stands(0);
    });
  }

  /** The turns in which long stretches of a text may be copies: one of its words, turned, stands in an output. */
  stretches(codes: Uint16Array, n: number): Turn[] {
    const step = n > LONG ? PROBED_LONG : PROBED;
    this.#reserve(2 * Math.ceil(n / step));
    let count = 0;
    for (let from = 0; from < n; from += step) {
      const to = Math.min(n, from + step);
      const length = longestWord(codes, from, to, n, this.#places, 2 * count);
      // Numbers are others backwards.
      if (length >= SHORTEST_PROBED && !isDigit(codes[this.#places[2 * count]!]!)) count++;
    }
    return ([1, 2, 3] as const).filter((turn) => {
      for (let i = 0; i < count; i++) {
        this.#key(codes, this.#places[2 * i]!, this.#places[2 * i + 1]!, turn, VALUE, i);
      }
      this.#store.touch(this.#keys, count);
      for (let i = 0; i < count; i++) {
        if (
          this.#stands(i) &&
          this.#standBeside(codes, n, this.#places[2 * i]!, this.#places[2 * i + 1]!, turn)
        ) {
          return true;
        }
      }
      return false;
    });
  }

  /**
   * Whether one of the words beside a word, turned, stands in an output too, or is too short to tell: one alone may be
   * there by chance, and where a copy ends what follows is none of it.
   */
  #standBeside(codes: Uint16Array, n: number, from: number, to: number, turn: Turn): boolean {
    const last = this.#keys.length / 2 - 1;
    let before = from;
    do before--;
    while (before > 0 && !isEnd(codes, before, n));
    let start = before;
    while (start > 0 && before - start < LONGEST_NEEDLE && classOf(codes[start - 1]!) !== OTHER) start--;
    let after = to;
    while (after < n && classOf(codes[after]!) === OTHER) after++;
    let end = after;
    while (end < n && end - after < LONGEST_NEEDLE && classOf(codes[end]!) !== OTHER) end++;
    for (const [one, other] of [
      [start, before],
      [after, end],
    ] as const) {
      if (other === one) continue;
      if (other - one < SHORTEST_PROBED) return true;
      this.#key(codes, one, other, turn, VALUE, last);
      if (this.#stands(last)) return true;
    }
    return start === before && after === end;
  }

  #reserve(keys: number): void {
    if (this.#keys.length >= 2 * keys + 2) return;
    this.#places = new Int32Array(4 * keys + 2);
    this.#keys = new Int32Array(4 * keys + 2);
  }

  #key(codes: Uint16Array, from: number, to: number, turn: Turn, salt: number, at: number): void {
    const length = turnInto(this.#scratch, codes, from, to, turn);
    this.#store.hash.of(this.#scratch, 0, length, salt);
    this.#keys[2 * at] = this.#store.hash.lo;
    this.#keys[2 * at + 1] = this.#store.hash.hi;
  }

  #stands(at: number): boolean {
    return this.#store.holds(this.#keys[2 * at]!, this.#keys[2 * at + 1]!);
  }
}

/** Whether a word ends there. */
function isEnd(codes: Uint16Array, at: number, n: number): boolean {
  return classOf(codes[at - 1]!) !== OTHER && (at === n || classOf(codes[at]!) === OTHER);
}

/** Whether a value has a word that is indexed, so that it stands nowhere if that one does not. */
function hasIndexedWord(codes: Uint16Array, from: number, to: number): boolean {
  let length = 0;
  for (let i = from; i < to; i++) {
    length = classOf(codes[i]!) === OTHER ? 0 : length + 1;
    if (length === SHORTEST_INDEXED) return true;
  }
  return false;
}

/** Writes where the longest word that begins there stands; returns its length, 0 if it has too many characters. */
function longestWord(
  codes: Uint16Array,
  from: number,
  to: number,
  n: number,
  into: Int32Array,
  at: number,
): number {
  let longest = 0;
  into[at] = from;
  into[at + 1] = from;
  let last = from > 0 ? classOf(codes[from - 1]!) : OTHER;
  for (let i = from; i < to; i++) {
    const kind = classOf(codes[i]!);
    const begins = kind !== OTHER && last === OTHER;
    last = kind;
    if (!begins) continue;
    let end = i + 1;
    while (end < n && end - i <= LONGEST_NEEDLE && classOf(codes[end]!) !== OTHER) end++;
    if (end - i > longest && end - i <= LONGEST_NEEDLE) {
      longest = end - i;
      into[at] = i;
      into[at + 1] = end;
    }
    i = end - 1;
  }
  return longest;
}
