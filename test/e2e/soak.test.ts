import { expect, test } from 'vitest';
import { soak } from '../soak/soak.ts';
import { verdictOn } from '../soak/verdict.ts';
import { sandbox } from './support/sandbox.ts';

const work = sandbox();

// The long one, which looks at memory too, is `npm run soak`.
test('a thousand calls, a killed server, a client that does not read: each is answered once, nothing is left', async () => {
  const calls = 1000;
  const load = {
    calls,
    files: 1,
    cancelled: 20,
    servers: 2,
    kills: 1,
    pauses: { everyCalls: 400, ms: 200 },
    limitMs: 90_000,
    seed: 1,
  };
  const figures = await soak(load, work);
  // One of two servers is killed: all of its calls may come before it is back, which is half.
  expect(verdictOn(figures, calls, calls / 2)).toEqual([]);
  expect(figures).toMatchObject({ kills: 1, pauses: 2 });
});
