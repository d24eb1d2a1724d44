import type { InspectContext, Span } from './detector.ts';

/** Letters of other scripts that pass for ASCII ones, as UTS 39 has them; full-width and styled forms fold by NFKC. */
const CONFUSABLE = new Map(
  Object.entries({
    a: 'аɑα',
    b: 'ЬƄ',
    c: 'сϲ',
    d: 'ԁ',
    e: 'еҽ',
    g: 'ɡ',
    h: 'һ',
    i: 'іıι',
    j: 'јϳ',
    k: 'κк',
    l: 'ӏǀ',
    m: 'м',
    n: 'ոп',
    o: 'оοօ',
    p: 'рρ',
    q: 'ԛ',
    r: 'г',
    s: 'ѕ',
    t: 'τт',
    u: 'υս',
    v: 'ѵν',
    w: 'ѡԝ',
    x: 'хχ',
    y: 'уγ',
    z: 'ᴢ',
    _: '‗',
    '-': '‐‑‒–—−',
  }).flatMap(([ascii, others]) => [...others].map((other) => [other, ascii] as const)),
);

/**
 * `look-alike`: a tool's name that is another one to the eye. Fires if it turns into ASCII when look-alike letters
 * are folded, if it then equals another tool's name, or if it is a foreign tool's name with two neighbouring
 * letters swapped or one doubled. Plurals and other near names are honest.
 */
export function lookAlike(name: string, context: InspectContext): Span[] {
  const whole: Span[] = [[0, name.length]];
  const folded = fold(name);
  if (!isPlain(name) && isPlain(folded)) return whole;
  const shape = shapeOf(folded);
  const resembles = (other: string, typos: boolean): boolean => {
    // A plain name is not to blame for its copy in other letters.
    if (other === name || (isPlain(name) && !isPlain(other))) return false;
    const otherShape = shapeOf(fold(other));
    return otherShape === shape || (typos && isTypo(shape, otherShape));
  };
  const found =
    context.ownTools?.some((other) => resembles(other, false)) ||
    context.foreignTools.some((other) => resembles(other, true));
  return found ? whole : [];
}

function fold(name: string): string {
  return Array.from(name.normalize('NFKC').toLowerCase(), (char) => CONFUSABLE.get(char) ?? char).join('');
}

/** Digits and letters that one confuses even within ASCII. */
function shapeOf(folded: string): string {
  return folded.replace(/[01|]/g, (char) => (char === '0' ? 'o' : 'l')).replaceAll('i', 'l');
}

function isPlain(name: string): boolean {
  return /^[\x20-\x7e]*$/.test(name);
}

function isTypo(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < 6) return false;
  if (Math.abs(a.length - b.length) === 1) return isDoubled(a, b) || isDoubled(b, a);
  if (a.length !== b.length) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return (
    at + 1 < a.length && a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2)
  );
}

/** `long` is `short` with one letter twice. */
function isDoubled(long: string, short: string): boolean {
  if (long.length !== short.length + 1) return false;
  let at = 0;
  while (at < short.length && long[at] === short[at]) at++;
  return at > 0 && long[at] === long[at - 1] && long.slice(at + 1) === short.slice(at);
}
