import { readLiteral } from './literal.ts';
import { readTable } from './table.ts';
import { readYaml } from './yaml.ts';

/** Larger texts stay prose: parsing them again costs more than their structure is worth. */
const LARGEST = 1024 * 1024;

/** The structure that a text is, where it is one as a whole: JSON and its likes, YAML, tables. Undefined for prose. */
export function structureOf(text: string): unknown {
  if (text.length > LARGEST) return undefined;
  return (
    readLiteral(text) ??
    (mayBeYaml(text) ? readYaml(text) : undefined) ??
    (text.includes('\n') ? readTable(text) : undefined)
  );
}

/** A mapping has a colon that ends a key, a sequence begins with a dash. */
function mayBeYaml(text: string): boolean {
  return text.includes(': ') || text.includes(':\n') || text.trimStart().startsWith('- ');
}

/** Names and titles have fewer words. */
const MOST_WORDS = 8;
const LONGEST_FIELD = 120;

/** Whether a leaf is a field's value or running text in a field's place: a value is short and on one line. */
export function formOf(text: string): 'field' | 'prose' {
  if (text.length > LONGEST_FIELD) return /\s/.test(text) ? 'prose' : 'field';
  let words = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10) return 'prose';
    if (c === 32 && ++words >= MOST_WORDS) return 'prose';
  }
  return 'field';
}
