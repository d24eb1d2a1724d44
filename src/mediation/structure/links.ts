const MOST_LINKS = 4096;
const LONGEST_TARGET = 2048;
/** The name under which a target is told. */
export const MARKDOWN_LINK = 'link';

/**
 * The targets of a text's links in Markdown, in order: `[words](target)`, and `[words](<target> "title")`. What a page
 * links to, as its tags do in HTML. One pass.
 */
export function linksOf(text: string): string[] {
  const found: string[] = [];
  for (let at = text.indexOf(']('); at >= 0 && found.length < MOST_LINKS; at = text.indexOf('](', at)) {
    at += 2;
    const target = targetAt(text, at);
    if (target !== undefined) found.push(target);
  }
  return found;
}

const [BREAK, BLANK, OPEN, CLOSE, LESS, MORE, BRACKET] = [10, 32, 40, 41, 60, 62, 93];

/** Up to a blank or the bracket that closes; brackets inside come in pairs (CommonMark 0.31, 6.3). */
function targetAt(text: string, from: number): string | undefined {
  const isPointed = text.charCodeAt(from) === LESS;
  const start = isPointed ? from + 1 : from;
  const limit = Math.min(text.length, start + LONGEST_TARGET);
  let open = 0;
  for (let at = start; at < limit; at++) {
    const c = text.charCodeAt(at);
    // A bracket may be another link's: no place is looked at twice.
    if (c === BREAK || c === LESS || c === BRACKET) return undefined;
    if (c === OPEN) open++;
    const isEnd = isPointed ? c === MORE : c <= BLANK || (c === CLOSE && open-- === 0);
    if (isEnd) return at > start ? text.slice(start, at) : undefined;
  }
  return undefined;
}
