import { expect, test, vi } from 'vitest';
import { Mediator } from '../../src/mediation/mediator.ts';
import { rehearse } from '../../src/proxy/rehearsal.ts';

test('a rehearsal goes through everything that a first call does', () => {
  const steps = ['describe', 'judge', 'label', 'learn', 'settle'] as const;
  const spies = steps.map((step) => vi.spyOn(Mediator.prototype, step));
  expect(rehearse()).toBeUndefined();
  for (const spy of spies) expect(spy).toHaveBeenCalledOnce();
  const judged = spies[1]!.mock.results[0]!.value;
  expect(judged).toMatchObject({ verdict: 'allow', named: true, flows: [] });
  vi.restoreAllMocks();
});
