import type { Leaf, Source, Text } from '../../event.ts';
import { decodingsOf, MOST_DECODED } from './decodings.ts';
import { needlesOf } from './needles.ts';
import { Repeats } from './repeats.ts';
import { BLOCK, OVERHEAD, type Piece } from './shelf.ts';
import { GRAM, SHORTEST_COPY } from './stretches.ts';
import { ALL_TURNS, turned, turnedCodes } from './turns.ts';
import { View } from './view.ts';

/** Echoes are expected of this many leaves, of lengths in which they are worth recognising. */
const MAX_EXPECTED = 256;
const MAX_EXPECTED_CHARACTERS = 1024 * 1024;
const SHORTEST_EXPECTED = 16;
const LONGEST_EXPECTED = 65_536;
/** What a server adds to an echo (`Echo: ...`) is at most this long. */
const ECHO_FRAME = 64;
/** Leaves longer than this in all are not searched for in what is queued: indexing it first is no dearer. */
const MAX_SEARCHED = 512;

const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true });

/** Texts that wait to be indexed. What the client said itself a moment ago does not get in. */
export class Queue {
  /** Characters that wait. */
  characters = 0;
  #pieces: Piece[] = [];
  #next = 0;
  #expected: string[] = [];
  #expectedCharacters = 0;
  readonly #repeats: Repeats;
  /** What the queued texts look like to a plain search: lower case, with what their runs decode to. */
  readonly #forms = new WeakMap<Piece, readonly string[]>();
  readonly #view = new View();

  /** `limit` bounds the retained text. */
  constructor(limit: number) {
    this.#repeats = new Repeats(limit);
  }

  /** Memory held beside the texts, in bytes. */
  get bytes(): number {
    return this.#repeats.bytes;
  }

  /** The most that what waits can take when it is retained, with what is decoded from it. */
  get cost(): number {
    return (MOST_DECODED + 1) * (this.characters + OVERHEAD * (this.#pieces.length - this.#next));
  }

  push(source: Source, { path, form, text }: Text, kind: number): void {
    for (const [from, to] of this.#news(text, kind)) {
      const whole = from === 0 && to === text.length;
      const piece: Piece = {
        source,
        path,
        form,
        // Copied, so that the rest of the text is not kept alive by it.
        text: whole ? text : copied(text.slice(from, to)),
        within: whole ? undefined : [from, to],
        complete: whole,
        transforms: [],
        kind,
        start: 0,
      };
      this.#pieces.push(piece);
      this.characters += piece.text.length + path.length + 1;
      this.#repeats.keep(piece.text, kind);
    }
  }

  /** What of a text neither the client said a moment ago nor the same class of source. */
  #news(text: string, kind: number): readonly (readonly [number, number])[] {
    const echo = this.#echoed(text);
    if (echo !== undefined) {
      const at = text.indexOf(echo);
      const around = [
        [0, at],
        [at + echo.length, text.length],
      ] as const;
      return around.filter(([from, to]) => from < to);
    }
    // A shorter text is a value of its own, to be found as the whole that it is.
    return text.length > BLOCK ? this.#repeats.news(text, kind) : [[0, text.length]];
  }

  first(): Piece | undefined {
    return this.#pieces[this.#next];
  }

  shift(): void {
    const { text, path } = this.#pieces[this.#next]!;
    this.characters -= text.length + path.length + 1;
    if (++this.#next === this.#pieces.length) {
      this.#pieces = [];
      this.#next = 0;
    }
  }

  /** A server that says this text again has said nothing new: no output held any of it before the client did. */
  expectEcho(text: string): void {
    if (text.length < SHORTEST_EXPECTED || text.length > LONGEST_EXPECTED) return;
    this.#expected.push(text);
    this.#expectedCharacters += text.length;
    while (this.#expected.length > MAX_EXPECTED || this.#expectedCharacters > MAX_EXPECTED_CHARACTERS) {
      this.#expectedCharacters -= this.#expected.shift()!.length;
    }
  }

  /** Whether a text is one that is expected, and nothing else. */
  isEcho(text: string): boolean {
    const all = this.#expected;
    for (let i = all.length - 1; i >= 0; i--) if (all[i] === text) return true;
    return false;
  }

  #echoed(text: string): string | undefined {
    const { length } = text;
    if (length < SHORTEST_EXPECTED || length > LONGEST_EXPECTED + ECHO_FRAME) return undefined;
    for (let i = this.#expected.length - 1; i >= 0; i--) {
      const expected = this.#expected[i]!;
      const more = length - expected.length;
      if (more < 0 || more > ECHO_FRAME) continue;
      if (more === 0 ? text === expected : standsIn(text, expected)) return expected;
    }
    return undefined;
  }

  /**
   * False only if nothing of these leaves can be found in what waits: then a small call need not wait until a large
   * result is indexed. A plain search at the speed of memory, for what any match would have to contain; `borders` is
   * that for values in pieces (see joins.ts).
   */
  mayHold(leaves: readonly Leaf[], borders: readonly string[]): boolean {
    let characters = 0;
    for (const leaf of leaves) characters += leaf.text.length;
    if (characters > MAX_SEARCHED) return true;
    const parts = new Set<string>();
    for (const border of borders) {
      for (const turn of ALL_TURNS) parts.add(turned(border, turn));
    }
    for (const leaf of leaves) {
      if (
        !isPlain(leaf.text) ||
        (leaf.form === 'string' && decodingsOf(leaf.text, OVERHEAD).found.length > 0)
      )
        return true;
      this.#partsOf(leaf, parts);
    }
    if (parts.size === 0) return false;
    for (let i = this.#next; i < this.#pieces.length; i++) {
      for (const form of this.#formsOf(this.#pieces[i]!))
        for (const part of parts) if (form.includes(part)) return true;
    }
    return false;
  }

  /** For every value and every stretch of a leaf something without white space that a match must contain. */
  #partsOf(leaf: Leaf, parts: Set<string>): void {
    const view = this.#view;
    view.fill(leaf.text, 0, leaf.text.length);
    for (const { codes, from, to, turnable } of needlesOf(view, leaf)) {
      for (const turn of turnable ? ALL_TURNS : ALL_TURNS.slice(0, 1)) {
        parts.add(longestWord(String.fromCharCode(...turnedCodes(codes, from, to, turn))));
      }
    }
    if (view.n < SHORTEST_COPY) return;
    for (let at = 0; at + GRAM <= view.n; at += GRAM) {
      for (const turn of ALL_TURNS) {
        parts.add(longestWord(String.fromCharCode(...turnedCodes(view.codes, at, at + GRAM, turn))));
      }
    }
  }

  #formsOf(piece: Piece): readonly string[] {
    const known = this.#forms.get(piece);
    if (known !== undefined) return known;
    const forms: string[] = [];
    forms.push(this.#formOf(piece.text));
    piece.decodings = decodingsOf(piece.text, OVERHEAD + piece.path.length);
    for (const { text } of piece.decodings.found) forms.push(this.#formOf(text));
    this.#forms.set(piece, forms);
    return forms;
  }

  #formOf(text: string): string {
    if (isPlain(text)) return text.toLowerCase();
    this.#view.fill(text, 0, text.length);
    const form = utf16.decode(this.#view.codes.subarray(0, this.#view.n));
    this.#view.shrink();
    return form;
  }
}

/** Whether folding only lowers case and joins white space. */
function isPlain(text: string): boolean {
  return !/[^\0-\x7f]/.test(text) && !/%[0-9a-f]{2}/i.test(text) && !/&[#a-z]|\\[ux]/i.test(text);
}

/** The same characters in memory of their own. */
function copied(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

function longestWord(text: string): string {
  let longest = '';
  for (const word of text.split(' ')) if (word.length > longest.length) longest = word;
  return longest;
}

/** Whether a text holds another as words of their own: in a longer address, path or number it is another value. */
function standsIn(text: string, expected: string): boolean {
  const from = text.indexOf(expected);
  if (from < 0) return false;
  const to = from + expected.length;
  return FRAME.test(text.slice(Math.max(0, from - 1), from)) && FRAME.test(text.slice(to, to + 1));
}

/** Nothing, a blank, a quote or a bracket. */
const FRAME = /^[\s"'`()<>[\]{}]?$/;
