/**
 * YAML as tools print records in it (YAML 1.2, block style): mappings, sequences, plain and quoted scalars over several
 * lines, block scalars, `[]` and `{}`. Anchors, aliases, tags, directives and flow collections are not read: what
 * holds them is prose. All scalars are strings. Linear in the text; deeper than DEEPEST is prose.
 */
export function readYaml(text: string): unknown {
  // Most texts are told by their first line, before they are cut into lines.
  const first = /\S[^\n]{0,255}/.exec(text)?.[0] ?? '';
  if (!isItem(first.trimEnd()) && keyEnd(first) <= 0) return undefined;
  const lines = linesOf(text);
  if (lines === undefined) return undefined;
  const reader = new YamlReader(lines);
  const value = reader.block(0, 0);
  // A single scalar is no structure.
  return reader.failed || !reader.atEnd() || typeof value === 'string' ? undefined : value;
}

const DEEPEST = 64;
const MOST_LINES = 65_536;
const LONGEST_KEY = 128;

interface Line {
  indent: number;
  text: string;
  /** No text beyond spaces. */
  blank: boolean;
}

function linesOf(text: string): Line[] | undefined {
  const all: Line[] = [];
  for (const raw of text.split('\n')) {
    if (all.length === MOST_LINES) return undefined;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    let indent = 0;
    while (line.charCodeAt(indent) === 32) indent++;
    all.push({ indent, text: line.slice(indent), blank: indent === line.length });
  }
  return all;
}

class YamlReader {
  readonly #lines: readonly Line[];
  #at = 0;
  failed = false;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
    this.#skipBlank();
  }

  atEnd(): boolean {
    this.#skipBlank();
    return this.#at >= this.#lines.length;
  }

  /** The block that starts on the line at hand, which must be indented by `least` or more. */
  block(least: number, depth: number): unknown {
    const line = this.#lines[this.#at];
    if (line === undefined || line.indent < least || depth > DEEPEST) return this.#fail();
    if (isItem(line.text)) return this.#sequence(line.indent, depth);
    if (keyEnd(line.text) > 0) return this.#mapping(line.indent, depth);
    this.failed = true;
    return undefined;
  }

  #sequence(indent: number, depth: number): unknown {
    const all: unknown[] = [];
    for (;;) {
      this.#skipBlank();
      const line = this.#lines[this.#at];
      if (line === undefined || line.indent < indent) return all;
      if (line.indent > indent || !isItem(line.text)) {
        // A mapping's value may be a sequence as far left as its key.
        return line.indent === indent ? all : this.#fail();
      }
      const rest = line.text.slice(1).trimStart();
      const inner = indent + line.text.length - rest.length;
      if (rest === '') {
        this.#at++;
        this.#skipBlank();
        all.push(this.#nested(indent + 1, depth));
      } else if (isItem(rest) || keyEnd(rest) > 0) {
        (this.#lines as Line[])[this.#at] = { indent: inner, text: rest, blank: false };
        all.push(this.block(inner, depth + 1));
      } else {
        all.push(this.#scalar(rest, indent + 1));
      }
      if (this.failed) return undefined;
    }
  }

  #mapping(indent: number, depth: number): unknown {
    const members: [string, unknown][] = [];
    for (;;) {
      this.#skipBlank();
      const line = this.#lines[this.#at];
      if (line === undefined || line.indent < indent) return Object.fromEntries(members);
      const end = keyEnd(line.text);
      if (line.indent > indent || end <= 0 || isItem(line.text)) {
        return line.indent === indent && isItem(line.text) && depth > 0 && members.length > 0
          ? Object.fromEntries(members)
          : this.#fail();
      }
      const key = unquoted(line.text.slice(0, end));
      const rest = line.text.slice(end + 1).trimStart();
      if (rest !== '') members.push([key, this.#scalar(rest, indent + 1)]);
      else {
        this.#at++;
        this.#skipBlank();
        const next = this.#lines[this.#at];
        const isSequence = next !== undefined && next.indent === indent && isItem(next.text);
        members.push([key, isSequence ? this.#sequence(indent, depth + 1) : this.#nested(indent + 1, depth)]);
      }
      if (this.failed) return undefined;
    }
  }

  #nested(least: number, depth: number): unknown {
    const line = this.#lines[this.#at];
    if (line === undefined || line.indent < least) return null;
    if (isItem(line.text) || keyEnd(line.text) > 0) return this.block(least, depth + 1);
    return this.#scalar(line.text, least);
  }

  /** A scalar that starts with `first`; its further lines are indented by `least` or more. */
  #scalar(first: string, least: number): unknown {
    const c = first[0]!;
    if (c === '|' || c === '>') return this.#literal(first, least);
    if (c === '"' || c === "'") return this.#quoted(first, c);
    if (first === '[]' || first === '{}') {
      this.#at++;
      return first === '[]' ? [] : {};
    }
    if ('[{&*!%@`'.includes(c)) return this.#fail();
    let text = first;
    for (this.#at++; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      if (line.blank) {
        // A blank line ends a plain scalar unless more of it follows.
        let next = this.#at;
        while (this.#lines[next]?.blank) next++;
        if ((this.#lines[next]?.indent ?? -1) < least) break;
        text += '\n'.repeat(next - this.#at);
        this.#at = next - 1;
      } else if (line.indent < least) break;
      else if (keyEnd(line.text) > 0) return this.#fail();
      else text += text.endsWith('\n') ? line.text : ` ${line.text}`;
    }
    return text;
  }

  #literal(header: string, least: number): unknown {
    if (!/^[|>][-+\d]{0,2}$/.test(header)) return this.#fail();
    const all: string[] = [];
    let indent = -1;
    for (this.#at++; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      if (line.blank) all.push('');
      else if (line.indent < least) break;
      else {
        if (indent < 0) indent = line.indent;
        all.push(' '.repeat(Math.max(0, line.indent - indent)) + line.text);
      }
    }
    return all.join('\n');
  }

  #quoted(first: string, quote: string): unknown {
    const pieces: string[] = [];
    let rest = first.slice(1);
    for (;;) {
      const end = closing(rest, quote);
      if (end >= 0) {
        this.#at++;
        if (rest.slice(end + 1).trim() !== '') return this.#fail();
        pieces.push(rest.slice(0, end));
        break;
      }
      pieces.push(rest);
      const line = this.#lines[++this.#at];
      if (line === undefined) return this.#fail();
      rest = line.text;
    }
    const joined = folded(pieces);
    return quote === "'" ? joined.replaceAll("''", "'") : unescaped(joined);
  }

  #skipBlank(): void {
    while (this.#lines[this.#at]?.blank) this.#at++;
  }

  #fail(): undefined {
    this.failed = true;
    return undefined;
  }
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ');
}

/** Where the colon after a line's key stands; -1 if it has none. A key is short, and a quoted one closes before it. */
function keyEnd(text: string): number {
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const end = closing(text.slice(1, LONGEST_KEY + 2), quote);
    return end >= 0 && text[end + 2] === ':' && (text.length === end + 3 || text[end + 3] === ' ')
      ? end + 2
      : -1;
  }
  if (quote === undefined || '[{&*!|>%@`#'.includes(quote)) return -1;
  const limit = Math.min(text.length, LONGEST_KEY);
  for (let i = 1; i < limit; i++) {
    if (text.charCodeAt(i) === 0x3a && (i + 1 === text.length || text.charCodeAt(i + 1) === 32)) return i;
  }
  return -1;
}

function unquoted(key: string): string {
  return key[0] === '"' || key[0] === "'" ? key.slice(1, -1) : key;
}

/** Where the quote that closes stands: doubled single quotes and escaped double ones do not. */
function closing(text: string, quote: string): number {
  for (let i = 0; i < text.length; i++) {
    if (quote === '"' && text[i] === '\\') i++;
    else if (text[i] === quote) {
      if (quote === "'" && text[i + 1] === "'") i++;
      else return i;
    }
  }
  return -1;
}

/** Lines of a quoted scalar: one break is a space, each further one a break; a backslash at an end joins. */
function folded(pieces: readonly string[]): string {
  let text = pieces[0]!;
  let breaks = 0;
  for (const piece of pieces.slice(1)) {
    if (piece === '') {
      breaks++;
      continue;
    }
    if (breaks > 0) text += '\n'.repeat(breaks);
    else if (text.endsWith('\\')) text = text.slice(0, -1);
    else text += ' ';
    breaks = 0;
    text += piece;
  }
  return text;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['0', '\0'],
  ['N', '\u0085'],
  ['_', '\u00a0'],
]);

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g,
    (all, x, u, wide, one) => {
      if (one !== undefined) return ESCAPES.get(one) ?? one;
      const code = Number.parseInt(x ?? u ?? wide, 16);
      return code > 0x10ffff ? all : String.fromCodePoint(code);
    },
  );
}
