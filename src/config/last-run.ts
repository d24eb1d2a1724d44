import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../json/digest.ts';

/** What a run learned of its servers for the next one to start from, one file for each set of servers. */
export class LastRunFile {
  readonly #path: string;

  /** `key` tells sets of servers apart: the configuration's path, or a command line. */
  constructor(stateDir: string, key: string) {
    this.#path = join(stateDir, 'last-run', `${sha256(key).slice(7, 23)}.json`);
  }

  /** What was kept, by server; nothing if there is none or it cannot be read: it is a convenience, not a record. */
  read<T>(): Record<string, T> {
    try {
      const value: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      return Object.assign(Object.create(null), value) as Record<string, T>;
    } catch {
      return Object.create(null) as Record<string, T>;
    }
  }

  /** Replaces what was kept, whole or not at all. */
  write(all: Record<string, unknown>): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const draft = `${this.#path}.${process.pid}`;
      writeFileSync(draft, JSON.stringify(all), { mode: 0o600 });
      renameSync(draft, this.#path);
    } catch {
      // The next start answers as at first contact.
    }
  }
}
