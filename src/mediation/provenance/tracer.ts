import type { Leaf, Transform } from '../../event.ts';
import { core, isCore } from './borders.ts';
import { type Copy, CopyFinder } from './copies.ts';
import { decodingsOf } from './decodings.ts';
import { MAX_PER_LEAF, type Match } from './flows.ts';
import { type Needle, needlesOf } from './needles.ts';
import { TurnProbes } from './probes.ts';
import type { Said } from './said.ts';
import { OVERHEAD } from './shelf.ts';
import { type Store, VALUE } from './store.ts';
import { GRAM, SHORTEST_COPY, Stretches, TOUCHED } from './stretches.ts';
import { isReversed, TURNS, type Turn, turnedCodes } from './turns.ts';
import { type Hit, ValueFinder } from './values.ts';
import { View } from './view.ts';

/** Slots of the table of a leaf's keys, at least; a power of two. */
const FEWEST_SEEN = 64;

const NONE: readonly never[] = [];

/** Notes that a value or a stretch of the text at hand was found, turned or not. */
type Add = (hit: Hit, kind: Match['match'], span: readonly [number, number], turn: Turn) => void;

/** Finds what of a leaf stands in the retained texts: as it is, turned, and in what it decodes to. */
export class Tracer {
  readonly values: ValueFinder;
  readonly copies: CopyFinder;
  readonly #store: Store;
  readonly #said: Said;
  readonly #probes: TurnProbes;
  readonly #view = new View();
  readonly #stretches = new Stretches();
  /** Which characters of the text at hand some text holds. */
  #held = new Uint8Array(FEWEST_SEEN);
  /** Keys of the values of the leaf at hand that were looked up: what it repeats is looked up, and told, once. */
  #seen = new Int32Array(2 * FEWEST_SEEN);
  /** Matches of the leaf at hand in each class of source, and the classes that have enough, a bit for each. */
  readonly #counts = new Uint8Array(32);
  #full = 0;

  constructor(store: Store, said: Said) {
    this.#store = store;
    this.#said = said;
    this.values = new ValueFinder(store);
    this.copies = new CopyFinder(store);
    this.#probes = new TurnProbes(store);
  }

  /** Starts the budget of a call. */
  beginCall(): void {
    this.values.beginCall();
    this.copies.beginCall();
  }

  /** The matches of what pieces hold together once that is decoded. */
  decoded(text: string, transforms: readonly Transform[], span: readonly [number, number]): Match[] {
    const found: Match[] = [];
    this.#begin();
    this.#text({ path: '', text: '', form: 'string' }, text, transforms, span, found, []);
    return found;
  }

  /** Adds the matches of a leaf's text, and of what it decodes to; to `fresh` the keys that no output holds. */
  leaf(leaf: Leaf, matches: Match[], fresh: number[]): void {
    this.#begin();
    this.#text(leaf, leaf.text, [], undefined, matches, fresh);
    if (leaf.form !== 'string') return;
    const { found, cut } = decodingsOf(leaf.text, OVERHEAD);
    this.#store.undecoded ||= cut && !this.#store.isEmpty;
    for (const { from, to, text, transforms } of found) {
      this.#text(leaf, text, transforms, [from, to], matches, fresh);
    }
  }

  /** Matches of one text: a leaf's, or (`run`) what a run of it decodes to. */
  #text(
    leaf: Leaf,
    text: string,
    transforms: readonly Transform[],
    run: readonly [number, number] | undefined,
    matches: Match[],
    fresh: number[],
  ): void {
    const view = this.#view;
    view.fill(text, 0, text.length);
    const shown: Leaf = run === undefined ? leaf : { ...leaf, text, form: 'string' };
    const complete = run === undefined || isCore(leaf.text, run[0], run[1]);
    const add: Add = (hit, kind, span, turn): void => {
      if (!hit.alone) this.#count(hit.held.kind);
      matches.push({
        hit,
        match: kind === 'whole' && !complete ? 'atom' : kind,
        transforms: turn === 0 ? transforms : [...transforms, ...TURNS[turn]!],
        text,
        span,
        run,
      });
    };
    const needles = needlesOf(view, shown);
    let parts = 0;
    while (parts < needles.length && needles[parts]!.whole) parts++;
    const whole = this.#values(needles, 0, parts, add, fresh);
    // What is found whole is found with all of its parts.
    if (!whole) {
      if (view.n >= SHORTEST_COPY) {
        this.#copies(view.codes, view, 0, add, fresh);
        for (const turn of this.#probes.stretches(view.codes, view.n)) {
          this.#copies(turnedCodes(view.codes, 0, view.n, turn), view, turn, add, []);
        }
      }
      this.#values(needles, parts, needles.length, add, fresh);
    }
    view.shrink();
    this.#stretches.shrink();
  }

  /** Notes a match of the leaf at hand: a class of sources that has as many as are ever reported is full. */
  #count(kind: number): void {
    if (this.#store.kinds <= 32 && ++this.#counts[kind]! === MAX_PER_LEAF) this.#full |= 1 << kind;
  }

  /** Looks up the values from one to before another; true if any was found. */
  #values(needles: readonly Needle[], from: number, to: number, add: Add, fresh: number[]): boolean {
    if (from === to) return false;
    const { hash, isEmpty } = this.#store;
    const finder = this.values;
    const slots = this.#clearSeen(to - from);
    const seen = this.#seen;
    let any = false;
    const unknown: Needle[] = [];
    for (let i = from; i < to; i++) {
      const needle = needles[i]!;
      hash.of(needle.codes, needle.from, needle.to, VALUE);
      const { lo, hi } = hash;
      // A slot that is taken by another key must not hide or tell a repetition: which are taken depends on the seed.
      let slot = (lo >>> 12) & (slots - 1);
      while (
        (seen[2 * slot] !== 0 || seen[2 * slot + 1] !== 0) &&
        !(seen[2 * slot] === lo && seen[2 * slot + 1] === hi)
      ) {
        slot = (slot + 1) & (slots - 1);
      }
      if (seen[2 * slot] === lo && seen[2 * slot + 1] === hi) continue;
      seen[2 * slot] = lo;
      seen[2 * slot + 1] = hi;
      if (this.#said.has(lo, hi)) continue;
      const hits = isEmpty ? NONE : finder.find(needle, this.#full);
      if (hits.length === 0 && !finder.passed) {
        fresh.push(lo, hi);
        if (needle.turnable) unknown.push(needle);
      }
      for (const hit of hits) add(hit, needle.whole ? 'whole' : 'atom', needle.span, 0);
      any ||= hits.length > 0;
    }
    if (unknown.length === 0 || isEmpty) return any;
    this.#probes.values(unknown, (needle, turn) => {
      const codes = turnedCodes(needle.codes, needle.from, needle.to, turn);
      const hits = finder.find({ ...needle, codes, from: 0, to: codes.length }, this.#full);
      for (const hit of hits) add(hit, needle.whole ? 'whole' : 'atom', needle.span, turn);
      any ||= hits.length > 0;
    });
    return any;
  }

  /** Empties the table of seen keys, at most half full with `keys` in it; the number of its slots. */
  #clearSeen(keys: number): number {
    let slots = FEWEST_SEEN;
    while (slots < 2 * keys) slots *= 2;
    if (this.#seen.length < 2 * slots) this.#seen = new Int32Array(2 * slots);
    else this.#seen.fill(0, 0, 2 * slots);
    return slots;
  }

  /**
   * Looks up copied spans, and adds the longest from each class of source where the last one ended. What the client
   * says is remembered by some stretches of it that are chosen by what they say: a copy is its own if it said all of
   * those in it before. `codes` are those of the view, turned.
   */
  #copies(codes: Uint16Array, { map, n }: View, turn: Turn, add: Add, fresh: number[]): void {
    const copies = this.copies;
    const stretches = this.#stretches;
    stretches.read(this.#store.hash, codes, n);
    const { lo, hi, places, count } = stretches;
    const [unsaid, said] = this.#parted();
    if (said.length === count) return;
    const [first, last] = core(codes, 0, n);
    if (this.#held.length < n) this.#held = new Uint8Array(n + FEWEST_SEEN);
    else this.#held.fill(0, 0, n);
    const held = this.#held;
    let covered = 0;
    let patch: Copy | undefined;
    const report = (hit: Hit, from: number, to: number): void => {
      covered = Math.max(covered, to);
      if (to - from < SHORTEST_COPY) return;
      if (holdsOne(said, from, to - GRAM) && !holdsOne(unsaid, from, to - GRAM)) return;
      const [start, end] = isReversed(turn) ? [n - to, n - from] : [from, to];
      add(hit, from <= first && to >= last ? 'whole' : 'span', [map[start]!, map[end]!], turn);
    };
    for (let i = 0; i < count; i++) {
      const at = places[i]!;
      if (i % TOUCHED === 0) stretches.ask(this.#store, i);
      if (!stretches.isLikely(i) || at + GRAM <= covered) continue;
      const standing = copies.standing(lo[at]!, hi[at]!, this.#full);
      if (standing === 0) continue;
      if (standing < 0) {
        held.fill(1, at, at + GRAM);
        continue;
      }
      let longest: Copy | undefined;
      for (let k = 0; k < standing; k++) {
        const copy = copies.extend(codes, n, at, copies.positions[k]!);
        if (copy === undefined) continue;
        held.fill(1, copy.from, copy.to);
        if (longest === undefined || copy.to - copy.from > longest.to - longest.from) longest = copy;
        if (copy.to - copy.from >= SHORTEST_COPY) report(copy.hit, copy.from, copy.to);
      }
      if (longest === undefined) continue;
      if (patch === undefined || longest.from > patch.to) {
        patch = longest;
        continue;
      }
      if (longest.to <= patch.to) continue;
      // A text whose pieces all stand elsewhere, each too short to tell or not all of it, is a copy all the same.
      const kind = patch.hit.held.kind;
      patch = { from: patch.from, to: longest.to, hit: { ...patch.hit, alone: false } };
      if (patch.to - patch.from < SHORTEST_COPY) continue;
      report(patch.hit, patch.from, patch.to);
      if (longest.hit.held.kind !== kind) report({ ...longest.hit, alone: false }, patch.from, patch.to);
    }
    for (const at of unsaid) {
      if (held[at] === 1 && held[at + GRAM - 1] === 1) continue;
      fresh.push(lo[at]!, hi[at]!);
    }
  }

  /** The chosen stretches of the leaf at hand: what the client did not say before any output did, and what it did. */
  #parted(): [unsaid: number[], said: number[]] {
    const { chosen, chosenCount, lo, hi } = this.#stretches;
    const unsaid: number[] = [];
    const said: number[] = [];
    for (let i = 0; i < chosenCount; i++) {
      const at = chosen[i]!;
      (this.#said.has(lo[at]!, hi[at]!) ? said : unsaid).push(at);
    }
    return [unsaid, said];
  }

  #begin(): void {
    this.#counts.fill(0);
    this.#full = 0;
  }
}

/** Whether any of these ascending numbers lies from one number to another, inclusive. */
function holdsOne(ascending: readonly number[], from: number, to: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < from) low = middle + 1;
    else high = middle;
  }
  return low < ascending.length && ascending[low]! <= to;
}
