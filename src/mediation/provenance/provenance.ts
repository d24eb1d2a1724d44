import type { Flow, Form, Leaf, Source, Text } from '../../event.ts';
import { isApart } from './borders.ts';
import { flowsOf, type Match } from './flows.ts';
import { Indexer } from './indexer.ts';
import { JoinFinder } from './joins.ts';
import { Kinds } from './kinds.ts';
import { Later } from './later.ts';
import { Queue } from './queue.ts';
import { Said } from './said.ts';
import { type Clear, Screen } from './screen.ts';
import { BLOCK } from './shelf.ts';
import { type Piece, Splits } from './splits.ts';
import { Store } from './store.ts';
import { Tracer } from './tracer.ts';

/** Characters indexed by every call that finds some waiting: as many as are searched and decoded in the same time. */
const SLICE = 16_384;
/** Calls whose leaves wait to be taken for the client's own while nothing was read, and the most characters of each. */
const MOST_EARLY = 512;
const LONGEST_EARLY = 1024;
/** Characters that are indexed in the time that one of them takes, at most. */
const EARLY_COST = 1024;
/** More than this many characters unindexed, and `learn` indexes at once. */
const MAX_QUEUED = 4 * 1024 * 1024;

export interface ProvenanceOptions {
  retainedBytes: number;
  seed?: number;
  told?: ReadonlySet<string>;
}

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
  /** Leaves whose keys are to be worked out: no output holds any of them. */
  clear: readonly Clear[];
}

/**
 * Where the values of a session's inbound texts turn up in its outbound leaves. Deterministic: the same calls in the
 * same order give the same flows, whether or not `settle` was called in between.
 */
export class Provenance {
  readonly #store: Store;
  readonly #indexer: Indexer;
  readonly #tracer: Tracer;
  readonly #queue: Queue;
  readonly #splits = new Splits();
  readonly #said = new Said();
  readonly #joins: JoinFinder;
  readonly #kinds: Kinds;
  readonly #screen: Screen;
  readonly #later: Later;
  #started = false;
  #last: Examination | undefined;
  /** What was said before anything was read, oldest first. */
  #early: (readonly Leaf[])[] = [];

  /**
   * `retainedBytes` bounds the retained text; `seed` makes hashes unpredictable, and has to be recorded to replay.
   * Sources of which `told` holds `server.origin` are told apart from all others, whatever else: rules may exempt them.
   */
  constructor({ retainedBytes, seed = 0, told = new Set() }: ProvenanceOptions) {
    this.#kinds = new Kinds(told);
    this.#store = new Store(retainedBytes, seed);
    this.#indexer = new Indexer(this.#store);
    this.#tracer = new Tracer(this.#store, this.#said);
    this.#joins = new JoinFinder(this.#store, this.#said, this.#tracer);
    this.#queue = new Queue(retainedBytes);
    this.#screen = new Screen(this.#store);
    this.#later = new Later(this.#store, this.#said);
  }

  /** Old texts were forgotten to make room: that `trace` finds nothing proves nothing any more. */
  get evicted(): boolean {
    return this.#store.evicted;
  }

  /** Memory held, roughly, in bytes: retained text with its bookkeeping, and the index. */
  get bytes(): { text: number; index: number } {
    return { text: this.#store.shelf.bytes, index: this.#store.bytes + this.#queue.bytes };
  }

  /**
   * Takes the texts of an inbound message. Few characters are indexed at once, which is cheaper than to search them for
   * every call; of more it keeps references only, and `settle` does the work.
   */
  learn(source: Source, texts: readonly Text[]): void {
    let form: Form | undefined;
    let kind = 0;
    for (const entry of texts) {
      if (entry.form !== form) {
        form = entry.form;
        kind = this.#kinds.of(source, form);
      }
      this.#queue.push(source, entry, kind);
    }
    this.#last = undefined;
    const { characters } = this.#queue;
    if (characters > 0 && (characters <= BLOCK || characters > MAX_QUEUED)) this.#index();
  }

  /** Whether these texts only say again what the client itself said a moment ago: `learn` would keep nothing of them. */
  isEcho(texts: readonly Text[]): boolean {
    return texts.every(({ text }) => this.#queue.isEcho(text));
  }

  /** Indexes about `budgetBytes` of what `learn` and `offer` took in; true if nothing is left. */
  settle(budgetBytes = Number.POSITIVE_INFINITY): boolean {
    let left = this.#index(budgetBytes);
    for (; left > 0 && !this.#later.isEmpty; left -= this.#later.step());
    const isSettled = this.#early.length === 0 && this.#queue.first() === undefined && this.#later.isEmpty;
    if (isSettled) {
      this.#later.rest();
      this.#screen.rest();
    }
    return isSettled;
  }

  /** Indexes about as much of what `learn` took in; returns how much more it could have been. */
  #index(budgetBytes = Number.POSITIVE_INFINITY): number {
    let left = budgetBytes;
    for (; this.#early.length > 0; left -= EARLY_COST) {
      if (left <= 0) return 0;
      this.#own(this.#early.shift()!);
    }
    while (left > 0) {
      const arrival = this.#queue.first();
      if (arrival === undefined) return left;
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
    return 0;
  }

  /**
   * The flows of inbound texts into these leaves: at most eight a leaf (those of different servers, forms and
   * integrity first, the most informative first), in the order of the leaves. What the client said before any
   * output did is no flow.
   */
  trace(leaves: readonly Leaf[]): Flow[] {
    return this.#hasRead ? this.#examine(leaves).flows : [];
  }

  /**
   * What these leaves hold and no output held before is the client's own afterwards. To be called after `trace`. `read`:
   * values of theirs that an output of another session held.
   */
  offer(leaves: readonly Leaf[], read: readonly Leaf[] = []): void {
    if (!this.#hasRead && read.length === 0 && isShort(leaves)) {
      // All of it is. When that is worked out makes no difference, as long as it is before anything is indexed.
      this.#early.push(leaves);
      if (this.#early.length > MOST_EARLY) this.#own(this.#early.shift()!);
      for (const leaf of leaves) if (leaf.form === 'string') this.#queue.expectEcho(leaf.text);
      return;
    }
    const { fresh, own, complete, clear } = this.#examine(leaves, read.length > 0);
    const others = read.length === 0 ? [] : this.#examine(read, true).fresh;
    this.#last = undefined;
    // What waits is searched for every call, so every call does a little of what waits.
    this.#index(SLICE);
    const isClear = clear.length > 0;
    this.#keep(leaves, complete, isClear ? [] : fresh, others);
    if (this.evicted) return;
    if (isClear) this.#later.push(clear, fresh);
    const paths = new Set(read.map(({ path }) => path));
    for (const leaf of own) if (!paths.has(leaf.path)) this.#queue.expectEcho(leaf.text);
  }

  get #hasRead(): boolean {
    return !this.#store.isEmpty || this.#queue.first() !== undefined;
  }

  /** Takes what was said before anything was read. */
  #own(leaves: readonly Leaf[]): void {
    const { fresh, complete } = this.#search(leaves, this.#splits.rows(leaves));
    this.#keep(leaves, complete, fresh);
  }

  /** Keeps pieces for those that follow, and makes keys the client's own but for `others`. */
  #keep(
    leaves: readonly Leaf[],
    complete: ReadonlySet<Leaf>,
    fresh: readonly number[],
    others: readonly number[] = [],
  ): void {
    this.#splits.keep(leaves, complete);
    // What was forgotten may have held it first.
    if (!this.evicted) this.#said.addAll(fresh, others);
  }

  /** Whether what waits might push something out: a judgement must not depend on when that happens. */
  #isCrowded(): boolean {
    const { bytes, limit } = this.#store.shelf;
    return bytes + this.#queue.cost > limit;
  }

  /** `inFull`: with all keys at once. */
  #examine(leaves: readonly Leaf[], inFull = false): Examination {
    const last = this.#last;
    if (last?.leaves === leaves && !(inFull && last.clear.length > 0)) return last;
    while (this.#early.length > 0) this.#own(this.#early.shift()!);
    const rows = this.#splits.rows(leaves);
    if (this.#queue.first() !== undefined && (this.#isCrowded() || this.#mayWait(leaves, rows)))
      this.#index();
    this.#last = (inFull ? undefined : this.#cleared(leaves, rows)) ?? this.#search(leaves, rows);
    return this.#last;
  }

  /** The examination of leaves of which it is certain, sooner than they are searched, that nothing is found in them. */
  #cleared(leaves: readonly Leaf[], rows: readonly (readonly Piece[])[]): Examination | undefined {
    const clear = this.#screen.clear(leaves);
    if (clear === undefined) return undefined;
    const examination = nothingIn(leaves, clear);
    this.#tracer.beginCall();
    // That something waits to be the client's own can only make for more that has to be searched.
    const isJoined = rows.some((row) => this.#joins.find(row, examination.fresh).length > 0);
    return isJoined ? undefined : examination;
  }

  #search(leaves: readonly Leaf[], rows: readonly (readonly Piece[])[]): Examination {
    this.#later.finish();
    this.#tracer.beginCall();
    const matches = new Map<Leaf, Match[]>();
    const examination = nothingIn(leaves, []);
    for (const leaf of leaves) {
      const found: Match[] = [];
      this.#tracer.leaf(leaf, found, examination.fresh);
      const whole = found.filter(({ match, run }) => match === 'whole' && run === undefined);
      if (whole.length > 0) examination.whole.add(leaf);
      if (!CUT.test(leaf.text) && whole.some(({ hit }) => isApart(hit.held.text, hit.from, hit.to)))
        examination.complete.add(leaf);
      if (found.length > 0) matches.set(leaf, found);
      else if (leaf.form === 'string') examination.own.push(leaf);
    }
    for (const row of rows) this.#join(row, examination, matches);
    if (matches.size > 0) examination.flows = flowsOf(matches, leaves);
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
      const found: Match[] =
        hit === undefined
          ? this.#tracer.decoded(text, split, span)
          : [{ hit, match: 'atom', transforms: split, text, span, run: undefined }];
      for (const { leaf } of found.length > 0 ? pieces : []) {
        if (leaf === undefined || whole.has(leaf)) continue;
        const run = [0, leaf.text.length] as const;
        const others = matches.get(leaf) ?? [];
        matches.set(leaf, [...others, ...found.map((match) => ({ ...match, match: 'atom' as const, run }))]);
      }
    }
  }
}

/** What is found in leaves at first, or if they are `clear`. */
function nothingIn(leaves: readonly Leaf[], clear: readonly Clear[]): Examination {
  const own = clear.flatMap(({ leaf }) => (leaf.form === 'string' ? [leaf] : []));
  return { leaves, flows: [], fresh: [], own, whole: new Set(), complete: new Set(), clear };
}

function isShort(leaves: readonly Leaf[]): boolean {
  let characters = 0;
  for (const { text } of leaves) characters += text.length;
  return characters <= LONGEST_EARLY;
}

/** What an escape begins with: it may be cut. */
const CUT = /[%&\\]/;
