import { isUtf8 } from 'node:buffer';
import { CanonicalError, canonical } from '../json/canonical.ts';
import { PlainCanonical } from '../json/plain-canonical.ts';
import { LogFault } from './files.ts';
import { ENTRY_VERSION, MAX_ENTRY_BYTES } from './format.ts';

/**
 * Checks what every entry has; only entry 0 is of the kind `first`. Returns its kind.
 *
 * @throws LogFault
 */
export function checkEntry(bytes: Buffer, n: number, file: string, first = 'session.open'): string {
  if (bytes.length <= MAX_ENTRY_BYTES && plain.read(bytes)) {
    const kind = plain.value(KIND);
    const isSound = plain.value(V) === ENTRY_VERSION && plain.value(N) === n && isTime(plain.value(TIME));
    if (isSound && typeof kind === 'string' && (kind === first) === (n === 0)) return kind;
  }
  return checkParsed(bytes, n, file, first);
}

const plain = new PlainCanonical(['v', 'n', 'time', 'kind']);
const [V, N, TIME, KIND] = [0, 1, 2, 3];

function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** The same for any entry, and what is wrong with it. */
function checkParsed(bytes: Buffer, n: number, file: string, first: string): string {
  const fault = (message: string) => new LogFault('entry-malformed', file, n, message);
  if (bytes.length > MAX_ENTRY_BYTES) throw fault(`longer than ${MAX_ENTRY_BYTES} bytes`);
  const { v, n: number, time, kind } = parsedEntry(bytes, fault);
  if (v !== ENTRY_VERSION) throw fault('not an entry of version 1');
  if (number !== n) throw fault(`its number is ${JSON.stringify(number)}`);
  if (!isTime(time)) throw fault('its time is no time');
  if (typeof kind !== 'string' || (kind === first) !== (n === 0)) throw fault('its kind cannot stand here');
  return kind;
}

type Members = Record<'v' | 'n' | 'time' | 'kind', unknown>;

/** The entry, once the whole is known to be canonical. */
function parsedEntry(bytes: Buffer, fault: (message: string) => LogFault): Members {
  // What is not UTF-8 would be read as U+FFFD, and be taken for an entry that has it.
  if (!isUtf8(bytes)) throw fault('not UTF-8');
  const text = bytes.toString('utf8');
  try {
    const entry = JSON.parse(text) as Members | null;
    if (canonical(entry) !== text) throw fault('not canonical JSON');
    if (entry !== null && typeof entry === 'object') return entry;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof CanonicalError) throw fault('not JSON');
    throw error;
  }
  throw fault('not an entry of version 1');
}
