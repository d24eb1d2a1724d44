/**
 * Characters that a terminal obeys or a reader cannot see: controls, formatting and bidirectional marks, tags,
 * variation selectors, lone surrogates, private and unassigned code points, line and paragraph separators.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Foreign text as one line that is safe to show a person: every hidden character as `\u{hex}`. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** The same for JSON that people review: its hidden characters become JSON escapes, so it parses to the same value. */
export function reviewable(json: string): string {
  return json.replace(HIDDEN, (char) => {
    if (char === '\n') return char;
    let escaped = '';
    for (let i = 0; i < char.length; i++) escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return escaped;
  });
}
