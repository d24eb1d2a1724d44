import { printable } from '../json/printable.ts';
import type { Entry } from '../recording/reader.ts';
import { paintFor } from './paint.ts';

/** RFC 3339, UTC, milliseconds: `2026-01-31T09:05:00.000Z`. What is no time is shown as the number it is. */
export function timeOf(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString();
}

/** Where lines go. A terminal has a width and a reader who knows the day. */
export interface Out {
  isTTY?: boolean;
  columns?: number;
}

/**
 * One entry as one line for a person. Every kind reads the same way, so that kinds of later versions can be read too.
 * Names are foreign text: what a terminal would obey is shown as an escape. At a terminal the line is cut to its width,
 * of which `before` columns are taken.
 */
export function lineOf(entry: Entry, out: Out, before = 0): string {
  return dressed(
    entry,
    [...headOf(entry, out), ...listOf(entry['flows']).map(flowOf)].join('  '),
    out,
    before,
  );
}

/** The same with a line for each flow, so that none is cut off, where a terminal has room for few. */
export function linesOf(entry: Entry, out: Out): string[] {
  if (out.isTTY !== true) return [lineOf(entry, out)];
  const flows = listOf(entry['flows']).map((flow) => `${' '.repeat(FLOW_COLUMN)}${flowOf(flow)}`);
  return [headOf(entry, out).join('  '), ...flows].map((line) => dressed(entry, line, out, 0));
}

const FLOW_COLUMN = 21;

/** Who did what, what became of it and by which rule. */
function headOf(entry: Entry, { isTTY }: Out): string[] {
  const refusal = refusalOf(entry);
  const time = timeOf(entry.time);
  const parts = [
    String(entry.n).padStart(5),
    isTTY === true ? time.slice(time.indexOf('T') + 1).replace('Z', '') : time,
    (refusal === undefined ? '' : MARKS[refusal]).padEnd(6),
    entry.kind.padEnd(15),
    word(entry['event']).padEnd(5),
    subjectOf(entry),
    word(entry['state']),
    word(entry['mode']),
    word(entry['decision']),
    ...(entry['verdict'] === undefined ? [] : [word(entry['rule'])]),
    word(entry['id']),
    word(entry['reason']),
    labelOf(entry),
  ];
  return parts.filter((part) => part !== '');
}

function dressed(entry: Entry, line: string, { isTTY, columns }: Out, before: number): string {
  const whole = printable(line.trimEnd());
  const room = isTTY === true ? (columns ?? Number.POSITIVE_INFINITY) - before : whole.length;
  const text = whole.length > room ? `${whole.slice(0, Math.max(0, room - 1)).toWellFormed()}\u2026` : whole;
  const paint = paintFor({ isTTY: isTTY === true }, process.env);
  return refusalOf(entry) === undefined ? text : paint.bold(paint.red(text));
}

const MARKS = { denied: 'DENIED', 'held back': 'HELD' };

/** What became of a call that did not go through, as people say it; undefined for any other entry. */
export function refusalOf(entry: Entry): keyof typeof MARKS | undefined {
  switch (entry['verdict']) {
    case 'deny':
      return 'denied';
    case 'ask':
      return 'held back';
    default:
      return undefined;
  }
}

/** `server.tool` of an entry, as far as it names them. */
export function subjectOf(entry: Entry): string {
  const name = entry['tool'] ?? entry['prompt'] ?? entry['name'];
  return [word(entry['server']), word(name)].filter((part) => part !== '').join('.');
}

/** What a label says that is not usual. */
export function labelOf(entry: Entry): string {
  const { integrity, confidentiality } = objectOf(entry['label']);
  return [integrity, confidentiality]
    .map(word)
    .filter((part) => part !== '' && part !== 'public')
    .join(', ');
}

function flowOf(flow: unknown): string {
  const { argument, from } = objectOf(flow);
  return `[${word(argument)} <- ${originOf(from)} ${word(objectOf(from)['event'])}]`;
}

/** `server.tool` of where a flow began; the server alone where the rest is content and was not recorded. */
export function originOf(from: unknown): string {
  const { server, origin } = objectOf(from);
  return [word(server), word(origin)].filter((part) => part !== '').join('.');
}

/** Entries are read as they lie there: nothing about their members is certain. */
export function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

/** See `objectOf`. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Text as it is, a number as its digits, anything else as nothing. */
export function word(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
