import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html } from '../../../src/cli/log/html.ts';
import { reportPage } from '../../../src/cli/log/report-page.ts';
import { command as log } from '../../../src/cli/log.ts';
import type { Entry } from '../../../src/recording/reader.ts';
import { openRecorder, temporaryFolder } from '../../recording/support.ts';
import { run } from '../support/run.ts';

const golden = fileURLToPath(new URL('../../../fixtures/vectors/state', import.meta.url));

/** A session in which every text is `text`. */
function entriesWith(text: string): Entry[] {
  const flow = {
    argument: text,
    from: { server: text, origin: text, event: text, path: text, integrity: text, reasons: [text] },
  };
  const call = { event: text, server: text, tool: text, rule: text, id: text, flows: [flow] };
  return [
    { n: 0, time: 0, kind: 'session.open', mode: text, cordon: text, servers: [{ name: text }] },
    {
      n: 1,
      time: 1,
      kind: text,
      event: text,
      server: text,
      name: text,
      state: text,
      label: { integrity: text },
    },
    { n: 2, time: 2, kind: text, verdict: 'deny', ...call },
    { n: 3, time: Number.POSITIVE_INFINITY, kind: text, verdict: 'allow', ...call },
  ];
}

function pageWith(text: string): string {
  const entries = entriesWith(text);
  return [...reportPage({ session: text, finding: text, intact: true, entries: () => entries })].join('');
}

/** All markup, each text between tags taken out. */
const skeleton = (page: string) => page.replace(/<style>[^<]*<\/style>/, '').replace(/>[^<]*/g, '>');
const withoutValues = (page: string) => skeleton(page).replace(/"[^"]*"/g, '""');

describe('the page of a session', () => {
  test('shows refusals first, flows from source to sink, and every entry', async () => {
    const { code, out } = await run(log, 'report', 'golden', '--state', golden);
    expect(code).toBe(0);
    const order = [
      '5 signed entries are intact',
      '<h2>Refused</h2>',
      'tainted-argument',
      '<h2>Flows</h2>',
      '<h2>Time line</h2>',
      'id="e0"',
      'id="e4"',
    ];
    const places = order.map((words) => out.indexOf(words));
    expect(places.every((place, index) => place > (places[index - 1] ?? 0))).toBe(true);
    expect(out).toMatch(
      /<td>web\.fetch [^<]*<a href="#e2">2<\/a><\/td>.*<td>mail\.send \/to <a href="#e3">3<\/a><\/td><td>0<\/td><td>1<\/td>/,
    );
  });

  test('needs nothing else, and its policy would let nothing in', async () => {
    const { out } = await run(log, 'report', '--state', golden);
    expect(out).not.toMatch(
      /<(?:script|link|img|iframe|object|embed|form|base)\b|\b(?:src|on\w+|style)=|https?:|url\(|@import/i,
    );
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(out)![1]!;
    const style = /<style>([\s\S]*?)<\/style>/.exec(out)![1]!;
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'`,
    );
    // Nothing foreign stands before the policy.
    expect(out.indexOf('Content-Security-Policy')).toBeLessThan(out.indexOf('golden'));
  });

  test.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</title></style><style>@import "//x"</style>',
    '--><!-- ]]> <![CDATA[',
    '&lt;b&gt; &#60;',
    '`$`',
    'javascript:alert(1)',
    '\u202egnp.exe\u0000\u2028',
  ])('%j stays text everywhere', (text) => {
    const page = pageWith(text);
    expect(withoutValues(page)).toBe(withoutValues(pageWith('plain')));
    expect(page).not.toMatch(/[\u0000\u202e\u2028]/);
  });

  test('so does any text', () => {
    const plain = withoutValues(pageWith('plain'));
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ unit: fc.constantFrom(...'<>"\'&`/=!-a'), minLength: 1 }),
    );
    fc.assert(
      fc.property(text, (some) => withoutValues(pageWith(some)) === plain),
      { numRuns: 300 },
    );
  });

  test('members of any shape are shown as nothing', () => {
    const odd = [null, 1, [], {}, [null], { from: 1 }, 'x'].map(
      (value, n): Entry => ({
        n,
        time: n,
        kind: 'k',
        flows: value,
        label: value,
        server: value,
        tool: value,
        servers: value,
      }),
    );
    expect(
      [...reportPage({ session: 's', finding: '', intact: true, entries: () => odd })].join(''),
    ).toContain('id="e6"');
  });

  test('ends for a session of any length', () => {
    function* many(): Generator<Entry> {
      for (let n = 0; n < 30_000; n++) {
        const flows = [{ argument: `/${n}`, from: { server: 's' } }];
        yield { n, time: n, kind: 'tool.invoke', verdict: n % 2 === 0 ? 'deny' : 'ask', flows };
      }
    }
    const page = [...reportPage({ session: 's', finding: '', intact: true, entries: many })].join('');
    expect(page).toContain('10000 entries more');
    expect(page).toContain('29000 refusals more');
    expect(page).toContain('29000 flows more');
    expect(page.length).toBeLessThan(8_000_000);
  });

  test('says first that a log is not intact', async () => {
    const state = temporaryFolder();
    const recorder = openRecorder(state);
    recorder.append('tool.invoke', { server: 'mail', tool: 'send', verdict: 'allow' });
    recorder.close();
    const file = join(recorder.directory, 'tile', 'entries', '000.p', '3');
    writeFileSync(file, readFileSync(file, 'latin1').replace('mail', 'nail'), 'latin1');
    const { code, out } = await run(log, 'report', '--state', state);
    expect(code).toBe(1);
    expect(out).toMatch(/<p class="bad">one: TAMPERED/);
  });
});

test('a template escapes all but templates', () => {
  const inner = html`<b>${'<'}</b>`;
  expect(html`<p title="${'"'}">${inner}${['&', 1, inner]}</p>`.markup).toBe(
    '<p title="&#34;"><b>&#60;</b>&#38;1<b>&#60;</b></p>',
  );
});
