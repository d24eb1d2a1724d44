import {
  applyEdits,
  type Edit,
  insertMembers,
  memberItems,
  removeItems,
  replaceValue,
} from '../../json/edit.ts';
import { membersOf, OPEN_OBJECT } from '../../json/spans.ts';
import { type Id, innerOf, type Message, memberOf } from '../message.ts';

/** What of a message is to be another. What is not named keeps its bytes. */
export interface Rewrite {
  id?: Id;
  /** Members of `_meta` to write, in the place of those of the same name, and names of others to take out. */
  meta?: { set?: Readonly<Record<string, unknown>>; drop?: ReadonlySet<string> };
  /** Members of `params` or `result` to add, as JSON (`"a":1`). They must not be there yet, unless dropped. */
  add?: readonly string[];
  /** Names of members of `params` or `result` to take out. */
  drop?: ReadonlySet<string>;
}

/** The line of a message with changes made. */
export function rewrite(message: Message, { id, meta, add = [], drop = new Set() }: Rewrite): Buffer {
  const { line } = message;
  const edits: Edit[] = [];
  const added = [...add];
  const idMember = memberOf(message, 'id');
  if (id !== undefined && idMember !== undefined) edits.push(replaceValue(idMember, JSON.stringify(id)));
  if (meta !== undefined) {
    const member = innerOf(message, '_meta');
    const kept = member === undefined ? [] : keptOf(line, member.start, meta);
    const set = Object.entries(meta.set ?? {}).map(
      ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
    );
    const json = `{${[...set, ...kept].join(',')}}`;
    if (member !== undefined) edits.push(replaceValue(member, json));
    else if (set.length > 0) added.push(`"_meta":${json}`);
  }
  const name = message.kind === 'answer' ? 'result' : 'params';
  const whole = memberOf(message, name);
  if (whole === undefined || line[whole.start] !== OPEN_OBJECT) {
    if (added.length > 0) edits.push(wholeEdit(line, whole, name, `{${added.join(',')}}`));
    return applyEdits(line, edits);
  }
  const inner = membersOf(line, whole.start);
  edits.push(...removeItems(memberItems(inner), (i) => drop.has(inner[i]!.key)));
  if (added.length > 0) {
    const isLeft = inner.some(({ key }) => !drop.has(key));
    edits.push({ start: whole.start + 1, end: whole.start + 1, with: added.join(',') + (isLeft ? ',' : '') });
  }
  return applyEdits(line, edits);
}

/** The JSON of a member of the message's `params` or `result`; undefined if there is none. */
export function jsonOf(message: Message, key: string): string | undefined {
  const member = innerOf(message, key);
  return member && message.line.toString('utf8', member.start, member.end);
}

/** The members of an object in `params` or `result`, each with its JSON. */
export function entriesOf(message: Message, key: string): { key: string; json: string; start: number }[] {
  const member = innerOf(message, key);
  return (member === undefined ? [] : membersOf(message.line, member.start)).map(({ key, start, end }) => ({
    key,
    start,
    json: message.line.toString('utf8', start, end),
  }));
}

function keptOf(line: Buffer, start: number, { set = {}, drop }: NonNullable<Rewrite['meta']>): string[] {
  return membersOf(line, start)
    .filter(({ key }) => !Object.hasOwn(set, key) && drop?.has(key) !== true)
    .map(({ keyStart, end }) => line.toString('utf8', keyStart, end));
}

function wholeEdit(
  line: Buffer,
  whole: { start: number; end: number } | undefined,
  name: string,
  json: string,
): Edit {
  if (whole !== undefined) return { start: whole.start, end: whole.end, with: json };
  return insertMembers(line, line.indexOf(OPEN_OBJECT), `${JSON.stringify(name)}:${json}`);
}
