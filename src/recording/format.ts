/**
 * The constants of the log's format, as docs/log-format.md gives them. All that the writer and the verifier share:
 * a mistake in code that both used would be a mistake that verification cannot see.
 */

export const ENTRY_VERSION = 1;

/** Entry bundles carry 16-bit lengths; the rest of the 65,535 is left for what a later version wraps around an entry. */
export const MAX_ENTRY_BYTES = 60_000;

/** Hashes in a full tile and entries in a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;

export const HASH_BYTES = 32;

/** Sizes past which a reader need not look. */
export const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES);
export const MAX_CHECKPOINT_BYTES = 65_536;

/** Files of a session's folder. The salt lies beside the log and is no part of it. */
export const WAL = 'wal';
export const CHECKPOINT = 'checkpoint';
export const SALT = 'salt';
export const TILES = 'tile';
/** The last checkpoint that witnesses cosigned, where the session went on after it. */
export const COSIGNED = 'cosigned';
/** The signed statement that the entries were dropped on purpose. */
export const PRUNED = 'pruned';

/** Stands in the origin of the machine-wide index where a session's id stands: none begins with a dot. */
export const INDEX = '.index';

/** What a file is called until it is whole; left behind only by a process that died. */
export const UNFINISHED = '.tmp';

/** Where a tile (`level` a number) or an entry bundle lies: `tile/0/x001/234.p/17`. C2SP tlog-tiles, "Paths". */
export function tilePath(level: number | 'entries', index: number, width: number = TILE_WIDTH): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return `${TILES}/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** A machine's name, and that of the key of its logs. */
export function hostName(hostId: string): string {
  return `cordon/${hostId}`;
}

/** The name that a machine cosigns under. */
export function witnessName(hostId: string): string {
  return `cordon-witness/${hostId}`;
}

/** The first line of a checkpoint and the name of the key that signs it. */
export function originOf(hostId: string, sessionId: string): string {
  return `${hostName(hostId)}/${sessionId}`;
}

export function sessionsDirectory(stateDir: string): string {
  return `${stateDir}/sessions`;
}

/** Names a folder and stands in a key name, so: letters, digits, `-`, `_`, inner dots, at most 64 characters. */
export function isSessionId(text: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(text);
}
