import type { Leaf, Text } from '../event.ts';
import { escapeToken } from '../json/pointer.ts';

/** Texts of one message; what would be more is one text, as JSON. A text costs as much as hundreds of characters. */
const MAX_TEXTS = 65_536;

/** Whether a message has as many texts as it may. */
export function isFull(texts: readonly Text[]): boolean {
  return texts.length >= MAX_TEXTS;
}

/**
 * Gives `visit` the leaves of a value as `leavesOf` does, until `texts`, which it adds to, is full: the rest is added
 * as it stands. The value must be within the wire's depth limit.
 */
export function walk(value: unknown, path: string, texts: Text[], visit: (leaf: Leaf) => void): void {
  if (typeof value === 'string') visit({ path, text: value, form: 'string' });
  else if (typeof value === 'number') visit({ path, text: String(value), form: 'number' });
  else if (Array.isArray(value)) items(value, path, texts, (one, at) => walk(one, at, texts, visit));
  else if (typeof value === 'object' && value !== null) {
    const record = value as Record<string, unknown>;
    members(record, path, texts, (key, _, at) => visit({ path: at, text: key, form: 'key' }));
    members(record, path, texts, (_, one, at) => walk(one, at, texts, visit));
  }
}

/** Visits the elements of a list until `texts` is full, and adds the others to it as one. */
export function items(
  list: readonly unknown[],
  path: string,
  texts: Text[],
  visit: (value: unknown, path: string) => void,
): void {
  for (let i = 0; i < list.length; i++) {
    if (isFull(texts)) return addRest(list.slice(i), path, texts);
    visit(list[i], `${path}/${i}`);
  }
}

/** Visits the members of an object until `texts` is full, and adds the others to it as one. */
export function members(
  record: Record<string, unknown>,
  path: string,
  texts: Text[],
  visit: (key: string, value: unknown, path: string) => void,
): void {
  const keys = Object.keys(record);
  for (let i = 0; i < keys.length; i++) {
    if (isFull(texts)) {
      // Object.fromEntries defines members, so that `__proto__` stays a member.
      return addRest(Object.fromEntries(keys.slice(i).map((key) => [key, record[key]])), path, texts);
    }
    const key = keys[i]!;
    visit(key, record[key], `${path}/${escapeToken(key)}`);
  }
}

function addRest(value: unknown, path: string, texts: Text[]): void {
  texts.push({ path, text: JSON.stringify(value), form: 'prose' });
}
