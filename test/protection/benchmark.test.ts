import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replay } from '../../bench/protection/replay.ts';
import { type Toolset, type Trace, toolsetOf, tracesOf } from '../../bench/protection/traces.ts';
import { OFFICE, TRACES } from '../../fixtures/traces/office.ts';
import { wholeProcess } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-benchmark-'));
  const lines = (kind: string) =>
    gzipSync(
      TRACES.filter((trace) => trace.kind === kind)
        .map((trace) => `${JSON.stringify(trace)}\n`)
        .join(''),
    );
  for (const kind of ['attack', 'benign']) writeFileSync(join(folder, `${kind}.jsonl.gz`), lines(kind));
  mkdirSync(join(folder, 'tools'));
  writeFileSync(join(folder, 'tools', 'office.json'), JSON.stringify({ toolset: 'office', servers: OFFICE }));
  // Says what it was called with; the verdict file is what the test looks at.
  writeFileSync(join(folder, 'score.mjs'), "console.log('scored', process.argv.slice(2).join(' '));");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bench(...options: string[]) {
  const tsx = resolve('node_modules/tsx/dist/cli.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [tsx, resolve('bench/protection/protection.ts'), ...options],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

function verdicts(...options: string[]): Record<string, unknown>[] {
  const out = join(folder, 'verdicts.jsonl');
  const { status, stdout, stderr } = bench('--data', folder, '--out', out, ...options);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toContain(`scored --data ${folder} --verdicts ${out}`);
  return readFileSync(out, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('the benchmark writes a line for each call that it held back, as the scorer reads them', () => {
  const lines = verdicts();
  const expected = TRACES.flatMap(({ id, verdicts: told }) =>
    Object.entries(told).map(([step, [verdict, rule]]) => ({ id, step: Number(step), verdict, rule })),
  );
  const plain = lines.map(({ sources: _, ...line }) => line);
  expect(plain).toEqual(expect.arrayContaining(expected));
  expect(plain).toHaveLength(expected.length);
  for (const { verdict, sources } of lines) {
    expect(Array.isArray(sources)).toBe(true);
    if (verdict === 'ask') expect(sources).not.toEqual([]);
    for (const one of sources as object[]) expect(Object.keys(one)).toEqual(['argument', 'server', 'tool']);
  }
});

test('its options are those of the replay', () => {
  expect(verdicts('--mode', 'observe')).toEqual([]);
  expect(verdicts('--mode', 'lockdown').map(({ rule }) => rule)).toContain('lockdown');
  expect(verdicts('--no-detectors').map(({ rule }) => rule)).not.toContain('poisoned-argument');
  const life = verdicts('--life').filter(({ id }) => id === 'office/a bill that asks to be paid');
  expect(life).toHaveLength(1);
});

test('without data, or in a mode that is none, it says how it is used', () => {
  for (const options of [[], ['--data', folder, '--mode', 'x']]) {
    const { status, stderr } = bench(...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^usage: /);
  }
});

/** Recorded traces are not part of the project. */
const RECORDED = resolve(process.env['CORDON_TRACES'] ?? '../shared/trajectories');
const SAMPLE = 8;
const MOST_STEPS = 12;

/** The servers that a trace calls: each is a process. */
function usedBy({ toolset, steps }: Trace): Toolset {
  const all = Object.entries(toolsetOf(RECORDED, toolset));
  return Object.fromEntries(all.filter(([name]) => steps.some(({ server }) => server === name)));
}

/** Names of servers that a configuration can hold. */
const isNamed = (trace: Trace): boolean => {
  const names = Object.keys(usedBy(trace));
  return names.length > 0 && names.every((name) => /^[a-z0-9]+$/i.test(name));
};

/** Every so many of them, of each kind as many, none of them long: each step is a message of real processes. */
function sample(kind: 'attack' | 'benign', count: number): Trace[] {
  const short = [...tracesOf(RECORDED, kind)].filter(
    (trace) => trace.steps.length <= MOST_STEPS && isNamed(trace),
  );
  const every = Math.max(1, Math.floor(short.length / count));
  return short.filter((_, index) => index % every === 0).slice(0, count);
}

test.skipIf(!existsSync(join(RECORDED, 'tools')))(
  'a sample of recorded traces comes to the same both ways (CORDON_TRACES names a folder of them)',
  async () => {
    let held = 0;
    for (const trace of [...sample('attack', SAMPLE / 2), ...sample('benign', SAMPLE / 2)]) {
      const toolset = usedBy(trace);
      const options = { mode: 'guard', withPrompt: false, detectors: true } as const;
      const lines = replay(trace, toolset, options).map(({ step, verdict, rule }) => ({
        step,
        verdict,
        rule,
      }));
      expect(await wholeProcess(trace, toolset, folder), trace.id).toEqual(lines);
      held += lines.length;
    }
    expect(held).toBeGreaterThan(0);
  },
  600_000,
);
