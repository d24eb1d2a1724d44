import { printable } from '../../json/printable.ts';

/** Equal text shown around a change, in characters. */
const CONTEXT = 40;

/**
 * What changed between two outlines, for a terminal: for each member its path and, below it, the old and the
 * new text (`- `, `+ `), with equal beginnings and ends shortened and hidden characters escaped. What changed is
 * never shortened. Empty if the outlines are equal.
 */
export function diffDescriptors(before: string, after: string): string[] {
  const old = membersOf(before);
  const now = membersOf(after);
  const lines: string[] = [];
  for (const [path, text] of old) {
    const other = now.get(path);
    if (other === undefined) lines.push(`${printable(path)} (removed)`, ...marked('-', text));
    else if (other !== text) {
      const [start, end] = common(text, other);
      lines.push(printable(path));
      lines.push(...marked('-', shorten(text, start, end)), ...marked('+', shorten(other, start, end)));
    }
  }
  for (const [path, text] of now) {
    if (!old.has(path)) lines.push(`${printable(path)} (new)`, ...marked('+', text));
  }
  return lines;
}

function membersOf(outline: string): Map<string, string> {
  const members = new Map<string, string>();
  let path = '';
  for (const line of outline === '' ? [] : outline.split('\n')) {
    const colon = line.indexOf(': ');
    if (line.startsWith('    ') || colon < 0) {
      members.set(path, `${members.get(path) ?? ''}\n${line.slice(4)}`);
    } else {
      path = line.slice(0, colon);
      const seen = members.get(path);
      const text = line.slice(colon + 2);
      // Descriptors of one name are outlined together: their members meet under one path.
      members.set(path, seen === undefined ? text : `${seen}\n${text}`);
    }
  }
  return members;
}

/** Lengths of the equal beginning and of the equal end. */
function common(a: string, b: string): [number, number] {
  const limit = Math.min(a.length, b.length);
  let start = 0;
  while (start < limit && a[start] === b[start]) start++;
  let end = 0;
  while (end < limit - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return [start, end];
}

function shorten(text: string, start: number, end: number): string {
  const from = Math.max(0, start - CONTEXT);
  const to = Math.min(text.length, text.length - end + CONTEXT);
  return `${from > 0 ? '...' : ''}${text.slice(from, to)}${to < text.length ? '...' : ''}`;
}

function marked(mark: string, text: string): string[] {
  return text.split('\n').map((line) => `  ${mark} ${printable(line)}`);
}
