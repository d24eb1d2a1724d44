import type { Transform } from '../../event.ts';
import { core } from './borders.ts';
import { classOf, OTHER, SPACE, WORD } from './chars.ts';
import type { CopyFinder } from './copies.ts';
import { decodingsOf } from './decodings.ts';
import { encodingsOf, MARGIN, mayHide } from './encodings.ts';
import { LONGEST_NEEDLE, needlesOf } from './needles.ts';
import type { Said } from './said.ts';
import { OVERHEAD } from './shelf.ts';
import type { Piece } from './splits.ts';
import { ALONE, JOINED, type Store, VALUE } from './store.ts';
import { GRAM, SHORTEST_COPY } from './stretches.ts';
import type { Tracer } from './tracer.ts';
import { ALL_TURNS, isReversed, isRotated, TURNS, type Turn, turnedCodes, turnInto } from './turns.ts';
import type { Hit, ValueFinder } from './values.ts';
import { variantsOf } from './variants.ts';
import { View } from './view.ts';

/** Pieces of longer texts are copies, or encodings, by themselves. */
const LONGEST_JOIN = 1024;
/** The shortest word that is indexed by itself. */
const SHORTEST_WORD = 4;
/** Characters on either side of a border that are searched for in what is not indexed yet. */
const NEAR = 4;
/** What an escape may begin or end with. */
const ESCAPE = /[%&\\;}]/;
/** All turns, a bit for each. */
const ANY_TURN = 15;

/** What pieces in a row make together, found: how many of them, and what was found in which text of theirs. */
export interface Joined {
  pieces: readonly Piece[];
  text: string;
  /** What was undone but the splitting. */
  transforms: readonly Transform[];
  /** Undefined if `text` was decoded, and holds what has to be looked up. */
  hit: Hit | undefined;
}

/**
 * Finds what pieces in a row make together: all of them, from the beginning of the first to the end of the last, have
 * to stand in one output without a break, or be an encoding. Nearly all rows are out with one question: whether what
 * goes on across the border before the last piece stands in any output.
 */
export class JoinFinder {
  readonly #store: Store;
  readonly #said: Said;
  readonly #values: ValueFinder;
  readonly #copies: CopyFinder;
  readonly #view = new View();
  /** Of one word in each turn. */
  readonly #keys = new Int32Array(2 * ALL_TURNS.length);
  readonly #turned = new Uint16Array(LONGEST_NEEDLE);

  constructor(store: Store, said: Said, { values, copies }: Tracer) {
    this.#store = store;
    this.#said = said;
    this.#values = values;
    this.#copies = copies;
  }

  /** Appends to `fresh` the key of a border that no output holds. */
  find(row: readonly Piece[], fresh: number[]): Joined[] {
    const last = row.at(-1)!;
    const found: Joined[] = [];
    if (last.complete) return found;
    let text = last.text;
    let encodings = encodingsIn(last);
    let turns = ANY_TURN;
    let isSettled = false;
    for (let i = row.length - 2; i >= 0 && !row[i]!.complete; i--) {
      text = row[i]!.text + text;
      if (text.length > LONGEST_JOIN) break;
      const border = text.length - last.text.length;
      encodings &= encodingsIn(row[i]!);
      if (!isSettled) {
        [turns, isSettled] = this.#across(this.#fill(text, border));
        // Where one is cut, what stands on either side of it may be part of another.
        isSettled &&= !ESCAPE.test(text);
        if (turns === 0 && isSettled && i === row.length - 2) fresh.push(...this.#key());
      }
      const isHidden = mayHide(text, border, encodings);
      if (turns === 0 && isSettled && !isHidden && encodings === 0 && border > MARGIN) break;
      const pieces = row.slice(i);
      if (this.#store.isEmpty || (turns === 0 && isSettled && !isHidden) || this.#isOwn(pieces)) continue;
      for (const [hit, turn] of this.#whole(text, border, turns)) {
        found.push({ pieces, text, transforms: TURNS[turn]!, hit });
      }
      if (!isHidden) continue;
      for (const inner of decodingsOf(text, OVERHEAD).found) {
        if (inner.from >= row[i]!.text.length || inner.to <= border) continue;
        found.push({ pieces, text: inner.text, transforms: inner.transforms, hit: undefined });
      }
    }
    return found;
  }

  /**
   * What of a call has to stand in a text that is not indexed yet for `find` to find anything in it: canonical
   * characters around the borders of rows. Undefined if that cannot be told.
   */
  borders(rows: readonly (readonly Piece[])[]): string[] | undefined {
    const borders: string[] = [];
    for (const row of rows) {
      const last = row.at(-1)!;
      let text = last.text;
      let encodings = encodingsIn(last);
      for (let i = row.length - 2; i >= 0; i--) {
        text = row[i]!.text + text;
        if (text.length > LONGEST_JOIN) break;
        const border = text.length - last.text.length;
        encodings &= encodingsIn(row[i]!);
        const at = this.#fill(text, border);
        if (mayHide(text, border, encodings)) return undefined;
        for (const variant of this.#variants()) borders.push(String.fromCharCode(...variant).split(' ')[0]!);
        if (i < row.length - 2) continue;
        const { codes, n } = this.#view;
        const around = String.fromCharCode(...codes.subarray(Math.max(0, at - NEAR), Math.min(n, at + NEAR)));
        const [before, after] = [around.slice(0, Math.min(NEAR, at)), around.slice(Math.min(NEAR, at))];
        borders.push(before.slice(before.lastIndexOf(' ') + 1) + after.split(' ')[0]);
      }
    }
    return borders;
  }

  /** Reads a join; where the border is among its canonical characters. */
  #fill(text: string, border: number): number {
    const view = this.#view;
    view.fill(text, 0, text.length);
    let at = view.n;
    while (at > 0 && view.map[at - 1]! >= border) at--;
    return at;
  }

  /** The key of the join at hand. */
  #key(): [lo: number, hi: number] {
    const { hash } = this.#store;
    hash.of(this.#view.codes, 0, this.#view.n, JOINED);
    return [hash.lo, hash.hi];
  }

  /** Whether the client put these pieces next to each other before any output did. */
  #isOwn(pieces: readonly Piece[]): boolean {
    for (let i = 1; i < pieces.length; i++) {
      this.#fill(pieces[i - 1]!.text + pieces[i]!.text, 0);
      if (!this.#said.has(...this.#key())) return false;
    }
    return true;
  }

  /**
   * The turns, a bit for each, in which what goes on across the border may stand in an output; and whether more pieces
   * before it make no difference to that.
   */
  #across(border: number): [turns: number, isSettled: boolean] {
    const { codes, n } = this.#view;
    const { hash, places, postings, isEmpty } = this.#store;
    if (isEmpty) return [0, true];
    // Of an escape that is cut the character stands on one side.
    const stretch = border === 0 || border === n ? undefined : stretchAt(codes, n, border);
    const isLong = n >= SHORTEST_COPY;
    if (stretch === undefined && !isLong) return [ANY_TURN, false];
    const [from, to] = stretch ?? [border, border];
    // Where more pieces may make a word longer, a long copy is ruled out for all of them.
    const hasWord = to > from && to - from <= LONGEST_NEEDLE && (from > 0 || !isLong);
    const isAll = hasWord && isCore(codes, n, from, to);
    const keys = this.#keys;
    for (const turn of hasWord ? ALL_TURNS : []) {
      const length = turnInto(this.#turned, codes, from, to, turn);
      hash.of(this.#turned, 0, length, VALUE);
      keys[2 * turn] = hash.lo;
      keys[2 * turn + 1] = hash.hi;
    }
    if (hasWord) places.touch(keys, ALL_TURNS.length);
    let turns = 0;
    for (const turn of ALL_TURNS) {
      if (hasWord) {
        let stands = places.find(keys[2 * turn]!, keys[2 * turn + 1]!, 0) > 0;
        if (!stands && isAll) {
          const length = turnInto(this.#turned, codes, from, to, turn);
          hash.of(this.#turned, 0, length, ALONE);
          stands = postings.find(hash.lo, hash.hi) > 0;
        }
        if (!stands) continue;
      }
      // A word alone may be made by chance.
      if (!isLong || this.#grams(codes, border, turn).length > 0) turns |= 1 << turn;
    }
    if (!hasWord) return [turns, Math.min(n, border + GRAM - 1) > SHORTEST_COPY];
    return [turns, from > 0 && (turns === 0 || isLong)];
  }

  /** Where the stretches around the border of a join begin, turned, one of which is indexed if it is copied; and where they stand. */
  #grams(codes: Uint16Array, border: number, turn: Turn): [at: number, positions: Int32Array][] {
    const { n } = this.#view;
    const { hash } = this.#store;
    const to = Math.min(n, border + GRAM - 1);
    const from = Math.max(0, to - SHORTEST_COPY);
    const turned = turnedCodes(codes, from, Math.min(n, from + SHORTEST_COPY), turn);
    const start = isReversed(turn) ? n - from - turned.length : from;
    const found: [at: number, positions: Int32Array][] = [];
    for (let i = 0; i + GRAM <= turned.length; i++) {
      hash.of(turned, i, i + GRAM, VALUE);
      const count = this.#copies.standing(hash.lo, hash.hi, 0);
      if (count > 0) found.push([start + i, this.#copies.positions.slice(0, count)]);
    }
    return found;
  }

  /** Where all of a join stands. */
  #whole(text: string, border: number, turns: number): [hit: Hit, turn: Turn][] {
    const at = this.#fill(text, border);
    const { codes, n } = this.#view;
    const hits: [hit: Hit, turn: Turn][] = [];
    for (const other of this.#variants()) {
      const range = { codes: other, from: 0, to: other.length, short: false };
      for (const hit of this.#values.find(range, 0)) hits.push([hit, 0]);
    }
    if (turns === 0) return hits;
    const [needle] = needlesOf(this.#view, { path: '', text, form: 'string' });
    if (needle === undefined || !needle.whole) return hits;
    for (const turn of ALL_TURNS) {
      if ((turns & (1 << turn)) === 0 || (turn !== 0 && !needle.letters && isRotated(turn))) continue;
      if (needle.to - needle.from > LONGEST_NEEDLE) hits.push(...this.#copied(codes, n, at, turn));
      else if (turn === 0 || needle.turnable) {
        const turned = turnedCodes(codes, needle.from, needle.to, turn);
        const found = this.#values.find({ ...needle, codes: turned, from: 0, to: turned.length }, 0);
        for (const hit of found) hits.push([hit, turn]);
      }
    }
    return hits;
  }

  #copied(codes: Uint16Array, n: number, border: number, turn: Turn): [hit: Hit, turn: Turn][] {
    const turned = turnedCodes(codes, 0, n, turn);
    const [first, last] = core(turned, 0, n);
    const hits: [hit: Hit, turn: Turn][] = [];
    for (const [at, positions] of this.#grams(codes, border, turn)) {
      for (const position of positions) {
        const copy = this.#copies.extend(turned, n, at, position);
        if (copy !== undefined && copy.from <= first && copy.to >= last) hits.push([copy.hit, turn]);
      }
    }
    return hits;
  }

  /** Other customary ways to write the number that the join at hand is: no word of it goes on across the border there. */
  #variants(): readonly Uint16Array[] {
    const { codes, n } = this.#view;
    return variantsOf(codes, ...core(codes, 0, n));
  }
}

/** Whether nothing of a word stands around a stretch. */
function isCore(codes: Uint16Array, n: number, from: number, to: number): boolean {
  const [first, last] = core(codes, 0, n);
  return from <= first && to >= last;
}

function encodingsIn(piece: Piece): number {
  piece.encodings ??= encodingsOf(piece.text);
  return piece.encodings;
}

/** The word, or the words joined by a mark, that go on across a place; undefined if none that is indexed does. */
function stretchAt(codes: Uint16Array, n: number, at: number): readonly [number, number] | undefined {
  let from = at;
  let to = at;
  const isInside = isWord(codes, at - 1) && isWord(codes, at);
  if (isInside) {
    from = wordStart(codes, at);
    to = wordEnd(codes, n, at);
    if (to - from >= SHORTEST_WORD) return [from, to];
    if (isMark(codes, from - 1) && isWord(codes, from - 2)) from = wordStart(codes, from - 1);
    else if (to + 1 < n && isMark(codes, to) && isWord(codes, to + 1)) to = wordEnd(codes, n, to + 1);
    else return undefined;
  } else {
    if (isMark(codes, from - 1)) from--;
    if (isMark(codes, to)) to++;
    if (to !== from + 1 || !isWord(codes, from - 1) || to >= n || !isWord(codes, to)) return undefined;
    from = wordStart(codes, from);
    to = wordEnd(codes, n, to);
  }
  return to - from <= LONGEST_NEEDLE ? [from, to] : undefined;
}

function wordStart(codes: Uint16Array, at: number): number {
  let from = at;
  while (at - from <= LONGEST_NEEDLE && isWord(codes, from - 1)) from--;
  return from;
}

function wordEnd(codes: Uint16Array, n: number, at: number): number {
  let to = at;
  while (to < n && to - at <= LONGEST_NEEDLE && isWord(codes, to)) to++;
  return to;
}

function isWord(codes: Uint16Array, at: number): boolean {
  return at >= 0 && classOf(codes[at]!) === WORD;
}

function isMark(codes: Uint16Array, at: number): boolean {
  return at >= 0 && codes[at] !== SPACE && classOf(codes[at]!) === OTHER;
}
