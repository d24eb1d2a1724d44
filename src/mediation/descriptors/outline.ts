/** A string that would read as another JSON value, or would blur where it ends, is written quoted. */
const AMBIGUOUS = /^$|^[\s"{[\d-]|^(?:true|false|null)$/;
const PLAIN_KEY = /^[A-Za-z0-9_$-]+$/;
const LEADING = ['title', 'description'];

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
  return value.replaceAll('\n', '\n    ');
}
