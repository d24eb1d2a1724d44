import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Approvals } from '../../src/config/approvals.ts';
import { parseHeld } from '../../src/config/held-call.ts';
import { HELD } from './support.ts';

const SAME = { session: 's1', binding: 'sha256:00' };
const MINUTE = 60_000;

let state: string;
let approvals: Approvals;
let now: number;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'approvals-'));
  approvals = new Approvals(state);
  now = Date.now();
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const files = () => readdirSync(join(state, 'approvals')).sort();

/** A person says yes. */
function allow(held = HELD): void {
  approvals.ask(held, now);
  expect(approvals.close(held.id)).toBe(true);
  approvals.grant(held, now);
}

describe('a question', () => {
  test('is open until it is closed, and for its owner alone to read', () => {
    expect(approvals.open(now)).toEqual([]);
    approvals.ask(HELD, now);
    expect(approvals.open(now)).toEqual([HELD]);
    if (process.platform !== 'win32') {
      expect(statSync(join(state, 'approvals')).mode & 0o777).toBe(0o700);
      expect(statSync(join(state, 'approvals', files()[0]!)).mode & 0o777).toBe(0o600);
    }
    expect(approvals.close(HELD.id)).toBe(true);
    expect(approvals.open(now)).toEqual([]);
    expect(approvals.close(HELD.id)).toBe(false);
  });

  test('is swept away after a day, with the drafts of who died', () => {
    approvals.ask(HELD, now);
    writeFileSync(join(state, 'approvals', '.d-00000000.asked.aa'), '{');
    expect(approvals.open(now + 2 * MINUTE)).toHaveLength(1);
    expect(files()).toEqual(['d-0123abcd.asked']);
    expect(approvals.open(now + 25 * 60 * MINUTE)).toEqual([]);
    expect(files()).toEqual([]);
  });

  test.each([
    ['half a file', '{"v":1,"id":'],
    ['a file of another version', JSON.stringify({ ...HELD, v: 2 })],
    ['a file without a lock', JSON.stringify({ ...HELD, lock: undefined })],
    ['an id that is a path', JSON.stringify({ ...HELD, id: '../../x' })],
    ['an argument that is no excerpt', JSON.stringify({ ...HELD, questions: [{ argument: '/to' }] })],
    ['a huge file', JSON.stringify({ ...HELD, rule: 'x'.repeat(300_000) })],
    ['null', 'null'],
  ])('is not what %s says', (_, text) => {
    approvals.ask(HELD, now);
    writeFileSync(join(state, 'approvals', 'd-00000001.asked'), text);
    expect(approvals.open(now)).toEqual([HELD]);
  });

  test('reads as it was put', () => {
    expect(parseHeld(JSON.stringify(HELD))).toEqual(HELD);
  });
});

describe('a yes', () => {
  test('is used once', () => {
    allow();
    expect(approvals.use(HELD.id, SAME, now)).toBe(true);
    expect(approvals.use(HELD.id, SAME, now)).toBe(false);
    expect(files()).toEqual([]);
  });

  test('is for one session and one call', () => {
    allow();
    expect(approvals.use(HELD.id, { ...SAME, session: 's2' }, now)).toBe(false);
    expect(approvals.use(HELD.id, { ...SAME, binding: 'sha256:01' }, now)).toBe(false);
    expect(approvals.use('d-00000000', SAME, now)).toBe(false);
    expect(approvals.use(HELD.id, SAME, now)).toBe(true);
  });

  test('to another question does not become one to this by its file name', () => {
    allow();
    writeFileSync(
      join(state, 'approvals', 'd-00000001.allowed'),
      JSON.stringify({ v: 1, id: HELD.id, ...SAME, until: now + MINUTE }),
    );
    expect(approvals.use('d-00000001', SAME, now)).toBe(false);
  });

  test('is over after fifteen minutes, and its file with the next sweep', () => {
    allow();
    expect(approvals.use(HELD.id, SAME, now + 15 * MINUTE)).toBe(false);
    expect(approvals.use(HELD.id, SAME, now + 15 * MINUTE - 1)).toBe(true);
    allow();
    approvals.open(now + 16 * MINUTE);
    expect(files()).toEqual([]);
  });

  test('is not longer for a clock that was set back', () => {
    allow();
    expect(approvals.use(HELD.id, SAME, now - 2 * MINUTE)).toBe(false);
    expect(approvals.use(HELD.id, SAME, now - 1)).toBe(true);
  });

  test('that was not used can be taken back', () => {
    allow();
    expect(approvals.revoke(HELD.id)).toBe(true);
    expect(approvals.use(HELD.id, SAME, now)).toBe(false);
    expect(approvals.revoke(HELD.id)).toBe(false);
  });

  test('that is a torn file lets nothing through', () => {
    allow();
    writeFileSync(join(state, 'approvals', `${HELD.id}.allowed`), '{"v":1');
    expect(approvals.use(HELD.id, SAME, now)).toBe(false);
  });
});

test('of processes that use the same yeses at once, one gets each', async () => {
  const ids = Array.from({ length: 200 }, (_, i) => `d-${i.toString(16).padStart(8, '0')}`);
  for (const id of ids) allow({ ...HELD, id });
  const script = join(state, 'user.ts');
  const source = new URL('../../src/config/approvals.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { Approvals } from ${JSON.stringify(source)};
    const approvals = new Approvals(process.argv[2]);
    while (Date.now() < Number(process.argv[3]));
    const mine = ${JSON.stringify(ids)}.filter((id) => approvals.use(id, ${JSON.stringify(SAME)}, Date.now()));
    process.stdout.write(String(mine.length));`,
  );
  const start = String(Date.now() + 2500);
  const counts = await Promise.all(
    [1, 2].map(async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', script, state, start], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      await once(child, 'close');
      return Number(out);
    }),
  );
  expect(counts[0]! + counts[1]!).toBe(ids.length);
});

test('a file of another time is swept by its age, whatever it says', () => {
  approvals.ask({ ...HELD, time: now + 1e12 }, now);
  utimesSync(join(state, 'approvals', `${HELD.id}.asked`), 1, 1);
  expect(approvals.open(now)).toEqual([]);
});

describe('word of a decision', () => {
  const decision = { id: HELD.id, session: HELD.session, decision: 'deny', forGood: false } as const;

  test('is handed out once, to the session that asked, in order', () => {
    approvals.ask(HELD, now);
    expect(approvals.sessionOf(HELD.id)).toBe(HELD.session);
    approvals.decide({ ...decision, at: now + 1 });
    approvals.decide({ ...decision, decision: 'allow', forGood: true, at: now });
    expect(approvals.takeDecisions('another')).toEqual([]);
    expect(approvals.takeDecisions(HELD.session)).toEqual([
      { v: 1, ...decision, decision: 'allow', forGood: true, at: now },
      { v: 1, ...decision, at: now + 1 },
    ]);
    expect(approvals.takeDecisions(HELD.session)).toEqual([]);
    expect(approvals.open(now)).toEqual([HELD]);
  });

  test('that nobody fetches is swept away after a day; what is none is passed over', () => {
    approvals.ask(HELD, now);
    approvals.decide({ ...decision, at: now });
    writeFileSync(join(state, 'approvals', 'd-00000000.1.decided'), '{"v":1}');
    expect(approvals.takeDecisions(HELD.session)).toHaveLength(1);
    approvals.decide({ ...decision, at: now });
    approvals.open(now + 25 * 60 * MINUTE);
    expect(files()).toEqual([]);
    expect(approvals.sessionOf(HELD.id)).toBeUndefined();
  });

  test('knows the session of a yes too', () => {
    allow();
    expect(approvals.sessionOf(HELD.id)).toBe(HELD.session);
  });
});
