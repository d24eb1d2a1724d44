/** Characters of a fingerprinted stretch, and stretches of which the smallest is taken. */
export const GRAM = 16;
const WINDOW = 16;
/** Copies at least this long share a fingerprint with their original. */
export const SHORTEST_COPY = GRAM + WINDOW - 1;

const BASE = 0x2c1b3c6d;
const BASE_TO_GRAM = ((): number => {
  let power = 1;
  for (let i = 0; i < GRAM; i++) power = Math.imul(power, BASE);
  return power;
})();
/** Rulers, blanks and table borders are no evidence: a stretch needs this many different characters. */
const FEWEST_DIFFERENT = 6;

const ranks = new Uint32Array(WINDOW);

/**
 * Winnowing: calls `take` with the place of the smallest of every `WINDOW` neighbouring stretches of `GRAM`
 * characters, each place once, in order. Which are chosen depends on their characters alone, so two texts that
 * share `SHORTEST_COPY` characters choose one in common. Linear.
 */
export function winnow(codes: Uint16Array, n: number, take: (at: number) => void): void {
  if (n < SHORTEST_COPY) return;
  let rolling = 0;
  for (let i = 0; i < GRAM - 1; i++) rolling = (Math.imul(rolling, BASE) + codes[i]!) | 0;
  let best = -1;
  let taken = -1;
  for (let end = GRAM - 1, at = 0; end < n; end++, at++) {
    rolling = (Math.imul(rolling, BASE) + codes[end]!) | 0;
    if (at > 0) rolling = (rolling - Math.imul(codes[at - 1]!, BASE_TO_GRAM)) | 0;
    const rank = Math.imul(rolling ^ (rolling >>> 15), 0x85ebca6b) >>> 0;
    ranks[at % WINDOW] = rank;
    if (best <= at - WINDOW) {
      best = Math.max(0, at - WINDOW + 1);
      for (let k = best + 1; k <= at; k++) if (ranks[k % WINDOW]! <= ranks[best % WINDOW]!) best = k;
    } else if (best < 0 || rank <= ranks[best % WINDOW]!) {
      best = at;
    }
    if (at >= WINDOW - 1 && best !== taken) {
      taken = best;
      if (isVaried(codes, best)) take(best);
    }
  }
}

function isVaried(codes: Uint16Array, at: number): boolean {
  let seen = 0;
  for (let i = at; i < at + GRAM; i++) seen |= 1 << (codes[i]! & 31);
  let different = 0;
  for (; seen !== 0; seen &= seen - 1) different++;
  return different >= FEWEST_DIFFERENT;
}
