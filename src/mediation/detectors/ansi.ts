import { MAX_SPANS, type Span } from './detector.ts';

/**
 * `ansi`: escape sequences that a terminal obeys and a person does not see: ESC, and the C1 forms of CSI, OSC,
 * DCS, SOS, PM and APC. A C1 character behind a UTF-8 lead or continuation byte read as Latin-1 is a mangled
 * quotation mark and not an escape. Colours count too: white on white hides text.
 */
export function ansi(text: string, ascii: boolean): Span[] {
  const spans: Span[] = [];
  for (
    let at = text.indexOf('\x1b');
    at >= 0 && spans.length < MAX_SPANS;
    at = text.indexOf('\x1b', at + 1)
  ) {
    spans.push([at, at + 1]);
  }
  if (ascii || spans.length > 0) return spans;
  for (const match of text.matchAll(/(?<![\x80-\xf4])[\x90\x98\x9b\x9d-\x9f]/g)) {
    spans.push([match.index, match.index + 1]);
    if (spans.length >= MAX_SPANS) break;
  }
  return spans;
}
