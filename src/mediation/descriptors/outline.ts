/** A string that would read as another JSON value, or would blur where it ends, is written quoted. */
const AMBIGUOUS = /^$|^[\s"{[\d-]|^(?:true|false|null)$/;
const PLAIN_KEY = /^[A-Za-z0-9_$-]+$/;
const LEADING = ['title', 'description'];
/** Of further lines of a text. */
const INDENT = '    ';

/**
 * A JSON value as lines that people read and compare, one a leaf: `inputSchema.properties.path.type: string`.
 * Further lines of a text are indented by four spaces, so that no text can pass for another member. Members are
 * sorted, with the title and the description in front: equal canonical forms have equal outlines.
 * The value must have a canonical form (which bounds its depth).
 */
export function outline(value: unknown): string {
  const lines: string[] = [];
  write(value, '', lines);
  return lines.join('\n');
}

function write(value: unknown, path: string, lines: string[]): void {
  const isObject = typeof value === 'object' && value !== null;
  const keys = isObject ? Object.keys(value).filter((key) => member(value, key) !== undefined) : [];
  if (!isObject || keys.length === 0) {
    lines.push(`${path || 'text'}: ${leaf(value)}`);
    return;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) write(value[i], `${path}[${i}]`, lines);
    return;
  }
  const front = path === '' ? LEADING.filter((key) => keys.includes(key)) : [];
  const others = keys.filter((key) => !front.includes(key)).sort();
  for (const key of [...front, ...others]) {
    const token = PLAIN_KEY.test(key) ? key : JSON.stringify(key);
    write(member(value, key), path ? `${path}.${token}` : token, lines);
  }
}

function member(value: object, key: string): unknown {
  return (value as Record<string, unknown>)[key];
}

function leaf(value: unknown): string {
  if (typeof value !== 'string' || AMBIGUOUS.test(value)) return JSON.stringify(value);
  return value.replaceAll('\n', `\n${INDENT}`);
}

const KEY = /\.?([A-Za-z0-9_$-]+)|\.?("(?:[^"\\]|\\.)*")|\[(\d{1,6})\]/y;
const JSON_VALUE = /^["{[\d-]|^(?:true|false|null)$/;

/** The value whose outline this is, of null-prototype objects; undefined for what is none, or was cut. */
export function fromOutline(text: string): unknown {
  const root: Container = Object.create(null);
  for (const [line, ...rest] of leavesOf(text)) {
    const tokens: (string | number)[] = [];
    KEY.lastIndex = 0;
    let end = 0;
    for (let found = KEY.exec(line); found !== null; found = KEY.exec(line)) {
      const [, plain, quoted, index] = found;
      tokens.push(index === undefined ? (plain ?? (JSON.parse(quoted!) as string)) : Number(index));
      end = KEY.lastIndex;
    }
    if (tokens.length === 0 || line.slice(end, end + 2) !== ': ') return undefined;
    const raw = [line.slice(end + 2), ...rest].join('\n');
    try {
      if (!put(root, tokens, JSON_VALUE.test(raw) ? JSON.parse(raw) : raw)) return undefined;
    } catch {
      return undefined;
    }
  }
  return root;
}

/** The lines of each leaf. */
function leavesOf(text: string): [string, ...string[]][] {
  const leaves: [string, ...string[]][] = [];
  for (const line of text.split('\n')) {
    const last = leaves[leaves.length - 1];
    if (last !== undefined && line.startsWith(INDENT)) last.push(line.slice(INDENT.length));
    else leaves.push([line]);
  }
  return leaves;
}

type Container = Record<string, unknown> | unknown[];

/** False where the tokens before it said that something else stands there. */
function put(root: Container, tokens: readonly (string | number)[], value: unknown): boolean {
  let at = root;
  for (const [i, token] of tokens.entries()) {
    const isNext = Array.isArray(at)
      ? token === at.length || token === at.length - 1
      : typeof token === 'string';
    if (!isNext) return false;
    const members = at as Record<string | number, unknown>;
    const before = Object.hasOwn(at, token) ? members[token] : undefined;
    if (i === tokens.length - 1) {
      if (before !== undefined) return false;
      members[token] = value;
    } else if (before === undefined) {
      at = typeof tokens[i + 1] === 'number' ? [] : Object.create(null);
      members[token] = at;
    } else if (typeof before === 'object' && before !== null) at = before as Container;
    else return false;
  }
  return true;
}
