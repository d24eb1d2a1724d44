import { isCore } from './borders.ts';
import { AMPERSAND, ASCII_FOLD, PERCENT, SPACE } from './chars.ts';
import { BACKSLASH } from './escapes.ts';
import type { Piece } from './shelf.ts';
import type { Store } from './store.ts';
import { SHORTEST_COPY } from './stretches.ts';
import type { Hit } from './values.ts';
import { View } from './view.ts';

/** How far around a fingerprint is looked first: most that are no copies end sooner. */
const FIRST_REACH = 48;

/** More characters than an escape has, with what is escaped in it. */
const MARGIN = 12;

/** Than an escape of an escape of an escape. */
const LONGEST_ESCAPE = 1024;

/** Characters looked through in vain for one call before fingerprints count as copies: nothing else rules them out. */
const MAX_READ = 4 * 1024 * 1024;

/** A stretch of a leaf, and the copy of it. */
export interface Copy {
  from: number;
  to: number;
  hit: Hit;
}

/** Finds copies of long stretches in the retained texts. */
export class CopyFinder {
  readonly #store: Store;
  readonly #window = new View();
  #read = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Starts the budget of a call. */
  beginCall(): void {
    this.#read = 0;
  }

  /**
   * At how many places a stretch with this key stands: `positions`, until something else is asked. Classes of which a
   * bit of `full` is set are passed over; -1 if it stands in texts of these alone.
   */
  standing(lo: number, hi: number, full: number): number {
    const { places } = this.#store;
    const count = places.find(lo, hi, full);
    return count === 0 && places.kinds !== 0 ? -1 : count;
  }

  get positions(): Int32Array {
    return this.#store.places.positions;
  }

  /**
   * The longest copy of `codes` (its first `n`) that has character `at` of them where `position` points to: its
   * borders in `codes`, and its place. Takes time in proportion to its length.
   */
  extend(codes: Uint16Array, n: number, at: number, position: number): Copy | undefined {
    const address = this.#store.shelf.address(position);
    const held = this.#store.shelf.at(address);
    const offset = address - held.start;
    const plain = extendPlain(codes, n, at, held, offset);
    if (plain !== undefined) return plain;
    const view = this.#window;
    for (let reach = FIRST_REACH; ; reach *= 4) {
      const start = Math.max(0, offset - reach);
      const end = Math.min(held.text.length, offset + reach);
      view.fill(held.text, start, end);
      let anchor = 0;
      while (anchor < view.n && view.map[anchor]! < offset) anchor++;
      let back = 0;
      while (back < at && back < anchor && codes[at - back - 1] === view.codes[anchor - back - 1]) back++;
      let on = 0;
      while (at + on < n && anchor + on < view.n && codes[at + on] === view.codes[anchor + on]) on++;
      // Where the window begins or ends in the middle of an escape, that reads as something else; so does a longer
      // stretch where escapes hold escapes.
      const isDense =
        reach < LONGEST_ESCAPE && (start > 0 || end < held.text.length) && 2 * (end - start) > 3 * view.n;
      const isCut =
        isDense ||
        (start > 0 && back < at && view.map[Math.max(0, anchor - back - 1)]! < start + MARGIN) ||
        (end < held.text.length && at + on < n && view.map[anchor + on]! > end - MARGIN);
      if (isCut) {
        this.#read += end - start;
        if (this.#read < MAX_READ) continue;
        const to = Math.min(n, at + SHORTEST_COPY);
        return { from: at, to, hit: { held, from: offset, to: end, alone: false } };
      }
      if (on === 0) return undefined;
      const from = view.map[anchor - back]!;
      const to = view.map[anchor + on]!;
      return { from: at - back, to: at + on, hit: { held, from, to, alone: isCore(held.text, from, to) } };
    }
  }
}

/** As `extend`, where nothing needs more than ASCII folding: most do not. Undefined if something does. */
function extendPlain(
  codes: Uint16Array,
  n: number,
  at: number,
  held: Piece,
  offset: number,
): Copy | undefined {
  const { text } = held;
  let to = offset;
  let on = at;
  let last = -1;
  for (; to < text.length; to++) {
    const c = text.charCodeAt(to);
    if (c >= 128 || c === PERCENT || c === AMPERSAND || c === BACKSLASH) return undefined;
    const folded = ASCII_FOLD[c]!;
    if (folded === SPACE && last === SPACE) continue;
    if (on === n || folded !== codes[on]) break;
    last = folded;
    on++;
  }
  let from = offset;
  let back = at;
  while (from > 0) {
    const c = text.charCodeAt(from - 1);
    if (c >= 128 || c === PERCENT || c === AMPERSAND || c === BACKSLASH) return undefined;
    const folded = ASCII_FOLD[c]!;
    if (back === 0 || folded !== codes[back - 1]) break;
    from--;
    back--;
    if (folded === SPACE) while (from > 0 && isBlank(text.charCodeAt(from - 1))) from--;
  }
  return { from: back, to: on, hit: { held, from, to, alone: isCore(text, from, to) } };
}

function isBlank(c: number): boolean {
  return c < 128 && ASCII_FOLD[c] === SPACE;
}
