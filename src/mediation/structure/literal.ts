import { withinDepth } from './depth.ts';

/** A bracket, and behind it what a value, a key or the end begins with: most lines of logs begin with the bracket alone. */
const OPENING =
  /^\s*(?:[[(]\s*(?:[[{("'\d.+\])-]|true|True|false|False|null|None|undefined|[nN]a[nN])|\{\s*(?:["'}]|[\w$.-]+\s*:))/;

/**
 * JSON, or what Python and JavaScript print in its place: single quotes, None, True, undefined, tuples, trailing commas.
 * Undefined for anything else. One pass, no recursion beyond the depth that is checked first.
 */
export function readLiteral(text: string): unknown {
  if (!OPENING.test(text) || !withinDepth(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    const reader = new LiteralReader(text);
    const value = reader.value();
    return reader.failed || !reader.atEnd() ? undefined : value;
  }
}

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['null', null],
  ['None', null],
  ['undefined', null],
  ['nan', null],
  ['NaN', null],
]);
const CLOSING: ReadonlyMap<string, string> = new Map([
  ['[', ']'],
  ['(', ')'],
]);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ['0', '\0'],
]);

class LiteralReader {
  readonly #text: string;
  #at = 0;
  failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#space();
    return this.#at === this.#text.length;
  }

  value(): unknown {
    this.#space();
    const c = this.#text[this.#at];
    if (c === '{') return this.#object();
    if (c === '[' || c === '(') return this.#list(CLOSING.get(c)!);
    if (c === '"' || c === "'") return this.#string(c);
    return this.#word();
  }

  #object(): unknown {
    this.#at++;
    const members: [string, unknown][] = [];
    while (!this.failed && !this.#closes('}')) {
      this.#space();
      const quote = this.#text[this.#at];
      const key = quote === '"' || quote === "'" ? this.#string(quote) : String(this.#word());
      if (!this.#takes(':')) return this.#fail();
      members.push([key, this.value()]);
      if (!this.#takes(',') && this.#peek() !== '}') return this.#fail();
    }
    // Members are defined, so that `__proto__` stays one.
    return Object.fromEntries(members);
  }

  #list(closing: string): unknown {
    this.#at++;
    const all: unknown[] = [];
    while (!this.failed && !this.#closes(closing)) {
      all.push(this.value());
      if (!this.#takes(',') && this.#peek() !== closing) return this.#fail();
    }
    return all;
  }

  #string(quote: string): string {
    let text = '';
    let from = ++this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!;
      if (c === quote) {
        text += this.#text.slice(from, this.#at++);
        return text;
      }
      if (c !== '\\') continue;
      text += this.#text.slice(from, this.#at) + this.#escape();
      from = this.#at + 1;
    }
    this.failed = true;
    return '';
  }

  /** The character that an escape stands for; left on the escape's last character. */
  #escape(): string {
    const c = this.#text[++this.#at] ?? '';
    const digits = c === 'u' ? 4 : c === 'x' ? 2 : 0;
    if (digits === 0) return ESCAPES.get(c) ?? c;
    const hex = this.#text.slice(this.#at + 1, this.#at + 1 + digits);
    if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex)) return c;
    this.#at += digits;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #word(): unknown {
    const from = this.#at;
    while (this.#at < this.#text.length && !/[\s,:[\](){}'"]/.test(this.#text[this.#at]!)) this.#at++;
    const word = this.#text.slice(from, this.#at);
    if (WORDS.has(word)) return WORDS.get(word);
    if (word.length === 0 || word.length > 64 || !/^[-+]?[\d.][\w.+-]*$/.test(word)) return this.#fail();
    const number = Number(word);
    return Number.isNaN(number) ? word : number;
  }

  #fail(): undefined {
    this.failed = true;
    return undefined;
  }

  #closes(closing: string): boolean {
    return this.#takes(closing) || this.#at >= this.#text.length;
  }

  #peek(): string | undefined {
    this.#space();
    return this.#text[this.#at];
  }

  #takes(c: string): boolean {
    if (this.#peek() !== c) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 32) this.#at++;
  }
}
