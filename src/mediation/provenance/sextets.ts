import { isReversed, isRotated, rotated, type Turn } from './turns.ts';

/** Values of the digits of base64 and base64url, plain and as rot13 leaves them. */
export const SEXTETS = [new Int8Array(128).fill(-1), new Int8Array(128).fill(-1)] as const;
for (const [i, c] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  SEXTETS[0][c.charCodeAt(0)] = i;
}
SEXTETS[0][45] = 62;
SEXTETS[0][95] = 63;
for (let c = 0; c < 128; c++) SEXTETS[1][c] = SEXTETS[0][rotated(c)]!;

/** The value of a digit, plain or as rot13 leaves it, or -1. */
export function sextetOf(c: number, rot: boolean): number {
  return c < 128 ? SEXTETS[rot ? 1 : 0][c]! : -1;
}

/** The values of the digits of a run, in the order of the turn; what is no digit is left out. */
export function digitsOf(text: string, from: number, to: number, turn: Turn): Uint8Array {
  const values = SEXTETS[isRotated(turn) ? 1 : 0];
  const digits = new Uint8Array(to - from);
  let n = 0;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    const value = c < 128 ? values[c]! : -1;
    if (value >= 0) digits[n++] = value;
  }
  const held = digits.subarray(0, n);
  return isReversed(turn) ? held.reverse() : held;
}

/** The bytes that base64 stands for from its `shift`th digit on. */
export function sextetBytes(digits: Uint8Array, shift: number): Uint8Array {
  const n = digits.length;
  const bytes = new Uint8Array(Math.max(0, Math.floor(((n - shift) * 6) / 8)));
  let size = 0;
  for (let i = shift; i + 1 < n; i += 4) {
    bytes[size++] = (digits[i]! << 2) | (digits[i + 1]! >> 4);
    if (i + 2 < n) bytes[size++] = (digits[i + 1]! << 4) | (digits[i + 2]! >> 2);
    if (i + 3 < n) bytes[size++] = (digits[i + 2]! << 6) | digits[i + 3]!;
  }
  return bytes;
}
