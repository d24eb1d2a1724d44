import { refuseRepository } from '../recording/keys/private-key.ts';

/**
 * Where the private key lies, if not in the state directory: `CORDON_SIGNING_KEY_FILE`. An empty value counts as unset.
 *
 * @throws RecordingError `key-exposed` if it lies in a repository.
 */
export function signingKeyFile(): string | undefined {
  const path = process.env['CORDON_SIGNING_KEY_FILE'];
  if (!path) return undefined;
  refuseRepository(path);
  return path;
}
