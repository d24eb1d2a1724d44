import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Blobs } from './blobs.ts';
import { ContentDigester } from './content.ts';
import { type Body, encodeEntry } from './entry.ts';
import { RecordingError, reasonOf, systemCode } from './errors.ts';
import { SessionFolder } from './folder.ts';
import { isSessionId, originOf, WAL } from './format.ts';
import type { SigningKey } from './keys/keys.ts';
import { Lines } from './lines.ts';
import { keyIdOf, signCheckpoint } from './note.ts';
import type { Former } from './session-log.ts';
import { TreeWriter } from './tree.ts';
import { WriteAhead } from './wal.ts';

/** When entries are on the disk, and not only with the system: see docs/log-format.md, "What a power loss can cost". */
export type SyncMode = 'group' | 'always' | 'never';

export interface RecorderOptions {
  stateDir: string;
  /** Names the session's folder: letters, digits, `-`, `_` and inner dots, at most 64. */
  sessionId: string;
  key: SigningKey;
  sync: SyncMode;
  /** Milliseconds since 1970. */
  now: () => number;
  /** The body of the first entry, kind `session.open`. */
  head: Body;
  /** Told of the session before its first entry is signed, and when its log is complete. */
  index?: {
    opened(session: string, directory: string): void;
    closed(session: string, directory: string): void;
  };
}

/** Of the empty log: SHA-256 of nothing. */
const EMPTY_ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
/** The index is told of a session once its handshake should be over: that blocks for some milliseconds. */
const INDEX_AFTER_MS = 500;
/** A checkpoint follows an entry within this time. */
const CHECKPOINT_MS = 2_000;
/** This many bytes of entries are brought into the tree between calls, so that a checkpoint has little left to do. */
const GROW_BYTES = 65_536;
/** Bytes of entries held at most; past them they are hashed on the spot, to bound memory. */
const HELD_BYTES = 4_194_304;

/**
 * The flight recorder of one session: one process, one folder. After the first error it stays failed, and every
 * later `append` and `commit` throws that error again: what cannot be recorded must not be forwarded.
 */
export class Recorder {
  /** The session's folder. */
  readonly directory: string;
  readonly #options: RecorderOptions;
  readonly #origin: string;
  readonly #keyId: Buffer;
  readonly #digester: ContentDigester;
  readonly #folder: SessionFolder;
  readonly #blobs: Blobs;
  readonly #wal: WriteAhead;
  readonly #tree: TreeWriter;
  /** What is not in the tree yet. */
  readonly #lines = new Lines();
  #next = 0;
  /** The checkpoint in force. */
  #signedHead = { size: 0, root: EMPTY_ROOT };
  #indexed = false;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #syncing = false;
  #closed = false;
  #failure: RecordingError | undefined;

  /**
   * A log that holds its first entry, written, and a checkpoint of the empty log.
   *
   * @throws RecordingError `session-id-invalid`, `session-exists`, `state-unusable`, `entry-unencodable`.
   */
  static open(options: RecorderOptions): Recorder {
    return new Recorder(options);
  }

  private constructor(options: RecorderOptions) {
    const { stateDir, sessionId, key } = options;
    if (!isSessionId(sessionId)) {
      throw new RecordingError('session-id-invalid', `not a session id: ${JSON.stringify(sessionId)}`);
    }
    this.#options = options;
    this.#origin = originOf(key.hostId, sessionId);
    this.#keyId = keyIdOf(this.#origin, key.publicKey);
    this.#blobs = new Blobs(stateDir);
    const salt = randomBytes(32);
    this.#digester = new ContentDigester(salt);
    this.#tree = new TreeWriter((file) => this.#folder.put(file));
    const checkpoint = this.#sign();
    this.append('session.open', options.head);
    const wal = this.#lines.pending;
    this.#folder = new SessionFolder(stateDir, sessionId, { salt, wal, checkpoint });
    this.directory = this.#folder.path;
    this.#wal = new WriteAhead(join(this.directory, WAL), wal.length);
    this.#lines.commit();
    if (options.index !== undefined) this.#indexSoon();
    if (options.sync === 'always') this.#guarded(() => this.#folder.syncNow());
    else this.#whenSynced(() => {});
  }

  /** How long the log is. */
  get bytes(): number {
    return this.#wal.bytes;
  }

  /** The last checkpoint: what whoever continues this log names. */
  head(): Former {
    return { session: this.#options.sessionId, size: this.#signedHead.size, root: this.#signedHead.root };
  }

  /** Lets go of a log that can no longer be written; what it holds stays as a crash would leave it. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unschedule();
    this.#wal.close();
  }

  /** Why this recorder records no more, if so. */
  get failure(): RecordingError | undefined {
    return this.#failure;
  }

  /**
   * Buffers one entry and returns its index. Of `content` only digests and sizes are kept, under the names given;
   * strings count as UTF-8.
   *
   * @throws RecordingError `entry-unencodable` (this entry has not become part of the log), `closed`, or the failure.
   */
  append(kind: string, body: Body, content?: Readonly<Record<string, string | Uint8Array>>): number {
    this.#requireOpen();
    const n = this.#next;
    const time = Math.floor(this.#options.now());
    const some = content !== undefined && Object.keys(content).length > 0;
    const digests = some ? this.#digester.digest(n, content) : undefined;
    const detail = (text: string) => this.#digester.digest(n, { text })['text']!;
    this.#lines.add(encodeEntry({ n, time, kind }, body, digests, detail));
    this.#next = n + 1;
    return n;
  }

  /** Keeps a text that entries speak of by its digest: docs/log-format.md, "Blobs". */
  keep(digest: string, text: string): void {
    this.#blobs.put(digest, text);
  }

  /**
   * Everything appended has been taken by the system when this returns: it survives the death of this process,
   * and with `sync: 'always'` the death of the machine.
   *
   * @throws RecordingError `write-failed`, `sync-failed`, `vanished`, `closed`, or the earlier failure.
   */
  commit(): void {
    this.#requireOpen();
    const { pending } = this.#lines;
    if (pending.length === 0) return;
    this.#guarded(() => {
      this.#wal.write(pending);
      if (this.#options.sync === 'always') this.#wal.sync();
      this.#lines.commit();
      if (this.#lines.committedBytes > HELD_BYTES) this.#grow();
    });
    this.#schedule();
  }

  /**
   * Adds a last entry of kind `session.close`, signs the whole log and lays it out as tiles and bundles, synced
   * unless `sync` is `never`. The write-ahead file, which says nothing more, is removed. A second call does nothing.
   *
   * @throws RecordingError if the log could not be completed; what was committed stays in the write-ahead file.
   */
  close(body: Body = {}): void {
    if (this.#closed) return;
    try {
      this.append('session.close', body);
      this.commit();
      this.#blobs.writeNow();
      this.#guarded(() => {
        this.#stage();
        this.#folder.writeNow();
        this.#syncFolder();
        this.#folder.publish();
        this.#signedHead = this.#treeHead();
        this.#syncFolder();
        this.#folder.removeWal();
        this.#syncFolder();
        this.#options.index?.closed(this.#options.sessionId, this.directory);
      });
    } finally {
      this.#closed = true;
      this.#unschedule();
      this.#wal.close();
    }
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new RecordingError('closed', 'the session is closed');
  }

  /** Runs a step after whose failure nothing more may be recorded. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
      throw this.#failure;
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const vanished = systemCode(error) === 'ENOENT';
    this.#failure =
      error instanceof RecordingError
        ? error
        : new RecordingError(
            vanished ? 'vanished' : 'write-failed',
            `cannot write the log in ${this.directory}: ${reasonOf(error)}`,
            error,
          );
  }

  /** Brings the tree up to everything committed. */
  #grow(): void {
    this.#lines.take((lines) => this.#tree.pushLines(lines));
  }

  #treeHead(): { size: number; root: string } {
    return { size: this.#tree.size, root: this.#tree.root().toString('base64') };
  }

  #sign(): string {
    return signCheckpoint(
      { origin: this.#origin, size: this.#tree.size, root: this.#tree.root() },
      this.#options.key,
      this.#keyId,
    );
  }

  #stage(): void {
    this.#wal.checkLinked();
    this.#tellIndex();
    this.#grow();
    this.#folder.stage(this.#sign(), this.#tree.partials());
  }

  /** While servers start, nobody waits for a call. */
  #indexSoon(): void {
    setTimeout(() => {
      if (this.#closed || this.#failure !== undefined) return;
      try {
        this.#tellIndex();
      } catch (error) {
        this.#fail(error);
      }
    }, INDEX_AFTER_MS).unref();
  }

  #tellIndex(): void {
    if (this.#indexed) return;
    this.#options.index?.opened(this.#options.sessionId, this.directory);
    this.#indexed = true;
  }

  #syncFolder(): void {
    if (this.#options.sync !== 'never') this.#folder.syncNow();
  }

  #schedule(): void {
    if (this.#options.sync === 'group') this.#wal.syncSoon((error) => this.#fail(error));
    if (this.#lines.committedBytes >= GROW_BYTES) this.#immediate ??= setImmediate(() => this.#growSoon());
    if (!this.#syncing) this.#timer ??= setTimeout(() => this.#checkpoint(), CHECKPOINT_MS).unref();
  }

  #growSoon(): void {
    this.#immediate = undefined;
    if (this.#failure !== undefined) return;
    try {
      this.#grow();
      this.#folder.write().catch((error) => this.#failUnlessClosed(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #unschedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
  }

  /** Signs what there is, off the path of any call: between staging and publishing only the disk works. */
  #checkpoint(): void {
    this.#unschedule();
    if (this.#failure !== undefined) return;
    void this.#blobs.write();
    try {
      this.#stage();
    } catch (error) {
      this.#fail(error);
      return;
    }
    const head = this.#treeHead();
    this.#whenSynced(() => {
      this.#folder.publish();
      this.#signedHead = head;
    });
  }

  /** Writes and syncs the folder in the background, takes the step, and plans the next checkpoint if something is new. */
  #whenSynced(step: () => void): void {
    this.#syncing = true;
    const written = this.#options.sync === 'never' ? this.#folder.write() : this.#folder.sync();
    written
      .then(() => {
        this.#syncing = false;
        if (this.#closed) return;
        step();
        if (this.#next > this.#signedHead.size) this.#schedule();
      })
      .catch((error) => this.#failUnlessClosed(error));
  }

  /** Closing finishes the work by itself, and takes away files that were being written or synced in the background. */
  #failUnlessClosed(error: unknown): void {
    if (!this.#closed) this.#fail(error);
  }
}
