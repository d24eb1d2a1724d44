import type { Transform } from '../../event.ts';
import { decompress } from './inflate.ts';
import { readable, textOf } from './readable.ts';
import { add, type Run } from './run.ts';
import { SEXTETS } from './sextets.ts';
import { isReversed, isRotated, type Turn } from './turns.ts';

/** What is compressed is read up to this many times the length of its run. */
const MOST_EXPANDED = 32;

/** By its first byte: that of gzip, of zlib, or of a last block of deflate. */
export function mayBeCompressed(text: string, from: number, to: number, turn: Turn): boolean {
  const values = SEXTETS[isRotated(turn) ? 1 : 0];
  const first = values[text.charCodeAt(isReversed(turn) ? to - 1 : from)]!;
  const second = values[text.charCodeAt(isReversed(turn) ? to - 2 : from + 1)]!;
  const byte = ((first << 2) | (second >> 4)) & 0xff;
  return byte === 0x1f || byte === 0x78 || (byte & 7) === 3 || (byte & 7) === 5;
}

/** Adds what is readable of bytes that are compressed. */
export function compressed(
  bytes: Uint8Array,
  from: number,
  to: number,
  transforms: readonly Transform[],
  runs: Run[],
): void {
  const inside = decompress(bytes, MOST_EXPANDED * (to - from));
  if (inside === undefined) return;
  for (const stretch of readable(inside)) {
    add(runs, { from, to, text: textOf(inside, stretch), transforms });
  }
}

/** As `mayBeCompressed`, for all of a text; turned only if two bytes say so. */
export function isCompressedText(text: string): boolean {
  return mayBeCompressed(text, 0, text.length, 0) || TURNED.test(text);
}

/** The first bytes of gzip and zlib: in base64 in rot13 and backwards, of zlib in hexadecimal. */
const TURNED = /^(?:U4fV|r[WANS]|78)|(?:Is4H|Vf4U|[JNAF]e|[WANS]r)$/;
