import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Entry, readEntries } from './reader.ts';

const POLL_MS = 250;

/**
 * The entries of a log that follow `last`, or all of them, as they come, until the log is closed. Blocks while there are
 * none. A log that goes on in another part is followed there.
 */
export function* followEntries(
  directory: string,
  last: Entry | undefined,
  pause: () => void = wait,
): Generator<Entry> {
  let seen = last;
  for (;;) {
    for (const entry of readEntries(directory, (seen?.n ?? -1) + 1)) {
      yield entry;
      seen = entry;
    }
    const isClosed = seen?.kind === 'session.close';
    // Also where it could not be written, and so was never closed.
    if (existsSync(nextPart(directory))) return yield* followEntries(nextPart(directory), undefined, pause);
    if (isClosed && seen?.['reason'] !== 'rotated') return;
    pause();
  }
}

function nextPart(directory: string): string {
  const name = basename(directory);
  const [, first = name, number = '1'] = /^(.*)\.(\d+)$/.exec(name) ?? [];
  return join(dirname(directory), `${first}.${Number(number) + 1}`);
}

function wait(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
}
