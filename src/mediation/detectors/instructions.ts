import { Anchors } from './anchors.ts';
import { type InspectContext, MAX_SPANS, type Span } from './detector.ts';
import { ANCHORS, CLASSES, PAIRS, RULES, TEMPLATE_MARKERS } from './lexicon.ts';
import { type Word, wordsOf } from './words.ts';

/** Characters read around an anchor. Anchors less than STEP behind it are passed over: any text is read a few times at most. */
const BEFORE = 200;
const AFTER = 300;
const STEP = 150;

interface Rule {
  kind: 'always' | 'descriptor' | 'output';
  acrossSentences: boolean;
  steps: {
    gap: number;
    words: ReadonlySet<string>;
    pairs: ReadonlySet<string>;
    opens: ReadonlySet<string>;
  }[];
}

interface Grammar {
  /** Rules by each word that they may begin with. */
  byFirstWord: ReadonlyMap<string, readonly Rule[]>;
  /** No rule looks further than this many words on. */
  reach: number;
}
/** Made once a text is worth reading word by word: most sessions have none, and it is a twentieth of a start. */
let grammar: Grammar | undefined;

/** Where a text is worth reading word by word. */
export const READ_AT: readonly string[] = [...ANCHORS, ...TEMPLATE_MARKERS];
const MARKERS = new Set(TEMPLATE_MARKERS);
let anchors: Anchors | undefined;

/**
 * `instructions`: text that speaks to the model and not to the reader: that takes the place of earlier
 * instructions, hides from the user, speaks for the user, asks for secrets or carries them out, or puts itself
 * before other tools. Combinations of words (lexicon.ts), not wordings; English.
 */
export function instructions(text: string, kind: InspectContext['kind']): Span[] {
  const reader = new InstructionReader(text, kind);
  anchors ??= new Anchors(READ_AT);
  for (let hit = anchors.next(text, 0); hit && !reader.full; hit = anchors.next(text, hit.at + 1)) {
    reader.read(hit.at, hit.length);
  }
  return reader.spans;
}

/** Reads one text where anchors are met, in ascending order, and collects what it finds. */
export class InstructionReader {
  readonly spans: Span[] = [];
  readonly #text: string;
  readonly #kind: InspectContext['kind'];
  #next = 0;
  /** The words read last, which the next window shares, and how many of them begin nothing. */
  #words: Word[] = [];
  #tried = 0;

  constructor(text: string, kind: InspectContext['kind']) {
    this.#text = text;
    this.#kind = kind;
  }

  get full(): boolean {
    return this.spans.length >= MAX_SPANS;
  }

  read(at: number, length: number): void {
    if (at < this.#next || this.full) return;
    const text = this.#text;
    const end = at + length;
    if (MARKERS.has(text.slice(at, end).toLowerCase())) {
      this.spans.push([at, end]);
      this.#next = end;
      return;
    }
    const words = this.#window(windowStart(text, at), at + AFTER);
    grammar ??= compileAll();
    const { byFirstWord, reach } = grammar;
    const found = firstMatch(words, this.#tried, this.#kind, byFirstWord);
    this.#tried = Math.max(this.#tried, words.length - reach);
    if (found) this.#words = [];
    if (found && found[1] > (this.spans.at(-1)?.[1] ?? 0)) this.spans.push(found);
    this.#next = found ? Math.max(found[1], end) : at + STEP;
  }

  /** The words from `start` to `end`. Those that were read before are not read again. */
  #window(start: number, end: number): readonly Word[] {
    const known = this.#words;
    // The last may go on.
    known.pop();
    const last = known.at(-1);
    if (last === undefined || last.end < start) {
      this.#words = wordsOf(this.#text, start, end);
      this.#tried = 0;
      return this.#words;
    }
    const gone = known.findIndex((word) => word.at >= start);
    this.#words = gone < 0 ? [] : known.slice(gone);
    this.#tried = Math.max(0, this.#tried - (gone < 0 ? known.length : gone));
    for (const word of wordsOf(this.#text, last.end, end, last.sentence)) this.#words.push(word);
    return this.#words;
  }
}

/** Not in the middle of a word, unless it has no beginning near. */
function windowStart(text: string, at: number): number {
  const from = Math.max(0, at - BEFORE);
  // Within the window: a search of the whole text would be quadratic where it has no space.
  const space = text.slice(from, at).indexOf(' ');
  return from > 0 && space >= 0 ? from + space : from;
}

function firstMatch(
  words: readonly Word[],
  from: number,
  kind: InspectContext['kind'],
  byFirstWord: Grammar['byFirstWord'],
): Span | undefined {
  for (let i = from; i < words.length; i++) {
    for (const rule of byFirstWord.get(words[i]!.text) ?? []) {
      if (rule.kind !== 'always' && rule.kind !== kind) continue;
      const last = matchFrom(words, i, rule);
      if (last !== undefined) return [words[i]!.at, words[last]!.end];
    }
  }
  return undefined;
}

/** The word at which a rule that begins at `first` is fulfilled. Takes the nearest word at every step. */
function matchFrom(words: readonly Word[], first: number, rule: Rule): number | undefined {
  const { sentence } = words[first]!;
  let at = first;
  for (let step = 1; step < rule.steps.length; step++) {
    const { gap, words: accepted, pairs, opens } = rule.steps[step]!;
    const limit = Math.min(words.length - 1, at + gap);
    let next = at + 1;
    for (; next <= limit; next++) {
      const word = words[next]!;
      if (!rule.acrossSentences && word.sentence !== sentence) return undefined;
      if (accepted.has(word.text)) break;
      if (opens.has(word.text) && pairs.has(`${word.text} ${words[next + 1]?.text}`)) break;
    }
    if (next > limit) return undefined;
    at = next;
  }
  return at;
}

function compileAll(): Grammar {
  const byFirstWord = new Map<string, Rule[]>();
  let reach = 0;
  for (const kind of ['always', 'descriptor', 'output'] as const) {
    for (const source of RULES[kind]) {
      const rule = compile(kind, source);
      reach = Math.max(
        reach,
        rule.steps.reduce((sum, { gap }) => sum + gap, 2),
      );
      for (const word of rule.steps[0]!.words) {
        const rules = byFirstWord.get(word);
        if (rules) rules.push(rule);
        else byFirstWord.set(word, [rule]);
      }
    }
  }
  return { byFirstWord, reach };
}

function compile(kind: Rule['kind'], source: string): Rule {
  const acrossSentences = source.startsWith('~ ');
  const tokens = `0 ${acrossSentences ? source.slice(2) : source}`.split(' ');
  const steps: Rule['steps'] = [];
  for (let i = 0; i < tokens.length; i += 2) {
    const classes = tokens[i + 1]!.split('|');
    const pairs = classes.flatMap((name) => PAIRS[name] ?? []);
    steps.push({
      gap: Number(tokens[i]),
      words: new Set(classes.flatMap((name) => CLASSES[name]?.split(' ') ?? (name in PAIRS ? [] : [name]))),
      pairs: new Set(pairs),
      opens: new Set(pairs.map((pair) => pair.slice(0, pair.indexOf(' ')))),
    });
  }
  return { kind, acrossSentences, steps };
}
