import { hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingError, systemCode } from '../errors.ts';
import { readOrCreate, refuseExposed } from '../keys/private-key.ts';

const KEY_BYTES = 32;
const REMEDY =
  'if somebody may have read it, prune what it sealed and remove it: the next session makes another';

/** Where the key of a state directory's tapes lies, unless somebody keeps it elsewhere. */
export function tapeKeyPath(stateDir: string): string {
  return join(stateDir, 'keys', 'tape.key');
}

/**
 * The key that tapes are sealed with: 32 random bytes in base64, made at first use if `create` is set. It is no signing
 * key: who checks a log must not be able to read what went through.
 *
 * @throws RecordingError `key-missing`, `key-exposed`, `key-broken`.
 */
export function openTapeKey(path: string, create: boolean): Buffer {
  let text: string;
  try {
    const make = () => `${randomBytes(KEY_BYTES).toString('base64')}\n`;
    text = create ? readOrCreate(path, make) : readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new RecordingError(
      'key-missing',
      `there is no key of tapes at ${path}: what they hold cannot be read`,
    );
  }
  refuseExposed(path, REMEDY);
  const key = Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES || `${key.toString('base64')}\n` !== text) {
    throw new RecordingError('key-broken', `${path} is no key of tapes: 32 bytes in base64 and a newline`);
  }
  return key;
}

/** Each tape has a key of its own, so that counters may serve as nonces. */
export function keyOfTape(key: Buffer, salt: Buffer, session: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `cordon tape v1\n${session}`, KEY_BYTES));
}
