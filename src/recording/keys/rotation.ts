import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingError } from '../errors.ts';
import { exclusively } from '../exclusive.ts';
import { hostName } from '../format.ts';
import { keyIdOf } from '../note.ts';
import type { Manifest } from './key-history.ts';
import { keyPaths, openSigningKey, readHistory, replacePublic } from './keys.ts';
import { openPrivateKey, refuseRepository } from './private-key.ts';

export interface RotationOptions {
  stateDir: string;
  /** Where the private key in force lies, if not in the state directory. */
  keyFile: string | undefined;
  /** Milliseconds since 1970. */
  now: number;
}

/**
 * Replaces the signing key: a manifest signed by old and new, then the new key in force. `to`: where somebody wants to
 * keep the new private key; it is made if it is not there. Without it, it replaces the old one in the state directory.
 * Sessions that run go on to their end with the old key, which stays good for what it signed. A rotation that was cut
 * short is finished by the next one.
 *
 * @throws RecordingError `key-exposed`, `key-broken`, `key-missing`, `state-locked`, `state-unusable`.
 */
export function rotateKey({ stateDir, keyFile, now }: RotationOptions, to?: string): Manifest {
  const paths = keyPaths(stateDir);
  if (keyFile !== undefined && to === undefined) {
    throw new RecordingError(
      'key-missing',
      `the key in force lies in ${keyFile}: name the file of the new one with --to`,
    );
  }
  if (to !== undefined) refuseRepository(to);
  return exclusively(join(paths.folder, 'lock'), () => {
    const old = openSigningKey(stateDir, keyFile);
    const draft = to ?? `${paths.private}.new`;
    const next = openPrivateKey(draft, true);
    if (next.publicKey.equals(old.publicKey)) {
      throw new RecordingError('key-broken', `${draft} is the key in force already`);
    }
    const history = readHistory(stateDir);
    // Otherwise a rotation was cut short here, and its manifest is there already.
    if (!history.rotations.at(-1)?.new.equals(next.publicKey)) history.addRotation(old, next, now);
    if (to === undefined) renameSync(draft, paths.private);
    else if (keyFile === undefined) rmSync(paths.private);
    replacePublic(stateDir, next.publicKey);
    return readHistory(stateDir).manifests.at(-1)!;
  });
}

/**
 * States that nothing is to be trusted any more that a replaced key signed, because somebody else may have had it.
 * `keyId`: its eight hex digits. The key in force has to be replaced first.
 *
 * @throws RecordingError `key-missing` if no replaced key has this id, and as `rotateKey`.
 */
export function retireKey({ stateDir, keyFile, now }: RotationOptions, keyId: string): Manifest {
  return exclusively(join(keyPaths(stateDir).folder, 'lock'), () => {
    const inForce = openSigningKey(stateDir, keyFile);
    const history = readHistory(stateDir);
    const idOf = (key: Buffer) => keyIdOf(hostName(inForce.hostId), key).toString('hex');
    if (idOf(inForce.publicKey) === keyId) {
      throw new RecordingError(
        'key-missing',
        `${keyId} is the key in force: replace it first, with cordon keys rotate`,
      );
    }
    const key = history.rotations.map((one) => one.old).find((one) => idOf(one) === keyId);
    if (key === undefined || history.isRetired(key)) {
      const why = key === undefined ? 'no replaced key has this id' : 'it is retired already';
      throw new RecordingError('key-missing', `cannot retire ${JSON.stringify(keyId)}: ${why}`);
    }
    history.addRetirement(key, inForce, now);
    return readHistory(stateDir).manifests.at(-1)!;
  });
}
