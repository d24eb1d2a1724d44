import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { canonical } from '../../json/canonical.ts';
import { RecordingError } from '../errors.ts';
import { exclusively } from '../exclusive.ts';
import { readLines } from '../files.ts';
import { CHECKPOINT, ENTRY_VERSION, originOf, TILES, UNFINISHED, WAL } from '../format.ts';
import type { SigningKey } from '../keys/keys.ts';
import type { Signer } from '../keys/trust.ts';
import { signCheckpoint } from '../note.ts';
import { parseEntry } from '../reader.ts';
import { replaceSynced, syncFolder } from '../synced.ts';
import { type LogFile, TreeWriter } from '../tree.ts';
import { verifyLog } from '../verify.ts';

/** What a seal signed that no checkpoint had covered. */
export interface Sealing {
  session: string;
  /** Entries that a checkpoint had covered already. */
  signedBefore: number;
  /** Whole entries after them: signed now, by somebody who did not see them happen. */
  unsigned: number;
  /** Bytes of a write that never ended, cut off. */
  tornBytes: number;
  /** Entries of the closed log, with the two that the seal adds. */
  size: number;
}

/**
 * Signs what a process that died left, and says so in the log: an entry `session.seal`, then `session.close`. What is
 * signed already has to be intact. The caller makes sure that the session does not run. A seal that was cut short is
 * finished by the next. `now` in milliseconds since 1970.
 *
 * @throws RecordingError `session-closed`, `log-tampered`, `state-locked`.
 */
export function sealLog(
  directory: string,
  key: SigningKey,
  signers: readonly Signer[],
  now: number,
): Sealing {
  return exclusively(join(directory, `seal${UNFINISHED}`), () => {
    const { session, status, signed, unsigned, tornBytes, closed, fault } = verifyLog(directory, signers);
    if (status === 'tampered') {
      throw new RecordingError(
        'log-tampered',
        `${session} is not sealed: what is signed is not intact (${fault!.file}: ${fault!.message})`,
      );
    }
    if (status === 'ok' && closed) {
      if (!removeIfThere(join(directory, WAL))) {
        throw new RecordingError('session-closed', `${session} was closed: all of it is signed`);
      }
      return { session, signedBefore: signed, unsigned: 0, tornBytes: 0, size: signed };
    }
    const said = { signedBefore: signed, unsigned, tornBytes };
    const before = sealAtEnd(directory);
    if (before === undefined) extendWal(directory, signed + unsigned, said, now);
    const size = layOut(directory, key);
    return { session, ...(before ?? said), size };
  });
}

/** What a seal that was cut short has written; undefined if there is none at the end of the write-ahead file. */
function sealAtEnd(directory: string): Omit<Sealing, 'session' | 'size'> | undefined {
  let [last, previous]: (Buffer | undefined)[] = [];
  for (const { bytes, whole } of readLines(directory, WAL)) if (whole) [previous, last] = [last, bytes];
  const seal = previous && parseEntry(previous);
  if (seal?.kind !== 'session.seal' || parseEntry(last!)?.kind !== 'session.close') return undefined;
  const { signedBefore, unsigned, tornBytes } = seal;
  return {
    signedBefore: Number(signedBefore),
    unsigned: Number(unsigned),
    tornBytes: Number(tornBytes),
  };
}

/** Cuts off torn bytes and adds the two entries, on the disk. */
function extendWal(
  directory: string,
  next: number,
  said: Readonly<Omit<Sealing, 'session' | 'size'>>,
  now: number,
): void {
  const envelope = { time: Math.floor(now), v: ENTRY_VERSION };
  const lines = [
    { ...said, ...envelope, kind: 'session.seal', n: next },
    { ...envelope, kind: 'session.close', n: next + 1, reason: 'sealed' },
  ].map((entry) => `${canonical(entry)}\n`);
  const fd = openSync(join(directory, WAL), 'r+');
  try {
    const end = statSync(join(directory, WAL)).size - said.tornBytes;
    ftruncateSync(fd, end);
    const bytes = Buffer.from(lines.join(''));
    // One write: a crash leaves it torn, and the next seal begins anew.
    if (writeSync(fd, bytes, 0, bytes.length, end) !== bytes.length) {
      throw new RecordingError('write-failed', `cannot write to ${join(directory, WAL)}: it was cut short`);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Tiles, bundles and a checkpoint over all of the write-ahead file, which then says nothing more. Returns the size. */
function layOut(directory: string, key: SigningKey): number {
  const tree = new TreeWriter((file) => put(directory, file));
  for (const { bytes, whole } of readLines(directory, WAL)) if (whole) tree.push(bytes);
  const partials = tree.partials();
  for (const file of partials) put(directory, file);
  const origin = originOf(key.hostId, basename(directory));
  const checkpoint = signCheckpoint({ origin, size: tree.size, root: tree.root() }, key);
  put(directory, { path: CHECKPOINT, bytes: Buffer.from(checkpoint) });
  unlinkSync(join(directory, WAL));
  removeOlder(directory, new Set(partials.map(({ path }) => path)));
  syncFolder(directory);
  return tree.size;
}

function put(directory: string, { path, bytes }: LogFile): void {
  const target = join(directory, path);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  replaceSynced(target, bytes);
}

/** The partial files of checkpoints that are not in force any more. */
function removeOlder(directory: string, needed: ReadonlySet<string>): void {
  for (const name of readdirSync(join(directory, TILES), { recursive: true, encoding: 'utf8' })) {
    const path = `${TILES}/${name.replaceAll('\\', '/')}`;
    if (path.endsWith('.p') && ![...needed].some((file) => file.startsWith(`${path}/`))) {
      rmSync(join(directory, path), { recursive: true, force: true });
    } else if (/\.p\/\d+$/.test(path) && !needed.has(path)) {
      rmSync(join(directory, path), { force: true });
    }
  }
}

function removeIfThere(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
