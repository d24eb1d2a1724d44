import type { Span } from './detector.ts';

/** Which ASCII characters belong to an alphabet, by code. */
export type Alphabet = Uint8Array;

export function alphabet(chars: string): Alphabet {
  const table = new Uint8Array(128);
  for (const char of chars) table[char.charCodeAt(0)] = 1;
  return table;
}

export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function isIn(code: number, table: Alphabet): boolean {
  return code < 128 && table[code] === 1;
}

/**
 * The next run of at least `min` characters of an alphabet. Looks at the end of where a run would be and walks
 * back: in prose a word ends after a few steps, and all before its beginning is skipped.
 */
export function nextRun(text: string, from: number, table: Alphabet, min: number): Span | undefined {
  for (let start = from; start + min <= text.length; ) {
    let at = start + min - 1;
    while (at >= start && isIn(text.charCodeAt(at), table)) at--;
    if (at >= start) {
      start = at + 1;
      continue;
    }
    let end = start + min;
    while (end < text.length && isIn(text.charCodeAt(end), table)) end++;
    return [start, end];
  }
  return undefined;
}
