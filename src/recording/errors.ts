/** Every reason for which a recording can fail, for programs; the message is for the operator. */
export type RecordingCode =
  | 'state-unusable'
  | 'state-locked'
  | 'session-id-invalid'
  | 'session-exists'
  | 'session-missing'
  | 'session-ambiguous'
  | 'key-exposed'
  | 'key-broken'
  | 'key-missing'
  | 'entry-missing'
  | 'tape-malformed'
  | 'proof-malformed'
  | 'proof-wrong'
  | 'witness-conflict'
  | 'witnesses-missing'
  | 'session-closed'
  | 'log-tampered'
  | 'entry-unencodable'
  | 'write-failed'
  | 'sync-failed'
  | 'vanished'
  | 'closed';

/** The evidence could not be written or read. Whoever gets this while judging a call must refuse the call. */
export class RecordingError extends Error {
  override name = 'RecordingError';
  readonly code: RecordingCode;

  constructor(code: RecordingCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** `ENOSPC: no space left on device, write` -> the same, for whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error (`ENOENT`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
