import { isDigit } from './chars.ts';
import { BYTE, readable, textOf } from './readable.ts';
import { add, named, type Run } from './run.ts';
import { isReversed, isRotated, rotated, type Turn } from './turns.ts';

/** Shorter runs decode to less than eight bytes. */
export const SHORTEST_BASE32 = 13;

/** Bytes of text that are no chance any more. */
const LIKELY = 4;

const IN_BASE32 = named('base32');

/**
 * Adds what is base32 (RFC 4648) from its first digit to its last. Any long word is of its alphabet: what stands
 * before it has to be set apart, and all of it has to be text.
 */
export function base32(text: string, from: number, to: number, turns: readonly Turn[], runs: Run[]): void {
  for (let i = from; i < to; i++) {
    let end = i;
    let cases = 0;
    for (; end < to; end++) {
      const c = text.charCodeAt(end);
      if (c >= 97 && c <= 122) cases |= 1;
      else if (c >= 65 && c <= 90) cases |= 2;
      else if (c < 50 || c > 55) break;
    }
    if (end - i >= SHORTEST_BASE32 && cases < 3) {
      for (const turn of turns) {
        const bytes = quintetBytes(text, i, end, turn);
        if (bytes === undefined) continue;
        const transforms = IN_BASE32[turn]!;
        for (const stretch of readable(bytes)) {
          add(runs, { from: i, to: end, text: textOf(bytes, stretch), transforms });
        }
      }
    }
    i = end;
  }
}

/** Undefined if not all bytes are text. */
function quintetBytes(text: string, from: number, to: number, turn: Turn): Uint8Array | undefined {
  // Made once a few bytes are text: most words end before.
  let bytes: Uint8Array | undefined;
  let first = 0;
  let size = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < to - from; i++) {
    const c = text.charCodeAt(isReversed(turn) ? to - 1 - i : from + i);
    const value = isDigit(c) ? c - 24 : ((isRotated(turn) ? rotated(c) : c) | 32) - 97;
    bits = (bits << 5) | value;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    const byte = (bits >>> held) & 0xff;
    if (BYTE[byte] === 0) return undefined;
    if (size === LIKELY) {
      bytes = new Uint8Array(Math.floor(((to - from) * 5) / 8));
      new DataView(bytes.buffer).setUint32(0, first);
    }
    if (size < LIKELY) first = (first << 8) | byte;
    else bytes![size] = byte;
    size++;
  }
  return bytes;
}
