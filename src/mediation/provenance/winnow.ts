/** Characters of a fingerprinted stretch, and stretches of which the smallest is taken. */
export const GRAM = 16;
const WINDOW = 16;
/** Copies at least this long share a fingerprint with their original. */
export const SHORTEST_COPY = GRAM + WINDOW - 1;

/** Rulers, blanks and table borders are no evidence: a stretch needs this many different characters. */
const FEWEST_DIFFERENT = 6;

/** Ranks are 18 bits above 12 of place, counted down: the smallest of equals is the last. */
const PLACE_BITS = 12;
const PLACES = 1 << PLACE_BITS;
const PLACE_MASK = PLACES - 1;

/** Ranks of one stretch of text, in whole windows. */
const ranks = new Int32Array(PLACES + 2 * WINDOW);
const suffixes = new Int32Array(WINDOW);

/**
 * Winnowing: the places of the smallest of every `WINDOW` neighbouring stretches of `GRAM` characters, each once, in
 * order; written to `into`, which must have room for `n`. Returns how many. Which are chosen depends on their
 * characters alone, so two texts that share `SHORTEST_COPY` characters choose one in common. Linear.
 */
export function winnow(codes: Uint16Array, n: number, into: Int32Array): number {
  const windows = n - SHORTEST_COPY + 1;
  const step = PLACES - 2 * WINDOW;
  let count = 0;
  for (let base = 0; base < windows; base += step) {
    count = choose(codes, base, Math.min(step, windows - base), into, count);
  }
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const at = into[i]!;
    if (isVaried(codes, at)) into[kept++] = at;
  }
  return kept;
}

/**
 * The choices of `windows` windows from `base` on, after those that `into` has. Two minima for a place however wide
 * the window (van Herk), and without branches: which stretch is the smallest is nothing a processor could predict.
 */
function choose(codes: Uint16Array, base: number, windows: number, into: Int32Array, count: number): number {
  const places = windows + WINDOW - 1;
  // As locals: a bundler makes module constants variables, which are loaded again in every round.
  const [all, after, mask] = [ranks, suffixes, PLACE_MASK];
  rank(codes, base, places, all);
  let chosen = count;
  let last = count > 0 ? into[count - 1]! : -1;
  for (let block = 0; block < windows; block += WINDOW) {
    let smallest = all[block + WINDOW - 1]!;
    after[WINDOW - 1] = smallest;
    for (let k = WINDOW - 2; k >= 0; k--) {
      const d = all[block + k]! - smallest;
      smallest += d & (d >> 31);
      after[k] = smallest;
    }
    let prefix = 0x3fffffff;
    const end = Math.min(WINDOW, windows - block);
    for (let k = 0; k < end; k++) {
      const d = after[k]! - prefix;
      const at = base + mask - ((prefix + (d & (d >> 31))) & mask);
      into[chosen] = at;
      const moved = at ^ last;
      chosen += (moved | -moved) >>> 31;
      last = at;
      const e = all[block + WINDOW + k]! - prefix;
      prefix += e & (e >> 31);
    }
  }
  return chosen;
}

/** Ranks every stretch by its first four characters: cheap, and as good as any order that content alone decides. */
function rank(codes: Uint16Array, base: number, places: number, into: Int32Array): void {
  const mask = PLACE_MASK;
  let four = (codes[base]! << 16) ^ (codes[base + 1]! << 8) ^ codes[base + 2]!;
  for (let i = 0; i < places; i++) {
    four = (four << 8) ^ codes[base + i + 3]!;
    const spread = Math.imul(four, 0x9e3779b1);
    into[i] = ((Math.imul(spread ^ (spread >>> 15), 0x85ebca6b) >>> 2) & ~mask) | (mask - i);
  }
}

function isVaried(codes: Uint16Array, at: number): boolean {
  let seen = 0;
  const end = at + GRAM;
  for (let i = at; i < end; i++) seen |= 1 << (codes[i]! & 31);
  let pairs = seen - ((seen >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24 >= FEWEST_DIFFERENT;
}
