/**
 * Ways to write an address so that nobody clicks on it by mistake: `eve[at]example[.]com`, `eve at example dot com`,
 * `hxxps://`; and how that looks backwards, in rot13 and in both. All patterns are of bounded length, so each is
 * linear.
 */

/** What makes ` at ` mean it: a host follows, with a dot or an escape inside, or a dot in letters, or spelled out. */
const HOST =
  '[^\\s.[({<"\',:%&/\\\\]{1,63}(?:[[({<]?\\.[a-z\\])}>]|[%&]|\\\\[uxhk])|[^\\s]{1,64} {1,2}[[({<]?(?:dot|\\.)[\\])}> ]| ?[^ ] [^ ] ';
const HOST_AHEAD = new RegExp(`^(?:${HOST.replace('dot', 'dot|qbg')})`, 'i');
const HOST_BEHIND =
  /(?:(?:[\w\])}>]\.[\])}>]?|[%;&}\\])[^\s.\])}>"',:%;&]{1,63}|[[({< ](?:tod|gbq|\.)[\])}>]? {1,2}[^\s]{1,64}| [^ ] [^ ] ?)$/i;
/** As far as those look. */
const NEAR = 72;

const MARKS: readonly (readonly [pattern: string, meaning: string])[] = [
  [` at (?=${HOST})`, '@'],
  [' dot ', '.'],
  ['[[({<] ?(?:at|@) ?[\\])}>]', '@'],
  ['[[({<] ?(?:dot|\\.) ?[\\])}>]', '.'],
  ['[[({]:(?:\\/\\/)?[\\])}]', ':'],
  ['[[({]\\/[\\])}]', '/'],
  ['hxxp', 'http'],
];
const LOOSE = MARKS.map(([pattern, meaning]) => [new RegExp(pattern, 'gi'), meaning] as const);
/** With the blanks beside them. */
const TIGHT = MARKS.map(([pattern, meaning]) => [new RegExp(` ?${pattern} ?`, 'gi'), meaning] as const);

/** Words that stand for marks, turned or not. */
const WORDS = / (?:at|dot|ta|tod|ng|qbg|gn|gbq) /gi;
const BRACKETED =
  /[[({<] ?(?:at|dot|@|\.|ng|qbg|:(?:\/\/)?|\/) ?[\])}>]|[\])}>] ?(?:ta|tod|gn|gbq) ?[[({<]|[\])][.@:/][[(]/gi;
const SCHEMES = /hxxp|pxxh|ukkc|ckku/gi;
/** From where a word between brackets that face away begins to the second bracket. */
const LONGEST_TURNED = 6;

/** A text with its addresses as they are meant, without the blanks beside their marks, and with them. */
export function refanged(text: string): string[] {
  return [TIGHT, LOOSE].map((marks) =>
    marks.reduce((meant, [mark, meaning]) => meant.replace(mark, meaning), text),
  );
}

/** Where something is defanged, and where it is when the text is read backwards, or in rot13; each in order. */
export interface Defanged {
  plain: number[];
  reversed: number[];
  rotated: number[];
}

const ANY = / (?:at|dot|ta|tod|ng|qbg|gn|gbq) |[hp]xx[ph]|[uc]kk[cu]/i;

/** Whether a text without brackets may be defanged, or may be when it is turned. */
export function mayBeDefanged(text: string): boolean {
  return ANY.test(text);
}

/**
 * Where a text is defanged, or may be when it is turned. `near` is where signs of it stand, if that is known (see
 * signs.ts): the patterns are tried there alone.
 */
export function defangedIn(text: string, near?: readonly number[]): Defanged {
  const found: Defanged = { plain: [], reversed: [], rotated: [] };
  const matches = (pattern: RegExp, before: number): Iterable<RegExpExecArray> =>
    near === undefined ? text.matchAll(pattern) : matchesNear(text, pattern, near, before);
  for (const { 0: word, index } of matches(WORDS, 0)) {
    const name = word.slice(1, -1).toLowerCase();
    // So short a word is one of some language: it counts beside a host.
    if (name.length < 3 && !isBesideHost(text, index, index + word.length, name)) continue;
    sort(found, name, index);
  }
  for (const { 0: mark, index } of matches(BRACKETED, LONGEST_TURNED)) {
    const name = mark.replace(/[^a-z]/gi, '').toLowerCase();
    if (name !== '') sort(found, name, index);
    else found[/^[\])]/.test(mark) ? 'reversed' : 'plain'].push(index);
  }
  for (const { 0: scheme, index } of matches(SCHEMES, 1)) sort(found, scheme.toLowerCase(), index);
  for (const places of [found.plain, found.reversed, found.rotated]) places.sort((a, b) => a - b);
  return found;
}

/** As `matchAll`, of matches that begin at most `before` characters before one of these places. */
function* matchesNear(
  text: string,
  pattern: RegExp,
  near: readonly number[],
  before: number,
): Generator<RegExpExecArray> {
  const sticky = new RegExp(pattern.source, 'iy');
  let end = 0;
  for (const place of near) {
    for (let at = Math.max(end, place - before); at <= place; at++) {
      sticky.lastIndex = at;
      const match = sticky.exec(text);
      if (match === null) continue;
      yield match;
      end = sticky.lastIndex;
      at = end - 1;
    }
  }
}

/** What is reversed and in rot13 is read backwards first. */
function sort(found: Defanged, name: string, at: number): void {
  if (name === 'at' || name === 'dot' || name === 'hxxp') found.plain.push(at);
  else if (name === 'ng' || name === 'qbg' || name === 'ukkc') found.rotated.push(at);
  else found.reversed.push(at);
}

function isBesideHost(text: string, from: number, to: number, name: string): boolean {
  return name === 'at' || name === 'ng'
    ? HOST_AHEAD.test(text.slice(to, to + NEAR))
    : HOST_BEHIND.test(text.slice(Math.max(0, from - NEAR), from));
}
