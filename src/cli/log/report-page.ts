import { hash } from 'node:crypto';
import type { Entry } from '../../recording/reader.ts';
import { labelOf, listOf, objectOf, originOf, refusalOf, subjectOf, timeOf, word } from '../log-line.ts';
import { type Content, type Html, html } from './html.ts';

/** What a report is made of. Entries are foreign text in part, and read as they lie there. */
export interface ReportInput {
  session: string;
  /** What verification found, for a person. */
  finding: string;
  intact: boolean;
  /** Read twice, in order. */
  entries: () => Iterable<Entry>;
}

/** A page that a browser still opens; what is beyond is counted. */
const MAX_ROWS = 20_000;
const MAX_LISTED = 1_000;

/**
 * The page of a session, in pieces: findings, refusals, flows from source to sink, time line. It needs nothing but
 * itself: no script, no font, no picture, and a policy that would let none in.
 */
export function* reportPage(input: ReportInput): Generator<string> {
  const summary = summarize(input.entries());
  yield head(input.session).markup;
  yield headline(input, summary).markup;
  yield refusalsOf(summary).markup;
  yield flowsOf(summary).markup;
  yield '<h2>Time line</h2>\n<table>\n';
  yield html`<thead><tr>${columns('Entry', 'Time', 'What', 'Event', 'Who', 'Verdict', 'Label')}</tr></thead>\n<tbody>\n`
    .markup;
  let rows = 0;
  for (const entry of input.entries()) {
    if (rows++ < MAX_ROWS) yield rowOf(entry).markup;
  }
  yield '</tbody>\n</table>\n';
  if (rows > MAX_ROWS)
    yield html`<p>${rows - MAX_ROWS} entries more: cordon log show ${input.session}</p>\n`.markup;
  yield '</body>\n</html>\n';
}

/** One way that data took, however often. */
interface Route {
  source: string;
  label: string;
  sink: string;
  allowed: number;
  refused: number;
  /** An entry of each: where it came from, if that is known, and where it went to. */
  from: number | undefined;
  to: number;
}

interface Summary {
  opening: Entry | undefined;
  last: Entry | undefined;
  entries: number;
  allowed: number;
  refused: number;
  refusals: Entry[];
  routes: Map<string, Route>;
  /** Flows whose way is not listed, because there are too many ways. */
  routesLeftOut: number;
}

function summarize(entries: Iterable<Entry>): Summary {
  const summary: Summary = {
    opening: undefined,
    last: undefined,
    entries: 0,
    allowed: 0,
    refused: 0,
    refusals: [],
    routes: new Map(),
    routesLeftOut: 0,
  };
  /** Where each event stands. Bounded: a source past it is named all the same, only not linked to. */
  const places = new Map<unknown, number>();
  for (const entry of entries) {
    summary.opening ??= entry;
    summary.last = entry;
    summary.entries++;
    if (entry['event'] !== undefined && places.size < MAX_ROWS && !places.has(entry['event'])) {
      places.set(entry['event'], entry.n);
    }
    const verdict = entry['verdict'];
    if (verdict === 'allow') summary.allowed++;
    if (refusalOf(entry) !== undefined) {
      summary.refused++;
      if (summary.refusals.length < MAX_LISTED) summary.refusals.push(entry);
    }
    for (const flow of listOf(entry['flows']).map(objectOf)) addRoute(summary, entry, flow, places);
  }
  return summary;
}

function addRoute(
  summary: Summary,
  entry: Entry,
  flow: Record<string, unknown>,
  places: ReadonlyMap<unknown, number>,
): void {
  const from = objectOf(flow['from']);
  const source = `${originOf(from)} ${word(from['path'])}`.trim();
  const label = [from['integrity'], from['confidentiality'], ...listOf(from['reasons'])]
    .map(word)
    .filter(Boolean)
    .join(', ');
  const sink = `${subjectOf(entry)} ${word(flow['argument']) || '/'}`;
  const key = JSON.stringify([source, label, sink]);
  let route = summary.routes.get(key);
  if (route === undefined) {
    if (summary.routes.size >= MAX_LISTED) {
      summary.routesLeftOut++;
      return;
    }
    route = { source, label, sink, allowed: 0, refused: 0, from: places.get(from['event']), to: entry.n };
    summary.routes.set(key, route);
  }
  if (refusalOf(entry) !== undefined) route.refused++;
  else route.allowed++;
}

function head(session: string): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Session ${session}</title>
${STYLE}
</head>
<body>
`;
}

function headline({ session, finding, intact }: ReportInput, summary: Summary): Html {
  const { opening, last, entries, allowed, refused } = summary;
  const servers = listOf(opening?.['servers']).map((server) => word(objectOf(server)['name']));
  const facts: [string, Content][] = [
    ['Opened', opening === undefined ? '' : timeOf(opening.time)],
    ['Last entry', last === undefined ? '' : `${timeOf(last.time)}, ${last.kind}`],
    ['Mode', word(opening?.['mode'])],
    ['Servers', servers.join(', ')],
    ['Cordon', word(opening?.['cordon'])],
    ['Entries', entries],
    ['Calls', `${allowed + refused}, of which ${refused} refused`],
  ];
  return html`<h1>Session ${session}</h1>
<p class="${intact ? 'good' : 'bad'}">${finding}</p>
<dl>
${facts.filter(([, value]) => value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
<p>Content of calls and answers is not recorded, and so not here: digests, labels and ways only.</p>
`;
}

function refusalsOf({ refusals, refused }: Summary): Html {
  if (refused === 0) return html`<h2>Refused</h2>\n<p>Nothing was denied or held back.</p>\n`;
  const rows = refusals.map(
    (entry) =>
      html`<tr><td>${link(entry.n)}</td><td>${timeOf(entry.time)}</td><td>${subjectOf(entry)}</td><td>${refusalOf(entry) ?? ''}</td><td>${word(entry['rule'])}</td><td>${word(entry['id'])}</td><td>${flowLines(entry)}</td></tr>\n`,
  );
  const more =
    refused > refusals.length
      ? html`<p>${refused - refusals.length} refusals more, in the time line.</p>\n`
      : '';
  return html`<h2>Refused</h2>
<table>
<thead><tr>${columns('Entry', 'Time', 'Call', 'What became of it', 'Rule', 'Id', 'What it carried')}</tr></thead>
<tbody>
${rows}</tbody>
</table>
${more}`;
}

function flowLines(entry: Entry): Content {
  return listOf(entry['flows'])
    .slice(0, MAX_LISTED)
    .map((flow) => {
      const { argument, from } = objectOf(flow);
      return html`<div>${word(argument) || '/'} &larr; ${originOf(from)} ${word(objectOf(from)['event'])}</div>`;
    });
}

function flowsOf({ routes, routesLeftOut }: Summary): Html {
  if (routes.size === 0)
    return html`<h2>Flows</h2>\n<p>No call carried anything from an earlier output.</p>\n`;
  // Refused ones first, then by how often.
  const sorted = [...routes.values()].sort(
    (a, b) => Math.sign(b.refused) - Math.sign(a.refused) || b.refused + b.allowed - a.refused - a.allowed,
  );
  const rows = sorted.map(
    ({ source, label, sink, allowed, refused, from, to }) =>
      html`<tr class="${refused > 0 ? 'refused' : ''}"><td>${source}${from === undefined ? '' : [' ', link(from)]}</td><td>${label}</td><td>&rarr;</td><td>${sink} ${link(to)}</td><td>${allowed}</td><td>${refused}</td></tr>\n`,
  );
  const more = routesLeftOut > 0 ? html`<p>${routesLeftOut} flows more, on other ways.</p>\n` : '';
  return html`<h2>Flows</h2>
<table>
<thead><tr>${columns('Source', 'Label', '', 'Sink', 'Allowed', 'Refused')}</tr></thead>
<tbody>
${rows}</tbody>
</table>
${more}`;
}

function rowOf(entry: Entry): Html {
  const verdict = [entry['verdict'], entry['rule'], entry['decision'], entry['id']]
    .map(word)
    .filter(Boolean)
    .join(', ');
  return html`<tr id="e${entry.n}" class="${refusalOf(entry) === undefined ? '' : 'refused'}"><td>${entry.n}</td><td>${timeOf(entry.time)}</td><td>${entry.kind}</td><td>${word(entry['event'])}</td><td>${subjectOf(entry)}</td><td>${verdict}${flowLines(entry)}</td><td>${labelOf(entry)}</td></tr>\n`;
}

function link(n: number): Html {
  return html`<a href="#e${n}">${n}</a>`;
}

function columns(...names: string[]): Content {
  return names.map((name) => html`<th scope="col">${name}</th>`);
}

const STYLE = html`<style>
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.good, .bad { padding: .6rem .8rem; border-left: .3rem solid #2a8a4a; background: #2a8a4a1a; }
.bad { border-color: #c0392b; background: #c0392b26; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { color: GrayText; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid #8883; overflow-wrap: anywhere; }
th { position: sticky; top: 0; background: Canvas; }
tr.refused td { background: #c0392b1f; } tr:target td { outline: 1px solid; }
</style>`;

/** Of what stands between the tags, as the policy of the page names it. */
const STYLE_HASH = hash('sha256', STYLE.markup.slice('<style>'.length, -'</style>'.length), 'base64');
