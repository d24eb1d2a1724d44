const MOST_VALUES = 4096;
const LONGEST_VALUE = 2048;

/**
 * The values of the attributes in a text's tags, in order: what a page hands out as names and links, apart from what it
 * says. No parser of documents: a text without tags has none. One pass.
 */
export function attributesOf(text: string): { name: string; value: string }[] {
  const found: { name: string; value: string }[] = [];
  for (let at = text.indexOf('<'); at >= 0 && found.length < MOST_VALUES; at = text.indexOf('<', at)) {
    at = isLetter(text.charCodeAt(at + 1)) ? readTag(text, at + 1, found) : at + 1;
  }
  return found;
}

/** Reads `name attribute="value" ...>` from `at`; where the tag ends, or what is no tag begins. */
function readTag(text: string, at: number, found: { name: string; value: string }[]): number {
  let i = at;
  while (isName(text.charCodeAt(i))) i++;
  for (;;) {
    while (isSpace(text.charCodeAt(i)) || text[i] === '/') i++;
    const from = i;
    while (isName(text.charCodeAt(i))) i++;
    if (i === from) return i;
    const name = text.slice(from, i).toLowerCase();
    if (text[i] !== '=') continue;
    const quote = text[++i];
    if (quote !== '"' && quote !== "'") return i;
    // A quote that never closes would be looked for again from every tag.
    const end = text.slice(i + 1, i + 2 + LONGEST_VALUE).indexOf(quote);
    if (end < 0) return i;
    if (end > 0 && found.length < MOST_VALUES) found.push({ name, value: text.slice(i + 1, i + 1 + end) });
    i += end + 2;
  }
}

function isLetter(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
}

function isName(c: number): boolean {
  return isLetter(c) || (c >= 48 && c <= 58) || c === 45 || c === 95;
}

function isSpace(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13);
}
