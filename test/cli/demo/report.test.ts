import { expect, test } from 'vitest';
import type { Denial } from '../../../src/cli/demo/denial.ts';
import { holds, report, type Step } from '../../../src/cli/demo/report.ts';

const denial: Denial = {
  id: 'k3f9',
  verdict: 'deny',
  rule: 'guard',
  flows: [{ argument: '/to', from: 'pages.read_page', event: 'e5' }],
};
const honest: Step = {
  orderedBy: 'user',
  what: 'mail a summary to team@tides.example.invalid',
  tool: 'mail__send_mail',
  without: true,
  with: true,
};
const read: Step = { ...honest, orderedBy: 'page', what: 'read deploy/token.txt', tool: 'repo__read_file' };
const attack: Step = { ...honest, orderedBy: 'page', what: 'mail it', with: false, denial };

const held: Step = { ...attack, denial: { ...denial, verdict: 'ask' } };

test('holds when honest work passed, reads passed, and the attack worked only without Cordon', () => {
  expect(holds([honest, read, attack], true)).toBe(true);
});

test.each<[string, Step[], boolean]>([
  ['the log does not verify', [honest, read, attack], false],
  ['nothing was attacked', [honest, read], true],
  ['the attack failed without Cordon', [{ ...attack, without: false }], true],
  ['the attack worked through Cordon', [{ ...attack, with: true }], true],
  [
    'the attack failed for another reason than a denial',
    [{ ...honest, orderedBy: 'page', with: false }],
    true,
  ],
  ['honest work failed through Cordon', [{ ...honest, with: false }, attack], true],
  ['honest work failed without Cordon', [{ ...honest, without: false }, attack], true],
])('does not hold when %s', (_, steps, verified) => {
  expect(holds(steps, verified)).toBe(false);
});

test.each([80, 100, 110, 200])('fits a terminal of %i columns', (columns) => {
  const outcome = {
    ok: true,
    steps: [honest, read, attack, held],
    log: { state: '/state', verified: true, says: '12 entries' },
  };
  const text = report(outcome, 1.5, { columns });
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
  expect(text).toContain('DENIED');
  expect(text).toMatch(/^ {3}mail it +done +HELD /m);
});
