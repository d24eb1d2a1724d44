import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { command as log } from '../../../src/cli/log.ts';
import { lineOf, linesOf } from '../../../src/cli/log-line.ts';
import { followEntries } from '../../../src/recording/follow.ts';
import { readEntries } from '../../../src/recording/reader.ts';
import { cordon } from '../../e2e/support/launch.ts';
import { openRecorder, recordUpTo, temporaryFolder } from '../../recording/support.ts';
import { run } from '../support/run.ts';

const call = { event: 'e1', server: 'mail', tool: 'send', effect: 'send' };

/** Two sessions: one with a denial, a question and its approval, and one in which nothing happened. */
function recorded(): string {
  const state = temporaryFolder();
  const recorder = openRecorder(state, { now: () => 1_700_000_001_000 });
  recorder.append('tool.invoke', { ...call, verdict: 'allow', rule: 'clean' }, { arguments: 'x' });
  recorder.append('tool.invoke', { ...call, verdict: 'deny', rule: 'unlisted', id: 'd-1' });
  recorder.append('tool.invoke', { ...call, verdict: 'ask', rule: 'ungrounded', id: 'd-2' });
  recorder.append('tool.invoke', { ...call, verdict: 'allow', rule: 'approved', id: 'd-2' });
  recorder.append('record.gap', { missing: { 'tool.invoke': 2 } });
  recorder.close();
  openRecorder(state, { sessionId: 'two' }).close();
  return state;
}

test('list counts what was denied, held back and approved', async () => {
  const state = recorded();
  const { out } = await run(log, 'list', '--state', state);
  expect(out.split('\n')).toEqual([
    'one  2023-11-14T22:13:21.000Z  7 signed entries, 1 denied, 1 held back, 1 approved',
    'two  2023-11-14T22:13:20.000Z  2 signed entries',
    '',
  ]);
  const { out: json } = await run(log, 'list', '--json', '--state', state);
  expect(JSON.parse(json)).toMatchObject([
    { denied: 1, held: 1, approved: 1 },
    { denied: 0, held: 0 },
  ]);
});

test('show begins with what was refused or approved, and says what is not recorded', async () => {
  const { out } = await run(log, 'show', 'one', '--state', recorded());
  const [, unrecorded, , heading, ...lines] = out.split('\n');
  expect(unrecorded).toBe(
    'not recorded, but for size and digest: arguments; entries are missing, see entry 5',
  );
  expect(heading).toBe('refused, held back or approved:');
  expect(lines.slice(0, 3).map((line) => line.trim().slice(0, 1))).toEqual(['2', '3', '4']);
  expect(lines.slice(3, 5)).toEqual(['', 'all entries:']);
  expect(lines.slice(5)).toHaveLength(8);
  expect((await run(log, 'show', 'two', '--state', recorded())).out).not.toContain('refused');
});

describe('tail', () => {
  test('prints the last entries', async () => {
    const state = recorded();
    const { out } = await run(log, 'tail', 'one', '--lines', '2', '--json', '--state', state);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).n),
    ).toEqual([5, 6]);
    expect((await run(log, 'tail', 'one', '--state', state)).out.trim().split('\n')).toHaveLength(7);
    expect((await run(log, 'tail', 'one', '--lines', 'x', '--state', state)).code).toBe(2);
  });

  test('follows a log into its next part, until it is closed', () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    recordUpTo(recorder, 3);
    const steps = [
      () => recordUpTo(recorder, 5),
      () => {},
      () => recorder.close({ reason: 'rotated' }),
      () => {
        const next = openRecorder(state, { sessionId: 'one.2' });
        next.append('later', {});
        next.close();
      },
    ];
    const seen = [
      ...followEntries(recorder.directory, [...readEntries(recorder.directory)][1], () => steps.shift()?.()),
    ].map(({ n, kind }) => `${n} ${kind}`);
    expect(seen).toEqual([
      ...['2 tool.invoke', '3 tool.invoke', '4 tool.invoke', '5 session.close'],
      ...['0 session.open', '1 later', '2 session.close'],
    ]);
  });

  test('--follow of a closed log ends', () => {
    const state = recorded();
    const [program, ...args] = cordon('log', 'tail', 'one', '--lines', '1', '--follow', '--state', state);
    const { status, stdout } = spawnSync(program!, args, { encoding: 'utf8', timeout: 60_000 });
    expect([status, stdout.trim().split('\n').length]).toEqual([0, 1]);
  });
});

describe('grep', () => {
  test.each<[string[], number, number]>([
    [['MAIL'], 0, 4],
    [['d-2'], 0, 2],
    [['mail', '--verdict', 'deny'], 0, 1],
    [['--verdict', 'ask'], 0, 1],
    [['session.', 'two'], 0, 2],
    [['m.il'], 1, 0],
    [['mail', '--verdict', 'maybe'], 2, 0],
    [[], 2, 0],
  ])('%j', async (words, code, lines) => {
    const found = await run(log, 'grep', ...words, '--state', recorded());
    expect(found.code).toBe(code);
    expect(found.out === '' ? 0 : found.out.trim().split('\n').length).toBe(lines);
  });

  test('says which session, for people and for programs', async () => {
    const state = recorded();
    expect((await run(log, 'grep', 'unlisted', '--state', state)).out).toMatch(/^one {6}2 {2}2023.*DENIED/);
    const { out } = await run(log, 'grep', 'unlisted', '--json', '--state', state);
    expect(JSON.parse(out)).toMatchObject({ session: 'one', entry: { n: 2 } });
  });
});

test('a line is cut to the width of a terminal, and whole when it is piped', () => {
  const entry = { n: 1, time: 0, kind: 'tool.invoke', server: 'a'.repeat(200) };
  const visible = (text: string): string => text.replace(/\u001b\[\d+m/g, '');
  expect(visible(lineOf(entry, { isTTY: true, columns: 80 }))).toHaveLength(80);
  expect(visible(lineOf(entry, { isTTY: true, columns: 80 }, 10))).toHaveLength(70);
  expect(lineOf(entry, { isTTY: true, columns: 80 })).toMatch(/\u2026$/);
  expect(lineOf(entry, { columns: 80 })).toContain('a'.repeat(200));
  expect(lineOf({ ...entry, verdict: 'deny' }, {})).not.toContain('\u001b');
});

test('why a call was let through stands in its line, as does why a session ended', () => {
  const allowed = { n: 1, time: 0, kind: 'tool.invoke', ...call, verdict: 'allow', rule: 'clean' };
  expect(lineOf(allowed, {})).toMatch(/mail\.send {2}clean$/);
  expect(lineOf({ n: 2, time: 0, kind: 'session.close', reason: 'client-closed' }, {})).toContain(
    'client-closed',
  );
});

test('at a terminal, what was refused tells each flow on a line of its own, and the time of day', () => {
  const from = { event: 'e4', server: 'pages', origin: 'read_page' };
  const flows = [
    { argument: '/to', from },
    { argument: '/body', from },
  ];
  const entry = { n: 1, time: 0, kind: 'tool.invoke', ...call, verdict: 'ask', rule: 'x', id: 'd-1', flows };
  const plain = linesOf(entry, { isTTY: true, columns: 60 }).map((line) => line.replace(/\u001b\[\d+m/g, ''));
  expect(plain.map((line) => line.trim())).toEqual([
    expect.stringMatching(/^1 {2}00:00:00\.000 {2}HELD/),
    '[/to <- pages.read_page e4]',
    '[/body <- pages.read_page e4]',
  ]);
  expect(Math.max(...plain.map(({ length }) => length))).toBeLessThanOrEqual(60);
  expect(linesOf(entry, {})).toEqual([lineOf(entry, {})]);
});

test.skipIf(spawnSync('script', ['--version']).status !== 0)(
  'in a real terminal lines fit, and refusals are red',
  () => {
    const state = recorded();
    const program = cordon('log', 'show', 'one', '--state', state).join(' ');
    const env = { ...process.env, TERM: 'xterm', NO_COLOR: '' };
    const { stdout } = spawnSync('script', ['-qec', `stty cols 50; ${program}`, '/dev/null'], {
      encoding: 'utf8',
      env,
    });
    const lines = stdout.split('\r\n');
    expect(
      lines.filter((line) => line.startsWith('\u001b[1m\u001b[31m') && line.includes('DENIED')),
    ).toHaveLength(2);
    const entries = lines
      .map((line) => line.replace(/\u001b\[\d+m/g, ''))
      .filter((line) => /^ {4}\d/.test(line));
    expect(entries.length).toBeGreaterThan(8);
    for (const line of entries) expect(line.length).toBeLessThanOrEqual(50);
  },
);
