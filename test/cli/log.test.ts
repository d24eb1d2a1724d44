import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { command as log } from '../../src/cli/log.ts';
import { command as why } from '../../src/cli/why.ts';
import { startTimeOf } from '../../src/proxy/process-group.ts';
import { checkpointed, openRecorder, recordUpTo, temporaryFolder } from '../recording/support.ts';
import { run } from './support/run.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const golden = fileURLToPath(new URL('../../fixtures/vectors/state', import.meta.url));

const flow = {
  argument: '/to',
  span: [0, 24],
  match: 'whole',
  transforms: ['base64', 'case'],
  from: {
    event: 'e2',
    server: 'web',
    origin: 'fetch',
    channel: 'result',
    path: '/content/0/text',
    at: [9, 33],
    form: 'prose',
    alone: false,
    integrity: 'untrusted',
    confidentiality: 'public',
    reasons: ['injection'],
  },
};

/** A state directory with one closed session that holds one denied call. */
function recorded(denial: Record<string, unknown>, sessionId = 'one'): string {
  const state = temporaryFolder();
  const recorder = openRecorder(state, { sessionId });
  recorder.append('tool.response', {
    event: 'e2',
    server: 'web',
    tool: 'fetch',
    label: { integrity: 'untrusted' },
  });
  recorder.append('tool.invoke', {
    event: 'e3',
    server: 'mail',
    tool: 'send',
    effect: 'send',
    verdict: 'deny',
    id: 'd-7f3a9c',
    ...denial,
  });
  recorder.close();
  return state;
}

describe('cordon log', () => {
  test('show prints an entry a line, and a denial says so', async () => {
    const { code, out } = await run(log, 'show', '--state', golden);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual(
      [
        'session golden, not verified here (cordon log verify golden)',
        'not recorded, but for size and digest: arguments, result',
        '',
        'refused, held back or approved:',
        '    3  2023-11-14T22:13:20.003Z  DENIED  tool.invoke      e3     mail.send  tainted-argument  d-7f3a9c  [/to <- web.fetch e2]',
        '',
        'all entries:',
        '    0  2023-11-14T22:13:20.000Z          session.open            guard',
        '    1  2023-11-14T22:13:20.001Z          tool.describe           web.fetch  pinned',
        '    2  2023-11-14T22:13:20.002Z          tool.response    e2     web.fetch  untrusted',
        '    3  2023-11-14T22:13:20.003Z  DENIED  tool.invoke      e3     mail.send  tainted-argument  d-7f3a9c  [/to <- web.fetch e2]',
        '    4  2023-11-14T22:13:20.004Z          session.close           client-closed',
        '',
      ].map((line) => line.trimEnd()),
    );
  });

  test('show --json prints entries as they were recorded', async () => {
    const { out } = await run(log, 'show', 'gol', '--state', golden, '--json');
    const entries = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const vectors = JSON.parse(readFileSync(join(golden, '..', 'entries.json'), 'utf8'));
    expect(entries).toHaveLength(5);
    expect(entries[3]).toEqual(JSON.parse(vectors.entries[1].text));
  });

  test('list shows sessions, for people and for programs', async () => {
    expect((await run(log, 'list', '--state', golden)).out).toBe(
      'golden  2023-11-14T22:13:20.000Z  5 signed entries, 1 denied\n',
    );
    const { out } = await run(log, 'list', '--state', golden, '--json');
    expect(JSON.parse(out)).toMatchObject([{ id: 'golden', signed: 5, closed: true }]);
    expect(await run(log, 'list', '--state', temporaryFolder())).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^no sessions in/),
    });
  });

  test('verify: 0 when all is signed and intact', async () => {
    const { code, out } = await run(log, 'verify', '--state', golden);
    expect([code, out]).toEqual([0, 'golden: 5 signed entries are intact; the session was closed\n']);
    const { out: json } = await run(log, 'verify', 'golden', '--state', golden, '--json');
    expect(JSON.parse(json)).toMatchObject({ status: 'ok', signed: 5 });
  });

  test('verify: 1 when a byte was changed, with the first bad entry', async () => {
    const state = recorded({});
    const file = join(state, 'sessions', 'one', 'tile', 'entries', '000.p', '4');
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('mail')] = 0x6e;
    writeFileSync(file, bytes);
    const { code, out } = await run(log, 'verify', '--state', state);
    expect([code, out]).toEqual([
      1,
      'one: TAMPERED: first bad entry 2: tile/0/000.p/4: entry and tile do not match\n',
    ]);
  });

  test('verify: 3 when all is signed but the end is missing, unless the session is running', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    recordUpTo(recorder, 1100);
    await checkpointed(recorder, 1100);
    vi.useRealTimers();
    const cut = await run(log, 'verify', '--state', state);
    expect(cut.out).toContain('one: 1100 signed entries are intact; UNFINISHED');
    expect(cut.code).toBe(3);
    const self = {
      pid: process.pid,
      startTime: startTimeOf(process.pid),
      session: 'one',
      mode: 'guard',
      servers: [],
      lock: '',
    };
    mkdirSync(join(state, 'running'));
    writeFileSync(join(state, 'running', `${process.pid}.json`), JSON.stringify(self));
    const { code, out } = await run(log, 'verify', '--state', state);
    recorder.close();
    expect([code, out]).toEqual([0, 'one: 1100 signed entries are intact; the session is running\n']);
  });

  test('verify: 3 when entries follow that nobody signed', async () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    const { code, out } = await run(log, 'verify', '--state', state);
    recorder.close();
    expect([code, out]).toEqual([
      3,
      'one: 0 signed entries are intact; UNSIGNED: 1 entry after them: the session is running, or its process died\n',
    ]);
  });

  test.each([
    [['verify', 'nothing'], /no session whose id begins with "nothing"/],
    [['show'], /no session in/],
    [['verify', '\u001b[2J'], /\\u001b/],
    [[], /usage: cordon log/],
    [['frobnicate'], /usage: cordon log/],
    [['list', 'one'], /usage: cordon log/],
    [['show', 'a', 'b'], /usage: cordon log/],
    [['show', '--frobnicate'], /usage: cordon log/],
    [['list', '--entry', '1'], /list takes no --entry/],
    [['list', 'one'], /^cordon log: does not fit: "list" "one"\n/],
    [['frobnicate'], /\n {2}one of list, show, tail, grep, verify, .*, prune\n/],
    [['witness'], /^ {2}witness REQUEST --trusted-keys FILE\n {20}/m],
    [['prove', '--entry', '-1'], /ambiguous\. Did you forget/],
  ])('%j is answered with exit code 2', async (argv, words) => {
    const { code, out, err } = await run(log, ...argv, '--state', temporaryFolder());
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(words);
    expect(err).not.toContain('\u001b');
    expect(err.split('\n').length).toBeLessThan(12);
  });

  test('a missing public key is not tampering', async () => {
    const state = recorded({});
    rmSync(join(state, 'keys', 'signing.pub'));
    const { code, err } = await run(log, 'verify', '--state', state);
    expect(code).toBe(2);
    expect(err).toContain('no public key to verify with');
  });
});

test('names that would drive a terminal are shown as escapes', async () => {
  const hostile = 'send\u001b[2J\u202e\u0007';
  const state = recorded({ tool: hostile, rule: 'tainted-argument', flows: [flow] });
  for (const said of [
    await run(log, 'show', '--state', state),
    await run(log, 'show', '--state', state, '--json'),
    await run(why, 'd-7f3a9c', '--state', state),
    await run(why, 'd-7f3a9c', '--state', state, '--json'),
  ]) {
    expect(said.code).toBe(0);
    expect(said.out).toContain('send\\u');
    expect(said.out).not.toMatch(/[\u001b\u202e\u0007]/);
  }
});

describe('cordon why', () => {
  test('tells what was denied, what flowed from where, and what would allow just this', async () => {
    const state = recorded({ rule: 'tainted-argument', descriptor: 'sha256:cd', flows: [flow] });
    const { code, out } = await run(why, 'd-7f3a9c', '--state', state);
    expect(code).toBe(0);
    expect(out).toBe(`d-7f3a9c: denied mail.send (tool.invoke, event e3)
  when      2023-11-14T22:13:20.000Z, session one, entry 2
  rule      tainted-argument
  effect    send
  called as sha256:cd

  argument  /to (characters 0 to 24) is the value
  undone    base64, case
  from      web.fetch, event e2, /content/0/text (characters 9 to 33, prose)
  label     untrusted, public, injection
  recorded  tool.response, entry 1, 2023-11-14T22:13:20.000Z

To allow just this, add to "cordon": {"allow": [...]} in mcp.json:
  {"server":"mail","tool":"send","argument":"/to","from":"web.fetch"}
`);
  });

  test('--json holds the entry, its sources and the lines', async () => {
    const state = recorded({ rule: 'tainted-argument', flows: [flow, flow] });
    const { out } = await run(why, 'd-7f3a9c', '--state', state, '--json');
    expect(JSON.parse(out)).toMatchObject({
      session: 'one',
      entry: { n: 2, id: 'd-7f3a9c' },
      sources: [{ n: 1, event: 'e2' }],
      allow: [{ server: 'mail', tool: 'send', argument: '/to', from: 'web.fetch' }],
    });
    expect(JSON.parse(out).allow).toHaveLength(1);
  });

  const trusted = { ...flow, argument: '/cc', from: { ...flow.from, integrity: 'trusted' } };
  const unnamed = { ...flow, from: { ...flow.from, origin: undefined } };
  test.each([
    ['lockdown', [], '{"server":"mail","tool":"send"}'],
    ['forgotten-source', [], 'every call of this tool'],
    ['withheld-descriptor', [], 'cordon pins diff'],
    ['unlisted', [], 'does not advertise it'],
    ['tainted-argument', [unnamed], 'No exact line can be given'],
    ['tainted-argument', [{ ...flow, argument: '/*/0' }], 'No exact line can be given'],
    [
      'tainted-argument',
      [trusted, flow],
      'mcp.json:\n  {"server":"mail","tool":"send","argument":"/to","from":"web.fetch"}\n',
    ],
  ])('what it advises on %s %#', async (rule, flows, advice) => {
    const { out } = await run(why, 'd-7f3a9c', '--state', recorded({ rule, flows }));
    expect(out).toContain(advice);
  });

  test('a question says how to answer it, and once it was answered that a person let it through', async () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state, { sessionId: 'one' });
    const call = { server: 'mail', tool: 'send', effect: 'send' };
    const asked = { ...call, verdict: 'ask', rule: 'ungrounded', questions: [{ argument: '/to' }] };
    recorder.append('tool.invoke', { ...asked, event: 'e3', id: 'd-7f3a9c' });
    recorder.append('tool.invoke', { ...asked, event: 'e4', id: 'd-000002' });
    recorder.append('tool.invoke', {
      ...call,
      event: 'e5',
      verdict: 'allow',
      rule: 'approved',
      id: 'd-7f3a9c',
    });
    recorder.close();
    const open = await run(why, 'd-000002', '--state', state);
    expect(open.out).toContain('d-000002: held back mail.send (tool.invoke, event e4)');
    expect(open.out).toContain('  argument  /to\n  from      nothing that was read shows where it is from');
    expect(open.out).toContain(
      'To allow this one call, while the question is open: cordon approvals allow d-000002',
    );
    const answered = await run(why, 'd-7f3a9c', '--state', state);
    expect(answered.out).toMatch(/^ {2}approved {2}\S+, entry 3: a person let it through, once$/m);
    expect(answered.out).not.toContain('cordon approvals allow');
    const { out } = await run(log, 'show', '--state', state);
    expect(out).toMatch(/ HELD {4}tool.invoke +e3 +mail.send {2}ungrounded {2}d-7f3a9c$/m);
    expect(out).toMatch(/ {10}tool.invoke +e5 +mail.send {2}approved {2}d-7f3a9c$/m);
  });

  test('an id that nobody knows, or that was no denial: 1', async () => {
    const state = recorded({ id: 'd-000001', verdict: 'allow' });
    for (const id of ['d-000000', 'd-000001']) {
      expect(await run(why, id, '--state', state)).toMatchObject({ code: 1, out: '' });
    }
  });

  test('entries that are not shaped as expected are shown all the same', async () => {
    const odd = {
      rule: 5,
      effect: null,
      flows: [null, 1, { from: 'x', span: 3 }, { from: { server: {} } }],
      tool: [],
    };
    expect((await run(why, 'd-7f3a9c', '--state', recorded(odd))).code).toBe(0);
    expect((await run(log, 'show', '--state', recorded(odd))).code).toBe(0);
  });

  test.each([[[]], [['a', 'b']], [['--frobnicate']]])('%j is answered with the usage', async (argv) => {
    expect(await run(why, ...argv)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('usage: cordon why'),
    });
  });
});
