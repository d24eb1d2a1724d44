import { AMPERSAND, ASCII_FOLD, classIn, classOf, isDigit, OTHER, PERCENT, SPACE } from './chars.ts';
import { Hash, mix } from './hash.ts';
import { LONGEST_NEEDLE, type Needle } from './needles.ts';
import { MAX_POSTINGS, Postings } from './postings.ts';
import { runsOf } from './runs.ts';
import { BLOCK, type Held, type Piece, Shelf } from './shelf.ts';
import { Signatures } from './signatures.ts';
import { View } from './view.ts';
import { winnow } from './winnow.ts';
import { Words } from './words.ts';

/** Encodings inside encodings are undone this often. */
const RUN_DEPTH = 2;
/** How far around a fingerprint is looked first: most that are no copies end sooner. */
const FIRST_REACH = 48;
/** Words noted lately and not looked up again. */
const RECENT = 4096;
/** Blocks searched for one call before candidates count as found: what cannot be ruled out is not ruled out. */
const MAX_SCANS = 2048;

/** A key's salt says what the key stands for; values and single words share theirs. */
const ALONE = 0x5bd1e995;
const QUOTED = 0x38b34ae5;
/** Values, atoms and single words share theirs, which is what `Hash.low` assumes. */
export const VALUE = 0;

/** Where a value was found in a retained text. `to` is exclusive. */
export interface Hit {
  held: Held;
  from: number;
  to: number;
  /** It is all of the text, but for what surrounds its first and last letter or digit. */
  alone: boolean;
}

/** A stretch of a leaf, and the copy of it. */
export interface Copy {
  from: number;
  to: number;
  hit: Hit;
}

/** The retained texts of a session, and where every word, pair of words and fingerprint of them stands. */
export class SourceIndex {
  readonly shelf: Shelf;
  readonly hash: Hash;
  readonly #postings: Postings;
  readonly #signatures = new Signatures();
  readonly #view = new View();
  readonly #window = new View();
  readonly #recent = new Int32Array(RECENT);
  #stretches = new Int32Array(2 * BLOCK);
  #keys = new Int32Array(4 * BLOCK);
  readonly #positions: number[] = [];
  /** Texts begun but not finished, and how far the first is. */
  #open: Held[] = [];
  #offset = 0;
  #blockEnd = 0;
  #scans = 0;
  /** Above every class seen. */
  #kinds = 0;

  constructor(retainedBytes: number, seed: number) {
    this.shelf = new Shelf(retainedBytes);
    this.hash = new Hash(seed);
    this.#postings = new Postings(this.shelf);
  }

  /** Texts were forgotten, or a key was: absence proves nothing. */
  get evicted(): boolean {
    return this.shelf.evicted || this.#postings.overflowed;
  }

  /** Memory of the index beside the retained texts, in bytes. */
  get bytes(): number {
    return this.#postings.bytes + this.#signatures.bytes;
  }

  get isEmpty(): boolean {
    return this.shelf.head === 0;
  }

  /** Takes a text in; `step` indexes it. A short one that the same class of source already said is dropped. */
  begin(piece: Piece): void {
    this.#put(piece, 0);
  }

  #put(piece: Piece, depth: number): void {
    const { text } = piece;
    const short = text.length <= BLOCK;
    if (short && this.#isKnown(piece)) return;
    const held = this.shelf.put(piece);
    this.#kinds = Math.max(this.#kinds, held.kind + 1);
    this.#signatures.evict(this.shelf.tail);
    if (short) this.#postings.add(this.hash.lo, this.hash.hi, held.kind, held.start | 0);
    this.#open.push(held);
    if (depth === RUN_DEPTH) return;
    for (const { from, to, text: decoded, transform } of runsOf(text)) {
      this.#put(
        {
          ...piece,
          text: decoded,
          within: depth === 0 ? shifted(piece, from, to) : piece.within,
          complete: piece.complete && isCore(text, from, to),
          transforms: [...piece.transforms, transform],
        },
        depth + 1,
      );
    }
  }

  /** Whether the same class of source said nothing else before, or there is nothing in it. Its key is then in `hash`. */
  #isKnown({ text, kind }: Piece): boolean {
    const view = this.#view;
    view.fill(text, 0, text.length);
    const [from, to] = core(view.codes, 0, view.n);
    if (from === to) return true;
    this.hash.of(view.codes, from, to, ALONE);
    return this.#postings.has(this.hash.lo, this.hash.hi, kind);
  }

  /** Indexes the next block; returns how many characters it took, 0 if nothing is left. */
  step(): number {
    const held = this.#open[0];
    if (held === undefined) return 0;
    const { text } = held;
    const from = this.#offset;
    const to = blockEnd(text, from);
    const start = held.start + from;
    // Short texts share a block until it is full.
    if (this.#blockEnd < start + to - from) {
      if (this.#signatures.open(start)) this.#recent.fill(0);
      this.#blockEnd = start + BLOCK;
    }
    this.#signatures.noteKind(held.kind);
    this.#index(held, from, to);
    this.#offset = to;
    if (to >= text.length) {
      this.#open.shift();
      this.#offset = 0;
      if (this.#open.length === 0) this.#open = [];
    }
    return to - from + 1;
  }

  #index(held: Held, from: number, to: number): void {
    const view = this.#view;
    overlapping(view, held.text, from, to);
    this.#words(held);
    const { codes, map, n } = view;
    if (this.#stretches.length < n) {
      this.#stretches = new Int32Array(n);
      this.#keys = new Int32Array(2 * n);
    }
    const chosen = winnow(codes, n, this.#stretches);
    for (let i = 0; i < chosen; i++) {
      this.hash.stretch(codes, this.#stretches[i]!);
      this.#keys[2 * i] = this.hash.lo;
      this.#keys[2 * i + 1] = this.hash.hi;
    }
    this.#postings.touch(this.#keys, chosen);
    for (let i = 0; i < chosen; i++) {
      const position = (held.start + map[this.#stretches[i]!]!) | 0;
      this.#postings.add(this.#keys[2 * i]!, this.#keys[2 * i + 1]!, held.kind, position);
    }
  }

  #words(held: Held): void {
    const { codes, map, n } = this.#view;
    const words = new Words(this.hash, codes, 0, n);
    const single = held.text.length <= BLOCK;
    while (words.next()) {
      const { lo, from, to, previous } = words;
      // A text that is one word has its whole value's key already.
      if (single && isAll(codes, n, from, to)) return;
      this.#signatures.noteWord(lo);
      const { pair, triple } = words;
      if (pair !== 0) this.#signatures.noteNeighbours(pair);
      if (triple !== 0) this.#signatures.noteNeighbours(triple);
      if (words.joined && this.#isNews(pair, held.kind)) {
        this.#postings.add(pair, otherLane(previous, lo), held.kind, (held.start + map[from]!) | 0);
      }
      if (to - from < 4 && isQuoted(codes, from, to, n)) {
        this.hash.of(codes, from, to, QUOTED);
        this.#postings.add(this.hash.lo, this.hash.hi, held.kind, (held.start + map[from]!) | 0);
      }
      if (!isIndexed(codes, from, to)) continue;
      if (!this.#isNews(lo, held.kind)) continue;
      this.hash.of(codes, from, to, VALUE);
      this.#postings.add(lo, this.hash.hi, held.kind, (held.start + map[from]!) | 0);
    }
  }

  /** Whether a key was not noted lately; it is afterwards. */
  #isNews(key: number, kind: number): boolean {
    const mark = key ^ Math.imul(kind, 0x9e3779b1);
    if (this.#recent[mark & (RECENT - 1)] === mark) return false;
    this.#recent[mark & (RECENT - 1)] = mark;
    return true;
  }

  /** Starts the budget of a call. */
  beginCall(): void {
    this.#scans = 0;
  }

  /** Where a value stands, at most once for each class of source and for alone or not; its key is left in `hash`. */
  find({ codes, from, to, short }: Needle): Hit[] {
    const hits: Hit[] = [];
    this.#findAlone(codes, from, to, hits);
    if (short) this.#findQuoted(codes, from, to, hits);
    else if (to - from <= LONGEST_NEEDLE) this.#findWithin(codes, from, to, hits);
    return hits;
  }

  #findAlone(codes: Uint16Array, from: number, to: number, hits: Hit[]): void {
    this.hash.of(codes, from, to, ALONE);
    if (this.#postings.find(this.hash.lo, this.hash.hi, this.#positions) === 0) return;
    const view = this.#window;
    for (const position of this.#positions) {
      const held = this.shelf.at(this.shelf.address(position));
      view.fill(held.text, 0, held.text.length);
      const [start, end] = core(view.codes, 0, view.n);
      if (end - start !== to - from || !equal(view.codes, start, codes, from, to)) continue;
      hits.push({ held, from: view.map[start]!, to: view.map[end]!, alone: true });
    }
  }

  #findQuoted(codes: Uint16Array, from: number, to: number, hits: Hit[]): void {
    this.hash.of(codes, from, to, QUOTED);
    this.#postings.find(this.hash.lo, this.hash.hi, this.#positions);
    for (const position of this.#positions) {
      const address = this.shelf.address(position);
      const held = this.shelf.at(address);
      const hit = this.#check(held, address - held.start, codes, from, to, 0);
      if (hit !== undefined) hits.push(hit);
    }
  }

  #findWithin(codes: Uint16Array, from: number, to: number, hits: Hit[]): void {
    const words = new Words(this.hash, codes, from, to);
    const hashes: number[] = [];
    const neighbours: number[] = [];
    /** Of the rarest part: the fewest classes have it, so there are the fewest places to look at. */
    let rarest: number[] | undefined;
    let offset = 0;
    // With as many places as its words a pair is to be preferred: it is found at fewer that are not the value's.
    /** Classes that have every part, a bit for each, modulo 32. */
    let open = -1;
    const narrow = (lo: number, hi: number, at: number, slack: number): boolean => {
      const count = this.#postings.find(lo, hi, this.#positions);
      if (count < MAX_POSTINGS) open &= this.#postings.kinds;
      if (rarest === undefined || count < rarest.length + slack) {
        rarest = [...this.#positions];
        offset = at;
      }
      return open !== 0;
    };
    while (words.next()) {
      const { lo, pair, triple } = words;
      const at = words.from - from;
      hashes.push(lo);
      if (pair !== 0) neighbours.push(pair);
      if (triple !== 0) neighbours.push(triple);
      if (words.joined && !narrow(pair, otherLane(words.previous, lo), at, 1)) return;
      if (!isIndexed(codes, words.from, words.to)) continue;
      this.hash.of(codes, words.from, words.to, VALUE);
      if (!narrow(lo, this.hash.hi, at, 0)) return;
    }
    const done = new Set<number>();
    const found = (hit: Hit | undefined): void => {
      if (hit === undefined) return;
      hits.push(hit);
      done.add(hit.held.kind);
    };
    for (const position of rarest ?? []) {
      const address = this.shelf.address(position);
      const held = this.shelf.at(address);
      if (((open >>> (held.kind & 31)) & 1) === 0) continue;
      found(this.#check(held, address - held.start, codes, from, to, offset));
      if (this.#kinds <= 32 && done.has(held.kind)) open &= ~(1 << held.kind);
    }
    if ((hashes.length === 1 && rarest !== undefined) || open === 0) return;
    this.#signatures.candidates(hashes, neighbours, open, this.shelf.head, (start, end) => {
      this.shelf.between(start, end, (held) => {
        if (done.has(held.kind) || ((open >>> (held.kind & 31)) & 1) === 0) return;
        found(this.#scan(held, Math.max(0, start - held.start), end - held.start, codes, from, to));
        if (this.#kinds <= 32 && done.has(held.kind)) open &= ~(1 << held.kind);
      });
      return hits.length < 2 * MAX_POSTINGS ? open : 0;
    });
  }

  /** The value at the one place where its word `offset` characters in stands at `at` of the text. */
  #check(
    held: Held,
    at: number,
    codes: Uint16Array,
    from: number,
    to: number,
    offset: number,
  ): Hit | undefined {
    const view = this.#window;
    const before = Math.max(0, at - 2 * offset - 24);
    view.fill(held.text, before, Math.min(held.text.length, at + 2 * (to - from - offset) + 24));
    let place = 0;
    while (place < view.n && view.map[place]! < at) place++;
    const start = place - offset;
    if (start < 0 || !this.#matches(view, start, codes, from, to)) return undefined;
    return this.#hit(held, view, start, start + to - from);
  }

  #scan(
    held: Held,
    start: number,
    end: number,
    codes: Uint16Array,
    from: number,
    to: number,
  ): Hit | undefined {
    const view = this.#window;
    const before = Math.max(0, start - 24);
    overlapping(view, held.text, before, Math.min(held.text.length, end));
    if (++this.#scans > MAX_SCANS)
      return { held, from: start, to: Math.min(held.text.length, end), alone: false };
    const last = view.n - (to - from);
    const first = codes[from]!;
    for (let i = 0; i <= last; i++) {
      if (view.codes[i] !== first || !this.#matches(view, i, codes, from, to)) continue;
      const hit = this.#hit(held, view, i, i + to - from);
      if (hit !== undefined) return hit;
    }
    return undefined;
  }

  #matches(view: View, at: number, codes: Uint16Array, from: number, to: number): boolean {
    const end = at + to - from;
    return (
      end <= view.n &&
      equal(view.codes, at, codes, from, to) &&
      isBorder(view.codes, at, view.n) &&
      isBorder(view.codes, end, view.n)
    );
  }

  /** A hit that is not the whole text: those have keys of their own. */
  #hit(held: Held, view: View, start: number, end: number): Hit | undefined {
    const from = view.map[start]!;
    const to = view.map[end]!;
    if (held.text.length <= BLOCK && isCore(held.text, from, to)) return undefined;
    return { held, from, to, alone: false };
  }

  /** Where a fingerprinted stretch stands: its key must be in `hash`. Positions of `shelf`, reused by the next call. */
  stretches(): readonly number[] {
    this.#postings.find(this.hash.lo, this.hash.hi, this.#positions);
    return this.#positions;
  }

  /**
   * The longest copy of `codes` (its first `n`) that has character `at` of them where `position` points to: its
   * borders in `codes`, and its place. Takes time in proportion to its length.
   */
  extend(codes: Uint16Array, n: number, at: number, position: number): Copy | undefined {
    const address = this.shelf.address(position);
    const held = this.shelf.at(address);
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
      const cut =
        (back === anchor && start > 0 && back < at) ||
        (anchor + on === view.n && end < held.text.length && at + on < n);
      if (cut) continue;
      if (on === 0) return undefined;
      const from = view.map[anchor - back]!;
      const to = view.map[anchor + on]!;
      return { from: at - back, to: at + on, hit: { held, from, to, alone: isCore(held.text, from, to) } };
    }
  }
}

/** The high lane of a pair's key. */
function otherLane(previous: number, word: number): number {
  return mix(Math.imul(word, 0x85ebca6b) ^ previous);
}

/** As `extend`, where nothing needs more than ASCII folding: most do not. Undefined if something does. */
function extendPlain(
  codes: Uint16Array,
  n: number,
  at: number,
  held: Held,
  offset: number,
): Copy | undefined {
  const { text } = held;
  let to = offset;
  let on = at;
  let last = -1;
  for (; to < text.length; to++) {
    const c = text.charCodeAt(to);
    if (c >= 128 || c === PERCENT || c === AMPERSAND) return undefined;
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
    if (c >= 128 || c === PERCENT || c === AMPERSAND) return undefined;
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

/** Words too short to be a value are found by what stands beside them. */
function isIndexed(codes: Uint16Array, from: number, to: number): boolean {
  return to - from > 2 && to - from <= LONGEST_NEEDLE && (to - from > 3 || !isDigit(codes[from]!));
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

/** Fills the view with a block and at least `LONGEST_NEEDLE` characters of what follows. */
function overlapping(view: View, text: string, from: number, to: number): void {
  for (let beyond = LONGEST_NEEDLE + 32; ; beyond *= 4) {
    const end = Math.min(text.length, to + beyond);
    view.fill(text, from, end);
    if (end === text.length || beyond > 4096) return;
    const inside = view.n - LONGEST_NEEDLE - 1;
    if (inside >= 0 && view.map[inside]! >= to) return;
  }
}

/** A stretch of a piece as a stretch of the leaf. */
function shifted({ within }: Piece, from: number, to: number): readonly [number, number] {
  return within === undefined ? [from, to] : [within[0] + from, within[0] + to];
}

/** Borders of what is left without the characters that are no part of a word, at either end. */
export function core(codes: Uint16Array, from: number, to: number): [number, number] {
  let start = from;
  let end = to;
  while (start < end && classOf(codes[start]!) === OTHER) start++;
  while (end > start && classOf(codes[end - 1]!) === OTHER) end--;
  return [start, end];
}

function isAll(codes: Uint16Array, n: number, from: number, to: number): boolean {
  const [start, end] = core(codes, 0, n);
  return from === start && to === end;
}

/** Whether nothing but marks, of which there are not very many, stands around a stretch of a text as it came. */
export function isCore(text: string, from: number, to: number): boolean {
  if (text.length > 8 * (to - from) + BLOCK) return false;
  for (let i = 0; i < from; i++) if (classIn(text, i) !== OTHER) return false;
  for (let i = to; i < text.length; i++) if (classIn(text, i) !== OTHER) return false;
  return true;
}

/** Whether no word goes on across this place. */
function isBorder(codes: Uint16Array, at: number, n: number): boolean {
  return at === 0 || at === n || classOf(codes[at - 1]!) !== 1 || classOf(codes[at]!) !== 1;
}

function equal(left: Uint16Array, at: number, right: Uint16Array, from: number, to: number): boolean {
  for (let i = from, k = at; i < to; i++, k++) if (left[k] !== right[i]) return false;
  return true;
}
