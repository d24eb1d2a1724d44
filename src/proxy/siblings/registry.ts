import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { startTimeOf } from '../process-group.ts';

/** A proxy as its siblings find it: a file of the state directory, removed when it ends. */
export interface Registration {
  pid: number;
  startTime: string;
  session: string;
  /** See `sessionKeys`. */
  keys: readonly string[];
  /** Digests of the commands of its servers, by name. */
  servers: Readonly<Record<string, string>>;
  /** Path of the socket that it answers on. */
  socket: string;
}

/** What a socket's path may be long, with its end: 108 on Linux, 104 elsewhere. */
const LONGEST_SOCKET_PATH = 103;
const LONGEST_REGISTRATION = 64 * 1024;
const SOCKET = 's';
const PREFIX = 'cordon-';

/**
 * The proxies of one state directory that are running. What lies there is believed only if this account owns it and
 * nobody else can read it: a socket that somebody else listens on would be told the arguments of calls.
 */
export class Registry {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'siblings');
  }

  /**
   * The path of a new socket, alone in a folder that nobody else can enter.
   *
   * @throws Error where there is no place for it, or the registry is open to others.
   */
  makeSocketPath(): string {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    if (!isOurs(this.#folder, 'folder'))
      throw new Error(`${this.#folder} has to belong to this account, with mode 0700`);
    const bases = [process.env['XDG_RUNTIME_DIR'], this.#folder, tmpdir()];
    for (const base of bases) {
      if (!base || !isAbsolute(base)) continue;
      const longest = Buffer.byteLength(join(base, `${PREFIX}XXXXXX`, SOCKET));
      if (longest > LONGEST_SOCKET_PATH) continue;
      try {
        return join(mkdtempSync(join(base, PREFIX)), SOCKET);
      } catch {
        // The next one may be writable.
      }
    }
    throw new Error(`no folder for a socket: not in ${bases.filter(Boolean).join(', ')}`);
  }

  /** Puts a proxy where others find it; from then on they count on its answers. */
  add(registration: Registration): void {
    const path = this.#pathOf(registration.pid);
    chmodSync(registration.socket, 0o600);
    writeFileSync(`${path}.tmp`, JSON.stringify(registration), { mode: 0o600 });
    // Whole or not at all: who reads half of it would take nobody for registered.
    renameSync(`${path}.tmp`, path);
  }

  remove({ pid, socket }: Pick<Registration, 'pid' | 'socket'>): void {
    rmSync(this.#pathOf(pid), { force: true });
    discardSocket(socket);
  }

  /** The other proxies that share a key, those that were killed taken away. */
  siblings({ pid, keys }: Pick<Registration, 'pid' | 'keys'>): Registration[] {
    if (!isOurs(this.#folder, 'folder')) return [];
    return readdirSync(this.#folder)
      .filter((name) => /^[0-9]+\.json$/.test(name) && name !== `${pid}.json`)
      .flatMap((name) => this.#read(join(this.#folder, name)) ?? [])
      .filter((one) => one.keys.some((key) => keys.includes(key)) && this.isRunning(one));
  }

  /** Whether a registered proxy is still there. One that is gone without a word is taken off the record. */
  isRunning(one: Registration): boolean {
    // A later proxy may have its pid, and with it its file.
    if (this.#read(this.#pathOf(one.pid))?.session !== one.session) return false;
    if (startTimeOf(one.pid) === one.startTime) return true;
    this.remove(one);
    return false;
  }

  #pathOf(pid: number): string {
    return join(this.#folder, `${pid}.json`);
  }

  #read(path: string): Registration | undefined {
    try {
      if (!isOurs(path, 'file') || lstatSync(path).size > LONGEST_REGISTRATION) return undefined;
      const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Registration> | null;
      return isRegistration(value) && basename(path) === `${value.pid}.json` ? value : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Whether a path is a socket that only this account can listen on or reach. */
export function isOurSocket(path: string): boolean {
  return isOurs(dirname(path), 'folder') && isOurs(path, 'socket');
}

function isOurs(path: string, kind: 'folder' | 'file' | 'socket'): boolean {
  try {
    const stat = lstatSync(path);
    const isKind = { folder: stat.isDirectory(), file: stat.isFile(), socket: stat.isSocket() }[kind];
    return isKind && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0;
  } catch {
    return false;
  }
}

function discardSocket(socket: string): void {
  const folder = dirname(socket);
  if (basename(socket) !== SOCKET || !basename(folder).startsWith(PREFIX) || !isOurs(folder, 'folder'))
    return;
  try {
    rmSync(socket, { force: true });
    rmdirSync(folder);
  } catch {
    // It is empty, or not what was registered.
  }
}

function isRegistration(value: Partial<Registration> | null): value is Registration {
  const { pid, startTime, session, keys, servers, socket } = value ?? {};
  return (
    Number.isSafeInteger(pid) &&
    pid! > 1 &&
    typeof startTime === 'string' &&
    typeof session === 'string' &&
    /^[\w.-]{1,64}$/.test(session) &&
    Array.isArray(keys) &&
    keys.every((key) => typeof key === 'string') &&
    typeof servers === 'object' &&
    servers !== null &&
    typeof socket === 'string' &&
    isAbsolute(socket)
  );
}
