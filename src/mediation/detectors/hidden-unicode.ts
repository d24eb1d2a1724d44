import { type InspectContext, MAX_SPANS, type Span } from './detector.ts';

/** Default-ignorable code points and bidirectional controls, by UTF-16 unit: astral ones share a lead. */
const CANDIDATE =
  /[\xad\u061c\u115f\u1160\u17b4\u17b5\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufff8]|[\u180b-\u180f]|[\ufe00-\ufe0f]|\u034f|\udb40[\udc00-\uddff]/g;

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const BLACK_FLAG = 0x1f3f4;
const CANCEL_TAG = 0xe007f;

/**
 * `hidden-unicode`: characters that a model reads and a person does not see. In a descriptor any of them fires
 * but the parts of an emoji or of a script that needs joiners; in an output, where pages bring soft hyphens and
 * stray break opportunities, only what hides: tags, bidirectional overrides, runs of invisible characters,
 * and single ones that split a word.
 */
export function hiddenUnicode(text: string, kind: InspectContext['kind']): Span[] {
  const spans: Span[] = [];
  let previousEnd = -1;
  for (const { 0: char, index } of text.matchAll(CANDIDATE)) {
    const code = char.codePointAt(0)!;
    const end = index + char.length;
    const inRun = index === previousEnd;
    previousEnd = end;
    if (!hides(text, index, end, code, inRun, kind)) continue;
    const last = spans.at(-1);
    if (last && last[1] === index) spans[spans.length - 1] = [last[0], end];
    else if (spans.length < MAX_SPANS) spans.push([index, end]);
    else break;
  }
  return spans;
}

function hides(
  text: string,
  index: number,
  end: number,
  code: number,
  inRun: boolean,
  kind: InspectContext['kind'],
): boolean {
  const before = index > 0 ? text.charCodeAt(index - 1) : -1;
  const after = end < text.length ? text.charCodeAt(end) : -1;
  if (code >= 0xe0000 && code <= CANCEL_TAG) return !inFlag(text, index);
  // Variation selectors follow an emoji, a keycap's digit or an ideograph, one at a time.
  if ((code >= 0xfe00 && code <= 0xfe0f) || code >= 0xe0100) return inRun || before < 0 || isLatin(before);
  if (code === 0x200c || code === 0x200d) return inRun || isLatin(before) || isLatin(after);
  if (code === 0x202d || code === 0x202e) return true;
  if (isDirectional(code)) {
    return !RIGHT_TO_LEFT.test(text.slice(Math.max(0, index - 64), index + 64)) && !isPlaceable(code, kind);
  }
  if (code === 0xfeff && index === 0) return false;
  if (kind === 'descriptor') return true;
  if (code === 0xad) return inRun;
  return inRun || (isLowercase(before) && isLowercase(after));
}

/** England, Scotland and Wales are spelt with tags: a black flag, at most six of them, and the cancelling one. */
function inFlag(text: string, index: number): boolean {
  for (let at = index, tags = 0; tags < 7; tags++, at -= 2) {
    const code = text.codePointAt(at - 2) ?? 0;
    if (code === BLACK_FLAG) {
      const cancel = text.indexOf(String.fromCodePoint(CANCEL_TAG), at);
      return cancel >= 0 && cancel - at <= 12;
    }
    if (code < 0xe0000 || code > CANCEL_TAG) return false;
  }
  return false;
}

function isDirectional(code: number): boolean {
  return (
    code === 0x61c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x202a && code <= 0x202c) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}

/** Translation libraries put a first-strong isolate around every value that they insert; marks alone turn nothing. */
function isPlaceable(code: number, kind: InspectContext['kind']): boolean {
  return kind === 'output' && (code === 0x2068 || code === 0x2069 || code === 0x200e || code === 0x200f);
}

function isLatin(code: number): boolean {
  return (code >= 65 && code <= 90) || isLowercase(code);
}

function isLowercase(code: number): boolean {
  return code >= 97 && code <= 122;
}
