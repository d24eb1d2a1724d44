import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { RecordingError, reasonOf, systemCode } from './errors.ts';
import { CHECKPOINT, SALT, sessionsDirectory, UNFINISHED, WAL } from './format.ts';
import type { LogFile } from './tree.ts';
import { close, fsync, open } from './unhurried.ts';
import { WriteBehind } from './write-behind.ts';

/** What a session's folder holds from its first moment. */
export interface Birth {
  salt: Buffer;
  /** The line of the first entry. */
  wal: Buffer;
  /** A signed checkpoint of the empty log: from here on, a log without a checkpoint has lost it. */
  checkpoint: string;
}

/**
 * The files of one session. Each appears whole or not at all. Nothing is written when it is put, nor synced when it is
 * written: `write` and `sync` do it for everything since the last time, so that no call waits for the disk.
 */
export class SessionFolder {
  readonly path: string;
  readonly #made = new Set<string>();
  readonly #behind: WriteBehind;
  readonly #unsynced = new Map<string, 'file' | 'folder'>();
  /** What an asynchronous sync has taken on and not yet finished. */
  #syncing: [string, 'file' | 'folder'][] = [];
  /** Every partial file there is: of the checkpoint in force, and staged. */
  readonly #partials = new Set<string>();
  #staged: string[] = [];

  /**
   * Makes the folder, mode 0700, with everything in it at once.
   *
   * @throws RecordingError `state-unusable` or `session-exists`.
   */
  constructor(stateDir: string, sessionId: string, birth: Birth) {
    const sessions = sessionsDirectory(stateDir);
    this.path = join(sessions, sessionId);
    // An inner dot cannot begin a session's id, so that readers pass an unfinished folder over.
    const unfinished = join(sessions, `.${sessionId}${UNFINISHED}`);
    if (existsSync(this.path)) {
      throw new RecordingError('session-exists', `there already is a session ${sessionId} in ${sessions}`);
    }
    try {
      mkdirSync(sessions, { recursive: true, mode: 0o700 });
      mkdirSync(unfinished, { mode: 0o700 });
      writeNew(join(unfinished, SALT), birth.salt);
      writeNew(join(unfinished, WAL), birth.wal);
      writeNew(join(unfinished, CHECKPOINT), birth.checkpoint);
      renameSync(unfinished, this.path);
    } catch (error) {
      // Unless it is another process's, which is starting the same session, or nothing can be there.
      const code = systemCode(error);
      if (code !== 'EEXIST' && code !== 'ENOTDIR') rmSync(unfinished, { recursive: true, force: true });
      throw new RecordingError(
        'state-unusable',
        `cannot start a log in ${sessions}: ${reasonOf(error)}`,
        error,
      );
    }
    this.#behind = new WriteBehind(this.path, (path) => {
      this.#unsynced.set(path, 'file');
      this.#unsynced.set(dirname(path), 'folder');
    });
    for (const name of [SALT, WAL, CHECKPOINT]) this.#unsynced.set(join(this.path, name), 'file');
    for (const folder of [this.path, sessions]) this.#unsynced.set(folder, 'folder');
  }

  /** Takes a tile or bundle that will never change. */
  put({ path, bytes }: LogFile): void {
    const target = join(this.path, path);
    this.#ensureFolder(dirname(target));
    this.#behind.add(target, bytes);
  }

  /** Everything put and staged so far is in its place once this resolves. */
  write(): Promise<void> {
    return this.#behind.write();
  }

  /** The same, when it returns. */
  writeNow(): void {
    this.#behind.writeNow();
  }

  /** Takes a checkpoint and the partial files that belong to it. Once written, `publish` puts it in force. */
  stage(checkpoint: string, partials: readonly LogFile[]): void {
    for (const file of partials) {
      if (!this.#partials.has(file.path)) this.put(file);
      this.#partials.add(file.path);
    }
    this.#staged = partials.map((file) => file.path);
    this.#behind.add(join(this.path, CHECKPOINT + UNFINISHED), checkpoint);
    // A checkpoint must never be on the disk before the entries under it.
    this.#unsynced.set(join(this.path, WAL), 'file');
  }

  /** Puts the staged checkpoint in force, and removes the partial files that it does not need. */
  publish(): void {
    renameSync(join(this.path, CHECKPOINT + UNFINISHED), join(this.path, CHECKPOINT));
    this.#unsynced.set(this.path, 'folder');
    const emptied = new Set<string>();
    for (const path of this.#partials) {
      if (this.#staged.includes(path)) continue;
      unlinkSync(join(this.path, path));
      this.#partials.delete(path);
      emptied.add(dirname(path));
    }
    for (const path of this.#staged) emptied.delete(dirname(path));
    for (const folder of emptied) {
      rmdirSync(join(this.path, folder));
      this.#made.delete(join(this.path, folder));
    }
  }

  /** Removes the write-ahead file of a log whose tiles, bundles and checkpoint now say it all. */
  removeWal(): void {
    unlinkSync(join(this.path, WAL));
    this.#unsynced.set(this.path, 'folder');
  }

  /** Everything put and staged before this call is on the disk when it returns. */
  syncNow(): void {
    this.writeNow();
    const all = [...this.#syncing, ...this.#take()];
    this.#syncing = [];
    for (const [path, kind] of all) {
      const fd = openSync(path, flagsFor(kind));
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
  }

  /** The same without blocking; one at a time. */
  async sync(): Promise<void> {
    await this.write();
    const all = this.#take();
    this.#syncing = all;
    for (const [path, kind] of all) {
      const fd = await open(path, flagsFor(kind));
      try {
        await fsync(fd);
      } finally {
        await close(fd);
      }
    }
    this.#syncing = [];
  }

  /** Files before folders: a name should not be on the disk before what it names. Windows cannot sync folders. */
  #take(): [string, 'file' | 'folder'][] {
    const all = [...this.#unsynced];
    this.#unsynced.clear();
    const files = all.filter(([, kind]) => kind === 'file');
    if (process.platform === 'win32') return files;
    return [...files, ...all.filter(([, kind]) => kind === 'folder')];
  }

  #ensureFolder(path: string): void {
    if (this.#made.has(path)) return;
    // The session's folder itself must not be made anew: if it is gone, somebody removed the log.
    const parent = dirname(path);
    if (parent !== this.path) this.#ensureFolder(parent);
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    this.#unsynced.set(parent, 'folder');
    this.#made.add(path);
  }
}

function flagsFor(kind: 'file' | 'folder'): string {
  return kind === 'file' ? 'r+' : 'r';
}

function writeNew(path: string, bytes: string | Buffer): void {
  writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
}
