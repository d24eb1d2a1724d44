import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replay } from '../../bench/protection/replay.ts';
import type { Trace } from '../../bench/protection/traces.ts';
import { OFFICE, type Told, TRACES } from '../../fixtures/traces/office.ts';
import { wholeProcess } from './support.ts';

const OPTIONS = { mode: 'guard', withPrompt: false, detectors: true } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-protection-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expected = ({ verdicts }: Told) =>
  Object.entries(verdicts).map(([step, [verdict, rule]]) => ({ step: Number(step), verdict, rule }));
const plain = (trace: Trace) =>
  replay(trace, OFFICE, OPTIONS).map(({ step, verdict, rule }) => ({ step, verdict, rule }));

describe.each(TRACES.map((trace) => [trace.id, trace] as const))('%s', (_, trace) => {
  test('comes to what it ought to in the benchmark', () => {
    expect(plain(trace)).toEqual(expected(trace));
  });

  test('and to the same through the whole process over stdio', async () => {
    expect(await wholeProcess(trace, OFFICE, folder)).toEqual(expected(trace));
  });
});

test('a question names the argument and the tool that its value came from', () => {
  const trace = TRACES.find(({ id }) => id === 'office/a letter asks for a report')!;
  expect(replay(trace, OFFICE, OPTIONS)[0]!.sources).toEqual([
    { argument: '/to', server: 'letters', tool: 'read_letter' },
  ]);
});

test("the user's words delegate what they name", () => {
  const trace = TRACES.find(({ id }) => id === 'office/a letter asks for a report')!;
  const told = { ...trace, prompt: 'Please do what letter l-100 asks for' };
  expect(replay(told, OFFICE, { ...OPTIONS, withPrompt: true })).toEqual([]);
  expect(replay(told, OFFICE, OPTIONS)).toHaveLength(1);
  const later = { ...trace, prompt: [{ afterStep: 1, text: 'Please do what letter l-100 asks for' }] };
  expect(replay(later, OFFICE, { ...OPTIONS, withPrompt: true })).toHaveLength(1);
  // Whose account a bill names, its file's name does not tell.
  const bill = TRACES.find(({ id }) => id === 'office/a bill that asks to be paid')!;
  const paid = { ...bill, prompt: 'Please pay the bill in bill-january.txt' };
  expect(replay(paid, OFFICE, { ...OPTIONS, withPrompt: true })).toHaveLength(2);
});

test('a life that learns is asked once, and lets no attack through', () => {
  const bill = TRACES.find(({ id }) => id === 'office/a bill that asks to be paid')!;
  const life = { remembered: [], learns: true };
  expect(replay(bill, OFFICE, OPTIONS, life)).toHaveLength(1);
  expect(replay(bill, OFFICE, OPTIONS, life)).toHaveLength(0);
  for (const trace of TRACES.filter(({ kind }) => kind === 'attack')) {
    const lines = replay(trace, OFFICE, OPTIONS, { ...life, learns: false });
    expect(lines.length, trace.id).toBeGreaterThan(0);
  }
});

test('without detectors an order is still asked about', () => {
  const trace = TRACES.find(({ id }) => id === 'office/a file that instructs the model')!;
  expect(replay(trace, OFFICE, { ...OPTIONS, detectors: false })[0]).toMatchObject({
    step: 1,
    verdict: 'ask',
  });
});
