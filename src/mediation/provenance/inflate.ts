/**
 * Decompression (RFC 1950 to 1952) of what may be text: it ends at the first byte that is none, and at a bound. Not
 * `node:zlib`: mediation imports nothing of Node, most of what is tried here is no compressed text, which this sees
 * after a few bits, and no bomb can make it produce more than it was asked for.
 */

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115];
LENGTHS.push(131, 163, 195, 227, 258);
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537];
DISTANCES.push(2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577);
/** The order in which a dynamic block gives the lengths of the codes of code lengths. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END_OF_BLOCK = 256;
const LONGEST_CODE = 15;

/** A canonical Huffman code: how many codes have each length, and the symbols in the order of their codes. */
interface Code {
  counts: Uint16Array;
  symbols: Uint16Array;
}

function codeOf(lengths: Uint8Array): Code {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const next = new Uint16Array(LONGEST_CODE + 2);
  for (let length = 1; length <= LONGEST_CODE; length++) next[length + 1] = next[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) if (length > 0) symbols[next[length]!++] = symbol;
  return { counts, symbols };
}

const FIXED_LENGTHS = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
const FIXED = codeOf(FIXED_LENGTHS);
const FIXED_DISTANCES = codeOf(new Uint8Array(30).fill(5));

/** What compressed bytes hold, as far as it is text, in at most `limit` bytes; undefined if they are none. */
export function decompress(bytes: Uint8Array, limit: number): Uint8Array | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) {
    const start = afterGzipHeader(bytes);
    return new Inflation(bytes, start, limit).run(false);
  }
  const isZlib = (bytes[0]! & 0x0f) === 8 && bytes[0]! >>> 4 < 8 && (bytes[0]! * 256 + bytes[1]!) % 31 === 0;
  const inside = isZlib ? new Inflation(bytes, 2, limit).run(false) : undefined;
  // Nothing marks a raw stream, so it has to be one to its very end.
  return inside ?? new Inflation(bytes, 0, limit).run(true);
}

function afterGzipHeader(bytes: Uint8Array): number {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    while (at < bytes.length && bytes[at] !== 0) at++;
    at++;
  }
  return flags & 2 ? at + 2 : at;
}

class Inflation {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  #out = new Uint8Array(256);
  #size = 0;
  #at: number;
  #held = 0;
  #bits = 0;
  /** It ended before its end, with a byte that is no text, or in something that means nothing. */
  #broken = false;
  #full = false;

  constructor(bytes: Uint8Array, at: number, limit: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#limit = limit;
  }

  /** `strict`: only what is well-formed and takes up all bytes counts. */
  run(strict: boolean): Uint8Array | undefined {
    for (let last = false; !last && !this.#broken && !this.#full; ) {
      last = this.#take(1) === 1;
      const kind = this.#take(2);
      if (kind === 0) this.#stored();
      else if (kind === 1) this.#block(FIXED, FIXED_DISTANCES);
      else if (kind === 2) this.#dynamic();
      else this.#broken = true;
    }
    if (strict && (this.#broken || (!this.#full && this.#bytes.length - this.#at > 2))) return undefined;
    return this.#size === 0 ? undefined : this.#out.subarray(0, this.#size);
  }

  #take(count: number): number {
    while (this.#bits < count) {
      if (this.#at >= this.#bytes.length) {
        this.#broken = true;
        return 0;
      }
      this.#held |= this.#bytes[this.#at++]! << this.#bits;
      this.#bits += 8;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#bits -= count;
    return value;
  }

  #symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST_CODE; length++) {
      code |= this.#take(1);
      if (this.#broken) return -1;
      const count = counts[length]!;
      if (code - count < first) return symbols[index + (code - first)]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    this.#broken = true;
    return -1;
  }

  #put(byte: number): void {
    const isText = byte >= 0x80 || (byte >= 32 && byte !== 127) || (byte >= 9 && byte <= 13);
    if (!isText) this.#broken = true;
    else if (this.#size >= this.#limit) this.#full = true;
    else {
      if (this.#size === this.#out.length) {
        const more = new Uint8Array(2 * this.#size);
        more.set(this.#out);
        this.#out = more;
      }
      this.#out[this.#size++] = byte;
    }
  }

  #stored(): void {
    this.#held = 0;
    this.#bits = 0;
    const length = this.#take(8) | (this.#take(8) << 8);
    const check = this.#take(8) | (this.#take(8) << 8);
    if ((length ^ check) !== 0xffff) this.#broken = true;
    for (let i = 0; i < length && !this.#broken && !this.#full; i++) this.#put(this.#take(8));
  }

  #dynamic(): void {
    const literals = this.#take(5) + 257;
    const distances = this.#take(5) + 1;
    const given = this.#take(4) + 4;
    const order = new Uint8Array(19);
    for (let i = 0; i < given; i++) order[ORDER[i]!] = this.#take(3);
    const lengths = new Uint8Array(literals + distances);
    const code = codeOf(order);
    for (let i = 0; i < lengths.length && !this.#broken; ) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths[i++] = Math.max(0, symbol);
        continue;
      }
      const value = symbol === 16 ? (lengths[i - 1] ?? 0) : 0;
      const times =
        symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7);
      if (i + times > lengths.length) this.#broken = true;
      else lengths.fill(value, i, i + times);
      i += times;
    }
    if (!this.#broken) {
      this.#block(codeOf(lengths.subarray(0, literals)), codeOf(lengths.subarray(literals)));
    }
  }

  #block(literals: Code, distances: Code): void {
    while (!this.#broken && !this.#full) {
      const symbol = this.#symbol(literals);
      if (symbol === END_OF_BLOCK || symbol < 0) return;
      if (symbol < END_OF_BLOCK) this.#put(symbol);
      else this.#copy(symbol - 257, distances);
    }
  }

  #copy(which: number, distances: Code): void {
    const more = which < 8 || which === 28 ? 0 : (which >>> 2) - 1;
    const length = (LENGTHS[which] ?? 0) + this.#take(more);
    const far = this.#symbol(distances);
    const distance = (DISTANCES[far] ?? 0) + this.#take(far < 4 ? 0 : (far >>> 1) - 1);
    if (length === 0 || distance === 0 || distance > this.#size) this.#broken = true;
    for (let i = 0; i < length && !this.#broken && !this.#full; i++)
      this.#put(this.#out[this.#size - distance]!);
  }
}
