import { Hash } from './hash.ts';
import { Places } from './places.ts';
import { Postings } from './postings.ts';
import { Shelf } from './shelf.ts';
import { Signatures } from './signatures.ts';

/** A key's salt says what the key stands for. */
export const ALONE = 0x5bd1e995;
export const QUOTED = 0x38b34ae5;
/** Of two pieces that the client put next to each other. */
export const JOINED = 0x61c88647;
/** Words, words in a row and longer stretches share theirs: each stands for its characters, and for where they begin. */
export const VALUE = 0;

/** The retained texts of a session, and where their words, and stretches of them, stand. */
export class Store {
  readonly shelf: Shelf;
  readonly hash: Hash;
  /** Texts that are a value. */
  readonly postings: Postings;
  /** Words, joined pairs of them, and stretches, within texts. */
  readonly places: Places;
  readonly signatures = new Signatures();
  /** Above every class seen. */
  kinds = 0;
  /** Some text holds more in encodings than is undone. */
  undecoded = false;

  constructor(retainedBytes: number, seed: number) {
    this.shelf = new Shelf(retainedBytes);
    this.hash = new Hash(seed);
    this.postings = new Postings(this.shelf);
    this.places = new Places(this.shelf);
  }

  /** Texts were forgotten, or a key was, or not all of one was read: absence proves nothing. */
  get evicted(): boolean {
    const { shelf, postings, places, undecoded } = this;
    return shelf.evicted || postings.overflowed || places.overflowed || undecoded;
  }

  /** Memory of the index beside the retained texts, in bytes. */
  get bytes(): number {
    return this.postings.bytes + this.places.bytes + this.signatures.bytes;
  }

  /** Loads what there is of `n` keys, pairs of lanes, that will be asked for. */
  touch(keys: Int32Array, n: number): void {
    this.postings.touch(keys, n);
    this.places.touch(keys, n);
  }

  /** Whether a key stands in any text, or for one. */
  holds(lo: number, hi: number): boolean {
    return this.places.find(lo, hi, 0) > 0 || this.postings.find(lo, hi) > 0;
  }

  /** Forgets what stood in texts that are gone. */
  evict(): void {
    const { tail } = this.shelf;
    this.signatures.evict(tail);
    this.places.evict(tail);
  }

  get isEmpty(): boolean {
    return this.shelf.head === 0;
  }
}
