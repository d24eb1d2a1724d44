import { type InspectContext, MAX_SPANS, type Span } from './detector.ts';
import { instructions } from './instructions.ts';
import { ALPHANUMERIC, alphabet, isIn, nextRun } from './runs.ts';

/** Characters; a shorter run has no room for an instruction. */
const MIN_RUN = 32;
/** Groups of three bytes that must read as text in a row for a blob to be decoded: most honest blobs end here. */
const MIN_GROUPS = 6;

/** The six bits of each base64(url) character. */
const VALUE = new Uint8Array(128);
for (const [i, char] of [...ALPHANUMERIC, '+', '/'].entries()) VALUE[char.charCodeAt(0)] = i;
VALUE['-'.charCodeAt(0)] = 62;
VALUE['_'.charCodeAt(0)] = 63;

const BASE64 = alphabet(`${ALPHANUMERIC}+/-_`);
const URL_CODE = alphabet(`${ALPHANUMERIC}+-._~%`);
const HEX = /^[0-9a-fA-F]+$/;

/**
 * `encoded-instructions`: a base64(url), hex or percent-encoded blob that decodes to text on which `instructions`
 * fires. One layer only: what is nested deeper is for the flow matching to find.
 */
export function encodedInstructions(text: string, kind: InspectContext['kind']): Span[] {
  const spans: Span[] = [];
  const test = (start: number, end: number, decoded: string): void => {
    if (spans.length < MAX_SPANS && instructions(decoded, kind).length > 0) spans.push([start, end]);
  };
  for (let run = nextRun(text, 0, BASE64, MIN_RUN); run; run = nextRun(text, run[1], BASE64, MIN_RUN)) {
    const [start, end] = run;
    if (spans.length >= MAX_SPANS) break;
    const blob = text.slice(start, end);
    if (HEX.test(blob)) test(start, end, Buffer.from(blob, 'hex').toString('latin1'));
    else if (readsAsText(blob)) test(start, end, Buffer.from(blob, 'base64').toString('latin1'));
  }
  for (let at = text.indexOf('%'); at >= 0 && spans.length < MAX_SPANS; ) {
    const [start, end, escapes] = percentRun(text, at);
    if (escapes >= 3 && end - start >= MIN_RUN) test(start, end, unpercent(text.slice(start, end)));
    at = text.indexOf('%', end);
  }
  return spans;
}

/** Enough groups of four characters in a row decode to text. Looks at every such-and-so-many-th, and around a hit. */
function readsAsText(blob: string): boolean {
  const groups = blob.length >> 2;
  for (let group = MIN_GROUPS - 1; group < groups; group += MIN_GROUPS) {
    let first = group;
    while (first >= 0 && isTextGroup(blob, first * 4)) first--;
    if (first === group) continue;
    let end = group + 1;
    while (end < groups && end - first <= MIN_GROUPS && isTextGroup(blob, end * 4)) end++;
    if (end - first > MIN_GROUPS) return true;
  }
  return false;
}

function isTextGroup(blob: string, at: number): boolean {
  const bits =
    (VALUE[blob.charCodeAt(at)]! << 18) |
    (VALUE[blob.charCodeAt(at + 1)]! << 12) |
    (VALUE[blob.charCodeAt(at + 2)]! << 6) |
    VALUE[blob.charCodeAt(at + 3)]!;
  return isTextByte(bits >> 16) && isTextByte((bits >> 8) & 255) && isTextByte(bits & 255);
}

function isTextByte(byte: number): boolean {
  return (byte >= 32 && byte < 127) || byte === 10 || byte === 13 || byte === 9;
}

/** The run of URL characters around a percent sign, and how many escapes it holds. */
function percentRun(text: string, at: number): [start: number, end: number, escapes: number] {
  let start = at;
  while (start > 0 && at - start < 256 && isIn(text.charCodeAt(start - 1), URL_CODE)) start--;
  let escapes = 0;
  let end = at;
  for (; end < text.length && isIn(text.charCodeAt(end), URL_CODE); end++) {
    if (text.charCodeAt(end) === 37) escapes++;
  }
  return [start, end, escapes];
}

/** Byte by byte, so that one broken escape does not save the rest. */
function unpercent(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
