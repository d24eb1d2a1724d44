/** Characters of a fingerprinted stretch, and stretches of which the smallest is taken. */
export const GRAM = 16;
const WINDOW = 16;
/** Copies at least this long share a fingerprint with their original. */
export const SHORTEST_COPY = GRAM + WINDOW - 1;

/** Rulers, blanks and table borders are no evidence: a stretch needs this many different characters. */
const FEWEST_DIFFERENT = 6;

let ranks = new Int32Array(4096);

/**
 * Winnowing: the places of the smallest of every `WINDOW` neighbouring stretches of `GRAM` characters, each once, in
 * order; written to `into`, which must have room for `n`. Returns how many. Which are chosen depends on their
 * characters alone, so two texts that share `SHORTEST_COPY` characters choose one in common. Linear.
 */
export function winnow(codes: Uint16Array, n: number, into: Int32Array): number {
  if (n < SHORTEST_COPY) return 0;
  const last = n - GRAM;
  if (ranks.length <= last) ranks = new Int32Array(last + 1);
  rank(codes, last, ranks);
  let best = 0;
  for (let at = 1; at < WINDOW - 1; at++) if (ranks[at]! <= ranks[best]!) best = at;
  let count = 0;
  let taken = -1;
  for (let at = WINDOW - 1; at <= last; at++) {
    if (ranks[at]! <= ranks[best]!) {
      best = at;
    } else if (best <= at - WINDOW) {
      best = at - WINDOW + 1;
      for (let k = best + 1; k <= at; k++) if (ranks[k]! <= ranks[best]!) best = k;
    }
    if (best !== taken) {
      taken = best;
      if (isVaried(codes, best)) into[count++] = best;
    }
  }
  if (ranks.length > 65_536) ranks = new Int32Array(4096);
  return count;
}

/** Ranks every stretch by its first four characters: cheap, and as good as any order that content alone decides. */
function rank(codes: Uint16Array, last: number, into: Int32Array): void {
  let four = (codes[0]! << 16) ^ (codes[1]! << 8) ^ codes[2]!;
  for (let at = 0; at <= last; at++) {
    four = (four << 8) ^ codes[at + 3]!;
    const spread = Math.imul(four, 0x9e3779b1);
    into[at] = Math.imul(spread ^ (spread >>> 15), 0x85ebca6b);
  }
}

function isVaried(codes: Uint16Array, at: number): boolean {
  let seen = 0;
  for (let i = at; i < at + GRAM; i++) seen |= 1 << (codes[i]! & 31);
  let different = 0;
  for (; seen !== 0; seen &= seen - 1) different++;
  return different >= FEWEST_DIFFERENT;
}
