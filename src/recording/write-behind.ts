import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UNFINISHED } from './format.ts';
import { writeFile } from './unhurried.ts';

/** With this many bytes waiting, the disk is slower than the session: from here on it sets the pace. */
const MOST_WAITING_BYTES = 8_388_608;

/**
 * Files on their way into a session's folder. To create one takes as long as twenty calls, so it is done behind them;
 * each appears whole or not at all.
 */
export class WriteBehind {
  readonly #folder: string;
  readonly #written: (path: string) => void;
  /** In the order in which they came. */
  readonly #waiting = new Map<string, { bytes: Buffer; number: number }>();
  #added = 0;
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
    this.#drop(path);
    const copy = Buffer.from(bytes as Buffer);
    this.#waiting.set(path, { bytes: copy, number: ++this.#added });
    this.#bytes += copy.length;
    if (this.#bytes > MOST_WAITING_BYTES) this.writeNow();
  }

  /**
   * Everything added so far stands in its place once this resolves, whatever is added meanwhile; rejects with the error of
   * the first that cannot.
   */
  async write(): Promise<void> {
    const last = this.#added;
    for (let next = this.#next(); next !== undefined && next[1].number <= last; next = this.#next()) {
      this.#running ??= this.#writeOne(...next);
      await this.#running;
    }
  }

  /** The same, when it returns. */
  writeNow(): void {
    for (const [path, { bytes }] of this.#waiting) {
      const draft = this.#draft();
      writeFileSync(draft, bytes, { flag: 'wx', mode: 0o600 });
      this.#place(draft, path);
    }
  }

  #next(): [string, { bytes: Buffer; number: number }] | undefined {
    return this.#waiting.entries().next().value;
  }

  async #writeOne(path: string, { bytes, number }: { bytes: Buffer; number: number }): Promise<void> {
    try {
      const draft = this.#draft();
      await writeFile(draft, bytes, { flag: 'wx', mode: 0o600 });
      // Meanwhile it may have been written on the spot, or have changed.
      if (this.#waiting.get(path)?.number === number) this.#place(draft, path);
      else rmSync(draft, { force: true });
    } finally {
      this.#running = undefined;
    }
  }

  #place(draft: string, path: string): void {
    renameSync(draft, path);
    this.#drop(path);
    this.#written(path);
  }

  #drop(path: string): void {
    this.#bytes -= this.#waiting.get(path)?.bytes.length ?? 0;
    this.#waiting.delete(path);
  }

  /** Not beside the file: folders of partial tiles come and go. Readers pass it over. */
  #draft(): string {
    return join(this.#folder, `draft-${this.#drafts++}${UNFINISHED}`);
  }
}
