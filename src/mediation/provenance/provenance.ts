import type { Flow, Form, Leaf, Source, Text, Transform } from '../../event.ts';
import { core, isCore } from './borders.ts';
import { type Copy, CopyFinder } from './copies.ts';
import { decodingsOf } from './decodings.ts';
import { flowsOf, MAX_PER_LEAF, type Match } from './flows.ts';
import { Indexer } from './indexer.ts';
import { JoinFinder } from './joins.ts';
import { type Needle, needlesOf } from './needles.ts';
import { TurnProbes } from './probes.ts';
import { Queue } from './queue.ts';
import { Said } from './said.ts';
import { OVERHEAD } from './shelf.ts';
import { type Piece, Splits } from './splits.ts';
import { Store, VALUE } from './store.ts';
import { GRAM, SHORTEST_COPY, Stretches, TOUCHED } from './stretches.ts';
import { isReversed, TURNS, type Turn, turnedCodes } from './turns.ts';
import { type Hit, ValueFinder } from './values.ts';
import { View } from './view.ts';

/** Characters indexed by every call that finds some waiting. */
const SLICE = 512;
/** More than this many characters unindexed, and `learn` indexes at once. */
const MAX_QUEUED = 4 * 1024 * 1024;
/** Slots of the table of a leaf's keys, at least; a power of two. */
const FEWEST_SEEN = 64;
/** Tools have classes of their own while there are fewer than this. */
const FEW_KINDS = 24;
/** Classes of sources beyond this many are told apart no more. */
const MAX_KINDS = 255;

export interface ProvenanceOptions {
  retainedBytes: number;
  seed?: number;
  told?: ReadonlySet<string>;
}

/** Notes that a value or a stretch of the text at hand was found, turned or not. */
type Add = (hit: Hit, kind: Match['match'], span: readonly [number, number], turn: Turn) => void;

/** What an examination of leaves found: flows, and the keys that no output holds, as pairs of lanes. */
interface Examination {
  leaves: readonly Leaf[];
  flows: Flow[];
  fresh: number[];
  /** Leaves of which no output holds anything. */
  own: Leaf[];
  /** Leaves that were found as the wholes that they are. */
  whole: Set<Leaf>;
  /** Those of them that an output set apart. */
  complete: Set<Leaf>;
}

/**
 * Where the values of a session's inbound texts turn up in its outbound leaves. Deterministic: the same calls in the
 * same order give the same flows, whether or not `settle` was called in between.
 */
export class Provenance {
  readonly #store: Store;
  readonly #indexer: Indexer;
  readonly #valueFinder: ValueFinder;
  readonly #copyFinder: CopyFinder;
  readonly #probes: TurnProbes;
  readonly #queue: Queue;
  readonly #splits = new Splits();
  readonly #said = new Said();
  readonly #joins: JoinFinder;
  readonly #kinds = new Map<string, number>();
  readonly #view = new View();
  /** Keys of the values of the leaf at hand that were looked up: what it repeats is looked up, and told, once. */
  #seen = new Int32Array(2 * FEWEST_SEEN);
  readonly #stretches = new Stretches();
  /** Matches of the leaf at hand in each class of source, and the classes that have enough, a bit for each. */
  readonly #counts = new Uint8Array(32);
  #full = 0;
  #started = false;
  #last: Examination | undefined;

  readonly #told: ReadonlySet<string>;

  /**
   * `retainedBytes` bounds the retained text; `seed` makes hashes unpredictable, and has to be recorded to replay.
   * Sources of which `told` holds `server.origin` are told apart from all others, whatever else: rules may exempt them.
   */
  constructor({ retainedBytes, seed = 0, told = new Set() }: ProvenanceOptions) {
    this.#told = told;
    this.#store = new Store(retainedBytes, seed);
    this.#indexer = new Indexer(this.#store);
    this.#valueFinder = new ValueFinder(this.#store);
    this.#copyFinder = new CopyFinder(this.#store);
    this.#probes = new TurnProbes(this.#store);
    this.#joins = new JoinFinder(this.#store, this.#said, this.#valueFinder, this.#copyFinder);
    this.#queue = new Queue(retainedBytes);
  }

  /** Old texts were forgotten to make room: that `trace` finds nothing proves nothing any more. */
  get evicted(): boolean {
    return this.#store.evicted;
  }

  /** Memory held, roughly, in bytes: retained text with its bookkeeping, and the index. */
  get bytes(): { text: number; index: number } {
    return { text: this.#store.shelf.bytes, index: this.#store.bytes + this.#queue.bytes };
  }

  /** Takes the texts of an inbound message. Keeps references only; `settle` does the work. */
  learn(source: Source, texts: readonly Text[]): void {
    let form: Form | undefined;
    let kind = 0;
    for (const entry of texts) {
      if (entry.form !== form) {
        form = entry.form;
        kind = this.#kindOf(source, form);
      }
      this.#queue.push(source, entry, kind);
    }
    this.#last = undefined;
    if (this.#queue.characters > MAX_QUEUED) this.settle();
  }

  /** Indexes about `budgetBytes` of what `learn` took in; true if nothing is left. */
  settle(budgetBytes = Number.POSITIVE_INFINITY): boolean {
    for (let left = budgetBytes; left > 0; ) {
      const arrival = this.#queue.first();
      if (arrival === undefined) return true;
      if (!this.#started) {
        this.#indexer.begin(arrival);
        this.#started = true;
      }
      const took = this.#indexer.step();
      left -= Math.max(took, 16);
      if (took > 0) continue;
      this.#queue.shift();
      this.#started = false;
    }
    return this.#queue.first() === undefined;
  }

  /**
   * The flows of inbound texts into these leaves: at most eight a leaf (those of different servers, forms and
   * integrity first, the most informative first), in the order of the leaves. What the client said before any
   * output did is no flow.
   */
  trace(leaves: readonly Leaf[]): Flow[] {
    if (this.#store.isEmpty && this.#queue.first() === undefined) return [];
    return this.#examine(leaves).flows;
  }

  /** What these leaves hold and no output held before is the client's own afterwards. To be called after `trace`. */
  offer(leaves: readonly Leaf[]): void {
    const { fresh, own, complete } = this.#examine(leaves);
    this.#last = undefined;
    this.#splits.keep(leaves, complete);
    // What was forgotten may have held it first.
    if (this.evicted) return;
    for (let i = 0; i < fresh.length; i += 2) this.#said.add(fresh[i]!, fresh[i + 1]!);
    for (const leaf of own) this.#queue.expectEcho(leaf.text);
  }

  #kindOf(
    { server, origin, named, label, channel, describes, echo, steers, marked, asked }: Source,
    form: Form,
  ): number {
    // Flows of one origin may be allowed and those of another not. Other tools are told apart as long as that is
    // cheap: how many there are is for the servers to say. No server's name can hold the end of another's: what
    // follows it has a closed form.
    const isTold = this.#told.has(`${server}.${origin}`);
    const isCheap = named === true && channel === 'result' && this.#kinds.size < FEW_KINDS;
    const tool = isTold || isCheap ? origin : '';
    const name = `${server}\n${label.integrity} ${label.confidentiality}\n${form}\n${channel === 'descriptor'}\n${describes}\n${echo === true}${steers}${marked === true}${asked === true}\n${tool}`;
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = Math.min(this.#kinds.size + 1, MAX_KINDS);
      this.#kinds.set(name, kind);
    }
    return kind;
  }

  /** Whether what waits might push something out: a judgement must not depend on when that happens. */
  #isCrowded(): boolean {
    const { bytes, limit } = this.#store.shelf;
    return bytes + this.#queue.cost > limit;
  }

  #examine(leaves: readonly Leaf[]): Examination {
    if (this.#last?.leaves === leaves) return this.#last;
    // What waits is searched for every call, so every call does a little of what waits.
    const rows = this.#splits.rows(leaves);
    if (!this.settle(SLICE) && (this.#isCrowded() || this.#mayWait(leaves, rows))) this.settle();
    this.#valueFinder.beginCall();
    this.#copyFinder.beginCall();
    const matches = new Map<Leaf, Match[]>();
    const examination: Examination = {
      leaves,
      flows: [],
      fresh: [],
      own: [],
      whole: new Set(),
      complete: new Set(),
    };
    for (const leaf of leaves) {
      const found: Match[] = [];
      this.#counts.fill(0);
      this.#full = 0;
      this.#leaf(leaf, found, examination.fresh);
      const whole = found.filter(({ match, run }) => match === 'whole' && run === undefined);
      if (whole.length > 0) examination.whole.add(leaf);
      if (!CUT.test(leaf.text) && whole.some(({ hit }) => isApart(hit))) examination.complete.add(leaf);
      if (found.length > 0) matches.set(leaf, found);
      else if (leaf.form === 'string') examination.own.push(leaf);
    }
    for (const row of rows) this.#join(row, examination, matches);
    if (matches.size > 0) examination.flows = flowsOf(matches, leaves);
    this.#last = examination;
    return examination;
  }

  /** Whether anything of these leaves may be found in what is not indexed yet. */
  #mayWait(leaves: readonly Leaf[], rows: readonly (readonly Piece[])[]): boolean {
    const borders = this.#joins.borders(rows);
    return borders === undefined || this.#queue.mayHold(leaves, borders);
  }

  /** Matches of what the pieces of a row make together, of each of them that is of this call. */
  #join(row: readonly Piece[], { whole, complete, fresh }: Examination, matches: Map<Leaf, Match[]>): void {
    for (const piece of row) if (piece.leaf !== undefined) piece.complete = complete.has(piece.leaf);
    for (const { pieces, text, transforms, hit } of this.#joins.find(row, fresh)) {
      const span = [0, text.length] as const;
      const split = ['split' as const, ...transforms];
      const found: Match[] = [];
      if (hit !== undefined)
        found.push({ hit, match: 'atom', transforms: split, text, span, run: undefined });
      else {
        this.#counts.fill(0);
        this.#full = 0;
        this.#text({ path: '', text: '', form: 'string' }, text, split, span, found, []);
      }
      for (const { leaf } of found.length > 0 ? pieces : []) {
        if (leaf === undefined || whole.has(leaf)) continue;
        const run = [0, leaf.text.length] as const;
        const others = matches.get(leaf) ?? [];
        matches.set(leaf, [...others, ...found.map((match) => ({ ...match, match: 'atom' as const, run }))]);
      }
    }
  }

  /** Matches of a leaf's text, and of what it decodes to. */
  #leaf(leaf: Leaf, matches: Match[], fresh: number[]): void {
    this.#text(leaf, leaf.text, [], undefined, matches, fresh);
    if (leaf.form !== 'string') return;
    const { found, cut } = decodingsOf(leaf.text, OVERHEAD);
    this.#store.undecoded ||= cut;
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
    const whole = this.#values(
      needles.filter((needle) => needle.whole),
      add,
      fresh,
    );
    // What is found whole is found with all of its parts.
    if (!whole) {
      if (view.n >= SHORTEST_COPY) {
        this.#copies(view.codes, view, 0, add, fresh);
        for (const turn of this.#probes.stretches(view.codes, view.n)) {
          this.#copies(turnedCodes(view.codes, 0, view.n, turn), view, turn, add, []);
        }
      }
      this.#values(
        needles.filter((needle) => !needle.whole),
        add,
        fresh,
      );
    }
    view.shrink();
    this.#stretches.shrink();
  }

  /** Notes a match of the leaf at hand: a class of sources that has as many as are ever reported is full. */
  #count(kind: number): void {
    if (this.#store.kinds <= 32 && ++this.#counts[kind]! === MAX_PER_LEAF) this.#full |= 1 << kind;
  }

  /** Looks up values; true if any was found. */
  #values(needles: readonly Needle[], add: Add, fresh: number[]): boolean {
    const { hash, isEmpty } = this.#store;
    const finder = this.#valueFinder;
    const slots = this.#clearSeen(needles.length);
    const seen = this.#seen;
    let any = false;
    const unknown: Needle[] = [];
    for (const needle of needles) {
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
      const hits = isEmpty ? [] : finder.find(needle, this.#full);
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
    const { hash, places: index } = this.#store;
    const copies = this.#copyFinder;
    const stretches = this.#stretches;
    stretches.read(hash, codes, n);
    const { lo, hi, places, count } = stretches;
    const [unsaid, said] = this.#parted();
    if (said.length === count) return;
    const [first, last] = core(codes, 0, n);
    const held = new Uint8Array(n);
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
      if (i % TOUCHED === 0) stretches.touch(index, i);
      if (at + GRAM <= covered) continue;
      const standing = copies.stretches(lo[at]!, hi[at]!, this.#full);
      if (standing === undefined) {
        held.fill(1, at, at + GRAM);
        continue;
      }
      if (standing.length === 0) continue;
      let longest: Copy | undefined;
      for (const position of standing) {
        const copy = copies.extend(codes, n, at, position);
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

/** Whether nothing goes on from a value in its text, but for the end of a sentence. */
function isApart({ held: { text }, from, to }: Hit): boolean {
  return APART.test(text.slice(Math.max(0, from - 1), from)) && APART_AFTER.test(text.slice(to, to + 2));
}

/** An escape, which may be cut. */
const CUT = /[%&\\]/;
const APART = /^[\s"'`()<>[\]{}]?$/;
const APART_AFTER = /^(?:$|[\s"'`()<>[\]{}]|[.,;:!?](?:[\s"'`)]|$))/;
