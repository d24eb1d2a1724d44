import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Launch, sdk1, seenBy } from '../clients/sdk.ts';
import { inFrontOf } from './support/launch.ts';
import { sandbox } from './support/sandbox.ts';
import { call, type Step, scenarios } from './support/scenarios.ts';

const base = sandbox();

/** Where the server asks the client: roots, the user, the model. */
const ASKING: readonly Step[] = [
  call('get-roots-list'),
  call('trigger-elicitation-request'),
  call('trigger-sampling-request', { prompt: 'Write about my fence', maxTokens: 9 }),
];

// The other servers, and other clients, are those of `npm run clients`.
test.each([
  ['everything', ASKING],
  ['memory', []],
] as const)("the SDK's client sees the same of server-%s through Cordon", async (server, more) => {
  const scenario = scenarios.find((one) => one.server === server)!;
  const launch = (side: string): Launch => {
    const cwd = join(base, `${server}-${side}`);
    mkdirSync(cwd);
    scenario.prepare?.(cwd);
    return { command: scenario.command(cwd), cwd, env: scenario.env?.(cwd) ?? {} };
  };
  const [plain, guarded] = [launch('direct'), launch('cordon')];
  const before = { ...guarded, command: inFrontOf(guarded.command, { state: `${guarded.cwd}-state` }) };
  const sdk = await sdk1();
  const [direct, through] = await Promise.all([
    seenBy(sdk, plain, scenario, more),
    seenBy(sdk, before, scenario, more),
  ]);
  expect(through).toEqual(direct);
  if (more.length > 0) expect(direct.at(-1)).toContain('A haiku about the fence.');
  expect(direct).toHaveLength(4 + scenario.steps(base).length + more.length);
});
