import type { Member } from './spans.ts';

/** Replacement of the bytes [start, end) of a line. */
export interface Edit {
  start: number;
  end: number;
  with: string;
}

/** The line with its edits made; they must not overlap. Everything else keeps its bytes. */
export function applyEdits(line: Buffer, edits: readonly Edit[]): Buffer {
  return edits.length === 0 ? line : Buffer.concat(editedPieces(line, edits));
}

/** The same in pieces, without copying what keeps its bytes. */
export function editedPieces(line: Buffer, edits: readonly Edit[]): Buffer[] {
  if (edits.length === 0) return [line];
  const pieces: Buffer[] = [];
  let at = 0;
  const sorted = edits.length === 1 ? edits : [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  for (const edit of sorted) {
    pieces.push(line.subarray(at, edit.start), Buffer.from(edit.with));
    at = edit.end;
  }
  pieces.push(line.subarray(at));
  return pieces;
}

/** Replaces the value of a member. */
export function replaceValue(member: Member, json: string): Edit {
  return { start: member.start, end: member.end, with: json };
}

/** Inserts members (`"a":1,"b":2`) as the first of the object that starts at `start`. */
export function insertMembers(line: Buffer, start: number, members: string): Edit {
  let next = start + 1;
  while (line[next]! <= 0x20) next++;
  const empty = line[next] === 0x7d;
  return { start: start + 1, end: start + 1, with: empty ? members : `${members},` };
}

/** Inserts an element as the first of the array that starts at `start`. */
export function insertElement(line: Buffer, start: number, json: string): Edit {
  let next = start + 1;
  while (line[next]! <= 0x20) next++;
  const empty = line[next] === 0x5d;
  return { start: start + 1, end: start + 1, with: empty ? json : `${json},` };
}

/**
 * Removes the items (members or elements, each from its first byte to the end of its value) that `drop` names,
 * with the commas that belonged to them. `items` are all items of one object or array, in order.
 */
export function removeItems(
  items: readonly { start: number; end: number }[],
  drop: (index: number) => boolean,
): Edit[] {
  const edits: Edit[] = [];
  let kept = false;
  for (let i = 0; i < items.length; i++) {
    if (!drop(i)) {
      kept = true;
      continue;
    }
    let last = i;
    while (last + 1 < items.length && drop(last + 1)) last++;
    // With a kept item before it a run takes the comma in front of it along, otherwise the one behind.
    const start = kept ? items[i - 1]!.end : items[i]!.start;
    const behind = items[last + 1];
    edits.push({ start, end: kept || behind === undefined ? items[last]!.end : behind.start, with: '' });
    i = last;
  }
  return edits;
}

/** A member as an item of `removeItems`: from its key's quote. */
export function memberItems(members: readonly Member[]): { start: number; end: number }[] {
  return members.map((member) => ({ start: member.keyStart, end: member.end }));
}
