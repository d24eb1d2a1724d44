import { printable } from '../../json/printable.ts';
import { MAX_CHECKPOINT_BYTES } from '../../recording/format.ts';
import { readTrustedSigners } from '../../recording/keys/trust.ts';
import { MAX_PROOF_BYTES } from '../../recording/proofs/proof-file.ts';
import { addCosignatures, cosign, readWitnessKeys } from '../../recording/proofs/witness.ts';
import { findSession } from '../../recording/reader.ts';
import { type Flags, readNamedFile, textFlag, UsageError } from '../read-command.ts';
import { refusing } from './proof.ts';

/** `cordon log witness REQUEST`: a cosignature on stdout. */
export function witness(
  state: string,
  [request]: readonly string[],
  _json: boolean,
  flags: Flags,
): number | undefined {
  if (request === undefined) return undefined;
  const trusted = textFlag(flags, 'trusted-keys');
  if (trusted === undefined)
    throw new UsageError('whose logs? name the file of their keys: --trusted-keys FILE');
  const bytes = readNamedFile(request, MAX_PROOF_BYTES);
  const signers = readTrustedSigners(trusted);
  return refusing(() => process.stdout.write(cosign(bytes, signers, state, Date.now())));
}

/** `cordon log cosign SESSION COSIGNATURES`: puts what witnesses returned under the checkpoint. */
export function attach(
  state: string,
  [session, file]: readonly string[],
  _json: boolean,
  flags: Flags,
): number | undefined {
  if (session === undefined || file === undefined) return undefined;
  const keys = textFlag(flags, 'witness-keys');
  if (keys === undefined)
    throw new UsageError('which witnesses? name the file of their keys: --witness-keys FILE');
  const { id, directory } = findSession(state, session);
  const lines = readNamedFile(file, MAX_CHECKPOINT_BYTES);
  return refusing(() => {
    const names = addCosignatures(directory, lines, readWitnessKeys(keys));
    process.stdout.write(`${printable(`${id}: cosigned by ${names.join(', ')}`)}\n`);
  });
}
