import type { Transform } from '../../event.ts';
import { AMPERSAND, GONE, PERCENT, reveal } from './chars.ts';
import { type Defanged, defangedIn, refanged } from './defanged.ts';
import { mixedLetters, reversedEscapes, rotatedEscapes } from './disguises.ts';
import { BACKSLASH, unescapeOnce } from './escapes.ts';
import { octetsIn } from './octets.ts';
import { SHORTEST_DECODED } from './readable.ts';
import type { Run } from './run.ts';
import { runsOf } from './runs.ts';
import { signsIn } from './signs.ts';
import { spacedIn } from './spaced.ts';
import { ALL_TURNS, isReversed, isRotated, turned } from './turns.ts';
import { type Disguise, disguiseOf, revealAll, View } from './view.ts';

/** Transformations undone one after another. */
export const DEPTH = 3;

/** What is read of a text around a sign that something is to be undone there: more than a value has. */
const REACH = 512;
/** It goes on to a blank, at most this far: an encoded text has none. */
const LONGEST_WORD = 4096;

/** What is decoded from a text is at most this many times the text and what retaining it costs. */
export const MOST_DECODED = 24;
/** Characters read to undo what a text holds, for one of it and a few more: a text can hold all signs everywhere. */
const MOST_READ = 32;
const READ_AT_LEAST = 65_536;

const ESCAPES: readonly {
  mark: number;
  name: 'percent' | 'ampersand' | 'backslash';
  transform: Transform;
  sign: RegExp;
}[] = [
  { mark: PERCENT, name: 'percent', transform: 'percent', sign: /%[\da-f]{2}/i },
  { mark: AMPERSAND, name: 'ampersand', transform: 'html', sign: /&(?:#|[a-z]{2,8};)/i },
  { mark: BACKSLASH, name: 'backslash', transform: 'unicode', sign: /\\[ux][\da-f{]/i },
];

const UNREVERSED = ALL_TURNS.filter((turn) => !isReversed(turn));
const UNROTATED = ALL_TURNS.filter((turn) => !isRotated(turn));

const NONE: readonly never[] = [];
const NOTHING: Decodings = { found: NONE, cut: false };
const NOT_DEFANGED: Defanged = { plain: [], reversed: [], rotated: [] };

const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true });

/** A text that another one holds. */
export interface Decoding extends Run {
  /** Folding undoes it too (see view.ts): its values are found where it came from. */
  folded: boolean;
}

/** Everything that a text holds in at most three transformations, those that are undone first, first. */
export interface Decodings {
  found: readonly Decoding[];
  /** Too much is nested in it: what it holds cannot be ruled out. */
  cut: boolean;
}

/**
 * Undoes the closed list of transformations (docs/architecture.md) wherever a text shows signs of one, and in what
 * comes of that, to depth three. Reversal and rot13 of values as they stand are not among them: whoever looks for a
 * value looks for its turns too (see needles.ts). What it takes and returns is bounded by the text's length;
 * `overhead` is what retaining a text costs beside its characters.
 */
export function decodingsOf(text: string, overhead: number): Decodings {
  const whole = { from: 0, to: text.length, text, transforms: [], folded: true };
  const first = undone(whole, false);
  if (first.length === 0) return NOTHING;
  const found: Decoding[] = [];
  let level: Decoding[] = [whole];
  const known = new Set([text]);
  let retained = MOST_DECODED * (text.length + overhead);
  let read = MOST_READ * text.length + READ_AT_LEAST;
  for (let depth = 1; depth <= DEPTH; depth++) {
    const next: Decoding[] = [];
    for (const outer of level) {
      for (const one of depth === 1 ? first : undone(outer, depth === DEPTH)) {
        if (known.has(one.text)) continue;
        known.add(one.text);
        read -= one.text.length;
        if (!one.folded) retained -= one.text.length + overhead;
        if (read < 0 || retained < 0) return { found, cut: true };
        const place = depth === 1 ? one : outer;
        const inner = {
          ...one,
          from: place.from,
          to: place.to,
          transforms: [...outer.transforms, ...one.transforms],
        };
        next.push(inner);
        if (!one.folded) found.push(inner);
      }
    }
    level = next;
  }
  return { found, cut: false };
}

/** What is left of a text when one transformation is undone somewhere. `last`: what only leads on is of no use. */
function undone({ text, transforms }: Decoding, last: boolean): readonly Decoding[] {
  if (text.length < SHORTEST_DECODED) return NONE;
  const latest = transforms.at(-1);
  // What was turned a moment ago is not turned back.
  const tried = latest === 'reversed' ? UNREVERSED : latest === 'rot13' ? UNROTATED : ALL_TURNS;
  const signs = signsIn(text);
  const runs = runsOf(text, tried, signs.long);
  if (!signs.any && runs.length === 0) return NONE;
  if (signs.octets) octetsIn(text, tried, runs);
  if (signs.spaced) spacedIn(text, runs);
  const defanged = signs.defanged ? defangedIn(text, signs.near) : NOT_DEFANGED;
  around(text, defanged.plain, 'defanged', refanged, runs);
  const inner = runs.map((run) => ({ ...run, folded: false }));
  if (last) return inner;
  const escapes = signs.percent || signs.ampersand || signs.backslash;
  const turns: Run[] = [];
  if (latest !== 'reversed') {
    const places = [...(escapes ? reversedEscapes(text) : NONE), ...defanged.reversed].sort((a, b) => a - b);
    around(text, places, 'reversed', (part) => [turned(part, 1)], turns);
  }
  if (latest !== 'rot13') {
    const places = [
      ...(escapes ? rotatedEscapes(text) : NONE),
      ...defanged.rotated,
      ...(signs.wide ? mixedLetters(text) : NONE),
    ];
    around(
      text,
      places.sort((a, b) => a - b),
      'rot13',
      (part) => [turned(part, 2)],
      turns,
    );
  }
  for (const run of turns) inner.push({ ...run, folded: false });
  if (signs.wide) {
    const revealed: Run[] = [];
    const { places, disguises } = disguisesIn(text);
    // One kind may hide what another one was done to before.
    const each = disguises.size > 1 ? [undefined, ...disguises] : [undefined];
    const readings = (part: string): string[] =>
      each.map((only) => edited(part, (codes, where, n) => revealAll(codes, where, n, only)));
    around(text, places, 'unicode', readings, revealed);
    for (const run of revealed) inner.push(ofText(text, run));
  }
  for (const { mark, name, transform, sign } of ESCAPES) {
    if (!signs[name]) continue;
    const escapes: Run[] = [];
    const places = [...text.matchAll(new RegExp(sign, 'gi'))].map(({ index }) => index);
    const undo = (codes: Uint16Array, where: Int32Array, n: number): number =>
      unescapeOnce(codes, where, n, mark);
    around(text, places, transform, (part) => [edited(part, undo)], escapes);
    for (const run of escapes) inner.push(ofText(text, run));
  }
  return inner;
}

const [before, after] = [new View(), new View()];

/** Folding undoes all kinds of escapes and disguises together, which is too soon for some that hold others. */
function ofText(text: string, run: Run): Decoding {
  before.fill(text, run.from, run.to);
  after.fill(run.text, 0, run.text.length);
  let same = before.n === after.n;
  for (let i = 0; i < after.n && same; i++) same = before.codes[i] === after.codes[i];
  before.shrink();
  after.shrink();
  return { ...run, folded: same };
}

/** Adds what becomes of a text around the given places, in order, where that is anything else. */
function around(
  text: string,
  places: readonly number[],
  transform: Transform,
  undo: (part: string) => readonly string[],
  runs: Run[],
): void {
  for (let i = 0; i < places.length; ) {
    const from = borderBefore(text, places[i]! - REACH);
    let to = places[i]! + REACH;
    for (i++; i < places.length && places[i]! - REACH <= to; i++) to = places[i]! + REACH;
    to = borderAfter(text, to);
    while (i < places.length && places[i]! < to) i++;
    const part = text.slice(from, to);
    for (const meant of new Set(undo(part))) {
      if (meant !== part) runs.push({ from, to, text: meant, transforms: [transform] });
    }
  }
}

function borderBefore(text: string, at: number): number {
  let from = Math.max(0, at);
  while (from > 0 && at - from < LONGEST_WORD && text.charCodeAt(from - 1) > 32) from--;
  return from;
}

function borderAfter(text: string, at: number): number {
  let to = Math.min(text.length, at);
  while (to < text.length && to - at < LONGEST_WORD && text.charCodeAt(to) > 32) to++;
  return to;
}

/** Where a character shows another that an encoding could be made of, or nothing. */
export function disguisesIn(text: string): { places: number[]; disguises: Set<Disguise> } {
  const places: number[] = [];
  const disguises = new Set<Disguise>();
  for (const { 0: one, index } of text.matchAll(/[^\0-\x7f]/gu)) {
    const point = one.codePointAt(0)!;
    const shown = reveal(point);
    // Quotation marks and dashes are typography.
    if (shown !== GONE && (shown >= 128 || /['",-]/.test(String.fromCharCode(shown)))) continue;
    places.push(index);
    disguises.add(disguiseOf(point, shown));
  }
  return { places, disguises };
}

/** A text after something was undone in its characters. */
function edited(text: string, undo: (codes: Uint16Array, where: Int32Array, n: number) => number): string {
  const codes = new Uint16Array(text.length);
  for (let i = 0; i < codes.length; i++) codes[i] = text.charCodeAt(i);
  return utf16.decode(codes.subarray(0, undo(codes, new Int32Array(codes.length), codes.length)));
}
