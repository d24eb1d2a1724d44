import { ASCII_CLASS, classOf, OTHER, SPACE } from './chars.ts';
import { type Hash, POWERS } from './hash.ts';

/** No stretch is longer: a block with what follows it, each character of which can be four canonical ones. */
const LONGEST = 32_768;
/** Words this long are no part of a value: what is hashed of them is never looked up. */
const LAST_POWER = POWERS - 1;

/** The words of a stretch of canonical characters. One object for all, read anew by `readWords`. */
export interface Words {
  count: number;
  /** Where each begins and ends. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Lanes of each word; of it with the one before; of it with the two before. 0 where there are none. */
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly pairLo: Int32Array;
  readonly pairHi: Int32Array;
  readonly tripleLo: Int32Array;
  readonly tripleHi: Int32Array;
  /** Lanes of the first i characters of the stretch. */
  readonly firstLo: Int32Array;
  readonly firstHi: Int32Array;
}

/**
 * Reads the words of a stretch; an ideograph is a word. Of two or three words in a row what stands between them counts
 * too. In a closure: a bundler makes variables of a module's constants, and engines load them again in every round.
 */
export const readWords = (() => {
  const numbers = (): Int32Array => new Int32Array(LONGEST + 1);
  const words: Words = {
    count: 0,
    from: numbers(),
    to: numbers(),
    lo: numbers(),
    hi: numbers(),
    pairLo: numbers(),
    pairHi: numbers(),
    tripleLo: numbers(),
    tripleHi: numbers(),
    firstLo: numbers(),
    firstHi: numbers(),
  };
  const { from: froms, to: tos, lo: wordLo, hi: wordHi, pairLo, pairHi, tripleLo, tripleHi } = words;
  const { firstLo: los, firstHi: his } = words;
  /** Where words, and what is between words, begin. */
  const borders = numbers();
  const classes = ASCII_CLASS.slice();
  const loOf = new Int32Array(128);
  const hiOf = new Int32Array(128);
  const loBy = new Int32Array(POWERS);
  const hiBy = new Int32Array(POWERS);
  let current: Hash | undefined;

  const use = (hash: Hash): void => {
    current = hash;
    loOf.set(hash.los);
    hiOf.set(hash.his);
    loBy.set(hash.loPowers);
    hiBy.set(hash.hiPowers);
  };

  /** Finds borders and hashes; without branches on the text, as no processor can predict where a word ends. */
  const scan = (hash: Hash, codes: Uint16Array, from: number, n: number): number => {
    const loStep = loBy[1]!;
    const hiStep = hiBy[1]!;
    let lo = 0;
    let hi = 0;
    let last = 3;
    let count = 0;
    for (let i = 0; i < n; i++) {
      const c = codes[from + i]!;
      const ascii = c < 128;
      const kind = ascii ? classes[c]! : classOf(c);
      borders[count] = i;
      los[i] = lo;
      his[i] = hi;
      // Another class than before, or an ideograph.
      count += (((kind ^ last) + 3) >> 2) | (kind >> 1);
      last = kind;
      lo = (Math.imul(lo, loStep) + (ascii ? loOf[c]! : hash.loOf(c))) | 0;
      hi = (Math.imul(hi, hiStep) + (ascii ? hiOf[c]! : hash.hiOf(c))) | 0;
    }
    borders[count] = n;
    los[n] = lo;
    his[n] = hi;
    return count;
  };

  return function readWords(hash: Hash, codes: Uint16Array, from: number, end: number): Words {
    if (current !== hash) use(hash);
    const borderCount = scan(hash, codes, from, end - from);
    let count = 0;
    // Where the last two words begin.
    let before = -1;
    let beforeThat = -1;
    for (let b = 0; b < borderCount; b++) {
      const start = borders[b]!;
      const c = codes[from + start]!;
      if ((c < 128 ? classes[c] : classOf(c)) === OTHER) continue;
      const stop = borders[b + 1]!;
      const lo = los[stop]!;
      const hi = his[stop]!;
      froms[count] = from + start;
      tos[count] = from + stop;
      const length = (stop - start) & LAST_POWER;
      wordLo[count] = (lo - Math.imul(los[start]!, loBy[length]!)) | 0;
      wordHi[count] = (hi - Math.imul(his[start]!, hiBy[length]!)) | 0;
      let inTwo = 0;
      let inTwoHi = 0;
      let inThree = 0;
      let inThreeHi = 0;
      if (before >= 0) {
        const two = (stop - before) & LAST_POWER;
        inTwo = (lo - Math.imul(los[before]!, loBy[two]!)) | 0;
        inTwoHi = (hi - Math.imul(his[before]!, hiBy[two]!)) | 0;
        if (beforeThat >= 0) {
          const three = (stop - beforeThat) & LAST_POWER;
          inThree = (lo - Math.imul(los[beforeThat]!, loBy[three]!)) | 0;
          inThreeHi = (hi - Math.imul(his[beforeThat]!, hiBy[three]!)) | 0;
        }
      }
      pairLo[count] = inTwo;
      pairHi[count] = inTwoHi;
      tripleLo[count] = inThree;
      tripleHi[count] = inThreeHi;
      beforeThat = before;
      before = start;
      count++;
    }
    words.count = count;
    return words;
  };
})();

/** A single mark, no white space, stands between two words: both are parts of an address, a path, an identifier. */
export function isJoined(codes: Uint16Array, end: number, from: number): boolean {
  return from === end + 1 && codes[end] !== SPACE;
}
