import { type Edit, replaceValue } from '../../json/edit.ts';
import { elementsOf, type Member, membersOf, QUOTE } from '../../json/spans.ts';
import { type Answer, innerOf, type Message, memberOf } from '../message.ts';
import { RELATED_TASK } from '../tasks.ts';

/** Gives an id as the other side knows it; undefined leaves it as it is. */
export type Rename = (id: string) => string | undefined;

/** The code of an error that asks for elicitations by URL first (2025-11-25). */
const URL_ELICITATION_REQUIRED = -32042;

/** Edits of the ids of tasks in what a server answered to `method`, save the one in `_meta`. */
export function taskEdits(answer: Answer, method: string, rename: Rename): Edit[] {
  if (answer.failed) return [];
  const { line } = answer;
  const edits: Edit[] = [];
  const { resultType } = (answer.payload ?? {}) as { resultType?: unknown };
  if (method.startsWith('tasks/') || resultType === 'task') {
    renameAt(line, innerOf(answer, 'taskId'), rename, edits);
  }
  const task = innerOf(answer, 'task');
  if (task !== undefined) renameAt(line, keyOf(line, task, 'taskId'), rename, edits);
  return edits;
}

/** The edit of the id in `_meta` that says which task a message belongs to. */
export function relatedTaskEdits(message: Message, rename: Rename): Edit[] {
  const edits: Edit[] = [];
  const meta = innerOf(message, '_meta');
  const related = meta && keyOf(message.line, meta, RELATED_TASK);
  if (related !== undefined) renameAt(message.line, keyOf(message.line, related, 'taskId'), rename, edits);
  return edits;
}

/** The edit of a member of `params` that holds such an id. */
export function paramEdits(message: Message, key: string, rename: Rename): Edit[] {
  const edits: Edit[] = [];
  renameAt(message.line, innerOf(message, key), rename, edits);
  return edits;
}

/** Edits of the ids of elicitations that have to come before what was asked. */
export function elicitationEdits(answer: Answer, rename: Rename): Edit[] {
  const { line, payload, failed } = answer;
  if (!failed || (payload as { code?: unknown }).code !== URL_ELICITATION_REQUIRED) return [];
  const edits: Edit[] = [];
  const data = keyOf(line, memberOf(answer, 'error')!, 'data');
  const all = data && keyOf(line, data, 'elicitations');
  for (const one of all === undefined ? [] : elementsOf(line, all.start)) {
    renameAt(line, keyOf(line, one, 'elicitationId'), rename, edits);
  }
  return edits;
}

/** The elements of a page of tasks, each with its id renamed, as JSON. */
export function renamedTasks(answer: Answer, rename: Rename): string[] {
  const { line } = answer;
  const tasks = innerOf(answer, 'tasks');
  return (tasks === undefined ? [] : elementsOf(line, tasks.start)).map((one) => {
    const edits: Edit[] = [];
    renameAt(line, keyOf(line, one, 'taskId'), rename, edits);
    const [edit] = edits;
    const end = edit === undefined ? one.end : edit.start;
    const rest = edit === undefined ? '' : edit.with + line.toString('utf8', edit.end, one.end);
    return line.toString('utf8', one.start, end) + rest;
  });
}

function keyOf(line: Buffer, { start }: { start: number }, key: string): Member | undefined {
  return membersOf(line, start).find((member) => member.key === key);
}

function renameAt(line: Buffer, member: Member | undefined, rename: Rename, edits: Edit[]): void {
  if (member === undefined || line[member.start] !== QUOTE) return;
  const renamed = rename(JSON.parse(line.toString('utf8', member.start, member.end)) as string);
  if (renamed !== undefined) edits.push(replaceValue(member, JSON.stringify(renamed)));
}
