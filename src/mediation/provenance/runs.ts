import type { Transform } from '../../event.ts';
import { hexValue } from './chars.ts';

/** Shorter runs decode to less than eight bytes. */
const SHORTEST_RUN = 11;
const SHORTEST_DECODED = 8;
/** A run this long may go on after a line break, as wrapped base64 does. */
const WRAPPED_LINE = 40;
/** After this many runs of a text short ones are joined to texts of at least this length: a text can hold millions. */
const SEPARATE = 64;
const JOINED = 2048;

/** A stretch of a text that decodes to text. */
export interface Run {
  from: number;
  to: number;
  text: string;
  transform: Transform;
}

const SEXTET = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) {
  SEXTET['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i;
}
SEXTET[45] = 62;
SEXTET[95] = 63;

const utf8 = new TextDecoder();
const sextet = (c: number): number => (c < 128 ? SEXTET[c]! : -1);

/**
 * Everything in a text that is base64, base64url or hexadecimal for at least eight bytes of text. Base64 is tried
 * at all four alignments and hexadecimal at both, since what stands before it may be of its alphabet too. In a text
 * with very many of them, neighbours are one run. Linear; what it returns is no longer than four times the text.
 */
export function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  const length = text.length;
  // A run of at least SHORTEST_RUN covers one of the positions looked at.
  for (let at = SHORTEST_RUN - 1; at < length; at += SHORTEST_RUN) {
    if (sextet(text.charCodeAt(at)) < 0) continue;
    let from = at;
    while (from > 0 && at - from < SHORTEST_RUN && sextet(text.charCodeAt(from - 1)) >= 0) from--;
    let to = at + 1;
    while (to < length && sextet(text.charCodeAt(to)) >= 0) to++;
    if (to - from < SHORTEST_RUN) continue;
    to = unwrapped(text, from, to);
    decode(text, from, to, runs);
    at = to - 1;
  }
  return runs;
}

function unwrapped(text: string, from: number, to: number): number {
  let end = to;
  for (let line = from; end - line >= WRAPPED_LINE; ) {
    let next = end;
    if (text.charCodeAt(next) === 13) next++;
    if (text.charCodeAt(next) !== 10) return end;
    line = ++next;
    while (next < text.length && sextet(text.charCodeAt(next)) >= 0) next++;
    if (next === line) return end;
    end = next;
  }
  return end;
}

function decode(text: string, from: number, to: number, runs: Run[]): void {
  if (hexadecimal(text, from, to, runs)) return;
  let likely = false;
  for (let shift = 0; shift < 4 && !likely; shift++) likely = hasStretch(text, from + shift, to);
  if (!likely) return;
  const digits = new Uint8Array(to - from);
  let n = 0;
  for (let i = from; i < to; i++) {
    const value = sextet(text.charCodeAt(i));
    if (value >= 0) digits[n++] = value;
  }
  const bytes = new Uint8Array(Math.ceil((n * 3) / 4));
  for (let shift = 0; shift < 4; shift++) {
    let size = 0;
    for (let i = shift; i + 1 < n; i += 4) {
      bytes[size++] = (digits[i]! << 2) | (digits[i + 1]! >> 4);
      if (i + 2 < n) bytes[size++] = (digits[i + 1]! << 4) | (digits[i + 2]! >> 2);
      if (i + 3 < n) bytes[size++] = (digits[i + 2]! << 6) | digits[i + 3]!;
    }
    for (const [start, end] of readable(bytes, size)) {
      // Where it stands is told to within a group of four, which a wrapped run makes coarser.
      const at = n === to - from;
      add(runs, {
        from: at ? from + shift + Math.floor((start * 4) / 3) : from,
        to: at ? Math.min(to, from + shift + Math.ceil((end * 4) / 3)) : to,
        text: utf8.decode(bytes.subarray(start, end)),
        transform: 'base64',
      });
      if (end - start === size) return;
    }
  }
}

/** What a byte can be in readable text: nothing, a character, a later byte of one, the first of one that has more. */
const BYTE = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  if ((c >= 32 && c < 127) || c === 9 || c === 10 || c === 13) BYTE[c] = 1;
  else if (c >= 0x80 && c < 0xc0) BYTE[c] = 2;
  else if (c >= 0xc2 && c < 0xf5) BYTE[c] = 3;
}

/** False if base64 from here on holds no eight readable bytes in a row: most long identifiers end here. */
function hasStretch(text: string, from: number, to: number): boolean {
  let length = 0;
  let last = 1;
  let bits = 0;
  let held = 0;
  for (let i = from; i < to; i++) {
    const value = sextet(text.charCodeAt(i));
    if (value < 0) continue;
    bits = (bits << 6) | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const kind = BYTE[(bits >>> held) & 0xff]!;
    // Later bytes follow a first or another; a character does not follow a first.
    if (kind === 0 || (kind === 2 && last === 1)) length = 0;
    else length = last === 3 && kind !== 2 ? 1 : length + 1;
    last = kind === 0 || length === 0 ? 1 : kind;
    // Most runs are hardly longer than the shortest, and are done with at the first byte that is none.
    if (length <= 1 && length * 8 + (to - i - 1) * 6 + held < SHORTEST_DECODED * 8) return false;
    if (length >= SHORTEST_DECODED) return true;
  }
  return false;
}

/** Adds what is hexadecimal; true if nothing else is left of the run. */
function hexadecimal(text: string, from: number, to: number, runs: Run[]): boolean {
  let all = false;
  for (let i = from; i < to; ) {
    let end = i;
    while (end < to && hexValue(text.charCodeAt(end)) >= 0) end++;
    const isAll = i === from && end === to;
    for (let at = i; at < i + 2 && end - at >= 2 * SHORTEST_DECODED; at++) {
      const bytes = new Uint8Array((end - at) >> 1);
      for (let k = 0; k < bytes.length; k++) {
        bytes[k] = hexValue(text.charCodeAt(at + 2 * k)) * 16 + hexValue(text.charCodeAt(at + 2 * k + 1));
      }
      let whole = false;
      for (const [start, stop] of readable(bytes, bytes.length)) {
        const decoded = utf8.decode(bytes.subarray(start, stop));
        add(runs, { from: at + 2 * start, to: at + 2 * stop, text: decoded, transform: 'hex' });
        whole = stop - start === bytes.length;
        all ||= isAll;
      }
      if (whole) break;
    }
    i = end + 1;
  }
  return all;
}

function add(runs: Run[], run: Run): void {
  const last = runs.length > SEPARATE ? runs[runs.length - 1]! : undefined;
  if (last === undefined || last.text.length >= JOINED || last.transform !== run.transform) runs.push(run);
  else {
    last.text += `\n${run.text}`;
    last.from = Math.min(last.from, run.from);
    last.to = Math.max(last.to, run.to);
  }
}

/** The stretches of at least eight bytes that are printable UTF-8. */
function* readable(bytes: Uint8Array, size: number): Generator<[number, number]> {
  let start = 0;
  for (let i = 0; i <= size; ) {
    const step = i < size ? character(bytes, i, size) : 0;
    if (step > 0) {
      i += step;
      continue;
    }
    if (i - start >= SHORTEST_DECODED) yield [start, i];
    start = ++i;
  }
}

/** Length of the printable UTF-8 character at i, or 0. */
function character(bytes: Uint8Array, i: number, size: number): number {
  const c = bytes[i]!;
  if (c < 0x80) return (c >= 32 && c < 127) || c === 9 || c === 10 || c === 13 ? 1 : 0;
  const length = c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (length === 0 || i + length > size) return 0;
  for (let k = 1; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return 0;
  return length;
}
