import { printable, reviewable } from '../../json/printable.ts';
import { RecordingError } from '../../recording/errors.ts';
import { checkFormer, type FormerCheck } from '../../recording/former.ts';
import { requireWitnesses, type WitnessPolicy, witnessesOf } from '../../recording/proofs/witness.ts';
import { findSession } from '../../recording/reader.ts';
import { type Verification, verifyLog } from '../../recording/verify.ts';
import { timeOf } from '../log-line.ts';
import type { Flags } from '../read-command.ts';
import { isRunning } from '../status.ts';
import { signersMeant, witnessPolicy } from '../trust-meant.ts';

/** `cordon log verify`. Exit codes: see the usage of `cordon log`. */
export function verify(state: string, [session]: readonly string[], json: boolean, flags: Flags): number {
  const { directory } = findSession(state, session);
  const policy = witnessPolicy(flags);
  const result = verifyLog(directory, signersMeant(state, flags));
  const running = isRunning(state, result.session);
  const witnessed = witnessing(result, policy);
  const former = checkFormer(directory);
  if (json) print(reviewable(JSON.stringify({ ...result, ...witnessed, former, running }, undefined, 2)));
  else print(findingOf(result, running));
  if (!json && former !== undefined) print(printable(`${FORMER[former.state]} ${former.session}`));
  const later = result.signed - (witnessed?.witnessed ?? result.signed);
  if (!json && witnessed?.witnesses !== undefined) {
    const rest = later === 0 ? '' : `, but for the last ${later} of the signed entries`;
    print(`cosigned by ${witnessed.witnesses.map(printable).join(', ')}${rest}`);
  }
  if (!json && witnessed?.refused !== undefined) print(`UNWITNESSED: ${printable(witnessed.refused)}`);
  if (witnessed?.refused !== undefined || (former !== undefined && former.state !== 'extended')) return 1;
  if (result.status === 'ok' && later > 0) return 3;
  // A log put back to an earlier checkpoint of its own is intact; that it has no end is all there is to see.
  if (result.status === 'ok' && !result.closed && !running) return 3;
  return { ok: 0, tampered: 1, unsigned: 3 }[result.status];
}

const FORMER: Readonly<Record<FormerCheck['state'], string>> = {
  extended: 'it continues',
  missing: 'MISSING: the log that it continues,',
  forked: 'FORKED: it continues another state of',
};

interface Witnessing {
  witnesses?: string[];
  /** How many of the signed entries they cosigned. */
  witnessed?: number;
  refused?: string;
}

/** Undefined if no witnesses are demanded, or what they would have cosigned is bad anyway. */
function witnessing(
  { checkpoint, signed, cosigned }: Verification,
  policy: WitnessPolicy | undefined,
): Witnessing | undefined {
  if (policy === undefined || checkpoint === undefined) return undefined;
  try {
    const isHead =
      cosigned === undefined || witnessesOf(Buffer.from(checkpoint), policy.keys).length >= policy.atLeast;
    const note = isHead ? checkpoint : cosigned.note;
    return {
      witnesses: requireWitnesses(Buffer.from(note), policy),
      witnessed: isHead ? signed : cosigned.size,
    };
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    return { refused: error.message };
  }
}

/** What verification found, as one line for a person. */
export function findingOf(result: Verification, running: boolean): string {
  const { session, status, signed, unsigned, tornBytes, closed, pruned, fault } = result;
  if (status === 'tampered') {
    const where = fault!.entry === undefined ? '' : `first bad entry ${fault!.entry}: `;
    return `${session}: TAMPERED: ${where}${printable(`${fault!.file}: ${fault!.message}`)}`;
  }
  if (pruned !== undefined) {
    return `${session}: the tree of its ${signed} entries is intact; they were pruned, ${timeOf(pruned)}`;
  }
  const intact = `${session}: ${signed} signed ${signed === 1 ? 'entry is' : 'entries are'} intact`;
  if (status === 'ok' && closed) return `${intact}; the session was closed`;
  if (status === 'ok' && running) return `${intact}; the session is running`;
  if (status === 'ok') {
    return `${intact}; UNFINISHED: the session was never closed: its process died, or what followed was taken away`;
  }
  const rest = [`${unsigned} ${unsigned === 1 ? 'entry' : 'entries'}`];
  if (tornBytes > 0) rest.push(`${tornBytes} torn bytes`);
  return `${intact}; UNSIGNED: ${rest.join(' and ')} after them: the session is running, or its process died`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
