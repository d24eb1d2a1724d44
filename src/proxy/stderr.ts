import type { Readable } from 'node:stream';

/** So much waits for who reads stderr; what comes then is counted. */
const MOST_WAITING_BYTES = 1_048_576;

/** What is not read while nobody takes what it said before. */
const held = new Set<Readable>();
let isWatched = false;
let lost = 0;

/**
 * Writes for the operator. Whoever reads stderr may go, which ends no session, or read nothing, which must not fill memory:
 * then `source`, where the words are from, is not read either.
 */
export function tell(text: string, source?: Readable): void {
  const { stderr } = process;
  if (!isWatched) {
    isWatched = true;
    for (const event of ['drain', 'error']) stderr.on(event, readOn);
  }
  if (stderr.writableLength > MOST_WAITING_BYTES) lost++;
  else stderr.write(text);
  if (source === undefined || !stderr.writableNeedDrain) return;
  held.add(source);
  source.pause();
}

function readOn(): void {
  if (lost > 0) process.stderr.write(`cordon: nobody read this for a while: ${lost} lines are missing\n`);
  lost = 0;
  for (const source of held) source.resume();
  held.clear();
}
