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
  // A plain name is not to blame for its copy in other letters.
  const blames = (other: string) => other !== name && (isPlain(other) || !isPlain(name));
  const among = (names: readonly string[], wanted: string) =>
    shapesOf(names).get(wanted)?.some(blames) === true;
  const found =
    among(context.ownTools ?? [], shape) ||
    among(context.foreignTools, shape) ||
    typosOf(shape).some((typo) => among(context.foreignTools, typo));
  return found ? whole : [];
}

const shapes = new WeakMap<readonly string[], Map<string, string[]>>();

/** The names of a list by shape, made once a list: comparing each with each would let a long list stop everything. */
function shapesOf(names: readonly string[]): Map<string, string[]> {
  let byShape = shapes.get(names);
  if (byShape === undefined) {
    byShape = new Map();
    for (const name of names) {
      const shape = shapeOf(fold(name));
      const same = byShape.get(shape);
      if (same) same.push(name);
      else byShape.set(shape, [name]);
    }
    shapes.set(names, byShape);
  }
  return byShape;
}

function fold(name: string): string {
  return Array.from(name.normalize('NFKC').toLowerCase(), (char) => CONFUSABLE.get(char) ?? char).join('');
}

/** Digits and letters that one confuses even within ASCII. */
function shapeOf(folded: string): string {
  return folded.replace(/[01|]/g, (char) => (char === '0' ? 'o' : 'l')).replaceAll('i', 'l');
}

/** Shorter names are near each other by chance; longer ones nobody reads letter by letter. */
const SHORTEST_TYPO = 6;
const LONGEST_TYPO = 64;

function isPlain(name: string): boolean {
  return /^[\x20-\x7e]*$/.test(name);
}

/** What a shape becomes by one slip: two neighbours swapped, one letter doubled, one of a double left out. */
function typosOf(shape: string): string[] {
  if (shape.length < SHORTEST_TYPO || shape.length > LONGEST_TYPO) return [];
  const typos: string[] = [];
  for (let at = 0; at < shape.length; at++) {
    const [here, next] = [shape[at]!, shape[at + 1]];
    if (next !== undefined && next !== here) {
      typos.push(shape.slice(0, at) + next + here + shape.slice(at + 2));
    }
    typos.push(shape.slice(0, at) + here + shape.slice(at));
    if (next === here && shape.length > SHORTEST_TYPO) typos.push(shape.slice(0, at) + shape.slice(at + 1));
  }
  return typos;
}
