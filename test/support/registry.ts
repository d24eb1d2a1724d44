/** Packages that only a proof needs: too heavy for everybody's installation, fetched when the proof is asked for. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const NODE_22 = '22.23.3';
/** Not among the system's temporary files: what lies there under a name that can be foreseen may be anybody's. */
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/cordon');

/** The registry did not give what a proof needs, and says why. */
export class Unavailable extends Error {}

/**
 * A folder whose node_modules holds these packages, at these versions. It is made once and kept beside the project's
 * own packages; no package runs a script on the way.
 *
 * @throws Unavailable
 */
export function fromRegistry(packages: Readonly<Record<string, string>>): string {
  const manifest = JSON.stringify({ private: true, dependencies: packages }, null, 2);
  const folder = join(CACHE, createHash('sha256').update(manifest).digest('hex').slice(0, 16));
  // By its real path: a program that asks whether it was started by its own name does nothing where a link leads to it.
  if (existsSync(folder)) return realpathSync(folder);
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'package.json'), manifest);
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error, stderr } = spawnSync('npm', args, { cwd: draft, encoding: 'utf8' });
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    const why = error?.message ?? stderr.trim();
    throw new Unavailable(`the registry did not give ${Object.keys(packages).join(', ')}: ${why}`);
  }
  renameSync(draft, folder);
  return realpathSync(folder);
}

/**
 * A Node of version 22, which some of these packages need: this one if it is new enough, else one from the registry.
 *
 * @throws Unavailable also where there is none for this platform
 */
export function node22(): string {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = fromRegistry({ [name]: NODE_22 });
  return join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}
