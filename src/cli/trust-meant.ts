import { openSigningKey, ownSigners } from '../recording/keys/keys.ts';
import { readTrustedSigners, type Signer } from '../recording/keys/trust.ts';
import { readWitnessKeys, type WitnessPolicy } from '../recording/proofs/witness.ts';
import { signingKeyFile } from './key-file.ts';
import { type Flags, numberFlag, textFlag, UsageError } from './read-command.ts';

/**
 * Who may have signed: those of `--trusted-keys`; without it the state directory's own, which prove nothing against
 * who can write there, and which `--require-key` does not take unless somebody chose the key.
 */
export function signersMeant(state: string, flags: Flags): Signer[] {
  const file = textFlag(flags, 'trusted-keys');
  if (file !== undefined) return readTrustedSigners(file);
  if (flags['require-key'] === true) {
    const chosen = signingKeyFile();
    if (chosen === undefined) {
      throw new UsageError(
        'only the automatic key of the state directory would be used: name the keys that you trust with --trusted-keys FILE',
      );
    }
    openSigningKey(state, chosen);
  }
  return ownSigners(state);
}

/** What `--witness-keys` and `--witnesses` demand; by default that all of them have cosigned. */
export function witnessPolicy(flags: Flags): WitnessPolicy | undefined {
  const file = textFlag(flags, 'witness-keys');
  const atLeast = numberFlag(flags, 'witnesses');
  if (file === undefined) {
    if (atLeast !== undefined) throw new UsageError('--witnesses needs --witness-keys FILE');
    return undefined;
  }
  const keys = readWitnessKeys(file);
  const demanded = atLeast ?? keys.length;
  if (demanded < 1 || demanded > keys.length) {
    throw new UsageError(`--witnesses is from 1 to ${keys.length}, the number of keys in ${file}`);
  }
  return { keys, atLeast: demanded };
}
