import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { World } from './agent.ts';

/** A server as a client's configuration names it. */
export interface Launch {
  command: string;
  args: string[];
}

/** The fixture servers on a world of their own: a fresh copy of the repository and an empty outbox. */
export interface Stage {
  servers: Record<string, Launch>;
  world: World;
}

/**
 * The package's folder, from source and from dist/ alike.
 * @throws {Error} when the fixtures were not installed with it
 */
export function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!isPackage(folder) && folder !== path.dirname(folder)) folder = path.dirname(folder);
  if (!existsSync(path.join(folder, 'fixtures/servers/pages.mjs'))) {
    throw new Error(`no fixtures/servers in ${folder}: run the demo in a checkout of the repository`);
  }
  return folder;
}

function isPackage(folder: string): boolean {
  const file = path.join(folder, 'package.json');
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'cordon-mcp';
}

/** `folder` holds a fresh repository and no mail; the servers that work on it can be started. */
export function setStage(root: string, folder: string): Stage {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const repo = path.join(folder, 'repo');
  const outbox = path.join(folder, 'outbox.jsonl');
  cpSync(path.join(root, 'fixtures/demo/repo'), repo, { recursive: true });
  const launch = (server: string, work: string): Launch => ({
    command: process.execPath,
    args: [path.join(root, 'fixtures/servers', `${server}.mjs`), work],
  });
  return {
    servers: {
      pages: launch('pages', path.join(root, 'fixtures/pages')),
      mail: launch('mail', outbox),
      repo: launch('repo', repo),
    },
    world: {
      sent: (to) => readIfThere(outbox).includes(JSON.stringify({ to }).slice(0, -1)),
      contains: (file, text) => readIfThere(path.join(repo, file)).includes(text),
    },
  };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
