// What Cordon costs on the wire, beside reference proxies in one run: `npm run bench:overhead -- [harness options]`.
// The harness is not part of the project; without it this says so and does nothing.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const harness = resolve(process.env.CORDON_BENCH_STDIO ?? join(root, '../shared/bench-stdio'));
if (!existsSync(join(harness, 'bench.mjs'))) {
  process.stdout.write(`bench:overhead skipped: no harness at ${harness} (set CORDON_BENCH_STDIO)\n`);
  process.exit(0);
}

/** Of each figure: how much of what line-json adds Cordon may add, or what share of its rate it has to reach. */
const TARGETS = [
  ['added p50, 100 B', (r) => added(r, 'small'), '<=', 1.25],
  ['added p50, 10 KB result', (r) => added(r, 'r10k'), '<=', 1.25],
  ['added p50, 1 MB result', (r) => added(r, 'r1m'), '<=', 1.5],
  ['rate, 32 in flight', (r) => r.p32.cordon.rate / r.p32['line-json'].rate, '>=', 0.8],
  ['cold start over direct, ms', (r) => median(r.cold.cordon.list) - median(r.cold.direct.list), '<=', 45],
  ['memory over line-json, MB', (r) => (r.mem.cordon.end.rss - r.mem['line-json'].end.rss) / 1024, '<=', 25],
];

const work = mkdtempSync(join(tmpdir(), 'cordon-bench-'));
try {
  const copy = join(work, 'harness');
  cpSync(harness, copy, { recursive: true });
  // The SDK's reference proxy finds the SDK among the project's own packages.
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const variant = (name) => `${name}=node {here}/variants/${name}.mjs {upstream}`;
  const targets = [
    `cordon=node ${join(root, 'dist/cordon.js')} run --state ${join(work, 'state')} --name upstream -- {upstream}`,
    ...['pipe-raw', 'line-json', 'sdk1-full'].map(variant),
  ];
  const json = join(work, 'out.json');
  const args = ['bench.mjs', '--suites', 'cold,small,r10k,r1m,p32,mem', '--json', json];
  const { status } = spawnSync(
    process.execPath,
    [...args, ...targets.flatMap((target) => ['--target', target]), ...process.argv.slice(2)],
    { cwd: copy, stdio: 'inherit' },
  );
  if (status !== 0) process.exit(status ?? 1);
  report(JSON.parse(readFileSync(json, 'utf8')).results);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function added(results, suite) {
  return results[suite].cordon.addedP50 / results[suite]['line-json'].addedP50;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function report(results) {
  process.stdout.write(
    '\n### Cordon against line-json\n\n| figure | reached | target |\n| --- | ---: | ---: |\n',
  );
  for (const [name, figure, sign, target] of TARGETS) {
    let reached = 'not measured';
    try {
      const value = figure(results);
      const met = sign === '<=' ? value <= target : value >= target;
      if (Number.isFinite(value)) reached = `${value.toFixed(2)}${met ? '' : ' (missed)'}`;
    } catch {
      // A suite that was left out on the command line.
    }
    process.stdout.write(`| ${name} | ${reached} | ${sign} ${target} |\n`);
  }
}
