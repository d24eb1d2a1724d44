import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UNFINISHED } from './format.ts';

/** A new file, mode 0600, on the disk. */
export function writeSynced(path: string, content: string | Buffer): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The file has this content, on the disk; whoever reads it meanwhile gets the old one or the new one. */
export function replaceSynced(path: string, content: string | Buffer): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
  try {
    writeSynced(draft, content);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(path));
}

/** What was made or renamed in it is on the disk. Windows cannot sync folders. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
