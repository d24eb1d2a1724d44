/**
 * What Cordon costs on the wire, beside reference proxies in one run, as the tables of the README:
 * `npm run bench:overhead -- [--suites a,b] [--rounds n] [--scale x] [--peers DIR]`. DIR is where the harness's `peers`
 * folder was copied to and its install.sh was run. The harness is not part of the project; without it this says so.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { scratch } from '../test/support/scratch.ts';
import { CORDON, type Results, report, WARM } from './overhead/report.ts';

const SUITES = 'cold,small,r10k,r1m,a1m,r10m,p32,p256,mem';
/** What is read is remembered up to a bound, what was called is not: a long run shows what a call leaves behind. */
const LONG_CALLS = '400000';
/** Their answers are written whole, as its upstream needs them. */
const WARM_SUITES = ['small', 'r10k'];
/** Below that the harness does not warm up by as many calls as it takes to read 10 MB. */
const LEAST_WARM_SCALE = 0.4;
/** In sessions of its own: what is said to a tool after it was read from one may be held back. */
const APART = 'a1m';
/** Its daemon outlives the run. */
const SKIPPED_PEER = 'mcporter-serve';

interface Target {
  name: string;
  cmd: string;
  suites?: readonly string[];
}

const root = resolve(import.meta.dirname, '..');
const harness = resolve(process.env['CORDON_BENCH_STDIO'] ?? join(root, '../shared/bench-stdio'));
const { values } = parseArgs({
  options: {
    suites: { type: 'string', default: SUITES },
    rounds: { type: 'string', default: '10' },
    scale: { type: 'string', default: '1' },
    peers: { type: 'string' },
  },
});
if (!existsSync(join(harness, 'bench.mjs'))) {
  process.stdout.write(`bench:overhead skipped: no harness at ${harness} (set CORDON_BENCH_STDIO)\n`);
} else {
  measure(scratch('bench'));
}

function measure(work: string): void {
  const copy = join(work, 'harness');
  cpSync(harness, copy, { recursive: true, filter: (path) => path !== join(harness, 'peers') });
  // The SDK's reference proxy finds the SDK among the project's own packages.
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const peers = peersIn(copy);
  const inFront = (name: string, server: string, more: Partial<Target> = {}): Target => ({
    name,
    cmd: `node ${join(root, 'dist/cordon.js')} run --state ${join(work, name)} --name upstream -- ${server}`,
    ...more,
  });
  const cordon = inFront(CORDON, '{upstream}');
  const warm = `node ${join(import.meta.dirname, 'overhead/warm.mjs')} {upstream}`;
  const variants = ['pipe-raw', 'line-json', 'sdk1-full'].map((name) => ({
    name,
    cmd: `node {here}/variants/${name}.mjs {upstream}`,
  }));
  const warmed = inFront(WARM, warm, { suites: WARM_SUITES });
  const { rounds, scale } = values;
  const targets = [cordon, ...(Number(scale) < LEAST_WARM_SCALE ? [] : [warmed]), ...variants, ...peers];
  const load = loadavg()[0]!.toFixed(2);
  const suites = values.suites.split(',');
  const together = suites.filter((suite) => suite !== APART);
  const options = ['--rounds', rounds, '--scale', scale];
  const results: Results = {
    ...(together.length > 0 ? run(copy, targets, ['--suites', together.join(), ...options]) : {}),
    ...(suites.includes(APART) ? run(copy, targets, ['--suites', APART, ...options]) : {}),
  };
  if (suites.includes('mem')) {
    const { mem } = run(copy, [cordon], ['--suites', 'mem', '--mem-calls', LONG_CALLS, '--scale', scale]);
    results['long'] = mem!;
  }
  const names = peers.map(({ name }) => name);
  process.stdout.write(`\n${heading(load)}\n\n${report(results, names)}`);
}

/** How the figures came about, `load` being that of the machine before. */
function heading(load: string): string {
  const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', changed since';
  const given = process.argv.slice(2);
  const command = ['npm run bench:overhead', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
  const date = new Date().toISOString().slice(0, 10);
  const commit = git('rev-parse', '--short', 'HEAD');
  return `Measured by \`${command}\` on ${date} at commit ${commit}${changed}, Node ${process.versions.node} on ${cpus().length} cores, load ${load} before it.`;
}

/** The peers of targets.json, where they are installed. */
function peersIn(copy: string): Target[] {
  if (values.peers === undefined) return [];
  const folder = resolve(values.peers);
  symlinkSync(folder, join(copy, 'peers'));
  const targets = JSON.parse(readFileSync(join(folder, 'targets.json'), 'utf8')) as Target[];
  return targets.filter(({ name }) => name !== SKIPPED_PEER);
}

/** One run of the harness: its tables go to the terminal, its figures are returned. */
function run(copy: string, targets: readonly Target[], options: readonly string[]): Results {
  const [file, json] = [join(copy, 'targets.json'), join(copy, 'out.json')];
  writeFileSync(file, JSON.stringify(targets));
  const { status } = spawnSync(
    process.execPath,
    ['bench.mjs', '--targets', file, '--json', json, ...options],
    { cwd: copy, stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`the harness ended with ${status}`);
  return (JSON.parse(readFileSync(json, 'utf8')) as { results: Results }).results;
}
