import { hash } from 'node:crypto';
import { HASH_BYTES, MAX_ENTRY_BYTES, TILE_WIDTH, tilePath } from './format.ts';

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
  /** Roots of complete subtrees, largest first; their sizes are the bits of `size`. */
  readonly #subtrees: { height: number; root: Hash }[] = [];
  readonly #tiles: { bytes: Buffer; width: number; index: number }[] = [];
  #bundle: Uint8Array[] = [];
  #size = 0;
  readonly #leaf = Buffer.alloc(1 + MAX_ENTRY_BYTES);
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
      this.push(lines.subarray(start, end));
      start = end + 1;
    }
  }

  /** Adds one entry. `entry` is kept until its bundle is full: it must not change. */
  push(entry: Uint8Array): void {
    this.#bundle.push(entry);
    this.#leaf.set(entry, 1);
    let root = hash('sha256', this.#leaf.subarray(0, 1 + entry.length), 'binary');
    let height = 0;
    this.#tile(0, root);
    for (let left = this.#subtrees.at(-1); left?.height === height; left = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      root = this.#join(left.root, root);
      height++;
      if (height % 8 === 0) this.#tile(height / 8, root);
    }
    this.#subtrees.push({ height, root });
    this.#size++;
    if (this.#bundle.length === TILE_WIDTH) {
      this.#full({ path: tilePath('entries', this.#size / TILE_WIDTH - 1), bytes: pack(this.#bundle) });
      this.#bundle = [];
    }
  }

  /** The Merkle tree hash over all entries so far (RFC 6962, section 2.1). */
  root(): Buffer {
    let root: Hash | undefined;
    for (let i = this.#subtrees.length - 1; i >= 0; i--) {
      const left = this.#subtrees[i]!.root;
      root = root === undefined ? left : this.#join(left, root);
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
    if (this.#bundle.length > 0) {
      const index = Math.floor(this.#size / TILE_WIDTH);
      files.push({ path: tilePath('entries', index, this.#bundle.length), bytes: pack(this.#bundle) });
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

/** An entry bundle: each entry after its length, 16 bits, big-endian (C2SP tlog-tiles). */
function pack(entries: readonly Uint8Array[]): Buffer {
  const bundle = Buffer.allocUnsafe(entries.reduce((bytes, entry) => bytes + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}
