import { existsSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { RecordingError } from '../errors.ts';
import { exclusively } from '../exclusive.ts';
import { hostName, PRUNED, SALT, UNFINISHED, WAL } from '../format.ts';
import type { SigningKey } from '../keys/keys.ts';
import type { Signer } from '../keys/trust.ts';
import { formatNote, keyIdOf, parseNote } from '../note.ts';
import { readEntries } from '../reader.ts';
import { replaceSynced } from '../synced.ts';
import { verifyLog } from '../verify.ts';
import { BUNDLES, formatPruning, type Pruning } from './pruning.ts';

/**
 * Drops the entries of a closed session, and the salt under which they could be opened, after signing that this was
 * done. Checkpoint and tiles stay: proofs and receipts made before verify as they did, and new proofs of entries that
 * somebody kept can be made. Returns false if there is nothing to drop: the session is not closed, ended at `before` or
 * later, or is pruned already. `before` and `now` in milliseconds since 1970.
 *
 * @throws RecordingError `log-tampered`: what is not intact is evidence, and is kept; `state-locked`.
 */
export function pruneLog(
  directory: string,
  key: SigningKey,
  signers: readonly Signer[],
  before: number,
  now: number,
): boolean {
  const times = timesOf(directory);
  if (times === undefined) {
    // Pruned already; if that was cut short, something is still to be cleared away.
    if (verifyLog(directory, signers).pruned !== undefined) dropBundles(directory);
    return false;
  }
  if (times.closed >= before) return false;
  return exclusively(join(directory, `prune${UNFINISHED}`), () => {
    const { status, closed, fault, checkpoint } = verifyLog(directory, signers);
    if (status === 'tampered') {
      const what = `${fault!.file}: ${fault!.message}`;
      throw new RecordingError('log-tampered', `${basename(directory)} is kept: it is not intact (${what})`);
    }
    if (status !== 'ok' || !closed || existsSync(join(directory, WAL))) return false;
    const head = parseNote(Buffer.from(checkpoint!)).text;
    const text = formatPruning(head, { ...times, pruned: now });
    const name = hostName(key.hostId);
    const signatures = [
      { name, keyId: keyIdOf(name, key.publicKey), signature: key.sign(Buffer.from(text)) },
    ];
    replaceSynced(join(directory, PRUNED), formatNote({ text, signatures }));
    dropBundles(directory);
    return true;
  });
}

/** After the statement only, and in one step, so that no log is seen with some of its entries. */
function dropBundles(directory: string): void {
  const dropped = join(directory, `entries${UNFINISHED}`);
  if (existsSync(join(directory, BUNDLES))) renameSync(join(directory, BUNDLES), dropped);
  rmSync(dropped, { recursive: true, force: true });
  rmSync(join(directory, SALT), { force: true });
}

function timesOf(directory: string): Omit<Pruning, 'pruned'> | undefined {
  let times: Omit<Pruning, 'pruned'> | undefined;
  for (const { time } of readEntries(directory)) times = { opened: times?.opened ?? time, closed: time };
  return times;
}
