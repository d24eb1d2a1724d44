/** One word of a text in lower case, where it stands and in which sentence. */
export interface Word {
  /** A word that opens a line before a colon keeps it (`user:`), one that is a tag its brackets (`<important>`). */
  text: string;
  at: number;
  end: number;
  sentence: number;
}

const NEWLINE = 10;
const MAX_WORD = 64;

/**
 * The words between two offsets of a text. A word is letters, digits and `_'@`, with inner `.` and `-` (`mcp.json`,
 * `id_rsa`, `.ssh`): markup, quotation marks and line breaks between words do not hide a phrase. `first` is the
 * sentence at `from`.
 */
export function wordsOf(text: string, from: number, to: number, first = 0): Word[] {
  const words: Word[] = [];
  let sentence = first;
  let newlines = from === 0 ? 1 : 0;
  for (let at = from; at < to; ) {
    const code = text.charCodeAt(at);
    if (!isInner(code) && !(code === 46 && isInner(text.charCodeAt(at + 1)))) {
      if (code === NEWLINE && ++newlines === 2) sentence++;
      else if ((code === 46 || code === 33 || code === 63) && !isInner(text.charCodeAt(at + 1))) sentence++;
      at++;
      continue;
    }
    let end = at + 1;
    while (end < to) {
      const inner = text.charCodeAt(end);
      if (!isInner(inner) && !((inner === 46 || inner === 45) && isInner(text.charCodeAt(end + 1)))) break;
      end++;
    }
    words.push({ text: marked(text, at, end, newlines > 0), at, end, sentence });
    newlines = 0;
    at = end;
  }
  return words;
}

function marked(text: string, at: number, end: number, opensLine: boolean): string {
  const word = text
    .slice(at, Math.min(end, at + MAX_WORD))
    .toLowerCase()
    .replaceAll('’', "'");
  const before = text[at - 1];
  const after = text[end];
  if ((before === '<' && after === '>') || (before === '[' && after === ']')) return `<${word}>`;
  return opensLine && after === ':' ? `${word}:` : word;
}

/** ASCII letters, digits and `'@_`; beyond ASCII everything but punctuation and spaces. */
function isInner(code: number): boolean {
  if (code >= 128)
    return code >= 0xc0 && (code < 0x2000 || code > 0x206f || code === 0x2019) && code !== 0x3000;
  return (
    (code >= 97 && code <= 122) ||
    (code >= 64 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 39
  );
}
