/**
 * `npm run conformance`: the public conformance suite against one stdio server, with Cordon between and without, check
 * by check. It fails if Cordon loses a check, if the server alone does not pass, or if nothing was checked.
 */
import { join, resolve } from 'node:path';
import { Bridge } from './bridge.ts';
import { type Checks, compare, readChecks } from './checks.ts';
import { NEXT, PATIENT, STABLE, type Suite, withSuite } from './suite.ts';

/** The published suites, and what of them is run. */
const LEGS = [
  { package: STABLE, name: '0.1.16 active', args: ['--suite', 'active'] },
  { package: STABLE, name: '0.1.16 all', args: ['--suite', 'all'] },
  ...['2025-11-25', '2026-07-28'].map((revision) => ({
    package: NEXT,
    name: `0.2.0-alpha.12, ${revision}`,
    args: ['--suite', 'all', '--spec-version', revision, ...PATIENT],
  })),
  // What the extension of tasks asks for has no revision of its own.
  {
    package: NEXT,
    name: '0.2.0-alpha.12, 2026-07-28 with tasks',
    args: ['--requirements', '2026-07-28', ...PATIENT],
  },
];

const only = process.argv[2];

await withSuite(async (suite) => {
  const main = resolve(import.meta.dirname, '../../fixtures/servers/conformance/main.ts');
  const server = [process.execPath, await suite.bundle(main)];
  const direct = () => server;
  let sessions = 0;
  // The bridge is one process with many clients' sessions. With one state directory these would be siblings, and under
  // load one that is slow to answer has calls of another held back.
  const cordon = () => {
    const state = join(suite.work, `state-${++sessions}`);
    return [process.execPath, suite.cordon, 'run', '--state', state, '--', ...server];
  };
  process.stdout.write('| suite | checks | passed direct | passed through Cordon | lost | gained |\n');
  process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: |\n');
  const faults: string[] = [];
  for (const leg of LEGS.filter(({ name }) => only === undefined || name.includes(only))) {
    const without = await check(suite, leg, direct);
    const between = await check(suite, leg, cordon);
    const { total, passed, lost, gained, failing } = compare(without, between);
    const row = [leg.name, total, passed.direct, passed.through, lost.length, gained.length];
    process.stdout.write(`| ${row.join(' | ')} |\n`);
    if (total === 0) faults.push(`${leg.name}: no checks at all`);
    faults.push(...lost.map((one) => `${leg.name}: lost ${one}: ${between.get(one)?.why ?? 'not made'}`));
    faults.push(...failing.map((one) => `${leg.name}: the server alone fails ${one}`));
  }
  return faults;
});

/** Runs a suite against a server and gives what it checked. */
async function check(
  suite: Suite,
  leg: (typeof LEGS)[number],
  command: () => readonly string[],
): Promise<Checks> {
  const bridge = await Bridge.listen(command);
  const out = await suite.run(leg.package, ['server', ...leg.args, '--url', bridge.url]);
  await bridge.close();
  return readChecks(out);
}
