import { readdirSync } from 'node:fs';
import { LogFault, readLogFile, unpackBundle } from './files.ts';
import {
  CHECKPOINT,
  COSIGNED,
  HASH_BYTES,
  MAX_BUNDLE_BYTES,
  PRUNED,
  SALT,
  TILE_WIDTH,
  TILES,
  tilePath,
  UNFINISHED,
  WAL,
} from './format.ts';
import { leafText, treeHash } from './merkle.ts';

/** Checked by themselves, or no part of the log. */
const BESIDE: ReadonlySet<string> = new Set([CHECKPOINT, COSIGNED, WAL, SALT, PRUNED]);

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/** Grows the tree of a log again from its entries and compares every tile on the way, in constant memory. */
export class TreeCheck {
  readonly #folder: string;
  readonly #levels: { hashes: Buffer; width: number; index: number }[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws LogFault when a tile that this entry fills is missing or differs; it names the entry. */
  push(entry: Uint8Array): void {
    this.#add(0, leafText(entry));
  }

  /** The same by the hash of an entry that is not there any more. */
  pushLeaf(hash: Buffer): void {
    this.#add(0, hash.toString('latin1'));
  }

  /** `hash`: a code unit for each byte. */
  #add(level: number, hash: string): void {
    this.#levels[level] ??= { hashes: Buffer.alloc(TILE_BYTES), width: 0, index: 0 };
    const tile = this.#levels[level];
    tile.hashes.write(hash, tile.width * HASH_BYTES, 'latin1');
    tile.width++;
    if (tile.width < TILE_WIDTH) return;
    compareTile(this.#folder, level, tile.index, tile.hashes);
    const root = treeHash(tile.hashes);
    tile.width = 0;
    tile.index++;
    this.#add(level + 1, root.toString('latin1'));
  }

  /**
   * Compares the tiles of the right edge and returns the root.
   *
   * @throws LogFault
   */
  finish(): Buffer {
    let edge = Buffer.alloc(0);
    this.#levels.forEach(({ hashes, width, index }, level) => {
      const present = hashes.subarray(0, width * HASH_BYTES);
      if (width > 0) compareTile(this.#folder, level, index, present);
      const all = Buffer.concat([present, edge]);
      if (all.length > 0) edge = Buffer.from(treeHash(all));
    });
    return edge.length > 0 ? edge : treeHash(edge);
  }
}

function compareTile(folder: string, level: number, index: number, hashes: Buffer): void {
  const span = TILE_WIDTH ** level;
  const first = index * TILE_WIDTH * span;
  const file = tilePath(level, index, hashes.length / HASH_BYTES);
  const tile = readLogFile(folder, file, TILE_BYTES, first);
  if (tile.length !== hashes.length) {
    throw new LogFault('file-malformed', file, first, `${tile.length} bytes long, not ${hashes.length}`);
  }
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    if (tile.compare(hashes, at, at + HASH_BYTES, at, at + HASH_BYTES) === 0) continue;
    throw new LogFault(
      'tile-mismatch',
      file,
      first + (at / HASH_BYTES) * span,
      'entry and tile do not match',
    );
  }
}

/**
 * Checks the files that a log of `size` signed entries does not need: only what a writer that died may leave behind
 * is allowed. Returns one that reaches past the signed entries, if there is any.
 *
 * @throws LogFault `file-unexpected`, or `file-malformed` where an older partial file contradicts the newer one.
 */
export function checkOtherFiles(folder: string, size: number): string | undefined {
  let past: string | undefined;
  for (const file of filesBelow(folder, '', 0)) {
    if (BESIDE.has(file) || file.endsWith(UNFINISHED)) continue;
    const tile = parseTilePath(file);
    if (tile === undefined) throw new LogFault('file-unexpected', file, undefined, 'no file of a log');
    if (!checkOlder(folder, file, tile, size)) past ??= file;
  }
  return past;
}

/** False if the file reaches past the signed entries, and so proves nothing. */
function checkOlder(folder: string, file: string, { level, index, width }: TilePath, size: number): boolean {
  const items = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
  const first = index * TILE_WIDTH;
  if (first + width > items) return false;
  const newest = Math.min(TILE_WIDTH, items - first);
  // The newest was compared entry by entry.
  if (width === newest) return true;
  const maxBytes = level === 'entries' ? MAX_BUNDLE_BYTES : TILE_BYTES;
  const bytes = readLogFile(folder, file, maxBytes);
  const now = readLogFile(folder, tilePath(level, index, newest), maxBytes);
  if (level === 'entries') unpackBundle(bytes, width, file, first);
  if (
    (level !== 'entries' && bytes.length !== width * HASH_BYTES) ||
    !now.subarray(0, bytes.length).equals(bytes)
  ) {
    throw new LogFault('file-malformed', file, undefined, 'it differs from the one that replaced it');
  }
  return true;
}

interface TilePath {
  level: number | 'entries';
  index: number;
  width: number;
}

function parseTilePath(file: string): TilePath | undefined {
  const match = /^tile\/(\d{1,2}|entries)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(file);
  if (match === null) return undefined;
  const tile: TilePath = {
    level: match[1] === 'entries' ? 'entries' : Number(match[1]),
    index: Number(match[2]!.replace(/[x/]/g, '')),
    width: match[3] === undefined ? TILE_WIDTH : Number(match[3]),
  };
  return tile.width > 0 && tilePath(tile.level, tile.index, tile.width) === file ? tile : undefined;
}

/** Paths of all that is no folder, relative to the session's, one folder at a time. */
function* filesBelow(folder: string, below: string, depth: number): Generator<string> {
  for (const entry of readdirSync(`${folder}/${below}`, { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && depth < 8 && path.startsWith(TILES))
      yield* filesBelow(folder, path, depth + 1);
    else yield path;
  }
}
