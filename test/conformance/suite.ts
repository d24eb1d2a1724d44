/** The published conformance suite as both halves of it are run here: where it comes from, what it is run on, how it ends. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fromRegistry, node22, Unavailable } from '../support/registry.ts';
import { scratch } from '../support/scratch.ts';

export const STABLE = '@modelcontextprotocol/conformance';
export const NEXT = 'conformance-next';
/** What a scenario may take, for those of NEXT: its own half minute is not enough on a busy machine, of a server alone too. */
export const PATIENT = ['--timeout', '180000'];
const PACKAGES = { [STABLE]: '0.1.16', [NEXT]: 'npm:@modelcontextprotocol/conformance@0.2.0-alpha.12' };

export interface Suite {
  /** A folder that is gone once the run is over. */
  work: string;
  cordon: string;
  /** Makes one file of a program of the project, so that nothing but its own start is waited for. */
  bundle(entry: string): Promise<string>;
  /** Runs the suite with these arguments and resolves with the folder that it left its checks in. */
  run(name: string, args: readonly string[], env?: Record<string, string>): Promise<string>;
}

/**
 * Has `prove` use the suite. Prints what it finds wrong and exits accordingly; a suite that cannot be had is said and
 * nothing is reported as passed.
 */
export async function withSuite(prove: (suite: Suite) => Promise<string[]>): Promise<void> {
  const work = scratch('conformance');
  try {
    const node = node22();
    const packages = fromRegistry(PACKAGES);
    const faults = await prove({
      work,
      cordon: fileURLToPath(new URL('../../dist/cordon.js', import.meta.url)),
      bundle: (entry) => bundled(entry, work),
      run: async (name, args, env = {}) => {
        const out = mkdtempSync(join(work, 'checks-'));
        const main = join(packages, 'node_modules', name, 'dist/index.js');
        const run = spawn(node, [main, ...args, '-o', out], {
          stdio: 'ignore',
          env: { ...process.env, ...env },
        });
        await new Promise((done) => run.once('close', done));
        return out;
      },
    });
    for (const fault of faults) process.stdout.write(`${fault}\n`);
    process.exitCode = faults.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    process.stdout.write(`not run: ${error.message}\n`);
    process.exitCode = 1;
  }
}

async function bundled(entry: string, work: string): Promise<string> {
  const outfile = join(work, `${basename(entry, '.ts')}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return outfile;
}
