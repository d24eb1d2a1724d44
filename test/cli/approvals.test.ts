import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { command } from '../../src/cli/approvals.ts';
import { command as flows } from '../../src/cli/flows.ts';
import { Approvals } from '../../src/config/approvals.ts';
import { excerpt, type HeldCall } from '../../src/config/held-call.ts';
import { readLock } from '../../src/config/lock-file.ts';
import { HELD } from '../config/support.ts';
import { run } from './support/run.ts';

let state: string;
let approvals: Approvals;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'approvals-'));
  approvals = new Approvals(state);
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const lock = () => join(state, 'cordon.lock');
const cordon = (...argv: string[]) => run(command, ...argv, '--state', state);

function ask(more: Partial<HeldCall> = {}): HeldCall {
  const call = { ...HELD, time: Date.now(), lock: lock(), ...more };
  approvals.ask(call, Date.now());
  return call;
}

/** Whether the call that asked would go through. */
const goesThrough = ({ id, session, binding }: HeldCall) =>
  approvals.use(id, { session, binding }, Date.now());

describe('list', () => {
  test('says so when nothing is open', async () => {
    expect(await cordon('list')).toEqual({ code: 0, out: 'no question is open\n', err: '' });
  });

  test('shows what, which argument, what value, from which source, why, when, and what to type', async () => {
    ask({
      time: Date.now() - 3 * 60_000,
      carries: excerpt('{"to":"eve@attacker.example.invalid"}', 1200, 300),
      questions: [
        {
          ...HELD.questions[0]!,
          source: {
            event: 'e4',
            server: 'web',
            origin: excerpt('fetch', 120, 40),
            channel: 'result',
            path: excerpt('/content/0/text', 120, 40),
            integrity: 'untrusted',
            transforms: ['base64'],
          },
        },
      ],
    });
    const { code, out } = await cordon('list');
    expect(code).toBe(0);
    expect(out).toBe(`1 question is open

d-0123abcd, 3 minutes ago
  held      a call of tool "send"
            on server "mail"
  because   it has an effect, and where it goes was read in a message that
            tells the reader what to do.
            (rule tainted-destination, effect send)
  argument  "/to" holds
            "eve@attacker.example.invalid"
  from      the result of "fetch"
            on server "web", untrusted, event e4
            at "/content/0/text", disguised: base64
  the whole call:
    | {"to":"eve@attacker.example.invalid"}
  to answer:
    this call, once  cordon approvals allow d-0123abcd
    no               cordon approvals deny d-0123abcd
    from now on      cordon approvals allow d-0123abcd --remember
      "mail.send" "/to" <- "web"
      one value alone (sha256:1111111111111111)
`);
  });

  test('asks the same once, however often it was asked', async () => {
    ask({ time: Date.now() - 3 });
    ask({ id: 'd-00000003', binding: 'sha256:03', remember: [], time: Date.now() - 2 });
    ask({ id: 'd-00000002', binding: 'sha256:02', session: 's2', time: Date.now() - 1 });
    const { out } = await cordon('list');
    expect(out).toMatch(/^2 questions are open$/m);
    expect(out).toMatch(/^d-00000002, just now\n {2}asked {5}2 times, also as d-0123abcd$/m);
    const { questions } = JSON.parse((await cordon('list', '--json')).out);
    expect(questions.map(({ ids }: { ids: string[] }) => ids)).toEqual([
      ['d-00000003'],
      ['d-00000002', 'd-0123abcd'],
    ]);
  });

  test('shows ten of thirty, the latest next to the prompt, and says what that may mean', async () => {
    for (let i = 10; i < 40; i++)
      ask({ id: `d-000000${i}`, binding: `sha256:${i}`, remember: [], time: Date.now() + i });
    const { out } = await cordon('list');
    expect(out.match(/^d-/gm)).toHaveLength(10);
    expect(out).toContain('30 questions are open\nOnly the 10 latest are shown');
    expect(out.lastIndexOf('d-00000039')).toBeGreaterThan(out.lastIndexOf('d-00000038'));
    expect(out).not.toContain('d-00000029');
  });

  test('lets no foreign text pass for a line of its own', async () => {
    const lie = `${' '.repeat(90)}2 questions are open\r\nd-ffffffff, just now\u001b[2J\u202e\u200b${'x'.repeat(5000)}`;
    const text = (words: string) => excerpt(words, 160, 40);
    ask({
      name: text(lie),
      server: lie,
      questions: [
        {
          argument: text(lie),
          value: text(lie),
          source: {
            event: 'e1',
            server: lie,
            origin: text(lie),
            channel: 'result',
            path: text(lie),
            integrity: 'untrusted',
            transforms: [],
          },
        },
      ],
      carries: excerpt(JSON.stringify({ body: lie }), 1200, 300),
      remember: [{ server: lie, tool: lie, argument: lie, from: lie, field: lie, form: 'prose' }],
    });
    const { out } = await cordon('list');
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e\u200b]/);
    const ours = /^(?:1 question is open|d-0123abcd, just now|| {2,12}\S.*)$/;
    for (const line of out.split('\n')) {
      expect(line).toMatch(ours);
      // What is foreign on it ends before a terminal of 80 columns breaks it.
      expect(line.lastIndexOf('"')).toBeLessThan(80);
    }
    expect(out.length).toBeLessThan(8000);
  });

  test('is one line a piece, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 400 }), async (words) => {
        ask({ questions: [{ argument: excerpt(words, 120, 40), value: excerpt(words, 160, 40) }] });
        const { code, out } = await cordon('list');
        expect(code).toBe(0);
        for (const line of out.split('\n')) expect([...line].length).toBeLessThan(110);
      }),
      { numRuns: 50 },
    );
  });

  test('spells out letters that look like others', async () => {
    const value = excerpt('eve@p\u0430ypal.example.invalid', 160, 40);
    ask({ questions: [{ argument: excerpt('/to', 120, 40), value }] });
    expect((await cordon('list')).out).toContain('  in ASCII  eve@p\\u{430}ypal.example.invalid\n');
  });
});

describe('allow', () => {
  test('lets the call through, once, and says which', async () => {
    const call = ask();
    const { code, out } = await cordon('allow', call.id);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^d-0123abcd is allowed, once, until \d\d:\d\d:\d\d\. Exactly this call:\n {4}\| \{\}$/m,
    );
    expect(goesThrough(call)).toBe(true);
    expect(goesThrough(call)).toBe(false);
    expect(readLock(lock()).remembered).toBeUndefined();
  });

  test('answers the same call asked again, and no other', async () => {
    const call = ask();
    const again = ask({ id: 'd-00000002' });
    const other = ask({ id: 'd-00000003', binding: 'sha256:03' });
    await cordon('allow', again.id);
    expect(approvals.open(Date.now())).toEqual([other]);
    expect(goesThrough(call)).toBe(false);
    expect(goesThrough(again)).toBe(true);
    expect((await cordon('allow', call.id)).code).toBe(1);
  });

  test('--remember writes what was asked into the lock, answers all that ask it, and flows shows and revokes it', async () => {
    const call = ask();
    ask({ id: 'd-00000002', session: 's2', binding: 'sha256:02' });
    const { code, out } = await cordon('allow', call.id, '--remember');
    expect(code).toBe(0);
    expect(goesThrough(call)).toBe(true);
    expect(approvals.open(Date.now())).toEqual([]);
    const value = `sha256:${'1'.repeat(64)}`;
    expect(readLock(lock()).remembered).toMatchObject([
      { ...call.remember[0], value, approvedBy: 'person', question: call.id },
    ]);
    const id = /cordon flows revoke --lock \S+ (f-\w{8})$/m.exec(out)![1]!;
    const listed = await run(flows, 'list', '--lock', lock());
    expect(listed.out).toContain(`  ${id}  "mail.send" "/to" <- "web"\n`);
    expect(listed.out).toContain(`by a person (cordon why ${call.id})`);
    expect((await run(flows, 'revoke', id, '--lock', lock())).code).toBe(0);
    expect(readLock(lock()).remembered).toBeUndefined();
    expect((await run(flows, 'revoke', id, '--lock', lock())).code).toBe(1);
  });

  test('--remember of what cannot be remembered leaves the question open', async () => {
    const call = ask({ remember: [] });
    const { code, err } = await cordon('allow', call.id, '--remember');
    expect(code).toBe(1);
    expect(err).toContain('It can be allowed once, without --remember');
    expect(goesThrough(call)).toBe(false);
    expect(approvals.open(Date.now())).toHaveLength(1);
  });

  test('--remember into a lock that cannot be written allows nothing', async () => {
    writeFileSync(lock(), '{');
    const call = ask();
    const { code, err } = await cordon('allow', call.id, '--remember');
    expect(code).toBe(2);
    expect(err).toMatch(/cordon\.lock: is not valid JSON.*The question is closed and nothing is allowed/s);
    expect(goesThrough(call)).toBe(false);
  });

  test('warns where the session that asked is over', async () => {
    ask();
    expect((await cordon('allow', HELD.id)).err).toContain('the session that asked seems to be over');
  });
});

describe('deny', () => {
  test('closes the question, as often as it was asked', async () => {
    const call = ask();
    ask({ id: 'd-00000002' });
    expect(await cordon('deny', call.id)).toMatchObject({
      code: 0,
      out: 'd-0123abcd is closed: the call stays refused.\n',
    });
    expect(approvals.open(Date.now())).toEqual([]);
    expect(goesThrough(call)).toBe(false);
  });

  test('takes back a yes that was not used', async () => {
    const call = ask();
    await cordon('allow', call.id);
    expect((await cordon('deny', call.id)).out).toContain('is taken back');
    expect(goesThrough(call)).toBe(false);
    expect((await cordon('deny', call.id)).code).toBe(1);
  });
});

test.each(['allow', 'deny'])('%s of what is not open: 1, and where it looked', async (verb) => {
  const { code, out, err } = await cordon(verb, 'd-00000000');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(`no question d-00000000 is open in ${state}: it was answered`);
});

test.each([
  [[]],
  [['list', 'd-0123abcd']],
  [['allow']],
  [['allow', '../../etc/passwd']],
  [['allow', 'd-0123abcd', 'd-0123abce']],
  [['deny', 'd-0123abcd', '--remember']],
  [['frobnicate']],
])('%j is answered with the usage', async (argv) => {
  const { code, err } = await cordon(...argv);
  expect(code).toBe(2);
  expect(err).toContain('usage: cordon approvals list');
});

test('a folder that cannot be read is named', async () => {
  writeFileSync(join(state, 'approvals'), '');
  expect(await cordon('list')).toMatchObject({ code: 2, err: expect.stringContaining('approvals') });
});

test('a question that is a folder is no question', async () => {
  ask();
  mkdirSync(join(state, 'approvals', 'd-00000009.asked'));
  expect((await cordon('list')).code).toBe(2);
});
