import { printable } from '../../json/printable.ts';
import { MAX_CHECKPOINT_BYTES } from '../../recording/format.ts';
import { ownSigners } from '../../recording/keys/keys.ts';
import { readTrustedSigners } from '../../recording/keys/trust.ts';
import { addCosignatures } from '../../recording/proofs/cosigned.ts';
import { MAX_PROOF_BYTES } from '../../recording/proofs/proof-file.ts';
import { cosign, readWitnessKeys } from '../../recording/proofs/witness.ts';
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

/** `cordon log cosign SESSION COSIGNATURES [REQUEST]`: keeps what witnesses returned with the checkpoint that they saw. */
export function attach(
  state: string,
  [session, file, asked]: readonly string[],
  json: boolean,
  flags: Flags,
): number | undefined {
  if (session === undefined || file === undefined) return undefined;
  const known = textFlag(flags, 'witness-keys');
  if (known === undefined)
    throw new UsageError('which witnesses? name the file of their keys: --witness-keys FILE');
  const { id, directory } = findSession(state, session);
  const lines = readNamedFile(file, MAX_CHECKPOINT_BYTES);
  const request = asked === undefined ? undefined : readNamedFile(asked, MAX_PROOF_BYTES);
  const [keys, signers] = [readWitnessKeys(known), ownSigners(state)];
  return refusing(() => {
    const { names, size } = addCosignatures(directory, lines, { signers, keys, request });
    const said = printable(`${id}: ${size} entries are cosigned by ${names.join(', ')}`);
    process.stdout.write(
      `${json ? JSON.stringify({ session: id, size, witnesses: names }, undefined, 2) : said}\n`,
    );
  });
}
