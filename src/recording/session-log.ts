import type { Body } from './entry.ts';
import { RecordingError, reasonOf } from './errors.ts';
import type { Recorder } from './recorder.ts';

/** What becomes of calls while the log cannot be written: refused, or let through and counted. */
export type OnFailure = 'deny' | 'continue';

/** The log that another one continues, and its last checkpoint. */
export interface Former {
  session: string;
  size: number;
  /** Base64. */
  root: string;
}

/** Entries that were not recorded. */
export interface Gap {
  /** When it began, in milliseconds since 1970. */
  since: number;
  reason: string;
  /** How many of each kind. */
  missing: Record<string, number>;
}

export interface SessionLogOptions {
  /** Opens part `part` (the first is 1) of the session's log; `former` is what it continues. */
  open: (part: number, former: Former | undefined) => Recorder;
  /** A log longer than this continues in another. */
  rotateBytes: number;
  onFailure: OnFailure;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Told when entries begin to be missing, and with undefined once that has been recorded. */
  onGap?: (gap: Gap | undefined) => void;
}

/** While the log cannot be written, it is tried again this often. */
const RETRY_MS = 2_000;

/**
 * The log of one session, in as many parts as it takes: a part that has become long is closed, and one that cannot be
 * written is left as it is; the next names the last checkpoint of the one before. With `continue`, what could not be
 * recorded is counted and stands as an entry `record.gap` in the part that can be written again: nothing is missing
 * silently. With `deny`, the first failure is the last word, as with a single recorder.
 */
export class SessionLog {
  readonly #options: SessionLogOptions;
  #part = 1;
  #recorder: Recorder;
  /** Kinds of what was appended since the last commit: lost if the next one fails. */
  #uncommitted: string[] = [];
  #gap: Gap | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rotating: NodeJS.Immediate | undefined;
  #failure: unknown;
  #closed = false;

  /** @throws RecordingError as `Recorder.open` does. */
  constructor(options: SessionLogOptions) {
    this.#options = options;
    this.#recorder = options.open(1, undefined);
  }

  /** The folder of the part that is being written. */
  get directory(): string {
    return this.#recorder.directory;
  }

  /** See `Recorder`. Throws only with `deny`, or once it is closed. */
  append(kind: string, body: Body, content?: Readonly<Record<string, string | Uint8Array>>): void {
    this.#requireWritable();
    if (this.#gap !== undefined) return count(this.#gap, kind);
    try {
      this.#recorder.append(kind, body, content);
      this.#uncommitted.push(kind);
    } catch (error) {
      this.#failed(error, kind);
    }
  }

  keep(digest: string, text: string): void {
    this.#recorder.keep(digest, text);
  }

  /** See `Recorder`. With `continue` it returns even if nothing was written: see `onGap`. */
  commit(): void {
    this.#requireWritable();
    if (this.#gap !== undefined) return;
    try {
      this.#recorder.commit();
      this.#uncommitted = [];
      if (this.#recorder.bytes >= this.#options.rotateBytes)
        this.#rotating ??= setImmediate(() => this.#rotate());
    } catch (error) {
      this.#failed(error);
    }
  }

  /**
   * Closes the last part.
   *
   * @throws RecordingError if it could not be completed, or something that happened stands nowhere.
   */
  close(body: Body = {}): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    clearImmediate(this.#rotating);
    try {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#gap !== undefined && !this.#resume()) {
        const { reason, missing } = this.#gap;
        throw new RecordingError('write-failed', `${listed(missing)} were not recorded: ${reason}`);
      }
      this.#recorder.close(body);
    } finally {
      this.#closed = true;
    }
  }

  #requireWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new RecordingError('closed', 'the session is closed');
  }

  #failed(error: unknown, kind?: string): void {
    if (this.#options.onFailure === 'deny') {
      this.#failure = error;
      throw error;
    }
    const gap: Gap = { since: this.#options.now(), reason: reasonOf(error), missing: {} };
    if (kind !== undefined) count(gap, kind);
    // Nothing is wrong with the log if one entry is no JSON.
    if (error instanceof RecordingError && error.code === 'entry-unencodable') {
      this.#recorder.append('record.gap', { ...gap, until: gap.since });
      return;
    }
    for (const lost of this.#uncommitted) count(gap, lost);
    this.#uncommitted = [];
    this.#gap = gap;
    this.#options.onGap?.(gap);
    this.#plan();
  }

  #plan(): void {
    this.#timer = setTimeout(() => {
      if (!this.#resume()) this.#plan();
    }, RETRY_MS).unref();
  }

  /** Goes on in a next part, whose second entry tells what is missing; false if that fails, too. */
  #resume(): boolean {
    const gap = this.#gap!;
    const former = this.#recorder;
    let next: Recorder | undefined;
    try {
      next = this.#next(former);
      next.append('record.gap', { ...gap, until: this.#options.now() });
      next.commit();
      this.#recorder = next;
    } catch (error) {
      next?.abandon();
      gap.reason = reasonOf(error);
      return false;
    }
    former.abandon();
    this.#gap = undefined;
    this.#options.onGap?.(undefined);
    return true;
  }

  #rotate(): void {
    this.#rotating = undefined;
    if (this.#closed || this.#gap !== undefined || this.#failure !== undefined) return;
    const former = this.#recorder;
    try {
      former.close({ reason: 'rotated' });
      this.#recorder = this.#next(former);
      this.#uncommitted = [];
    } catch (error) {
      try {
        this.#failed(error);
      } catch {
        // With `deny`, the next append says it.
      }
    }
  }

  #next(former: Recorder): Recorder {
    const next = this.#options.open(this.#part + 1, former.head());
    this.#part++;
    return next;
  }
}

function count({ missing }: Gap, kind: string): void {
  missing[kind] = (missing[kind] ?? 0) + 1;
}

/** `3 tool.invoke, 2 tool.response`. */
export function listed(missing: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(missing).map(([kind, count]) => `${count} ${kind}`);
  return kinds.length === 0 ? 'entries' : kinds.join(', ');
}
