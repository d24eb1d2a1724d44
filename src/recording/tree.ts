import { hash } from 'node:crypto';
import { HASH_BYTES, TILE_WIDTH, tilePath } from './format.ts';

/** A bundle of usual entries. */
const BUNDLE_BYTES = 131_072;

/** A file of the log, complete and never to change. */
export interface LogFile {
  path: string;
  bytes: Buffer;
}

/** A SHA-256 as a string of 32 code units: node makes these four times faster than a Buffer. */
type Hash = string;

/**
 * Grows the RFC 6962 tree of a log entry by entry and cuts it into C2SP tiles and entry bundles. Holds the right
 * edge only: one open tile a level, one open bundle, and the roots of the complete subtrees.
 */
export class TreeWriter {
  readonly #full: (file: LogFile) => void;
  /** By height, the roots of the complete subtrees that the bits of `size` stand for; the others mean nothing. */
  readonly #roots: Hash[] = [];
  readonly #tiles: { bytes: Buffer; width: number; index: number }[] = [];
  /** The open bundle, packed as it grows: entries kept one by one would be hundreds of objects for the collector. */
  #bundle = Buffer.allocUnsafe(BUNDLE_BYTES);
  #bundleBytes = 0;
  #size = 0;
  readonly #node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

  /** `full` gets each tile and bundle when it is full. */
  constructor(full: (file: LogFile) => void) {
    this.#full = full;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds entries that each end with a newline. */
  pushLines(lines: Buffer): void {
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(10, start);
      this.push(lines, start, end);
      start = end + 1;
    }
  }

  /** Adds the entry that stands in these bytes. */
  push(bytes: Buffer, start = 0, end = bytes.length): void {
    let root = this.#pack(bytes, start, end);
    let height = 0;
    this.#tile(0, root);
    for (let left = this.#size; left % 2 === 1; left = (left - 1) / 2) {
      root = this.#join(this.#roots[height]!, root);
      height++;
      if (height % 8 === 0) this.#tile(height / 8, root);
    }
    this.#roots[height] = root;
    this.#size++;
    if (this.#size % TILE_WIDTH === 0) {
      this.#full({ path: tilePath('entries', this.#size / TILE_WIDTH - 1), bytes: this.#packed() });
      this.#bundleBytes = 0;
    }
  }

  /** Adds to the open bundle, each entry after its length, 16 bits, big-endian (C2SP tlog-tiles); its leaf hash. */
  #pack(bytes: Buffer, start: number, end: number): Hash {
    const at = this.#bundleBytes;
    this.#bundleBytes = at + 2 + end - start;
    if (this.#bundleBytes > this.#bundle.length) {
      const larger = Buffer.allocUnsafe(2 * this.#bundleBytes);
      this.#bundle.copy(larger, 0, 0, at);
      this.#bundle = larger;
    }
    bytes.copy(this.#bundle, at + 2, start, end);
    // SHA-256(0x00 || entry): for a moment the zero stands where the length will, so that nothing is copied twice.
    this.#bundle[at + 1] = 0;
    const leaf = hash('sha256', this.#bundle.subarray(at + 1, this.#bundleBytes), 'binary');
    this.#bundle.writeUInt16BE(end - start, at);
    return leaf;
  }

  #packed(): Buffer {
    return this.#bundle.subarray(0, this.#bundleBytes);
  }

  /** The Merkle tree hash over all entries so far (RFC 6962, section 2.1). */
  root(): Buffer {
    let root: Hash | undefined;
    for (let height = 0, left = this.#size; left > 0; height++, left = Math.floor(left / 2)) {
      if (left % 2 === 0) continue;
      const subtree = this.#roots[height]!;
      root = root === undefined ? subtree : this.#join(subtree, root);
    }
    return root === undefined ? hash('sha256', '', 'buffer') : Buffer.from(root, 'latin1');
  }

  /** The tiles and the bundle that are not full, as files of their present width. */
  partials(): LogFile[] {
    const files: LogFile[] = [];
    this.#tiles.forEach(({ bytes, width, index }, level) => {
      if (width === 0) return;
      files.push({
        path: tilePath(level, index, width),
        bytes: Buffer.from(bytes.subarray(0, width * HASH_BYTES)),
      });
    });
    const width = this.#size % TILE_WIDTH;
    if (width > 0) {
      const index = Math.floor(this.#size / TILE_WIDTH);
      files.push({ path: tilePath('entries', index, width), bytes: this.#packed() });
    }
    return files;
  }

  #tile(level: number, root: Hash): void {
    this.#tiles[level] ??= { bytes: Buffer.alloc(TILE_WIDTH * HASH_BYTES), width: 0, index: 0 };
    const tile = this.#tiles[level];
    tile.bytes.write(root, tile.width * HASH_BYTES, 'latin1');
    tile.width++;
    if (tile.width < TILE_WIDTH) return;
    this.#full({ path: tilePath(level, tile.index), bytes: tile.bytes });
    tile.width = 0;
    tile.index++;
  }

  /** SHA-256(0x01 || left || right). */
  #join(left: Hash, right: Hash): Hash {
    this.#node.write(left, 1, 'latin1');
    this.#node.write(right, 1 + HASH_BYTES, 'latin1');
    return hash('sha256', this.#node, 'binary');
  }
}
