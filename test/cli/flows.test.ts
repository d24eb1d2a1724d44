import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { command } from '../../src/cli/flows.ts';
import { readLock, updateLock } from '../../src/config/lock-file.ts';
import { flowId, remember } from '../../src/config/remembered.ts';
import type { RememberedFlow } from '../../src/event.ts';
import { run } from './support/run.ts';

const SINCE = '2026-01-31T12:00:00.000Z';
const ONE: RememberedFlow = {
  server: 'bank',
  tool: 'pay',
  argument: '/iban',
  from: 'mail',
  value: `sha256:${'ab'.repeat(32)}`,
};
const ANY: RememberedFlow = {
  server: 'chat',
  tool: 'post',
  argument: '/lines/*',
  from: 'mail.read',
  field: '/structuredContent/*/title',
  form: 'field',
};

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flows-'));
  lock = join(folder, 'cordon.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const yes = (path: string, ...flows: RememberedFlow[]) =>
  updateLock(path, (before) => remember(before, flows, { since: SINCE, question: 'd-0123abcd' }));
const flows = (...argv: string[]) => run(command, ...argv, '--lock', lock);

describe('list', () => {
  test('says what may flow where, since when, by whom and after which question', async () => {
    expect((await flows('list')).out).toBe(`${lock}\n  nothing is remembered\n`);
    yes(lock, ANY, ONE);
    expect((await flows('list')).out).toBe(`${lock}
  ${flowId(ONE)}  "bank.pay" "/iban" <- "mail"
              one value alone (sha256:abababababababab)
              since ${SINCE}, by a person (cordon why d-0123abcd)
  ${flowId(ANY)}  "chat.post" "/lines/*" <- "mail.read"
              any value of "/structuredContent/*/title"
              since ${SINCE}, by a person (cordon why d-0123abcd)
`);
  });

  test('says so where there is no lock at all, and where there is no such configuration', async () => {
    expect((await run(command, 'list', '--state', folder)).out).toBe('nothing is remembered\n');
    expect(await run(command, 'list', '--config', join(folder, 'mpc.json'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no '),
    });
  });

  test('hides nothing of a name', async () => {
    yes(lock, { ...ONE, tool: 'pay\u202e\n  f-00000000  "a"' });
    const { out } = await flows('list');
    expect(out).toContain('"bank.pay\\\\u{202e}\\\\u{a}  f-00000000  \\"a\\""\n');
    const [first] = JSON.parse((await flows('list', '--json')).out);
    expect(first.remembered[0].tool).toBe('pay\u202e\n  f-00000000  "a"');
    expect((await flows('list', '--json')).out).not.toContain('\u202e');
  });
});

test('diff shows what came and what went since an earlier lock', async () => {
  yes(lock, ONE);
  const before = join(folder, 'before.lock');
  writeFileSync(before, readFileSync(lock));
  expect((await flows('diff', before)).out).toBe('nothing differs\n');
  yes(lock, ANY);
  await flows('revoke', flowId(ONE));
  const { out } = await flows('diff', before);
  expect(out).toContain(`+ ${flowId(ANY)}  "chat.post"`);
  expect(out).toContain(`- ${flowId(ONE)}  "bank.pay"`);
  expect(await flows('diff', join(folder, 'none'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('there is no '),
  });
});

describe('revoke', () => {
  test('takes one back, and leaves the others and the pins', async () => {
    const pin = {
      server: 's',
      kind: 'tool',
      name: 'a',
      digest: '',
      text: '',
      firstSeen: SINCE,
      approvedBy: 'person',
    } as const;
    updateLock(lock, (before) => ({ ...before, pins: [pin] }));
    yes(lock, ONE, ANY);
    const { code, out } = await flows('revoke', flowId(ONE));
    expect(code).toBe(0);
    expect(out).toContain(`revoked\n  ${flowId(ONE)}  "bank.pay"`);
    expect(readLock(lock)).toMatchObject({ pins: [pin], remembered: [ANY] });
  });

  test('takes all back', async () => {
    yes(lock, ONE, ANY);
    const { code, out } = await flows('revoke', '--all', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).revoked).toHaveLength(2);
    expect(readLock(lock).remembered).toBeUndefined();
  });

  test.each([['f-00000000'], ['--all']])('%s of nothing: 1, and where it looked', async (what) => {
    expect(await flows('revoke', what)).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^cordon flows: nothing is remembered.*cordon\.lock\)\n$/),
    });
  });
});

test('a yes twice is one, and keeps its date', () => {
  yes(lock, ONE);
  updateLock(lock, (before) => remember(before, [ONE], { since: '2026-02-01T00:00:00Z', question: 'd-1' }));
  expect(readLock(lock).remembered).toEqual([
    { ...ONE, since: SINCE, approvedBy: 'person', question: 'd-0123abcd' },
  ]);
});

test('a broken lock is named, and stays as it is', async () => {
  writeFileSync(lock, '{"version":1,"pins":[],"pending":[],"remembered":[{}]}');
  for (const argv of [['list'], ['revoke', '--all']]) {
    expect(await flows(...argv)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`${lock}: remembered.0.server: expected a string`),
    });
  }
  expect(readFileSync(lock, 'utf8')).toContain('[{}]');
});

test.each([
  [[]],
  [['list', 'x']],
  [['list', '--all']],
  [['diff']],
  [['revoke']],
  [['revoke', 'f-1', '--all']],
  [['revoke', 'f-1', 'f-2']],
  [['--frobnicate']],
])('%j is answered with the usage', async (argv) => {
  expect(await flows(...argv)).toMatchObject({
    code: 2,
    err: expect.stringContaining('usage: cordon flows'),
  });
});
