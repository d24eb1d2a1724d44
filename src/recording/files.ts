import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { systemCode } from './errors.ts';
import { MAX_ENTRY_BYTES } from './format.ts';

/** A file of a log is not what the format says. `entry` is the first one concerned. */
export class LogFault extends Error {
  override name = 'LogFault';
  readonly code: FaultCode;
  readonly file: string;
  readonly entry: number | undefined;

  constructor(code: FaultCode, file: string, entry: number | undefined, message: string) {
    super(message);
    this.code = code;
    this.file = file;
    this.entry = entry;
  }
}

export type FaultCode =
  | 'checkpoint-malformed'
  | 'checkpoint-origin'
  | 'checkpoint-signature'
  | 'cosigned-mismatch'
  | 'pruning-malformed'
  | 'file-missing'
  | 'file-malformed'
  | 'file-unexpected'
  | 'entry-malformed'
  | 'entry-mismatch'
  | 'tile-mismatch'
  | 'root-mismatch';

const CHUNK_BYTES = 262_144;

/**
 * A whole file of a log. `entry`: the first entry that cannot be checked without it.
 *
 * @throws LogFault if it is not there, longer than `maxBytes`, or anything but a plain file: a link could be
 * pointed elsewhere after it was verified.
 */
export function readLogFile(folder: string, file: string, maxBytes: number, entry?: number): Buffer {
  const fd = openPlain(folder, file, entry);
  try {
    if (fstatSync(fd).size > maxBytes)
      throw new LogFault('file-malformed', file, entry, `longer than ${maxBytes} bytes`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The lines of a write-ahead file, without their newlines; the last value, `whole: false`, is what follows the last
 * newline. Holds one chunk at a time.
 */
export function* readLines(folder: string, file: string): Generator<{ bytes: Buffer; whole: boolean }> {
  const fd = openPlain(folder, file, undefined);
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(fd, chunk);
      if (length === 0) break;
      const bytes: Buffer = Buffer.concat([rest, chunk.subarray(0, length)]);
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        yield { bytes: bytes.subarray(start, end), whole: true };
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (rest.length > MAX_ENTRY_BYTES) {
        throw new LogFault(
          'entry-malformed',
          file,
          undefined,
          `a line is longer than ${MAX_ENTRY_BYTES} bytes`,
        );
      }
    }
    yield { bytes: rest, whole: false };
  } finally {
    closeSync(fd);
  }
}

/**
 * The entries of a bundle of exactly `width` entries, the first of which is `first`.
 *
 * @throws LogFault
 */
export function unpackBundle(bytes: Buffer, width: number, file: string, first: number): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (entries.length < width) {
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) {
      throw new LogFault('file-malformed', file, first + entries.length, 'it ends within an entry');
    }
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (at !== bytes.length)
    throw new LogFault('file-malformed', file, first + width - 1, 'bytes follow its last entry');
  return entries;
}

function openPlain(folder: string, file: string, entry: number | undefined): number {
  let fd: number;
  try {
    fd = openSync(
      `${folder}/${file}`,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') {
      throw new LogFault('file-missing', file, entry, 'it is missing');
    }
    if (systemCode(error) === 'ELOOP') throw new LogFault('file-malformed', file, entry, 'it is a link');
    throw error;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new LogFault('file-malformed', file, entry, 'it is not a plain file');
}
