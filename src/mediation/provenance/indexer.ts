import { core, isCore, isIndexed, overlapping } from './borders.ts';
import { SPACE } from './chars.ts';
import { decodingsOf } from './decodings.ts';
import { BLOCK, OVERHEAD, type Piece } from './shelf.ts';
import { ALONE, QUOTED, type Store } from './store.ts';
import { GRAM, LANDMARK, SHORTEST_COPY } from './stretches.ts';
import { View } from './view.ts';
import { isJoined, readWords, type Words } from './words.ts';

/** Words noted lately and not looked up again. */
const RECENT = 4096;

/** Takes texts into the store, a block at a time. */
export class Indexer {
  readonly #store: Store;
  readonly #view = new View();
  /** The text that the view holds all of. */
  #viewed: Piece | undefined;
  readonly #recent = new Int32Array(RECENT);
  /** Keys of the block at hand, three numbers each: lanes and position. */
  #keys = new Int32Array(3 * BLOCK);
  #count = 0;
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
    const { found, cut } = piece.decodings ?? decodingsOf(text, OVERHEAD + piece.path.length);
    piece.decodings = undefined;
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
    const { shelf, postings, hash } = this.#store;
    shelf.put(piece);
    this.#store.kinds = Math.max(this.#store.kinds, piece.kind + 1);
    this.#store.evict();
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
    const { hash, places, signatures } = this.#store;
    const words = readWords(hash, view.codes, 0, view.n);
    // A text that is one word has its whole value's key already.
    if (words.count > 1 || held.text.length > BLOCK) {
      signatures.note(words);
    }
    const most = 5 * words.count + view.n / GRAM + 1;
    if (this.#keys.length < 3 * most) this.#keys = new Int32Array(6 * most);
    if (places.reserve(most, held.start + from)) this.#recent.fill(0);
    this.#count = 0;
    if (words.count > 1 || held.text.length > BLOCK) this.#words(held, words);
    const stretches = this.#count;
    if (view.n >= SHORTEST_COPY) this.#stretches(held, to, words);
    // What decodes from a text, once and once more, may share with it all but the end of a copy.
    const again = held.transforms.length > 0 ? stretches : this.#count;
    places.add(this.#keys, this.#count, held.kind, again);
  }

  #words(held: Piece, words: Words): void {
    const { codes, map, n } = this.#view;
    const { hash } = this.#store;
    const { count, from: froms, to: tos, lo: los, hi: his, pairLo, pairHi, tripleLo, tripleHi } = words;
    let joined = 0;
    for (let i = 0; i < count; i++) {
      const from = froms[i]!;
      const to = tos[i]!;
      const position = (held.start + map[from]!) | 0;
      joined = i > 0 && isJoined(codes, tos[i - 1]!, from) ? joined + 1 : 0;
      if (joined > 0 && this.#isNews(pairLo[i]!, held.kind)) {
        this.#keep(pairLo[i]!, pairHi[i]!, (held.start + map[froms[i - 1]!]!) | 0);
      }
      if (joined > 1 && this.#isNews(tripleLo[i]!, held.kind)) {
        this.#keep(tripleLo[i]!, tripleHi[i]!, (held.start + map[froms[i - 2]!]!) | 0);
      }
      if (to - from < 4 && isQuoted(codes, from, to, n)) {
        hash.of(codes, from, to, QUOTED);
        this.#keep(hash.lo, hash.hi, position);
      }
      if (isIndexed(from, to) && this.#isNews(los[i]!, held.kind)) {
        this.#keep(los[i]!, his[i]!, position);
      }
    }
  }

  /** Stretches at landmarks and, from there on to the next one, at every sixteenth character: see stretches.ts. */
  #stretches(held: Piece, to: number, { count, from: froms, to: tos, firstLo, firstHi }: Words): void {
    const { map, n } = this.#view;
    const { hash } = this.#store;
    const loBy = hash.loPowers[GRAM]!;
    const hiBy = hash.hiPowers[GRAM]!;
    let next = 0;
    for (let i = 0; i <= count; i++) {
      const landmark = i < count ? froms[i]! : n;
      if (i < count && tos[i]! - landmark < LANDMARK) continue;
      for (;;) {
        const at = Math.min(next, landmark);
        if (at + GRAM > n || map[at]! >= to) return;
        const lo = (firstLo[at + GRAM]! - Math.imul(firstLo[at]!, loBy)) | 0;
        const hi = (firstHi[at + GRAM]! - Math.imul(firstHi[at]!, hiBy)) | 0;
        this.#keep(lo, hi, (held.start + map[at]!) | 0);
        next = at + GRAM;
        if (at === landmark) break;
      }
    }
  }

  #keep(lo: number, hi: number, position: number): void {
    const at = 3 * this.#count++;
    const keys = this.#keys;
    keys[at] = lo;
    keys[at + 1] = hi;
    keys[at + 2] = position;
  }

  /** Whether a key was not noted lately; it is afterwards. */
  #isNews(key: number, kind: number): boolean {
    const mark = key ^ Math.imul(kind, 0x9e3779b1);
    const slot = mark >>> 20;
    if (this.#recent[slot] === mark) return false;
    this.#recent[slot] = mark;
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
