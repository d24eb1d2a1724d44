import type { Flow, Leaf, Text } from '../event.ts';
import { placeOf } from './own.ts';
import { classOf, OTHER, SPACE } from './provenance/chars.ts';
import { decodingsOf } from './provenance/decodings.ts';
import { OVERHEAD } from './provenance/shelf.ts';
import { View } from './provenance/view.ts';

/** Comparisons for one answer, in characters; beyond them all of it counts as an echo. */
const MAX_COMPARED = 100_000_000;

/** Tells the texts of an answer that repeat what its call carried. */
export type IsEcho = (text: Text) => boolean;

/**
 * Which texts of an answer say again what the flows of its call carried, or a part or more of it: that the called
 * server says it does not make it the server's own. Words are compared, not marks, case or escapes.
 */
export function echoesOf(leaves: readonly Leaf[], flows: readonly Flow[], texts: readonly Text[]): IsEcho {
  const tainted = flows.filter(({ source }) => source.label.integrity !== 'trusted');
  if (tainted.length === 0) return () => false;
  const view = new View();
  const words = (text: string): string => wordsOf(view, text);
  const spans = new Map<string, Flow[]>();
  for (const flow of tainted) {
    const place = placeOf(flow.argument, flow.inName);
    const others = spans.get(place);
    if (others === undefined) spans.set(place, [flow]);
    else others.push(flow);
  }
  let carried = ' ';
  const values = new Set<string>();
  for (const { path, form, text } of leaves) {
    const here = spans.get(placeOf(path, form === 'key'));
    if (here === undefined) continue;
    carried += words(text);
    for (const inner of decodingsOf(text, OVERHEAD).found) carried += words(inner.text);
    for (const { span } of here) values.add(` ${words(text.slice(span[0], span[1]))}`);
  }
  values.delete(' ');
  const characters = texts.reduce((sum, { text }) => sum + text.length, 0);
  if (texts.length * carried.length + characters * values.size > MAX_COMPARED) return () => true;
  return ({ text }) => {
    const said = ` ${words(text)}`;
    if (said === ' ') return false;
    if (carried.includes(said)) return true;
    for (const value of values) if (said.includes(value)) return true;
    return false;
  };
}

/** The words of a text in canonical characters, a space after each. */
function wordsOf(view: View, text: string): string {
  view.fill(text, 0, text.length);
  const { codes, n } = view;
  let size = 0;
  for (let i = 0; i < n; i++) {
    const c = codes[i]!;
    if (classOf(c) !== OTHER) codes[size++] = c;
    else if (size > 0 && codes[size - 1] !== SPACE) codes[size++] = SPACE;
  }
  if (size > 0 && codes[size - 1] !== SPACE) codes[size++] = SPACE;
  let words = '';
  for (let i = 0; i < size; i += 4096)
    words += String.fromCharCode(...codes.subarray(i, Math.min(size, i + 4096)));
  view.shrink();
  return words;
}
