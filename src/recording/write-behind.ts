import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UNFINISHED } from './format.ts';

/** With this many bytes waiting, the disk is slower than the session: from here on it sets the pace. */
const MOST_WAITING_BYTES = 8_388_608;

/**
 * Files on their way into a session's folder. To create one takes as long as twenty calls, so it is done behind them;
 * each appears whole or not at all.
 */
export class WriteBehind {
  readonly #folder: string;
  readonly #written: (path: string) => void;
  readonly #waiting = new Map<string, Buffer>();
  #bytes = 0;
  #drafts = 0;
  #running: Promise<void> | undefined;

  /** `written` is told of every file that stands in its place. */
  constructor(folder: string, written: (path: string) => void) {
    this.#folder = folder;
    this.#written = written;
  }

  /** Takes a file; its bytes are copied. */
  add(path: string, bytes: Buffer | string): void {
    const copy = Buffer.from(bytes as Buffer);
    this.#waiting.set(path, copy);
    this.#bytes += copy.length;
    if (this.#bytes > MOST_WAITING_BYTES) this.writeNow();
  }

  /** Everything added so far stands in its place once this resolves; rejects with the error of the first that cannot. */
  write(): Promise<void> {
    if (this.#waiting.size > 0) this.#running ??= this.#writeAll();
    return this.#running ?? Promise.resolve();
  }

  /** The same, when it returns. */
  writeNow(): void {
    for (const [path, bytes] of this.#waiting) {
      const draft = this.#draft();
      writeFileSync(draft, bytes, { flag: 'wx', mode: 0o600 });
      this.#place(draft, path, bytes);
    }
  }

  async #writeAll(): Promise<void> {
    try {
      // A map is walked to its end, whatever is added meanwhile.
      for (const [path, bytes] of this.#waiting) {
        const draft = this.#draft();
        await writeFile(draft, bytes, { flag: 'wx', mode: 0o600 });
        if (this.#waiting.get(path) === bytes) this.#place(draft, path, bytes);
        else rmSync(draft, { force: true });
      }
    } finally {
      this.#running = undefined;
    }
  }

  #place(draft: string, path: string, bytes: Buffer): void {
    renameSync(draft, path);
    this.#waiting.delete(path);
    this.#bytes -= bytes.length;
    this.#written(path);
  }

  /** Not beside the file: folders of partial tiles come and go. Readers pass it over. */
  #draft(): string {
    return join(this.#folder, `draft-${this.#drafts++}${UNFINISHED}`);
  }
}
