import { Hash, mix } from './hash.ts';
import { Postings } from './postings.ts';
import { Shelf } from './shelf.ts';
import { Signatures } from './signatures.ts';

/** A key's salt says what the key stands for. */
export const ALONE = 0x5bd1e995;
export const QUOTED = 0x38b34ae5;
/** Values, atoms and single words share theirs, which is what `Hash.low` assumes. */
export const VALUE = 0;

/** The retained texts of a session, and where every word, pair of words and fingerprint of them stands. */
export class Store {
  readonly shelf: Shelf;
  readonly hash: Hash;
  readonly postings: Postings;
  readonly signatures = new Signatures();
  /** Above every class seen. */
  kinds = 0;
  /** Some text holds more in encodings than is undone. */
  undecoded = false;

  constructor(retainedBytes: number, seed: number) {
    this.shelf = new Shelf(retainedBytes);
    this.hash = new Hash(seed);
    this.postings = new Postings(this.shelf);
  }

  /** Texts were forgotten, or a key was, or not all of one was read: absence proves nothing. */
  get evicted(): boolean {
    return this.shelf.evicted || this.postings.overflowed || this.undecoded;
  }

  /** Memory of the index beside the retained texts, in bytes. */
  get bytes(): number {
    return this.postings.bytes + this.signatures.bytes;
  }

  get isEmpty(): boolean {
    return this.shelf.head === 0;
  }
}

/** The high lane of a pair's key. */
export function otherLane(previous: number, word: number): number {
  return mix(Math.imul(word, 0x85ebca6b) ^ previous);
}
