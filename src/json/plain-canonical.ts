/** Deeper values are left to others: recursion on foreign data must end before the stack does. */
const MAX_DEPTH = 64;
/** All whole numbers of so many digits are exact. */
const MAX_DIGITS = 15;

/**
 * Tells the bytes of an object in canonical form (RFC 8785) of the plainest kind, which nearly all entries are: printable
 * ASCII without escapes, numbers whole and not negative. Whatever is not told says nothing: whoever wants to know parses
 * it. It takes a third of the time of parsing and writing again, and is made once for many.
 */
export class PlainCanonical {
  readonly #wanted: readonly string[];
  /** Where the values of the wanted members stand: first byte, end. */
  readonly #spans: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** `wanted`: own members of the object whose values are to be had. */
  constructor(wanted: readonly string[]) {
    this.#wanted = wanted;
    this.#spans = new Int32Array(2 * wanted.length);
  }

  /** Whether these bytes are told. */
  read(bytes: Uint8Array): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    this.#spans.fill(0);
    return this.#object(0) && this.#at === bytes.length;
  }

  /** The value of a wanted member, by its place in the list: a whole number or a text; undefined if it is neither. */
  value(index: number): number | string | undefined {
    const bytes = this.#bytes;
    const [start, end] = [this.#spans[2 * index]!, this.#spans[2 * index + 1]!];
    if (start === end) return undefined;
    if (bytes[start] === QUOTE) return latin1(bytes, start + 1, end - 1);
    let number = 0;
    for (let at = start; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      number = 10 * number + digit;
    }
    return number;
  }

  #object(depth: number): boolean {
    const bytes = this.#bytes;
    if (bytes[this.#at++] !== OPEN_OBJECT) return false;
    if (bytes[this.#at] === CLOSE_OBJECT) return this.#step();
    let [lastStart, lastEnd] = [0, 0];
    for (;;) {
      const start = this.#at + 1;
      if (!this.#string()) return false;
      const end = this.#at - 1;
      if (lastEnd > 0 && !this.#isBefore(lastStart, lastEnd, start, end)) return false;
      [lastStart, lastEnd] = [start, end];
      if (bytes[this.#at++] !== COLON) return false;
      const from = this.#at;
      if (!this.#value(depth)) return false;
      if (depth === 0) this.#note(start, end, from);
      const next = bytes[this.#at++];
      if (next === CLOSE_OBJECT) return true;
      if (next !== COMMA) return false;
    }
  }

  #array(depth: number): boolean {
    const bytes = this.#bytes;
    this.#at++;
    if (bytes[this.#at] === CLOSE_ARRAY) return this.#step();
    for (;;) {
      if (!this.#value(depth)) return false;
      const next = bytes[this.#at++];
      if (next === CLOSE_ARRAY) return true;
      if (next !== COMMA) return false;
    }
  }

  #value(depth: number): boolean {
    if (depth >= MAX_DEPTH) return false;
    switch (this.#bytes[this.#at]) {
      case QUOTE:
        return this.#string();
      case OPEN_OBJECT:
        return this.#object(depth + 1);
      case OPEN_ARRAY:
        return this.#array(depth + 1);
      case T:
        return this.#literal('true');
      case F:
        return this.#literal('false');
      case N:
        return this.#literal('null');
      default:
        return this.#number();
    }
  }

  #string(): boolean {
    const bytes = this.#bytes;
    const { length } = bytes;
    let at = this.#at;
    if (at >= length || bytes[at++] !== QUOTE) return false;
    while (at < length) {
      const kind = KINDS[bytes[at++]!];
      if (kind === PLAIN) continue;
      this.#at = at;
      return kind === END;
    }
    return false;
  }

  #number(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    while (bytes[this.#at]! >= ZERO && bytes[this.#at]! <= NINE) this.#at++;
    const digits = this.#at - start;
    return digits === 1 || (digits > 1 && digits <= MAX_DIGITS && bytes[start] !== ZERO);
  }

  #literal(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#bytes[this.#at++] !== text.charCodeAt(i)) return false;
    return true;
  }

  #step(): boolean {
    this.#at++;
    return true;
  }

  /** Of ASCII, bytes sort as UTF-16 code units do. */
  #isBefore(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    const bytes = this.#bytes;
    const common = Math.min(end - start, otherEnd - otherStart);
    for (let i = 0; i < common; i++) {
      const difference = bytes[start + i]! - bytes[otherStart + i]!;
      if (difference !== 0) return difference < 0;
    }
    return end - start < otherEnd - otherStart;
  }

  #note(start: number, end: number, from: number): void {
    for (let index = 0; index < this.#wanted.length; index++) {
      const name = this.#wanted[index]!;
      if (name.length !== end - start) continue;
      let i = 0;
      while (i < name.length && this.#bytes[start + i] === name.charCodeAt(i)) i++;
      if (i < name.length) continue;
      this.#spans[2 * index] = from;
      this.#spans[2 * index + 1] = this.#at;
    }
  }
}

/** Of foreign length, so not by spreading arguments. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** What a byte within a string is: printable ASCII, its end, or something that is left to others. */
const [OTHER, PLAIN, END] = [0, 1, 2];
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x22) return END;
  return byte >= 0x20 && byte <= 0x7e && byte !== 0x5c ? PLAIN : OTHER;
});

const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const F = 0x66;
const N = 0x6e;
const T = 0x74;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
