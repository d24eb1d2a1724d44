import { execFile } from 'node:child_process';
import path from 'node:path';
import type { Launch } from './servers.ts';

/** This very program as a process of its own: the bundle, or the source under whatever loads it. */
export function cordon(root: string, args: readonly string[]): Launch {
  const fromSource = import.meta.url.endsWith('.ts');
  const program = fromSource
    ? [...process.execArgv, path.join(root, 'src/cli/main.ts')]
    : [path.join(root, 'dist/cordon.js')];
  return { command: process.execPath, args: [...program, ...args] };
}

export interface Said {
  status: number;
  stdout: string;
}

/** What a command of Cordon says, and its exit code; a failing command is an answer too. */
export function ask(root: string, args: readonly string[]): Promise<Said> {
  const { command, args: full } = cordon(root, args);
  return new Promise((resolve) => {
    execFile(command, full, (error, stdout) => {
      resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout });
    });
  });
}
