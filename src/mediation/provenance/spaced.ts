import { classOf, OTHER } from './chars.ts';
import { SHORTEST_DECODED } from './readable.ts';
import type { Run } from './run.ts';

/** Between two places looked at: a stretch of eight characters has three separators behind one of them. */
const STEP = 6;
/** Letters and digits, at least: rulers have none. */
const FEWEST_WORDY = 6;

/**
 * Adds every stretch of a text with the same separator after each character: `e.v.e`, `e v e`, `e-v-e`. Characters
 * are code points. Linear.
 */
export function spacedIn(text: string, runs: Run[]): void {
  const points = /[\ud800-\udbff]/.test(text) ? pointsOf(text) : undefined;
  if (points === undefined)
    for (let i = 0; i < text.length; i += STEP) i = Math.max(i, spacedAt(text, i, runs));
  else {
    for (let i = 0; i < points.codes.length; i += STEP) {
      const start = startOf(i, (k) => points.codes[k]!);
      if (start >= 0) i = Math.max(i, collect(text, points, start, runs) - STEP + 1);
    }
  }
}

/** As below, where a code point is a character. */
function spacedAt(text: string, i: number, runs: Run[]): number {
  const c = text.charCodeAt(i + 2);
  const d = text.charCodeAt(i + 3);
  const even = c === text.charCodeAt(i) && c === text.charCodeAt(i + 4);
  if (!even && (d !== text.charCodeAt(i + 1) || d !== text.charCodeAt(i + 5))) return i;
  const start = startOf(i, (k) => text.charCodeAt(k));
  return start < 0 ? i : collect(text, undefined, start, runs) - STEP + 1;
}

/** The first of three separators here or one further on, or -1. */
function startOf(i: number, at: (i: number) => number): number {
  for (const start of [i, i + 1]) {
    const c = at(start);
    if (c < 128 && classOf(c) === OTHER && c === at(start + 2) && c === at(start + 4)) return start;
  }
  return -1;
}

interface Points {
  codes: Int32Array;
  /** Where each begins in the text, and the text's end. */
  where: Int32Array;
}

function pointsOf(text: string): Points {
  const codes = new Int32Array(text.length);
  const where = new Int32Array(text.length + 1);
  let n = 0;
  for (let i = 0; i < text.length; i += codes[n - 1]! > 0xffff ? 2 : 1) {
    codes[n] = text.codePointAt(i)!;
    where[n++] = i;
  }
  where[n] = text.length;
  return { codes: codes.subarray(0, n), where: where.subarray(0, n + 1) };
}

/** Adds what stands around and between equal separators, of which one is at `start`. Returns where the last is. */
function collect(text: string, points: Points | undefined, start: number, runs: Run[]): number {
  const at = (i: number): number => (points === undefined ? text.charCodeAt(i) : points.codes[i]!);
  const place = (i: number): number => (points === undefined ? i : points.where[i]!);
  const length = points === undefined ? text.length : points.codes.length;
  const element = (i: number): string => (i < 0 || i >= length ? '' : text.slice(place(i), place(i + 1)));
  let first = start;
  while (first >= 2 && at(first - 2) === at(start)) first -= 2;
  let last = start;
  while (last + 2 < length && at(last + 2) === at(start)) last += 2;
  const elements: string[] = [];
  let wordy = 0;
  for (let i = first - 1; i <= last + 1; i += 2) {
    const one = element(i);
    elements.push(one);
    if (isWordy(one)) wordy++;
  }
  if (wordy < FEWEST_WORDY) return last;
  // A word that ends before the first separator, or begins after the last, is no part of it.
  if (isWordy(elements[0]!) && isWordy(element(first - 2))) elements[0] = '';
  if (isWordy(elements.at(-1)!) && isWordy(element(last + 2))) elements[elements.length - 1] = '';
  if (elements.join('').length < SHORTEST_DECODED) return last;
  const from = place(Math.max(0, first - 1));
  const to = place(Math.min(length, last + 2));
  const whole = elements.join('');
  const add = (one: string): unknown => runs.push({ from, to, text: one, transforms: ['spaced'] });
  add(whole);
  // Set apart by blanks, what stands beside it may belong to it or not: marks, or one letter or digit.
  if (element(first) !== ' ') return last;
  // A bracket may be the end of an escape, or of what stands beside it.
  const backwards = [...elements].reverse();
  const heads = new Set([0, ...[isPart, isWordy].map((is) => Math.max(1, elements.findIndex(is)))]);
  const tails = new Set([0, ...[isPart, isWordy].map((is) => Math.max(1, backwards.findIndex(is)))]);
  for (const tail of tails) {
    for (const head of heads) if (head + tail > 0) add(elements.slice(head, elements.length - tail).join(''));
  }
  return last;
}

/** Part of a word, or what an escape of one begins or ends with. */
function isPart(element: string): boolean {
  return isWordy(element) || /[\\%&;}]/.test(element);
}

function isWordy(element: string): boolean {
  return element !== '' && classOf(element.codePointAt(0)!) !== OTHER;
}
