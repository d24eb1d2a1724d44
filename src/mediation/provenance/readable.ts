/** Fewer bytes are no value that could be told from chance. */
export const SHORTEST_DECODED = 8;

const utf8 = new TextDecoder();

/** The text of a stretch of bytes. */
export function textOf(bytes: Uint8Array, [start, end]: readonly [number, number]): string {
  return utf8.decode(bytes.subarray(start, end));
}

/** What a byte can be in readable text: nothing, a character, a later byte of one, the first of one that has more. */
export const BYTE = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  if ((c >= 32 && c < 127) || c === 9 || c === 10 || c === 13) BYTE[c] = 1;
  else if (c >= 0x80 && c < 0xc0) BYTE[c] = 2;
  else if (c >= 0xc2 && c < 0xf5) BYTE[c] = 3;
}

/** The stretches of at least eight bytes that are printable UTF-8. */
export function* readable(bytes: Uint8Array, size = bytes.length): Generator<readonly [number, number]> {
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
  if (c < 0x80) return BYTE[c]!;
  const length = c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (length === 0 || i + length > size) return 0;
  for (let k = 1; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return 0;
  return length;
}
