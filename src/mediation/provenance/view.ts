import { AMPERSAND, ASCII_FOLD, foldMany, foldWide, GONE, MANY, PERCENT, reveal, SPACE } from './chars.ts';
import { BACKSLASH, unescapeOnce } from './escapes.ts';

/** Below this many characters a copy of them costs more than it saves. */
const SHORT = 48;

/** Characters folded at a time. */
const CHUNK = 4096;
/** What `fold` met: nothing to stop for, an escape that may begin, a character beyond ASCII. */
const PLAIN = 0;
const ESCAPE = 1;
const WIDE = 2;

/** Escapes inside escapes are undone this often; what is nested deeper stays as it is. */
const ESCAPE_DEPTH = 3;

/**
 * A stretch of a text in canonical characters: percent, HTML and backslash escapes undone, folded (see chars.ts), runs of
 * white space one space. `map[i]` is where canonical character i began in the text, `map[n]` where the view ends.
 * One view is reused for many stretches: its content lasts until the next `fill`.
 */
export class View {
  codes = new Uint16Array(1024);
  map = new Int32Array(1025);
  n = 0;
  /** A character beyond ASCII was put that is the mark of an escape. */
  #disguised = false;

  /** Holds `text.slice(from, to)` afterwards. Linear in its length. */
  fill(text: string, from: number, to: number): void {
    this.#reserve(to - from);
    this.n = 0;
    if (!this.#plain(text, from, to)) this.#escaped(text, from, to);
    this.map[this.n] = to;
  }

  /** Gives back what a very long text took. */
  shrink(): void {
    if (this.codes.length <= 65_536) return;
    this.codes = new Uint16Array(1024);
    this.map = new Int32Array(1025);
    this.n = 0;
  }

  /** False, with nothing promised, when an escape may begin somewhere. */
  #plain(text: string, from: number, to: number): boolean {
    for (let at = from; at < to; at += CHUNK) {
      const result = fold(text, at, Math.min(at + CHUNK, to), this);
      if (result === ESCAPE) return false;
      if (result === WIDE) {
        this.n = 0;
        return this.#wide(text, from, to);
      }
    }
    return true;
  }

  #wide(text: string, from: number, to: number): boolean {
    this.#disguised = false;
    for (let i = from; i < to; i++) {
      const c = text.charCodeAt(i);
      if (c === PERCENT || c === AMPERSAND) return false;
      if (c === BACKSLASH && i + 1 < to && mayBeCoded(text.charCodeAt(i + 1))) return false;
      if (c >= 0xd800 && c < 0xdc00 && i + 1 < to) {
        const point = text.codePointAt(i)!;
        if (point > 0xffff) {
          this.#push(point, i++);
          continue;
        }
      }
      this.#push(c, i);
    }
    return !this.#disguised;
  }

  #escaped(text: string, from: number, to: number): void {
    const raw = new Uint16Array(to - from);
    const where = new Int32Array(to - from);
    for (let i = from; i < to; i++) {
      raw[i - from] = text.charCodeAt(i);
      where[i - from] = i;
    }
    let n = to - from;
    for (let depth = 0; depth < ESCAPE_DEPTH; depth++) {
      // Marks and digits of escapes may be in disguise, and escapes hide disguises.
      n = revealAll(raw, where, n);
      const left = unescapeOnce(raw, where, n);
      if (left === n) break;
      n = left;
    }
    this.n = 0;
    for (let i = 0; i < n; i++) {
      const c = raw[i]!;
      const low = i + 1 < n ? raw[i + 1]! : 0;
      if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        this.#push(((c - 0xd800) << 10) + (low - 0xdc00) + 0x10000, where[i]!);
        i++;
      } else {
        this.#push(c, where[i]!);
      }
    }
  }

  #push(point: number, at: number): void {
    if (point > 0xffff) {
      for (const c of foldMany(point).split('')) this.#putWide(c.charCodeAt(0), at);
      return;
    }
    // Lone surrogates stand for themselves: a page of the folding table must not be asked for them.
    const surrogate = point >= 0xd800 && point < 0xe000;
    const folded = point < 128 ? ASCII_FOLD[point]! : surrogate ? point : foldWide(point);
    if (folded === GONE) return;
    if (folded === MANY) for (const c of foldMany(point).split('')) this.#putWide(c.charCodeAt(0), at);
    else if (point < 128) this.#put(folded, at);
    else this.#putWide(folded, at);
  }

  #putWide(c: number, at: number): void {
    if (c === PERCENT || c === AMPERSAND || c === BACKSLASH) this.#disguised = true;
    this.#put(c, at);
  }

  #put(c: number, at: number): void {
    if (c === SPACE && this.n > 0 && this.codes[this.n - 1] === SPACE) return;
    if (this.n + 1 >= this.map.length) this.#reserve(this.n * 2);
    this.codes[this.n] = c;
    this.map[this.n++] = at;
  }

  #reserve(length: number): void {
    if (this.codes.length > length) return;
    const size = Math.max(1024, length + 64);
    const codes = new Uint16Array(size);
    const map = new Int32Array(size + 1);
    codes.set(this.codes);
    map.set(this.map);
    this.codes = codes;
    this.map = map;
  }
}

/** How a character hides: nobody sees it, it is a tag, or it looks like another. */
export type Disguise = 'invisible' | 'tag' | 'look';

export function disguiseOf(point: number, shown: number): Disguise {
  return shown === GONE ? 'invisible' : point >= 0xe0000 ? 'tag' : 'look';
}

/**
 * Reveals in place what is beyond ASCII (see chars.ts) in the first `n` of `codes`; returns how many are left.
 * `only` characters of one kind, if it is given.
 */
export function revealAll(codes: Uint16Array, where: Int32Array, n: number, only?: Disguise): number {
  let out = 0;
  for (let i = 0; i < n; i++) {
    const c = codes[i]!;
    if (c < 128) {
      codes[out] = c;
      where[out++] = where[i]!;
      continue;
    }
    const low = i + 1 < n ? codes[i + 1]! : 0;
    const isPair = c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000;
    const point = isPair ? ((c - 0xd800) << 10) + (low - 0xdc00) + 0x10000 : c;
    const shown = reveal(point);
    const at = where[i]!;
    if (isPair) i++;
    const stays = shown === point || (only !== undefined && disguiseOf(point, shown) !== only);
    if (!stays && shown === GONE) continue;
    codes[out] = stays ? c : shown;
    where[out++] = at;
    if (!stays || !isPair) continue;
    codes[out] = low;
    where[out++] = at;
  }
  return out;
}

/** As `isCoded`, where something invisible may stand between. */
function mayBeCoded(c: number): boolean {
  return c > 127 || isCoded(c);
}

/** `u`, `x` or `U`: after a back slash digits may follow. */
function isCoded(c: number): boolean {
  return c === 117 || c === 120 || c === 85;
}

/**
 * Appends a stretch of a text to a view, if it is ASCII and holds no escape. In a closure: a bundler makes variables of
 * a module's constants, and engines then load them again in every round.
 */
const fold = (() => {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(3 * CHUNK);
  const codes = new Uint16Array(CHUNK);
  const map = new Int32Array(CHUNK);
  /** ASCII folded, with the upper bit set where an escape may begin. */
  const table = new Uint8Array(128);
  table.set(ASCII_FOLD);
  for (const c of [PERCENT, AMPERSAND, BACKSLASH]) table[c]! |= 128;

  /** Reading bytes from an array is several times as fast as reading characters from a string. False if it is not ASCII. */
  const toBytes = (text: string, from: number, to: number): boolean => {
    const length = to - from;
    if (length >= SHORT) {
      const all = length === text.length ? text : text.slice(from, to);
      return encoder.encodeInto(all, bytes).written === length;
    }
    let any = 0;
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(from + i);
      bytes[i] = c;
      any |= c;
    }
    return any < 128;
  };

  return (text: string, from: number, to: number, view: View): number => {
    const length = to - from;
    if (!toBytes(text, from, to)) return WIDE;
    let n = 0;
    let last = view.n > 0 ? view.codes[view.n - 1]! : 0;
    for (let i = 0; i < length; i++) {
      let folded = table[bytes[i]! & 127]!;
      if (folded > 127) {
        folded &= 127;
        if (folded !== BACKSLASH || isCoded(text.charCodeAt(from + i + 1))) return ESCAPE;
      }
      codes[n] = folded;
      map[n] = from + i;
      // One more unless this is a blank after a blank; without a branch, as no processor can predict where words end.
      const differs = (folded ^ SPACE) | (last ^ SPACE);
      n += (differs | -differs) >>> 31;
      last = folded;
    }
    view.codes.set(n === CHUNK ? codes : codes.subarray(0, n), view.n);
    view.map.set(n === CHUNK ? map : map.subarray(0, n), view.n);
    view.n += n;
    return PLAIN;
  };
})();
