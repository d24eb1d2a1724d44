import { LogFault, readLogFile } from '../files.ts';
import { HASH_BYTES, TILE_WIDTH, tilePath } from '../format.ts';
import { treeHash } from '../merkle.ts';

/** Tiles of one level hold eight levels of the tree: 2^8 is their width. */
const TILE_HEIGHT = 8;

/**
 * Hashes of a log's tree, read from its tiles: a proof over 10 million entries reads at most six of 8 KiB. Nothing is
 * checked here: whoever asks compares the root with a signed one.
 */
export class StoredTree {
  readonly #directory: string;
  readonly #size: number;
  readonly #tiles = new Map<string, Buffer>();

  /** `size`: entries under the checkpoint whose tiles are meant. */
  constructor(directory: string, size: number) {
    this.#directory = directory;
    this.#size = size;
  }

  /**
   * See `Subtrees`.
   *
   * @throws LogFault if a tile is missing or has another length.
   */
  subtree = (height: number, index: number): Buffer => {
    const level = Math.floor(height / TILE_HEIGHT);
    const count = 2 ** (height % TILE_HEIGHT);
    const first = index * count;
    const tile = this.#tile(level, Math.floor(first / TILE_WIDTH));
    const at = (first % TILE_WIDTH) * HASH_BYTES;
    return treeHash(tile.subarray(at, at + count * HASH_BYTES));
  };

  #tile(level: number, index: number): Buffer {
    const width = Math.min(TILE_WIDTH, Math.floor(this.#size / TILE_WIDTH ** level) - index * TILE_WIDTH);
    const file = tilePath(level, index, width);
    const known = this.#tiles.get(file);
    if (known !== undefined) return known;
    const bytes = width * HASH_BYTES;
    const tile = readLogFile(this.#directory, file, bytes);
    if (tile.length !== bytes) {
      throw new LogFault('file-malformed', file, undefined, `${tile.length} bytes long, not ${bytes}`);
    }
    this.#tiles.set(file, tile);
    return tile;
  }
}
