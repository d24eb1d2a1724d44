import { closeSync, fdatasync, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { RecordingError, reasonOf } from './errors.ts';

/** Planned this early, a sync has begun within 50 ms of the write even if the event loop is late. */
const GROUP_MS = 35;

/**
 * The write-ahead file: entries as lines, appended by one process only. After any failure it ends at an entry's
 * border or the failure says that it does not.
 */
export class WriteAhead {
  readonly #path: string;
  readonly #fd: number;
  #bytes: number;
  #unsynced = false;
  /** From the moment a sync is planned until it has ended. */
  #planned = false;
  #syncing = false;
  #closed = false;

  /** Opens an existing file of `bytes` bytes for appending. */
  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#fd = openSync(path, 'a');
    this.#bytes = bytes;
  }

  /** Length of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends whole lines in one write(2).
   *
   * @throws RecordingError `write-failed`; what a short write left is cut off again, so that the file ends where it did.
   */
  write(lines: Buffer): void {
    let written: number;
    try {
      written = writeSync(this.#fd, lines);
    } catch (error) {
      throw this.#undo(reasonOf(error), error);
    }
    if (written !== lines.length) throw this.#undo(`only ${written} of ${lines.length} bytes were taken`);
    this.#bytes += written;
    this.#unsynced = true;
  }

  #undo(reason: string, cause?: unknown): RecordingError {
    let state = 'nothing of it was kept';
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch (error) {
      state = `its torn end could not be cut off (${reasonOf(error)})`;
    }
    return new RecordingError('write-failed', `cannot write to ${this.#path}: ${reason}; ${state}`, cause);
  }

  /** @throws RecordingError `sync-failed` or `vanished`. */
  sync(): void {
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw this.#syncFailed(error);
    }
    this.checkLinked();
  }

  /**
   * Syncs within 50 ms of any earlier write as long as the disk keeps up, without blocking; `failed` gets
   * `sync-failed` or `vanished`.
   */
  syncSoon(failed: (error: RecordingError) => void): void {
    if (this.#planned) return;
    this.#planned = true;
    setTimeout(() => this.#syncNow(failed), GROUP_MS).unref();
  }

  #syncNow(failed: (error: RecordingError) => void): void {
    if (this.#closed) return;
    this.#unsynced = false;
    this.#syncing = true;
    fdatasync(this.#fd, (error) => {
      this.#syncing = false;
      this.#planned = false;
      if (this.#closed) return closeSync(this.#fd);
      try {
        if (error !== null) throw this.#syncFailed(error);
        this.checkLinked();
      } catch (failure) {
        return failed(failure as RecordingError);
      }
      if (this.#unsynced) this.syncSoon(failed);
    });
  }

  /**
   * Writing to a file that somebody deleted succeeds, and everything is lost when it is closed.
   *
   * @throws RecordingError `vanished`
   */
  checkLinked(): void {
    if (fstatSync(this.#fd).nlink === 0) {
      throw new RecordingError('vanished', `${this.#path} was deleted while the session was running`);
    }
  }

  /** A running sync keeps the file open until it ends: its descriptor must not become another file's. */
  close(): void {
    this.#closed = true;
    if (!this.#syncing) closeSync(this.#fd);
  }

  #syncFailed(error: unknown): RecordingError {
    return new RecordingError('sync-failed', `cannot sync ${this.#path}: ${reasonOf(error)}`, error);
  }
}
