import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../json/digest.ts';

/**
 * The file that says: this version of Cordon has found this configuration valid. It holds the version and nothing of
 * the configuration. Whoever can write it can as well replace the keys beside it, so it adds nothing to trust.
 */
export function markerPath(stateDir: string, bytes: Uint8Array, version: string): string {
  const digest = sha256(Buffer.concat([Buffer.from(`cordon ${version}\0`), bytes]));
  return join(stateDir, 'validated', digest.slice('sha256:'.length));
}

/** Whether the marker is there. Its name says all. */
export function isMarked(path: string): boolean {
  return existsSync(path);
}

/** Leaves the marker, whole or not at all. A state directory that cannot be written costs time at each start, no more. */
export function mark(path: string, version: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}`;
    try {
      writeFileSync(temporary, `${version}\n`, { flag: 'wx', mode: 0o600 });
      renameSync(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch {}
}
