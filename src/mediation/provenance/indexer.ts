import { core, isCore, isIndexed, overlapping } from './borders.ts';
import { SPACE } from './chars.ts';
import { decodingsOf } from './decodings.ts';
import { BLOCK, OVERHEAD, type Piece } from './shelf.ts';
import { ALONE, otherLane, QUOTED, type Store, VALUE } from './store.ts';
import { View } from './view.ts';
import { SHORTEST_COPY, winnow } from './winnow.ts';
import { Words } from './words.ts';

/** Words noted lately and not looked up again. */
const RECENT = 4096;

/** Takes texts into the store, a block at a time. */
export class Indexer {
  readonly #store: Store;
  readonly #view = new View();
  /** The text that the view holds all of. */
  #viewed: Piece | undefined;
  readonly #recent = new Int32Array(RECENT);
  #stretches = new Int32Array(2 * BLOCK);
  #keys = new Int32Array(4 * BLOCK);
  /** Texts begun, which of them is at hand, and how far that is. */
  #open: Piece[] = [];
  #at = 0;
  #offset = 0;
  #blockEnd = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Takes a text in, with what it decodes to; `step` indexes them. A short one that the same class of source already
   * said is dropped.
   */
  begin(piece: Piece): void {
    const { text } = piece;
    if (!this.#put(piece)) return;
    const { found, cut } = decodingsOf(text, OVERHEAD + piece.path.length);
    this.#store.undecoded ||= cut;
    for (const { from, to, text: decoded, transforms } of found) {
      const complete = piece.complete && isCore(text, from, to);
      this.#put({ ...piece, text: decoded, within: shifted(piece, from, to), complete, transforms });
    }
  }

  /** False if it was dropped. */
  #put(piece: Piece): boolean {
    const short = piece.text.length <= BLOCK;
    if (short && this.#isKnown(piece)) return false;
    const { shelf, postings, signatures, hash } = this.#store;
    shelf.put(piece);
    this.#store.kinds = Math.max(this.#store.kinds, piece.kind + 1);
    signatures.evict(shelf.tail);
    if (short) postings.add(hash.lo, hash.hi, piece.kind, piece.start | 0);
    this.#open.push(piece);
    return true;
  }

  /** Whether the same class of source said nothing else before, or there is nothing in it. Its key is then in `hash`. */
  #isKnown(piece: Piece): boolean {
    const { text, kind } = piece;
    const view = this.#view;
    view.fill(text, 0, text.length);
    this.#viewed = piece;
    const [from, to] = core(view.codes, 0, view.n);
    if (from === to) return true;
    this.#store.hash.of(view.codes, from, to, ALONE);
    return this.#store.postings.has(this.#store.hash.lo, this.#store.hash.hi, kind);
  }

  /** Indexes the next block; returns how many characters it took, 0 if nothing is left. */
  step(): number {
    const held = this.#open[this.#at];
    if (held === undefined) return 0;
    const { text } = held;
    const from = this.#offset;
    const to = blockEnd(text, from);
    const start = held.start + from;
    // Short texts share a block until it is full.
    if (this.#blockEnd < start + to - from) {
      if (this.#store.signatures.open(start)) this.#recent.fill(0);
      this.#blockEnd = start + BLOCK;
    }
    this.#store.signatures.noteKind(held.kind);
    this.#index(held, from, to);
    this.#offset = to;
    if (to >= text.length) {
      this.#offset = 0;
      if (++this.#at === this.#open.length) {
        this.#open = [];
        this.#at = 0;
      }
    }
    return to - from + 1;
  }

  #index(held: Piece, from: number, to: number): void {
    const view = this.#view;
    // A short text was folded a moment ago, to see if it is known.
    if (this.#viewed !== held) overlapping(view, held.text, from, to);
    this.#viewed = undefined;
    this.#words(held);
    const { codes, map, n } = view;
    if (this.#stretches.length < n) {
      this.#stretches = new Int32Array(n);
      this.#keys = new Int32Array(2 * n);
    }
    if (n < SHORTEST_COPY) return;
    const { hash, postings } = this.#store;
    const stretches = this.#stretches;
    const keys = this.#keys;
    const chosen = winnow(codes, n, stretches);
    for (let i = 0; i < chosen; i++) {
      hash.stretch(codes, stretches[i]!);
      keys[2 * i] = hash.lo;
      keys[2 * i + 1] = hash.hi;
    }
    postings.touch(keys, chosen);
    for (let i = 0; i < chosen; i++) {
      postings.add(keys[2 * i]!, keys[2 * i + 1]!, held.kind, (held.start + map[stretches[i]!]!) | 0);
    }
  }

  #words(held: Piece): void {
    const { codes, map, n } = this.#view;
    const { hash, postings, signatures } = this.#store;
    const words = new Words(hash, codes, 0, n);
    const single = held.text.length <= BLOCK;
    while (words.next()) {
      const { lo, from, to, previous } = words;
      // A text that is one word has its whole value's key already.
      if (single && isAll(codes, n, from, to)) return;
      signatures.noteWord(lo);
      const { pair, triple } = words;
      if (pair !== 0) signatures.noteNeighbours(pair);
      if (triple !== 0) signatures.noteNeighbours(triple);
      if (words.joined && this.#isNews(pair, held.kind)) {
        postings.add(pair, otherLane(previous, lo), held.kind, (held.start + map[from]!) | 0);
      }
      if (to - from < 4 && isQuoted(codes, from, to, n)) {
        hash.of(codes, from, to, QUOTED);
        postings.add(hash.lo, hash.hi, held.kind, (held.start + map[from]!) | 0);
      }
      if (!isIndexed(codes, from, to)) continue;
      if (!this.#isNews(lo, held.kind)) continue;
      hash.of(codes, from, to, VALUE);
      postings.add(lo, hash.hi, held.kind, (held.start + map[from]!) | 0);
    }
  }

  /** Whether a key was not noted lately; it is afterwards. */
  #isNews(key: number, kind: number): boolean {
    const mark = key ^ Math.imul(kind, 0x9e3779b1);
    if (this.#recent[mark & (RECENT - 1)] === mark) return false;
    this.#recent[mark & (RECENT - 1)] = mark;
    return true;
  }
}

/** Whether the same quotation mark stands on both sides of a word. */
function isQuoted(codes: Uint16Array, from: number, to: number, n: number): boolean {
  if (from === 0 || to >= n || codes[from - 1] !== codes[to]) return false;
  return codes[to] === 34 || codes[to] === 39 || codes[to] === 96;
}

/** The end of the block that begins at `from`: after a line or a word where there is one, so that few are cut. */
function blockEnd(text: string, from: number): number {
  if (text.length - from <= BLOCK) return text.length;
  // Within the block: a search of the whole text, back to its beginning, would be quadratic where no line ends.
  const line = text.slice(from, from + BLOCK).lastIndexOf('\n');
  if (line >= BLOCK / 2) return from + line + 1;
  for (let i = from + BLOCK; i > from + BLOCK / 2; i--) if (text.charCodeAt(i - 1) === SPACE) return i;
  return from + BLOCK;
}

/** A stretch of a piece as a stretch of the leaf. */
function shifted({ within }: Piece, from: number, to: number): readonly [number, number] {
  return within === undefined ? [from, to] : [within[0] + from, within[0] + to];
}

function isAll(codes: Uint16Array, n: number, from: number, to: number): boolean {
  const [start, end] = core(codes, 0, n);
  return from === start && to === end;
}
