import type { Leaf } from '../../event.ts';
import { classOf, isDigit, LONE, OTHER, SPACE } from './chars.ts';
import { variantsOf } from './variants.ts';
import type { View } from './view.ts';

/** A value to look for: canonical characters `from` to `to` of `codes`, and where the leaf has them. */
export interface Needle {
  codes: Uint16Array;
  from: number;
  to: number;
  /** It is the whole leaf, but for what surrounds its first and last letter or digit. */
  whole: boolean;
  /** A text may hold it turned: backwards, and in rot13 if it has letters. */
  turnable: boolean;
  letters: boolean;
  /** Too short to be evidence but where an output sets it apart: alone, or in quotes. */
  short: boolean;
  /** Span in the leaf's text. */
  span: readonly [number, number];
}

/** False only if nothing has these characters. */
export type May = (codes: Uint16Array, from: number, to: number) => boolean;

/** Longer values are found as copied spans. */
export const LONGEST_NEEDLE = 64;
const LONGEST_QUOTE = 64;
/** Shorter words read backwards are other words. */
const SHORTEST_TURNED = 8;
const LONGER_THAN_TIME = 32;

/**
 * The values of a leaf that are evidence when an output held them: the whole leaf, and the atoms in it (addresses,
 * URLs and their hosts, paths, numbers of five digits, ids, identifiers, quoted words). Each begins and ends with a
 * letter or digit: `#general`, `general.` and `/general` are the same value.
 *
 * What carries none, since it stands in any text by chance: numbers below five digits (four where the leaf is a
 * string and nothing else: a PIN), single lower-case words below five letters (four with a capital: a name), member
 * names that are plain words, phrases below six characters. A string that is nothing but a shorter number or code
 * (`13`, `a1`) counts only where the output sets it apart, alone or in quotes.
 *
 * `may`: only those of which it does not rule out that they are found.
 */
export function needlesOf(view: View, leaf: Leaf, may?: May): Needle[] {
  const { codes, n } = view;
  const needles: Needle[] = [];
  const add = (from: number, to: number, carries: (shape: Shape) => boolean): boolean => {
    while (from < to && classOf(codes[from]!) === OTHER) from++;
    while (to > from && classOf(codes[to - 1]!) === OTHER) to--;
    if (to - from < 2) return false;
    const isSought = may === undefined || may(codes, from, to);
    if (!isSought && !variantsOf(codes, from, to).some((one) => may(one, 0, one.length))) return false;
    shapeOf(view, leaf.text, from, to);
    const whole = needles.length === 0 && to === last && from === first;
    const enough = carries(shape);
    if (!enough && !(whole && leaf.form === 'string' && shape.words === 1 && shape.digits > 0)) return false;
    const span = [view.map[from]!, view.map[to]!] as const;
    const { digits, letters, spaces, joints } = shape;
    // Dates and times are no value that anybody hides, and logs are full of them.
    const isTime = letters < 3 && spaces + joints > 0 && to - from < LONGER_THAN_TIME;
    const turnable = to - from >= SHORTEST_TURNED && to - from <= LONGEST_NEEDLE && !isTime;
    const needle: Needle = { codes, from, to, whole, turnable, letters: letters > 0, short: !enough, span };
    if (isSought) needles.push(needle);
    if (digits <= letters) return true;
    for (const variant of variantsOf(codes, from, to)) {
      if (may !== undefined && !may(variant, 0, variant.length)) continue;
      needles.push({ ...needle, codes: variant, from: 0, to: variant.length, turnable: false });
    }
    return true;
  };
  let first = 0;
  let last = n;
  while (first < last && classOf(codes[first]!) === OTHER) first++;
  while (last > first && classOf(codes[last - 1]!) === OTHER) last--;
  add(first, last, (shape) => isWholeEvidence(shape, leaf.form));
  atoms(view, leaf.text, add);
  return needles;
}

/** What a stretch of characters consists of. */
interface Shape {
  length: number;
  letters: number;
  digits: number;
  ideographs: number;
  words: number;
  spaces: number;
  /** Characters that join words without a space. */
  joints: number;
  hyphens: number;
  capital: boolean;
  /** It is one word with a capital after a small letter: an identifier. */
  hump: boolean;
}

/** The shape measured last. One object for all: a call has many values, and each is judged at once. */
const shape: Shape = {
  length: 0,
  letters: 0,
  digits: 0,
  ideographs: 0,
  words: 0,
  spaces: 0,
  joints: 0,
  hyphens: 0,
  capital: false,
  hump: false,
};

function shapeOf({ codes, map }: View, text: string, from: number, to: number): Shape {
  let letters = 0;
  let digits = 0;
  let ideographs = 0;
  let words = 0;
  let spaces = 0;
  let joints = 0;
  let hyphens = 0;
  let inWord = false;
  for (let i = from; i < to; i++) {
    const c = codes[i]!;
    const kind = classOf(c);
    if (kind === OTHER) {
      if (c === SPACE) spaces++;
      else joints++;
      if (c === 45) hyphens++;
      inWord = false;
      continue;
    }
    if (!inWord || kind === LONE) words++;
    inWord = kind !== LONE;
    if (kind === LONE) ideographs++;
    else if (isDigit(c)) digits++;
    else letters++;
  }
  shape.length = to - from;
  shape.letters = letters;
  shape.digits = digits;
  shape.ideographs = ideographs;
  shape.words = words;
  shape.spaces = spaces;
  shape.joints = joints;
  shape.hyphens = hyphens;
  shape.capital = isCapital(text.charCodeAt(map[from]!));
  shape.hump = words === 1 && hasHump(map, text, from, to);
  return shape;
}

function hasHump(map: Int32Array, text: string, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) {
    if (isCapital(text.charCodeAt(map[i]!)) && !isCapital(text.charCodeAt(map[i]! - 1))) return true;
  }
  return false;
}

function isCapital(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 0xc0 && c <= 0xde) || (c >= 0x391 && c <= 0x42f);
}

function isWholeEvidence(shape: Shape, form: Leaf['form']): boolean {
  const { length, letters, digits, ideographs, words, spaces } = shape;
  if (ideographs >= 2) return true;
  if (letters === 0) return digits >= (form === 'string' ? 4 : 5);
  if (words === 1) {
    if (digits > 0) return length >= 4;
    return form !== 'key' && (letters >= 5 || (letters === 4 && shape.capital));
  }
  return spaces > 0 ? length >= 6 && letters + digits >= 5 : length >= 5 && letters + digits >= 4;
}

function isAtomEvidence({ length, letters, digits, joints, hyphens, words, hump }: Shape): boolean {
  if (digits >= 5) return true;
  if (letters === 0) return false;
  if (words === 1) return (digits > 0 && length >= 5) || (hump && length >= SHORTEST_HUMPED);
  // Words joined by a single hyphen, slash or apostrophe are ordinary language, unless a digit is among them.
  return length >= 5 && (digits > 0 || joints - hyphens > 0 || hyphens > 1) && letters + digits >= 4;
}

// Named, and not made where they are used: a text has hundreds of words, and each would leave a closure behind.

function isPathlessEvidence(shape: Shape): boolean {
  return isAtomEvidence(shape) && (shape.joints > 1 || shape.digits > 0);
}

function isQuotedEvidence(shape: Shape): boolean {
  return isWholeEvidence(shape, 'string') && shape.length >= 5;
}

function isAssigningOrNesting(c: number): boolean {
  return isAssigning(c) || isNesting(c);
}

/** No atom is shorter. */
const SHORTEST_TOKEN = 5;
/** Nor one of letters alone, with a capital inside. */
const SHORTEST_HUMPED = 8;

type Add = (from: number, to: number, carries: (shape: Shape) => boolean) => boolean;

/** Stretches without white space, quotes and brackets, whole and in parts, and what stands in quotes. */
function atoms({ codes, map, n }: View, text: string, add: Add): void {
  let start = 0;
  let quote = -1;
  let opened = 0;
  /** What is no lower-case letter of ASCII in the stretch. */
  let others = 0;
  const within = WITHIN;
  for (let i = 0; i <= n; i++) {
    const c = i < n ? codes[i]! : SPACE;
    const kind = c < 128 ? within[c]! : 0;
    if (kind > 0 || !divides(c, codes, i)) {
      others |= kind ^ SMALL;
      continue;
    }
    // Most are plain words, which are no evidence but with a capital inside.
    const isWord = others === 0 && (i - start < SHORTEST_HUMPED || !hasHump(map, text, start, i));
    if (i - start >= SHORTEST_TOKEN && !isWord) token(codes, start, i, add);
    start = i + 1;
    others = 0;
    if (c !== 34 && c !== 39 && c !== 96) continue;
    if (quote === c && i - opened <= LONGEST_QUOTE && i - opened > 2) {
      add(opened + 1, i, isQuotedEvidence);
      quote = -1;
    } else if (i === 0 || classOf(codes[i - 1]!) === OTHER) {
      quote = c;
      opened = i;
    }
  }
}

const COMMA = 44;
const DIVIDERS = new Uint8Array(128);
for (const c of ' "\'`()<>[]{}|;') DIVIDERS[c.charCodeAt(0)] = 1;

const SMALL = 2;
/** Of ASCII: small letters, 1 for others that never divide, 0 for what may. */
const WITHIN = DIVIDERS.map((divides, c) =>
  divides === 1 || c === COMMA ? 0 : c >= 97 && c <= 122 ? SMALL : 1,
);

function divides(c: number, codes: Uint16Array, i: number): boolean {
  if (c > 127) return classOf(c) !== 1;
  // Not the comma in 12,000.
  if (c === COMMA) return !(isDigit(codes[i - 1] ?? 0) && isDigit(codes[i + 1] ?? 0));
  return DIVIDERS[c] === 1;
}

function token(codes: Uint16Array, from: number, to: number, add: Add): void {
  let slashes = 0;
  let assigns = false;
  let nests = false;
  for (let i = from; i < to; i++) {
    const c = codes[i]!;
    if (c === 47 || c === 92) slashes++;
    assigns ||= isAssigning(c);
    nests ||= isNesting(c);
  }
  // `and/or` is no path.
  const path = slashes !== 1 || codes[from] === 47 || codes[from] === 126 || codes[from] === 46;
  add(from, to, path ? isAtomEvidence : isPathlessEvidence);
  if (assigns) {
    parts(codes, from, to, isAssigning, add);
    const scheme = schemeEnd(codes, from, to);
    if (scheme < to) add(scheme, to, isAtomEvidence);
  }
  if (nests) parts(codes, from, to, isAssigningOrNesting, add);
}

function parts(codes: Uint16Array, from: number, to: number, splits: (c: number) => boolean, add: Add): void {
  for (let start = from, i = from; i <= to; i++) {
    if (i < to && !splits(codes[i]!)) continue;
    if (i > start) {
      add(start, i, isAtomEvidence);
      const www = codes[start] === 119 && codes[start + 1] === 119 && codes[start + 2] === 119;
      if (www && codes[start + 3] === 46) add(start + 4, i, isAtomEvidence);
    }
    start = i + 1;
  }
}

/** Where a URL goes on after `://`, or `to`. */
function schemeEnd(codes: Uint16Array, from: number, to: number): number {
  for (let i = from; i + 2 < to; i++) {
    if (codes[i] === 58 && codes[i + 1] === 47 && codes[i + 2] === 47) return i + 3;
  }
  return to;
}

/** What separates names and values, and the queries of URLs. */
function isAssigning(c: number): boolean {
  // : = & ? # + , * $
  return (
    c === 58 || c === 61 || c === 38 || c === 63 || c === 35 || c === 43 || c === 44 || c === 42 || c === 36
  );
}

/** What separates the parts of paths and addresses. */
function isNesting(c: number): boolean {
  // / \ @
  return c === 47 || c === 92 || c === 64;
}
