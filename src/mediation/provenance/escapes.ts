import { AMPERSAND, hexValue, isDigit, PERCENT } from './chars.ts';

const HASH = 35;
const SEMICOLON = 59;

/** The named entities that matter to addresses, paths and code. */
export const ENTITIES: Readonly<Record<string, number>> = Object.assign(
  Object.create(null) as Record<string, number>,
  {
    amp: 38,
    lt: 60,
    gt: 62,
    quot: 34,
    apos: 39,
    nbsp: 160,
    commat: 64,
    sol: 47,
    bsol: 92,
    colon: 58,
    period: 46,
    comma: 44,
    lowbar: 95,
    hyphen: 45,
    dash: 45,
    equals: 61,
    quest: 63,
    num: 35,
    percnt: 37,
    plus: 43,
    excl: 33,
    lpar: 40,
    rpar: 41,
    Tab: 9,
    NewLine: 10,
  },
);
const LONGEST_NAME = 8;

/** `\\u0061`, `\\x61`, `\\u{61}` and `\\U00000061`, as in JSON and code. */
export const BACKSLASH = 92;

/**
 * Undoes one layer of percent, HTML and backslash escapes in place, in the first `n` of `codes`; `where` keeps pointing to
 * where each character began. Returns how many characters are left: `n` when there was nothing to undo. Percent
 * escapes are read as UTF-8, and as Latin-1 where they are not. `only` escapes with this mark, if it is given. Linear.
 */
export function unescapeOnce(codes: Uint16Array, where: Int32Array, n: number, only = 0): number {
  let out = 0;
  for (let i = 0; i < n; ) {
    const c = codes[i]!;
    const at = where[i]!;
    const step =
      only !== 0 && c !== only
        ? 0
        : c === PERCENT
          ? percent(codes, i, n)
          : c === AMPERSAND
            ? entity(codes, i, n)
            : c === BACKSLASH
              ? backslash(codes, i, n)
              : 0;
    if (step === 0) {
      codes[out] = c;
      where[out++] = at;
      i++;
      continue;
    }
    i += step;
    if (point > 0xffff) {
      codes[out] = 0xd800 + ((point - 0x10000) >>> 10);
      where[out++] = at;
      codes[out] = 0xdc00 + (point & 0x3ff);
    } else {
      codes[out] = point;
    }
    where[out++] = at;
  }
  return out;
}

/** What `percent` or `entity` read last. Two results without an object for each. */
let point = 0;

function byteAt(codes: Uint16Array, i: number, n: number): number {
  if (i + 2 >= n || codes[i] !== PERCENT) return -1;
  const high = hexValue(codes[i + 1]!);
  const low = hexValue(codes[i + 2]!);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function percent(codes: Uint16Array, i: number, n: number): number {
  const first = byteAt(codes, i, n);
  if (first < 0) return 0;
  point = first;
  const more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0;
  if (first < 0xc2 || first >= 0xf5) return 3;
  let whole = first & (0x3f >> more);
  for (let k = 1; k <= more; k++) {
    const next = byteAt(codes, i + 3 * k, n);
    if ((next & 0xc0) !== 0x80 || next < 0) return 3;
    whole = (whole << 6) | (next & 0x3f);
  }
  if (whole > 0x10ffff || (whole >= 0xd800 && whole < 0xe000)) return 3;
  point = whole;
  return 3 + 3 * more;
}

/** Halves of a surrogate pair are undone one by one, and meet. */
function backslash(codes: Uint16Array, i: number, n: number): number {
  const mark = codes[i + 1]!;
  const braced = mark === 117 && codes[i + 2] === 123;
  const first = braced ? i + 3 : i + 2;
  const digits = braced ? 6 : mark === 117 ? 4 : mark === 120 ? 2 : mark === 85 ? 8 : 0;
  let value = 0;
  let k = first;
  for (; k < n && k < first + digits; k++) {
    const digit = hexValue(codes[k]!);
    if (digit < 0) break;
    value = value * 16 + digit;
  }
  if (k === first || value > 0x10ffff || (braced ? k === n || codes[k] !== 125 : k < first + digits))
    return 0;
  if ((braced || mark === 85) && value >= 0xd800 && value < 0xe000) return 0;
  point = value;
  return k - i + (braced ? 1 : 0);
}

function entity(codes: Uint16Array, i: number, n: number): number {
  if (i + 2 >= n) return 0;
  if (codes[i + 1] === HASH) return numeric(codes, i, n);
  let name = '';
  for (let k = i + 1; k < n && k <= i + 1 + LONGEST_NAME; k++) {
    const c = codes[k]!;
    if (c === SEMICOLON) {
      const named = ENTITIES[name];
      if (named === undefined) return 0;
      point = named;
      return k - i + 1;
    }
    if ((c | 32) < 97 || (c | 32) > 122) return 0;
    name += String.fromCharCode(c);
  }
  return 0;
}

function numeric(codes: Uint16Array, i: number, n: number): number {
  const hex = (codes[i + 2]! | 32) === 120;
  const start = i + (hex ? 3 : 2);
  let value = 0;
  let k = start;
  for (; k < n && k < start + 8; k++) {
    const c = codes[k]!;
    const digit = hex ? hexValue(c) : isDigit(c) ? c - 48 : -1;
    if (digit < 0) break;
    value = value * (hex ? 16 : 10) + digit;
  }
  if (k === start || value === 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  point = value;
  // Browsers read a reference without its semicolon too.
  return k - i + (k < n && codes[k] === SEMICOLON ? 1 : 0);
}
