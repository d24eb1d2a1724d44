import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compare, readChecks } from './checks.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-checks-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(scenario: string, checks: [string, string][]): void {
  const path = join(folder, `server-${scenario}-2026-11-20T10-00-00-000Z`);
  mkdirSync(path);
  const all = checks.map(([id, status]) => ({
    id,
    name: id.toUpperCase(),
    status,
    ...(status === 'SUCCESS' ? {} : { errorMessage: `${status} of ${id}` }),
  }));
  writeFileSync(join(path, 'checks.json'), JSON.stringify(all));
}

test('reads every check that has a result, by scenario, each time that it was made', () => {
  write('ping', [['a', 'SUCCESS']]);
  write('tools-call', [
    ['a', 'FAILURE'],
    ['b', 'INFO'],
    ['a', 'WARNING'],
    ['c', 'SKIPPED'],
  ]);
  expect([...readChecks(folder)]).toEqual([
    ['ping: a A', { status: 'SUCCESS', why: '' }],
    ['tools-call: a A', { status: 'FAILURE', why: 'FAILURE of a' }],
    ['tools-call: a A (2)', { status: 'WARNING', why: 'WARNING of a' }],
  ]);
});

test('a check is lost if it is failed, warned of or missing where it was passed', () => {
  const checks = (all: Record<string, string>) =>
    new Map(Object.entries(all).map(([key, status]) => [key, { status, why: '' }]));
  const direct = checks({ a: 'SUCCESS', b: 'SUCCESS', c: 'SUCCESS', d: 'FAILURE', e: 'WARNING' });
  const through = checks({ a: 'SUCCESS', b: 'WARNING', d: 'SUCCESS', e: 'WARNING' });
  expect(compare(direct, through)).toEqual({
    total: 5,
    passed: { direct: 3, through: 2 },
    lost: ['b', 'c'],
    gained: ['d'],
    failing: ['d'],
  });
});
