import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { killEverythingMentioning } from './processes.ts';

const made: string[] = [];

// Every server of these tests has a path of its sandbox in its command line, so whatever a failed test left is found.
afterAll(() => {
  for (const directory of made) {
    killEverythingMentioning(directory);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** An empty folder of its own, with no symbolic link in its path; gone, with every process that names it, after the file. */
export function sandbox(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'cordon-e2e-')));
  made.push(directory);
  return directory;
}

/** Writes `value` as an mcp.json into `directory` and returns its path. */
export function writeConfig(directory: string, value: unknown): string {
  const path = join(directory, 'mcp.json');
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  return path;
}
