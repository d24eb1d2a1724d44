import { printable, reviewable } from '../../json/printable.ts';
import { type RecordingCode, RecordingError } from '../../recording/errors.ts';
import { INDEX, MAX_CHECKPOINT_BYTES, MAX_ENTRY_BYTES } from '../../recording/format.ts';
import { indexDirectory } from '../../recording/index/machine-index.ts';
import type { SignedCheckpoint } from '../../recording/keys/trust.ts';
import {
  checkConsistency,
  checkInclusion,
  type ProvedEntry,
  proofOfEntry,
  proofOfExtension,
} from '../../recording/proofs/evidence.ts';
import { isInclusion, MAX_PROOF_BYTES } from '../../recording/proofs/proof-file.ts';
import { requireWitnesses } from '../../recording/proofs/witness.ts';
import { findSession, parseEntry } from '../../recording/reader.ts';
import { lineOf } from '../log-line.ts';
import { type Flags, numberFlag, readNamedFile, UsageError } from '../read-command.ts';
import { signersMeant, witnessPolicy } from '../trust-meant.ts';

/** `cordon log prove`: a proof of inclusion on stdout. */
export function prove(state: string, [session]: readonly string[], _json: boolean, flags: Flags): number {
  const entry = numberFlag(flags, 'entry');
  if (entry === undefined) throw new UsageError('which entry? --entry N');
  const directory = logMeant(state, session);
  process.stdout.write(proofOfEntry(directory, signersMeant(state, flags), entry, false));
  return 0;
}

/** `cordon log consistency OLD SESSION`: a proof of consistency on stdout. `old`: a checkpoint's file, or a size. */
export function consistency(
  state: string,
  [old, session]: readonly string[],
  _json: boolean,
  flags: Flags,
): number {
  if (old === undefined)
    throw new UsageError('an older checkpoint is needed: its file, or a number of entries');
  const before = /^\d{1,15}$/.test(old) ? Number(old) : readNamedFile(old, MAX_CHECKPOINT_BYTES);
  const directory = logMeant(state, session);
  return refusing(() =>
    process.stdout.write(proofOfExtension(directory, signersMeant(state, flags), before)),
  );
}

/** `cordon log check PROOF [FILE]`: whether a proof of either kind holds, by public keys alone. */
export function check(
  state: string,
  [proof, file]: readonly string[],
  json: boolean,
  flags: Flags,
): number | undefined {
  if (proof === undefined) return undefined;
  const bytes = readNamedFile(proof, MAX_PROOF_BYTES);
  const signers = signersMeant(state, flags);
  const policy = witnessPolicy(flags);
  const witnessed = ({ note }: SignedCheckpoint) => policy && requireWitnesses(Buffer.from(note), policy);
  return refusing(() => {
    if (isInclusion(bytes)) {
      const entry = file === undefined ? undefined : withoutNewline(readNamedFile(file, MAX_ENTRY_BYTES + 1));
      const proved = checkInclusion(bytes, signers, entry);
      witnessed(proved.checkpoint);
      sayEntry(proved, json);
      return;
    }
    if (file === undefined) throw new UsageError('the older checkpoint is needed too: name its file');
    const { old, now } = checkConsistency(bytes, signers, readNamedFile(file, MAX_CHECKPOINT_BYTES));
    witnessed(now);
    const { origin } = now;
    say(
      json
        ? JSON.stringify({ origin, oldSize: old.size, size: now.size }, undefined, 2)
        : printable(`${origin}: its ${now.size} entries begin with the ${old.size} of the older checkpoint`),
    );
  });
}

/** A session's log, or the index of all. */
function logMeant(state: string, session: string | undefined): string {
  return session === INDEX ? indexDirectory(state) : findSession(state, session).directory;
}

/** What a proof of inclusion proves: the entry and where it stands. */
function sayEntry({ checkpoint, index, entry }: ProvedEntry, json: boolean): void {
  const { origin, size } = checkpoint;
  const read = parseEntry(entry);
  if (json) {
    say(
      reviewable(
        JSON.stringify({ origin, size, index, entry: read ?? entry.toString('base64') }, undefined, 2),
      ),
    );
    return;
  }
  say(printable(`${origin}: entry ${index} of ${size}, under the signed checkpoint`));
  say(read === undefined ? 'it is not an entry that Cordon writes' : lineOf(read, process.stdout));
}

/** 1 where a proof does not hold: that is a finding, and not a mistake on the command line. */
export function refusing(step: () => unknown): number {
  try {
    step();
    return 0;
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    if (!FINDINGS.has(error.code)) throw error;
    process.stderr.write(`REFUSED: ${printable(error.message)}\n`);
    return 1;
  }
}

const FINDINGS: ReadonlySet<RecordingCode> = new Set([
  'proof-wrong',
  'proof-malformed',
  'witness-conflict',
  'witnesses-missing',
]);

/** Editors and exports end a file with a newline; no entry has one. */
function withoutNewline(bytes: Buffer): Buffer {
  return bytes.at(-1) === 10 ? bytes.subarray(0, -1) : bytes;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
