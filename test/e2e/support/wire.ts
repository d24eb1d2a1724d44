import type { Message } from './raw-client.ts';

/** The members that Cordon may add to a result's `_meta`. */
export const LABELS = ['cordon/labels', 'io.modelcontextprotocol/trust-annotations'] as const;

/** Index after the JSON value that begins at `from`; the text is known to be valid JSON. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else continue;
    if (depth === 0) return at + 1;
  }
  throw new Error(`no JSON value at ${from}`);
}

/** `text` without the members whose opening is `opening`, and without the comma that each of them needed. */
function without(text: string, opening: string, fits: (value: string) => boolean): string {
  let rest = text;
  // Inside a string the opening would be written with escaped quotes, so what is found is a member.
  for (let start = rest.indexOf(opening); start >= 0; start = rest.indexOf(opening, start + 1)) {
    let end = valueEnd(rest, start + opening.length);
    if (!fits(rest.slice(start + opening.length, end))) continue;
    let from = start;
    if (rest[end] === ',') end++;
    else if (rest[from - 1] === ',') from--;
    rest = rest.slice(0, from) + rest.slice(end);
  }
  return rest;
}

/** The line as it was before labels were spliced in: every other byte stays. */
export function withoutLabels(line: string): string {
  if (!isLabelled(line)) return line;
  return without(withLabelsTakenOut(line), '"_meta":', (value) => value === '{}');
}

/** The line without the labels alone: an empty `_meta` stays. */
export function withLabelsTakenOut(line: string): string {
  return LABELS.reduce((text, label) => without(text, `"${label}":`, () => true), line);
}

export function isLabelled(line: string): boolean {
  return LABELS.some((label) => line.includes(`"${label}":`));
}

/** The exact label and the event that Cordon put on a result. */
export function labelsOf(
  message: Message,
): { integrity: string; confidentiality: string; event: string } | undefined {
  return message.result?._meta?.['cordon/labels'];
}

/** The words of a result's text blocks. */
export function words(message: Message): string {
  const blocks: { text?: string }[] = message.result?.content ?? [];
  return blocks.map(({ text }) => text ?? '').join('\n');
}
