/**
 * `npm run conformance:client`: the public conformance suite's scenarios for clients over HTTP, with Cordon as the client:
 * sessions and resumption, stateless requests and their headers, authorization. It fails if a check does, or if there was
 * none.
 */
import { dirname, join } from 'node:path';
import { readChecks } from '../checks.ts';
import { NEXT, PATIENT, type Suite, withSuite } from '../suite.ts';

const AUTHORIZATION = [
  ...['metadata-default', 'metadata-var1', 'metadata-var2', 'metadata-var3', 'scope-from-www-authenticate'],
  ...['scope-from-scopes-supported', 'scope-omitted-when-undefined', 'scope-step-up', 'scope-retry-limit'],
  ...['token-endpoint-auth-basic', 'token-endpoint-auth-post', 'token-endpoint-auth-none'],
  'pre-registration',
];
/** Of the revision's own. */
const ISSUERS = [
  ...[
    'resource-mismatch',
    'offline-access-scope',
    'offline-access-not-supported',
    'metadata-issuer-mismatch',
  ],
  ...['authorization-server-migration', 'iss-supported', 'iss-not-advertised', 'iss-supported-missing'],
  ...['iss-wrong-issuer', 'iss-unexpected', 'iss-normalized'],
];
const auth = (names: readonly string[]) => names.map((name) => `auth/${name}`);

/**
 * Left out: auth/basic-cimd, which wants a client that has an address of its own, which Cordon has not; the scenarios of
 * JSON Schema, which are about what a model is shown; extensions.
 */
const SCENARIOS: Readonly<Record<string, readonly string[]>> = {
  '2025-03-26': auth(['2025-03-26-oauth-metadata-backcompat', '2025-03-26-oauth-endpoint-fallback']),
  '2025-11-25': [
    ...['initialize', 'tools_call', 'sse-retry', 'elicitation-sep1034-client-defaults'],
    ...auth(AUTHORIZATION),
  ],
  '2026-07-28': [
    ...['tools_call', 'request-metadata', 'http-standard-headers', 'http-custom-headers'],
    ...['http-invalid-tool-headers', 'sep-2322-client-request-state', 'json-schema-ref-no-deref'],
    ...auth([...AUTHORIZATION, ...ISSUERS]),
  ],
};

const only = process.argv[2];

await withSuite(async (suite) => {
  const driver = await suite.bundle(join(import.meta.dirname, 'driver.ts'));
  process.stdout.write('| revision | scenarios | checks | passed |\n| --- | ---: | ---: | ---: |\n');
  const faults: string[] = [];
  for (const [revision, scenarios] of Object.entries(SCENARIOS)) {
    const meant = scenarios.filter((name) => only === undefined || name.includes(only));
    let [total, passed] = [0, 0];
    for (const scenario of meant) {
      const checks = await check(suite, driver, revision, scenario);
      total += checks.size;
      if (checks.size === 0) faults.push(`${revision} ${scenario}: no checks at all`);
      for (const [name, { status, why }] of checks) {
        if (status === 'SUCCESS') passed++;
        else faults.push(`${revision} ${name}: ${status}: ${why}`);
      }
    }
    process.stdout.write(`| ${[revision, meant.length, total, passed].join(' | ')} |\n`);
  }
  return faults;
});

/** Runs a scenario against Cordon and gives what it checked. */
async function check(suite: Suite, driver: string, revision: string, scenario: string) {
  const out = await suite.run(
    NEXT,
    [
      ...['client', '--command', `${process.execPath} ${driver}`],
      ...['--scenario', scenario, '--spec-version', revision, ...PATIENT],
    ],
    { CORDON: suite.cordon, WORK: suite.work, REVISION: revision },
  );
  // A scenario's name is a path.
  return readChecks(join(out, dirname(scenario)));
}
