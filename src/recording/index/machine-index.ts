import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonical } from '../../json/canonical.ts';
import { RecordingError, reasonOf } from '../errors.ts';
import { exclusively } from '../exclusive.ts';
import { LogFault, readLogFile } from '../files.ts';
import {
  CHECKPOINT,
  ENTRY_VERSION,
  INDEX,
  MAX_CHECKPOINT_BYTES,
  originOf,
  TILE_WIDTH,
  TILES,
  tilePath,
  UNFINISHED,
} from '../format.ts';
import { ownSigners, type SigningKey } from '../keys/keys.ts';
import { openCheckpoint } from '../keys/trust.ts';
import { leafHash, nodeHash, treeHash } from '../merkle.ts';
import { parseCheckpoint, parseNote, signCheckpoint } from '../note.ts';
import { opened, readEntry } from '../proofs/evidence.ts';
import { rootHash, type Subtrees, type TreeHead } from '../proofs/proof.ts';
import { StoredTree } from '../proofs/stored-tree.ts';
import { readEntryBytes } from '../reader.ts';
import { replaceSynced } from '../synced.ts';

/** The folder of the index in a state directory. */
export function indexDirectory(stateDir: string): string {
  return join(stateDir, 'index');
}

/**
 * The machine-wide log of the openings and closings of sessions, so that a whole session cannot vanish. Many processes
 * write to it, one at a time; each leaves it signed and on the disk.
 */
export class MachineIndex {
  readonly #stateDir: string;
  readonly #directory: string;
  readonly #key: SigningKey;
  readonly #now: () => number;

  /** `now` in milliseconds since 1970. */
  constructor(stateDir: string, key: SigningKey, now: () => number) {
    this.#stateDir = stateDir;
    this.#directory = indexDirectory(stateDir);
    this.#key = key;
    this.#now = now;
  }

  /**
   * Records that a session began, with the hash of its first entry.
   *
   * @throws RecordingError `log-tampered`, `state-locked`, `state-unusable`.
   */
  opened(session: string, directory: string): void {
    this.#append(() => {
      const first: Buffer = readEntryBytes(directory).next().value!;
      return { kind: 'index.opened', session, first: leafHash(first).toString('base64') };
    });
  }

  /** Records that its log is complete, and with which root. Throws as `opened`. */
  closed(session: string, directory: string): void {
    this.#append(() => {
      const note = readLogFile(directory, CHECKPOINT, MAX_CHECKPOINT_BYTES);
      const { size, root } = opened(() => parseCheckpoint(parseNote(note).text));
      return { kind: 'index.closed', session, size, root: root.toString('base64') };
    });
  }

  #append(said: () => Readonly<Record<string, unknown>>): void {
    try {
      const body = said();
      exclusively(join(this.#directory, `lock${UNFINISHED}`), () => {
        const head = this.#head();
        const bodies = head.size === 0 ? [{ kind: 'index.open', host: this.#key.hostId }, body] : [body];
        const time = Math.floor(this.#now());
        this.#extend(
          head,
          bodies.map((one, i) =>
            Buffer.from(canonical({ ...one, n: head.size + i, time, v: ENTRY_VERSION })),
          ),
        );
      });
    } catch (error) {
      if (error instanceof RecordingError) throw error;
      if (!(error instanceof LogFault)) {
        throw new RecordingError(
          'state-unusable',
          `cannot write the index in ${this.#directory}: ${reasonOf(error)}`,
          error,
        );
      }
      throw this.#notIntact(`${error.file}: ${error.message}`);
    }
  }

  /** What is signed, after checking that the tiles at the right edge, from which it goes on, are those signed. */
  #head(): TreeHead {
    if (!existsSync(join(this.#directory, CHECKPOINT))) {
      if (existsSync(join(this.#directory, TILES))) throw this.#notIntact('it has no checkpoint');
      // Of the empty log: from here on, an index without a checkpoint has lost it.
      this.#sign({ size: 0, root: treeHash(Buffer.alloc(0)) });
    }
    const bytes = readLogFile(this.#directory, CHECKPOINT, MAX_CHECKPOINT_BYTES);
    const head = opened(() => openCheckpoint(bytes, ownSigners(this.#stateDir)));
    if (head.session !== INDEX) throw this.#notIntact(`its checkpoint is of ${head.session}`);
    const { subtree } = new StoredTree(this.#directory, head.size);
    if (!rootHash(subtree, head.size).equals(head.root))
      throw this.#notIntact('its tiles are not those signed');
    return head;
  }

  /** Bundles, tiles, then the checkpoint, which puts them in force: a crash in between leaves the index as it was. */
  #extend({ size }: TreeHead, added: readonly Buffer[]): void {
    const next = size + added.length;
    const partial = partialFiles(size);
    for (let first = size - (size % TILE_WIDTH); first < next; first += TILE_WIDTH) {
      const width = Math.min(TILE_WIDTH, next - first);
      const entries: Buffer[] = [];
      for (let n = first; n < first + width; n++) {
        entries.push(n < size ? readEntry(this.#directory, n, size) : added[n - size]!);
      }
      this.#put(tilePath('entries', first / TILE_WIDTH, width), pack(entries));
    }
    const subtrees = grown(new StoredTree(this.#directory, size).subtree, size, added);
    for (let level = 0; 256 ** level <= next; level++) {
      const span = TILE_WIDTH ** level;
      const before = Math.floor(size / span);
      const count = Math.floor(next / span);
      for (let first = before - (before % TILE_WIDTH); before < count && first < count; first += TILE_WIDTH) {
        const width = Math.min(TILE_WIDTH, count - first);
        const hashes = Array.from({ length: width }, (_, i) => subtrees(8 * level, first + i));
        this.#put(tilePath(level, first / TILE_WIDTH, width), Buffer.concat(hashes));
      }
    }
    this.#sign({ size: next, root: rootHash(subtrees, next) });
    const needed = new Set(partialFiles(next));
    for (const file of partial) if (!needed.has(file)) rmSync(join(this.#directory, file), { force: true });
  }

  #sign(head: TreeHead): void {
    const checkpoint = signCheckpoint({ origin: originOf(this.#key.hostId, INDEX), ...head }, this.#key);
    replaceSynced(join(this.#directory, CHECKPOINT), checkpoint);
  }

  #put(path: string, bytes: Buffer): void {
    const target = join(this.#directory, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    replaceSynced(target, bytes);
  }

  #notIntact(what: string): RecordingError {
    return new RecordingError(
      'log-tampered',
      `the index of sessions in ${this.#directory} is not intact (${what}): look at cordon log index; to start a new one, move it away`,
    );
  }
}

/** An entry bundle: each entry after its length, 16 bits, big-endian (C2SP tlog-tiles). */
function pack(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => [Buffer.of(entry.length >> 8, entry.length & 0xff), entry]),
  );
}

/** The partial files of a log of `size` entries. */
function partialFiles(size: number): string[] {
  const files: string[] = [];
  const last = (level: number | 'entries', count: number) => {
    if (count % TILE_WIDTH > 0)
      files.push(tilePath(level, Math.floor(count / TILE_WIDTH), count % TILE_WIDTH));
  };
  last('entries', size);
  for (let level = 0; 256 ** level <= size; level++) last(level, Math.floor(size / TILE_WIDTH ** level));
  return files;
}

/** The subtrees of a stored tree of `size` leaves that entries were added to. */
function grown(stored: Subtrees, size: number, added: readonly Buffer[]): Subtrees {
  const subtrees: Subtrees = (height, index) => {
    if ((index + 1) * 2 ** height <= size) return stored(height, index);
    if (height === 0) return leafHash(added[index - size]!);
    return nodeHash(subtrees(height - 1, 2 * index), subtrees(height - 1, 2 * index + 1));
  };
  return subtrees;
}
