import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { RecordingError, reasonOf } from '../errors.ts';
import { keyOfTape } from './tape-key.ts';

const MAGIC = Buffer.from('cordon tape v1\n');
const SALT_BYTES = 32;
const HEADER_BYTES = MAGIC.length + SALT_BYTES;
const CIPHER = 'aes-256-gcm';
const LENGTH_BYTES = 4;
const TAG_BYTES = 16;
/** Of plain text; longer pieces are cut, so that a reader holds no more than this at once. */
const MAX_RECORD_BYTES = 1_048_576;
/** Nothing that is on a tape is longer: the largest message, every byte of it written as an escape. */
const MAX_LINE_BYTES = 480 * 1024 * 1024;

/** What was written, for the log: neither of the two can be exchanged afterwards. */
export interface TapeEnd {
  bytes: number;
  /** `sha256:` of the file. */
  digest: string;
}

/** Where the tape of a session lies. It is no part of the log, and holds content: it is never to be shared with it. */
export function tapePath(stateDir: string, session: string): string {
  return join(stateDir, 'tapes', session);
}

/** The session that recorded a log: the parts of a log share one tape. */
export function tapedSession(session: string): string {
  return /^(.*?)(?:\.\d+)?$/.exec(session)![1]!;
}

/**
 * Appends lines to a sealed file: encrypted and authenticated (AES-256-GCM), in order, each piece once. After the first error
 * it stays failed, and the file ends where it did: a piece behind one that is missing could not be told from a changed one.
 */
export class TapeWriter {
  readonly #path: string;
  readonly #fd: number;
  readonly #key: Buffer;
  readonly #hash = createHash('sha256');
  #pending: string[] = [];
  #pendingChars = 0;
  #records = 0;
  #bytes = 0;
  #closed = false;
  #failure: RecordingError | undefined;

  /**
   * Makes the file, mode 0600.
   *
   * @throws RecordingError `state-unusable`
   */
  constructor(stateDir: string, session: string, key: Buffer) {
    this.#path = tapePath(stateDir, session);
    const salt = randomBytes(SALT_BYTES);
    this.#key = keyOfTape(key, salt, session);
    try {
      mkdirSync(join(stateDir, 'tapes'), { recursive: true, mode: 0o700 });
      this.#fd = openSync(this.#path, 'ax', 0o600);
      this.#append(Buffer.concat([MAGIC, salt]));
    } catch (error) {
      throw new RecordingError('state-unusable', `cannot begin ${this.#path}: ${reasonOf(error)}`, error);
    }
  }

  /**
   * Takes a line without a newline; `flush` writes it. Much is written at once: a server that floods may not be answered
   * by any call.
   *
   * @throws RecordingError `write-failed`
   */
  write(line: string): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#pending.push(line);
    this.#pendingChars += line.length;
    if (this.#pendingChars > MAX_RECORD_BYTES) this.flush();
  }

  /** @throws RecordingError `write-failed` */
  flush(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pending.length === 0 || this.#closed) return;
    const lines = Buffer.from(`${this.#pending.join('\n')}\n`);
    this.#pending = [];
    this.#pendingChars = 0;
    for (let at = 0; at < lines.length; at += MAX_RECORD_BYTES) {
      this.#append(this.#sealed(lines.subarray(at, at + MAX_RECORD_BYTES)));
    }
  }

  /** Writes what is left, on the disk when this returns. */
  close(): TapeEnd {
    this.flush();
    this.#closed = true;
    try {
      fsyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
    }
    return { bytes: this.#bytes, digest: `sha256:${this.#hash.digest('hex')}` };
  }

  #sealed(plain: Buffer): Buffer {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(this.#records++));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(sealed.length);
    return Buffer.concat([length, sealed]);
  }

  #append(bytes: Buffer): void {
    try {
      const written = writeSync(this.#fd, bytes);
      if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were taken`);
    } catch (error) {
      try {
        ftruncateSync(this.#fd, this.#bytes);
      } catch {
        // Then it ends torn, which readers pass over.
      }
      this.#failure = new RecordingError(
        'write-failed',
        `cannot write ${this.#path}: ${reasonOf(error)}`,
        error,
      );
      throw this.#failure;
    }
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }
}

/**
 * The lines of a tape. What a process that died left torn ends it without an error.
 *
 * @throws RecordingError `tape-malformed`: it was changed, or sealed with another key.
 */
export function* readTape(stateDir: string, session: string, key: Buffer): Generator<string> {
  const path = tapePath(stateDir, session);
  const malformed = (what: string) => new RecordingError('tape-malformed', `${path}: ${what}`);
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const header = readWhole(fd, HEADER_BYTES);
    if (!header?.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it is no tape');
    const own = keyOfTape(key, header.subarray(MAGIC.length), session);
    let rest: Buffer[] = [];
    let restBytes = 0;
    for (let record = 0; ; record++) {
      const length = readWhole(fd, LENGTH_BYTES)?.readUInt32BE();
      if (length === undefined) return;
      if (length < TAG_BYTES || length > MAX_RECORD_BYTES + TAG_BYTES)
        throw malformed('a piece of it has no possible length');
      const sealed = readWhole(fd, length);
      if (sealed === undefined) return;
      const plain = openRecord(own, record, sealed);
      if (plain === undefined) throw malformed('it was changed, or sealed with another key');
      let start = 0;
      for (let end = plain.indexOf(10); end >= 0; end = plain.indexOf(10, start)) {
        yield Buffer.concat([...rest, plain.subarray(start, end)]).toString('utf8');
        [rest, restBytes] = [[], 0];
        start = end + 1;
      }
      rest.push(plain.subarray(start));
      restBytes += plain.length - start;
      if (restBytes > MAX_LINE_BYTES) throw malformed('a line of it is too long');
    }
  } finally {
    closeSync(fd);
  }
}

/** What `TapeWriter.close` said of it, of the file as it is now. */
export function tapeEnd(stateDir: string, session: string): TapeEnd {
  const fd = openSync(tapePath(stateDir, session), 'r');
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(MAX_RECORD_BYTES);
  let bytes = 0;
  try {
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
      hash.update(chunk.subarray(0, length));
      bytes += length;
    }
  } finally {
    closeSync(fd);
  }
  return { bytes, digest: `sha256:${hash.digest('hex')}` };
}

export function hasTape(stateDir: string, session: string): boolean {
  return existsSync(tapePath(stateDir, session));
}

export function dropTape(stateDir: string, session: string): void {
  rmSync(tapePath(stateDir, session), { force: true });
}

function nonceOf(record: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(record), 4);
  return nonce;
}

function openRecord(key: Buffer, record: number, sealed: Buffer): Buffer | undefined {
  const tag = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, nonceOf(record), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(tag));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, tag)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** So many bytes; undefined where the file ends before. */
function readWhole(fd: number, bytes: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(bytes);
  let at = 0;
  while (at < bytes) {
    const length = readSync(fd, buffer, at, bytes - at, null);
    if (length === 0) return undefined;
    at += length;
  }
  return buffer;
}
