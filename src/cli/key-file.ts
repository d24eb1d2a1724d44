import { refuseRepository } from '../recording/keys/private-key.ts';

/**
 * Where the private key lies, if not in the state directory: `CORDON_SIGNING_KEY_FILE`. An empty value counts as unset.
 *
 * @throws RecordingError `key-exposed` if it lies in a repository.
 */
export function signingKeyFile(): string | undefined {
  return fileNamedBy('CORDON_SIGNING_KEY_FILE');
}

/** The same of the key that content is sealed with: `CORDON_TAPE_KEY_FILE`. */
export function tapeKeyFile(): string | undefined {
  return fileNamedBy('CORDON_TAPE_KEY_FILE');
}

function fileNamedBy(variable: string): string | undefined {
  const path = process.env[variable];
  if (!path) return undefined;
  refuseRepository(path);
  return path;
}
