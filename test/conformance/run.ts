/**
 * `npm run conformance`: the public conformance suite against one stdio server, with Cordon between and without, check
 * by check. It fails if Cordon loses a check, if the server alone does not pass, or if nothing was checked.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { fromRegistry, node22, Unavailable } from '../support/registry.ts';
import { Bridge } from './bridge.ts';
import { type Checks, compare, readChecks } from './checks.ts';

const root = resolve(import.meta.dirname, '../..');
const NEXT = 'conformance-next';

/** The published suites, and what of them is run. */
const LEGS = [
  { package: '@modelcontextprotocol/conformance', name: '0.1.16 active', args: ['--suite', 'active'] },
  { package: '@modelcontextprotocol/conformance', name: '0.1.16 all', args: ['--suite', 'all'] },
  ...['2025-11-25', '2026-07-28'].map((revision) => ({
    package: NEXT,
    name: `0.2.0-alpha.12, ${revision}`,
    args: ['--suite', 'all', '--spec-version', revision],
  })),
  // What the extension of tasks asks for has no revision of its own.
  { package: NEXT, name: '0.2.0-alpha.12, 2026-07-28 with tasks', args: ['--requirements', '2026-07-28'] },
];

const only = process.argv[2];
const work = mkdtempSync(join(tmpdir(), 'cordon-conformance-'));
try {
  const node = node22();
  const packages = fromRegistry({
    '@modelcontextprotocol/conformance': '0.1.16',
    [NEXT]: 'npm:@modelcontextprotocol/conformance@0.2.0-alpha.12',
  });
  const server = join(work, 'server.mjs');
  await build({
    entryPoints: [join(root, 'fixtures/servers/conformance/main.ts')],
    outfile: server,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const direct = [process.execPath, server];
  const cordon = [
    process.execPath,
    join(root, 'dist/cordon.js'),
    'run',
    '--state',
    join(work, 'state'),
    '--',
  ];

  process.stdout.write('| suite | checks | passed direct | passed through Cordon | lost | gained |\n');
  process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: |\n');
  const faults: string[] = [];
  for (const leg of LEGS.filter(({ name }) => only === undefined || name.includes(only))) {
    const suite = [node, join(packages, 'node_modules', leg.package, 'dist/index.js'), 'server', ...leg.args];
    const without = await check(suite, direct);
    const between = await check(suite, [...cordon, ...direct]);
    const { total, passed, lost, gained, failing } = compare(without, between);
    const row = [leg.name, total, passed.direct, passed.through, lost.length, gained.length];
    process.stdout.write(`| ${row.join(' | ')} |\n`);
    if (total === 0) faults.push(`${leg.name}: no checks at all`);
    faults.push(...lost.map((one) => `${leg.name}: lost ${one}`));
    faults.push(...failing.map((one) => `${leg.name}: the server alone fails ${one}`));
  }
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  process.stdout.write(`not run: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Runs a suite against a server and gives what it checked. */
async function check(suite: readonly string[], command: readonly string[]): Promise<Checks> {
  const bridge = await Bridge.listen(command);
  const out = mkdtempSync(join(work, 'checks-'));
  const run = spawn(suite[0]!, [...suite.slice(1), '--url', bridge.url, '-o', out], { stdio: 'ignore' });
  await new Promise((done) => run.once('close', done));
  await bridge.close();
  return readChecks(out);
}
