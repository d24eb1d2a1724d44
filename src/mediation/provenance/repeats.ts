import { OVERHEAD } from './shelf.ts';

/** Characters kept on either side of where texts retained before were joined anew: more than a value has. */
const CONTEXT = 96;
/** There the context goes on to the end of a word, for values in escapes, at most this far. */
const LONGEST_CONTEXT = 1024;
/** What is repeated over less than this is not worth two borders. */
const SHORTEST_RUN = 2 * CONTEXT;
/** Characters at the beginning of a line by which it is recognised. */
const ANCHOR = 32;
const SLOTS = 32_768;
/** No more than this is compared with, in characters. */
const MAX_HORIZON = 8 * 1024 * 1024;

interface Kept {
  text: string;
  kind: number;
  start: number;
}

/**
 * Which stretches of a text were retained a short while ago, from the same class of source: servers repeat
 * themselves (a file read twice, a page's frame, the same lines of a log), and a value is reported where it first
 * stood anyway. Repeats are looked for where lines begin, and compared character by character: nobody can make a
 * new text pass for a known one.
 */
export class Repeats {
  readonly #horizon: number;
  #head = 0;
  #kept: Kept[] = [];
  #gone = 0;
  /** By a line's first characters: a check on them, and the low bits of where it stands. */
  #slots: Int32Array | undefined;

  /**
   * `limit` bounds the retained text. What honest texts decode to is little beside them; texts that decode to so much
   * that a repeated one is forgotten within the horizon make the session one that has forgotten, which is told.
   */
  constructor(limit: number) {
    this.#horizon = Math.min(limit / 8, MAX_HORIZON);
  }

  /** Memory of the table, in bytes. */
  get bytes(): number {
    return this.#slots?.byteLength ?? 0;
  }

  /**
   * The stretches of a text that have to be retained, in order; none if all of it was. Wherever two of the others
   * meet, what surrounds the border is among them: no value in at most `CONTEXT` characters is lost, and none
   * without a blank in at most `LONGEST_CONTEXT`.
   */
  news(text: string, kind: number): [number, number][] {
    const found: [number, number][] = [];
    let known = 0;
    const retain = (from: number, to: number): void => {
      const start = from === 0 ? 0 : before(text, from);
      const end = to === text.length ? to : after(text, to);
      const last = found.at(-1);
      if (last !== undefined && start <= last[1]) last[1] = end;
      else found.push([start, end]);
    };
    for (let at = 0; at + ANCHOR <= text.length; ) {
      const run = this.#runAt(text, at, Math.max(0, known - CONTEXT), kind);
      if (run === undefined) {
        at = lineAfter(text, at + ANCHOR);
        continue;
      }
      const [from, to] = run;
      if (known === 0 ? from > 0 : from > known - CONTEXT) retain(known, from);
      known = to;
      at = lineAfter(text, to);
    }
    if (known < text.length) retain(known, text.length);
    return found;
  }

  /** Remembers a text that will be retained. */
  keep(text: string, kind: number): void {
    const start = this.#head;
    this.#head += text.length + OVERHEAD;
    this.#forget();
    if (text.length < SHORTEST_RUN) return;
    this.#slots ??= new Int32Array(2 * SLOTS);
    this.#kept.push({ text, kind, start });
    for (let at = 0; at + CONTEXT < text.length; at = lineAfter(text, at + ANCHOR)) {
      const hash = hashOf(text, at, kind);
      const slot = 2 * (hash & (SLOTS - 1));
      if (this.#slots[slot] === hash && this.#heldAt(this.#slots[slot + 1]!) !== undefined) continue;
      this.#slots[slot] = hash;
      this.#slots[slot + 1] = (start + at) | 0;
    }
  }

  /** The longest repeat that holds the characters from `at` on and begins at `first` or later. */
  #runAt(text: string, at: number, first: number, kind: number): [number, number] | undefined {
    if (this.#slots === undefined) return undefined;
    const hash = hashOf(text, at, kind);
    const slot = 2 * (hash & (SLOTS - 1));
    if (this.#slots[slot] !== hash) return undefined;
    const position = this.#slots[slot + 1]!;
    const kept = this.#heldAt(position);
    if (kept === undefined || kept.kind !== kind) return undefined;
    const there = (position - kept.start) >>> 0;
    const on = shared(text, at, kept.text, there);
    if (on < ANCHOR) return undefined;
    let back = 0;
    const most = Math.min(at - first, there);
    while (back < most && text.charCodeAt(at - back - 1) === kept.text.charCodeAt(there - back - 1)) back++;
    return back + on < SHORTEST_RUN && back + on < text.length ? undefined : [at - back, at + on];
  }

  /** The text that an address is in, if it is recent. */
  #heldAt(position: number): Kept | undefined {
    const age = (this.#head - position) >>> 0;
    if (age > this.#horizon) return undefined;
    const address = this.#head - age;
    let low = this.#gone;
    let high = this.#kept.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#kept[middle]!.start <= address) low = middle;
      else high = middle - 1;
    }
    const kept = this.#kept[low];
    const holds = kept !== undefined && kept.start <= address && address < kept.start + kept.text.length;
    return holds ? kept : undefined;
  }

  #forget(): void {
    const kept = this.#kept;
    while (this.#gone < kept.length && this.#head - kept[this.#gone]!.start > this.#horizon) this.#gone++;
    if (this.#gone < 64 || this.#gone < kept.length / 2) return;
    this.#kept = kept.slice(this.#gone);
    this.#gone = 0;
  }
}

function lineAfter(text: string, at: number): number {
  const line = text.indexOf('\n', at - 1);
  return line < 0 ? text.length : line + 1;
}

function hashOf(text: string, at: number, kind: number): number {
  let hash = kind | 0x40000000;
  const end = Math.min(at + ANCHOR, text.length);
  for (let i = at; i < end; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash;
}

/** How many characters two texts share from there on. Compared in slices, which is done at the speed of memory. */
function shared(left: string, at: number, right: string, there: number): number {
  const most = Math.min(left.length - at, right.length - there);
  const same = (n: number, size: number): boolean =>
    left.slice(at + n, at + n + size) === right.slice(there + n, there + n + size);
  let n = 0;
  let size = 256;
  while (n < most && same(n, Math.min(size, most - n))) {
    n += Math.min(size, most - n);
    size *= 4;
  }
  if (n === most) return n;
  size = Math.min(size, most - n);
  while (size > ANCHOR) {
    const half = size >> 1;
    if (same(n, half)) n += half;
    size -= half;
  }
  while (n < most && left.charCodeAt(at + n) === right.charCodeAt(there + n)) n++;
  return n;
}

/** Where the context of a border begins. */
function before(text: string, at: number): number {
  let from = Math.max(0, at - CONTEXT);
  while (from > 0 && at - from < LONGEST_CONTEXT && !isBlank(text.charCodeAt(from - 1))) from--;
  return from;
}

function after(text: string, at: number): number {
  let to = Math.min(text.length, at + CONTEXT);
  while (to < text.length && to - at < LONGEST_CONTEXT && !isBlank(text.charCodeAt(to))) to++;
  return to;
}

/** White space. Beyond ASCII nothing is taken for it: the context is a little longer then. */
function isBlank(c: number): boolean {
  return c <= 32;
}
