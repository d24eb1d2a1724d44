import { classOf, isDigit, OTHER, SPACE } from './chars.ts';

const COMMA = 44;
const HYPHEN = 45;
const SHORTEST_ACCOUNT = 12;
const LONGEST_ACCOUNT = 40;

const NONE: readonly never[] = [];

/** Other customary ways to write a number or an account number: 12000 and 12,000; DE89370400... and DE89 3704 00... */
export function variantsOf(codes: Uint16Array, from: number, to: number): readonly Uint16Array[] {
  const length = to - from;
  if (length < 5 || !mayVary(codes, from, to)) return NONE;
  const bare = new Uint16Array(length);
  let size = 0;
  let separator = 0;
  let group = 0;
  let groups = 1;
  let longest = 0;
  let digits = 0;
  for (let i = from; i < to; i++) {
    const c = codes[i]!;
    if (classOf(c) === OTHER) {
      separator = c;
      group = 0;
      groups++;
    } else {
      if (c > 127) return [];
      if (isDigit(c)) digits++;
      longest = Math.max(longest, ++group);
      bare[size++] = c;
    }
  }
  const characters = bare.subarray(0, size);
  if (separator === COMMA) return digits === size && longest === 3 ? [characters] : [];
  if (separator !== 0) {
    // Words of prose are longer than the groups of an account number.
    return size >= SHORTEST_ACCOUNT && longest <= 4 && groups > 2 && digits * 2 > size
      ? [characters, grouped(characters, 4, separator === SPACE ? HYPHEN : SPACE)]
      : [];
  }
  const variants: Uint16Array[] = [];
  if (digits === size && size <= 12) variants.push(grouped(characters, -3, COMMA));
  if (size >= SHORTEST_ACCOUNT && digits * 2 > size) {
    variants.push(grouped(characters, 4, SPACE), grouped(characters, 4, HYPHEN));
  }
  return variants;
}

/** False only if there are no others, which is nearly always so and quickly told. */
function mayVary(codes: Uint16Array, from: number, to: number): boolean {
  if (to - from > LONGEST_ACCOUNT) return false;
  let separator = 0;
  let digits = 0;
  let size = 0;
  for (let i = from; i < to; i++) {
    const c = codes[i]!;
    if (classOf(c) !== OTHER) {
      digits += isDigit(c) ? 1 : 0;
      size++;
    } else if ((c !== SPACE && c !== HYPHEN && c !== COMMA) || (separator !== 0 && separator !== c))
      return false;
    else separator = c;
  }
  if (digits === size && (separator === 0 || separator === COMMA)) return true;
  return separator !== COMMA && size >= SHORTEST_ACCOUNT && digits * 2 > size;
}

/** In groups of `by` from the left, or from the right if it is negative. */
function grouped(characters: Uint16Array, by: number, separator: number): Uint16Array {
  const length = characters.length;
  const size = Math.abs(by);
  const out = new Uint16Array(length + Math.floor((length - 1) / size));
  for (let i = 0, at = 0; i < length; i++) {
    if (i > 0 && (by > 0 ? i : length - i) % size === 0) out[at++] = separator;
    out[at++] = characters[i]!;
  }
  return out;
}
