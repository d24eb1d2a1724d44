import { expect, test } from 'vitest';
import { soak } from '../soak/soak.ts';
import { verdictOn } from '../soak/verdict.ts';

// The long one, which looks at memory too, is `npm run soak`.
test('a thousand calls, a killed server, a client that does not read: each is answered once, nothing is left', async () => {
  const calls = 1000;
  const figures = await soak({
    calls,
    files: 1,
    cancelled: 20,
    servers: 2,
    kills: 1,
    pauses: { everyCalls: 400, ms: 200 },
    limitMs: 25_000,
    seed: 1,
  });
  expect(verdictOn(figures, calls)).toEqual([]);
  expect(figures).toMatchObject({ kills: 1, pauses: 2 });
});
