/** Deeper values are refused: recursion on foreign data must end before the stack does. */
const MAX_DEPTH = 256;

/** Thrown for values that have no canonical form: lone surrogates, non-finite numbers, undefined, too deep. */
export class CanonicalError extends Error {
  override name = 'CanonicalError';
}

/**
 * The RFC 8785 (JCS) text of a JSON value: members sorted by UTF-16 code units, shortest numbers, no white space.
 * Two values have the same text exactly if every JSON parser reads them as the same value.
 *
 * @throws CanonicalError where section 3.2.2 of the RFC has no answer (lone surrogates, NaN, infinities), for
 * anything that is not JSON, and past 256 levels.
 */
export function canonical(value: unknown): string {
  if (isOrdered(value, 0)) {
    // RFC 8785 writes strings and numbers as ECMAScript does, so members in order are all that is needed. A lone
    // surrogate comes out as an escape; so does the text of one that was escaped before, which the slow way tells apart.
    const text = JSON.stringify(value);
    if (!text.includes('\\ud')) return text;
  }
  return write(value, 0);
}

/** Native serialising gives the canonical text: nothing to sort, to refuse or to leave out of an array. */
function isOrdered(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const element of value) if (!isOrdered(element, depth + 1)) return false;
    return true;
  }
  const record = value as Record<string, unknown>;
  // A foreign value may hold a member of this name; only JSON.stringify would call it.
  if (typeof record['toJSON'] === 'function') return false;
  let last: string | undefined;
  // Unlike Object.keys() this makes no array; what is inherited is no JSON either, and only makes it take the slow way.
  for (const key in record) {
    if (last !== undefined && last > key) return false;
    last = key;
    const member = record[key];
    if (member !== undefined && !isOrdered(member, depth + 1)) return false;
  }
  return true;
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
      if (!Number.isFinite(value)) throw new CanonicalError('a number is not finite');
      return Object.is(value, -0) ? '0' : String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw new CanonicalError(`a ${typeof value} is not JSON`);
  }
  if (value === null) return 'null';
  if (depth >= MAX_DEPTH) throw new CanonicalError(`nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    let out = '[';
    for (let i = 0; i < value.length; i++) out += (i ? ',' : '') + write(value[i], depth + 1);
    return `${out}]`;
  }
  const record = value as Record<string, unknown>;
  let out = '{';
  for (const key of sortedKeys(record)) {
    const member = record[key];
    if (member === undefined) continue;
    out += `${out.length > 1 ? ',' : ''}${text(key)}:${write(member, depth + 1)}`;
  }
  return `${out}}`;
}

/**
 * Sorted by UTF-16 code units, as section 3.2.3 asks and `<` on strings does. Few members, mostly in order already:
 * insertion costs a fraction of a call of sort().
 */
function sortedKeys(record: Record<string, unknown>): string[] {
  const keys = Object.keys(record);
  if (keys.length > 32) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    let at = i;
    for (; at > 0 && keys[at - 1]! > key; at--) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
  return keys;
}

/** Needs no escape: printable ASCII without the quote and the backslash. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]{0,64}$/;

function text(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new CanonicalError('a string holds a lone surrogate');
  return JSON.stringify(value);
}
