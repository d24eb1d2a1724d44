import type { Excerpt } from '../config/held-call.ts';
import type { RememberedFlow } from '../event.ts';
import { printable, reviewable } from '../json/printable.ts';

/** Narrow enough that no terminal breaks a line, and with it foreign text out of its fence. Letters may be two wide. */
const WIDTH = 60;
const WIDE_WIDTH = 30;
const NAME_COLUMNS = 48;
const PLAIN = /^[\x20-\x7e]*$/;
/** Scripts before U+1100 are one column wide; most of what comes later is two. */
const NARROW = /^[\x20-\u10ff]*$/;

/**
 * Foreign text as lines that cannot pass for any of Cordon's own: quoted, nothing hidden, short, each behind a bar;
 * where it is short, one line with neither.
 */
export function fenced({ head, tail, length }: Excerpt): string[] {
  const start = quotedText(head);
  if (tail === '' && start.length <= widthOf(start)) return [start];
  return barred(start, tail === '' ? '' : quotedText(tail), length - head.length - tail.length);
}

/** The same for canonical JSON, which is quoted already. */
export function fencedJson({ head, tail, length }: Excerpt): string[] {
  return barred(reviewable(head), reviewable(tail), length - head.length - tail.length);
}

function barred(start: string, end: string, left: number): string[] {
  const bar = (line: string): string => `| ${line}`;
  const more = end === '' ? [] : [`(${left.toLocaleString('en')} characters more)`];
  return [...pieces(start).map(bar), ...more, ...(end === '' ? [] : pieces(end).map(bar))];
}

/** A name in the middle of a line: quoted, nothing hidden, and cut so that the line stays one. */
export function named({ head, length }: Excerpt): string {
  let shown = '';
  let count = 0;
  let columns = 0;
  for (const char of head) {
    const next = quotedText(char).slice(1, -1);
    columns += NARROW.test(next) ? next.length : 2 * next.length;
    if (columns > NAME_COLUMNS) break;
    shown += next;
    count += char.length;
  }
  const left = length - count;
  return left === 0 ? `"${shown}"` : `"${shown}" (and ${left.toLocaleString('en')} characters more)`;
}

/** A text in ASCII alone; empty where it is so already. Letters of other scripts look like those of an address. */
export function spelledOut({ head, tail }: Excerpt): string[] {
  const text = head + tail;
  if (PLAIN.test(text)) return [];
  const hex = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;
  const lines = pieces(text.replace(/[^\x20-\x7e]/gu, hex));
  return lines.length === 1 ? lines : lines.map((line) => `| ${line}`);
}

/** A remembered flow in lines: from where to where, and what may flow. */
export function flowLines({ server, tool, argument, from, value, field, form }: RememberedFlow): string[] {
  const what =
    value === undefined
      ? `any value of ${name(field ?? '')}${form === 'prose' ? ', where it stands in running text' : ''}`
      : `one value alone (${value.slice(0, 23)})`;
  const parts = [name(`${server}.${tool}`), name(argument), `<- ${name(from)}`];
  const way = parts.join(' ');
  return [...(way.length <= WIDTH && PLAIN.test(way) ? [way] : parts), what];
}

function name(text: string): string {
  return named({ head: text, tail: '', length: text.length });
}

function widthOf(text: string): number {
  return NARROW.test(text) ? WIDTH : WIDE_WIDTH;
}

function quotedText(text: string): string {
  return JSON.stringify(printable(text));
}

function pieces(text: string): string[] {
  const width = widthOf(text);
  const chars = [...text];
  const lines: string[] = [];
  for (let i = 0; i < chars.length; i += width) lines.push(chars.slice(i, i + width).join(''));
  return lines;
}
