import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killEverythingMentioning } from '../e2e/support/processes.ts';

/** By its number, which is what a shell adds to 128. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * An empty folder for a command, with no symbolic link in its path. It is gone, with every process that names it, when
 * the command ends, also where that is by a signal.
 */
export function scratch(name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `cordon-${name}-`)));
  process.once('exit', () => {
    if (existsSync('/proc')) killEverythingMentioning(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.once(signal, () => process.exit(128 + number));
  }
  return folder;
}
