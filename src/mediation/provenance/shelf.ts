import type { Form, Source, Transform } from '../../event.ts';
import type { Decodings } from './decodings.ts';

/** Longer texts are indexed in blocks of about this many characters, shorter ones are values in their own right too. */
export const BLOCK = 2048;

/** What a retained text costs beside its characters, roughly. */
export const OVERHEAD = 96;

/** A text to retain: one as it came, or a part of one, or what a run of one decodes to. */
export interface Piece {
  source: Source;
  /** Where it came from: the leaf of the message. */
  path: string;
  form: Form;
  /** What is searched. */
  text: string;
  /** Where it stands in the leaf, or the run that it was decoded from; undefined if it is the whole leaf. */
  within: readonly [number, number] | undefined;
  /** Nothing but marks stands around it in the leaf. */
  complete: boolean;
  /** Encodings undone, outermost first. */
  transforms: readonly Transform[];
  /** Number of its class: server, integrity, form, and whether descriptors say it. */
  kind: number;
  /** What it decodes to, if a call asked before it was indexed. */
  decodings?: Decodings | undefined;
  /** Where the text begins in the session's one address space, once it is on the shelf. */
  start: number;
}

/**
 * The retained texts, oldest first, laid end to end in one address space that only grows. Postings keep the low 32
 * bits of an address; less than 2 GiB are retained at a time, so that is enough to tell where it was.
 */
export class Shelf {
  /** Texts were forgotten for want of room. */
  evicted = false;
  /** Address of the next text. */
  head = 0;
  readonly limit: number;
  #held: Piece[] = [];
  /** Their starts, side by side for the search. */
  #starts: number[] = [];
  #gone = 0;
  #cost = 0;

  constructor(limit: number) {
    this.limit = Math.min(limit, 1 << 30);
  }

  get tail(): number {
    return this.#held[this.#gone]?.start ?? this.head;
  }

  get bytes(): number {
    return this.#cost;
  }

  /** Puts a text at the end and forgets the oldest until all fit; the newest is always kept. */
  put(held: Piece): void {
    held.start = this.head;
    this.#held.push(held);
    this.#starts.push(held.start);
    this.head += held.text.length + 1;
    this.#cost += costOf(held);
    while (this.#cost > this.limit && this.#gone < this.#held.length - 1) {
      this.#cost -= costOf(this.#held[this.#gone]!);
      this.#gone++;
      this.evicted = true;
    }
    if (this.#gone > 64 && this.#gone > this.#held.length / 2) {
      this.#held = this.#held.slice(this.#gone);
      this.#starts = this.#starts.slice(this.#gone);
      this.#gone = 0;
    }
  }

  /** Whether the low bits of an address are those of a retained text. */
  alive(position: number): boolean {
    return (position - this.tail) >>> 0 < this.head - this.tail;
  }

  /** Whether half of what fits has come since. */
  aging(position: number): boolean {
    return (this.head - position) >>> 0 > this.limit / 2 || !this.alive(position);
  }

  /** The whole address, from its low bits. It must be alive. */
  address(position: number): number {
    return this.tail + ((position - this.tail) >>> 0);
  }

  /** Calls `visit` with the text that holds an address and with those after it up to `end`. */
  between(address: number, end: number, visit: (held: Piece) => void): void {
    for (let i = this.#indexOf(address); i < this.#held.length; i++) {
      const held = this.#held[i]!;
      if (held.start >= end) return;
      visit(held);
    }
  }

  at(address: number): Piece {
    return this.#held[this.#indexOf(address)]!;
  }

  #indexOf(address: number): number {
    let low = this.#gone;
    let high = this.#held.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= address) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function costOf({ text, path }: Piece): number {
  return text.length + path.length + OVERHEAD;
}
