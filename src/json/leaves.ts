import type { Leaf } from '../event.ts';
import { escapeToken } from './pointer.ts';

/**
 * Every string, number and member name of a JSON value, each with its RFC 6901 pointer.
 * The value must already be within the scan's depth limit; the walk keeps its own stack all the same.
 * Booleans and null carry nothing worth following and are left out.
 */
export function leavesOf(value: unknown, base = ''): Leaf[] {
  const leaves: Leaf[] = [];
  const stack: { value: unknown; path: string }[] = [{ value, path: base }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { value: node, path } = at;
    if (typeof node === 'string') leaves.push({ path, text: node, form: 'string' });
    else if (typeof node === 'number') leaves.push({ path, text: String(node), form: 'number' });
    else if (Array.isArray(node)) {
      for (let i = node.length - 1; i >= 0; i--) stack.push({ value: node[i], path: `${path}/${i}` });
    } else if (node !== null && typeof node === 'object') {
      const keys = Object.keys(node);
      for (let i = keys.length - 1; i >= 0; i--) {
        const key = keys[i]!;
        const child = `${path}/${escapeToken(key)}`;
        stack.push({ value: (node as Record<string, unknown>)[key], path: child });
      }
      for (const key of keys) leaves.push({ path: `${path}/${escapeToken(key)}`, text: key, form: 'key' });
    }
  }
  return leaves;
}
