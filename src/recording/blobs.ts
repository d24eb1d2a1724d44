import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../json/digest.ts';
import { UNFINISHED } from './format.ts';
import { rename, writeFile } from './unhurried.ts';

/** Larger than any descriptor or lock that is kept. */
const MAX_BLOB_BYTES = 64 * 1024 * 1024;
const DIGEST = /^sha256:([0-9a-f]{64})$/;

function folderOf(stateDir: string): string {
  return join(stateDir, 'blobs');
}

/**
 * What entries speak of by its digest, kept beside the logs: descriptors, pins, policies. One file for each, named after
 * its digest, whatever number of sessions speak of it. Written behind the calls: an entry may be there before its blob.
 */
export class Blobs {
  readonly #folder: string;
  #waiting = new Map<string, string>();
  readonly #known = new Set<string>();
  #writing = false;

  constructor(stateDir: string) {
    this.#folder = folderOf(stateDir);
  }

  /** Keeps `text` under its digest (`sha256:...`). */
  put(digest: string, text: string): void {
    if (this.#known.has(digest)) return;
    this.#known.add(digest);
    this.#waiting.set(digest, text);
  }

  /** Writes what waits, in the background. What cannot be written is missing, and whoever reads is told so. */
  async write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        const path = this.#open(next);
        if (path === undefined) continue;
        await writeFile(path + UNFINISHED, next[1], { mode: 0o600 });
        await rename(path + UNFINISHED, path);
      }
    } catch {
      // The log itself will fail if the disk does.
    } finally {
      this.#writing = false;
    }
  }

  /** The same, done when this returns. */
  writeNow(): void {
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        const path = this.#open(next);
        if (path === undefined) continue;
        writeFileSync(path + UNFINISHED, next[1], { mode: 0o600 });
        renameSync(path + UNFINISHED, path);
      }
    } catch {
      // As above.
    }
  }

  #next(): [digest: string, text: string] | undefined {
    const [next] = this.#waiting;
    if (next !== undefined) this.#waiting.delete(next[0]);
    return next;
  }

  /** Where to write it; undefined if it is there, in which case it counts as new to `dropBlobs`. */
  #open([digest]: [string, string]): string | undefined {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, hexOf(digest));
    if (!existsSync(path)) return path;
    const now = new Date();
    utimesSync(path, now, now);
    return undefined;
  }
}

function hexOf(digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex === undefined) throw new Error(`not a digest: ${JSON.stringify(digest)}`);
  return hex;
}

/** The text under a digest; undefined if it is not kept, or is not what its name says. */
export function readBlob(stateDir: string, digest: unknown): string | undefined {
  if (typeof digest !== 'string' || !DIGEST.test(digest)) return undefined;
  const path = join(folderOf(stateDir), hexOf(digest));
  try {
    if (statSync(path).size > MAX_BLOB_BYTES) return undefined;
    const text = readFileSync(path, 'utf8');
    return sha256(text) === digest ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Removes the blobs that nobody needs: not in `needed`, and not touched since `before` (milliseconds since 1970), since
 * a session that is running may not have written the entry yet. Returns how many.
 */
export function dropBlobs(stateDir: string, needed: ReadonlySet<string>, before: number): number {
  const folder = folderOf(stateDir);
  if (!existsSync(folder)) return 0;
  let dropped = 0;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (needed.has(`sha256:${name}`) || statSync(path).mtimeMs >= before) continue;
    rmSync(path, { force: true });
    dropped++;
  }
  return dropped;
}
