/**
 * Characters that readers, and models, take for an ASCII character: `аpple` is written with a Cyrillic letter. Of
 * Unicode's confusables (UTS #39) those that stand for letters, digits and the marks of addresses and paths, from the
 * scripts that attacks use: Cyrillic, Greek, Armenian, Latin's own variants and small capitals. Fullwidth and
 * mathematical letters need no table: compatibility normalisation undoes them.
 */
const PAIRS: readonly (readonly [ascii: string, like: string])[] = [
  ['A', '\u0410\u0391\u1d00'],
  ['B', '\u0412\u0392\u0299'],
  ['C', '\u0421\u1d04'],
  ['D', '\u1d05'],
  ['E', '\u0415\u0395\u1d07'],
  ['F', '\u03dc\ua730'],
  ['G', '\u050c\u0262'],
  ['H', '\u041d\u0397\u029c'],
  ['I', '\u0406\u0399\u04c0\u026a'],
  ['J', '\u0408\u1d0a'],
  ['K', '\u041a\u039a\u1d0b'],
  ['L', '\u029f'],
  ['M', '\u041c\u039c\u1d0d'],
  ['N', '\u039d\u0274'],
  ['O', '\u041e\u039f\u0555\u1d0f'],
  ['P', '\u0420\u03a1\u1d18'],
  ['Q', '\u051a'],
  ['R', '\u0280'],
  ['S', '\u0405\u054f\ua731'],
  ['T', '\u0422\u03a4\u1d1b'],
  ['U', '\u054d\u1d1c'],
  ['V', '\u0474\u1d20'],
  ['W', '\u051c\u1d21'],
  ['X', '\u0425\u03a7'],
  ['Y', '\u0423\u03a5\u04ae\u028f'],
  ['Z', '\u0396\u1d22'],
  ['a', '\u0430\u03b1\u0251'],
  ['b', '\u0432\u03b2'],
  ['c', '\u0441\u03f2'],
  ['d', '\u0501'],
  ['e', '\u0435\u03b5\u04bd'],
  ['g', '\u0261\u0581'],
  ['h', '\u043d\u04bb\u0570'],
  ['i', '\u0456\u03b9\u0131'],
  ['j', '\u0458'],
  ['k', '\u043a\u03ba'],
  ['l', '\u04cf\u01c0'],
  ['m', '\u043c'],
  ['n', '\u03b7\u0578'],
  ['o', '\u043e\u03bf\u0585'],
  ['p', '\u0440\u03c1'],
  ['q', '\u051b'],
  ['r', '\u0433'],
  ['s', '\u0455'],
  ['t', '\u0442\u03c4'],
  ['u', '\u03c5\u057d'],
  ['v', '\u0475\u03bd'],
  ['w', '\u051d\u03c9'],
  ['x', '\u0445\u03c7'],
  ['y', '\u0443\u03b3\u04af'],
  ['z', '\u03b6'],
  ['3', '\u0437\u0417'],
  ['.', '\u3002\ua4f8'],
  ['/', '\u2044\u2215\u29f8'],
  [':', '\u2236\ua789\u02d0'],
  [',', '\u201a'],
  ['-', '\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043'],
  ["'", '\u2018\u2019\u02bc'],
  ['"', '\u201c\u201d'],
];

const ASCII = new Map(
  PAIRS.flatMap(([ascii, like]) => [...like].map((one) => [one.codePointAt(0)!, ascii.charCodeAt(0)])),
);

/** The ASCII character that this one is mistaken for, or 0. */
export function likeness(point: number): number {
  return ASCII.get(point) ?? 0;
}
