import { type Edit, insertElement, insertMembers, replaceValue } from '../json/edit.ts';
import { elementsOf, type Member, membersOf } from '../json/scan.ts';
import { isClaim } from '../mediation/labels.ts';
import type { Labelled } from '../mediation/mediator.ts';
import { type Answer, innerOf, memberOf } from './message.ts';

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;

/**
 * Edits that write a label into a result: into its `_meta`, and as text in front of its content where a detector
 * marked it. What the upstream itself claimed under Cordon's names is taken out; `structuredContent` keeps its bytes.
 */
export function labelEdits(answer: Answer, labelled: Labelled): Edit[] {
  const { line } = answer;
  const result = memberOf(answer, 'result');
  if (result === undefined || line[result.start] !== OPEN_OBJECT) return [];
  const edits: Edit[] = [];
  const added: string[] = [];
  const meta = innerOf(answer, '_meta');
  if (meta === undefined) added.push(`"_meta":{${labelled.meta}}`);
  else edits.push(replaceValue(meta, `{${[labelled.meta, ...keptMembers(line, meta)].join(',')}}`));
  if (labelled.notice !== undefined) noticeEdits(answer, labelled.notice, edits, added);
  if (added.length > 0) edits.push(insertMembers(line, result.start, added.join(',')));
  if (answer.scan.nestedMeta) {
    for (const key of ['content', 'contents', 'messages']) stripClaims(line, innerOf(answer, key), edits);
  }
  return edits;
}

function keptMembers(line: Buffer, meta: Member): string[] {
  return membersOf(line, meta.start)
    .filter((member) => !isClaim(member.key))
    .map((member) => line.toString('utf8', member.keyStart, member.end));
}

/** The notice in the shape that the method's result has for text. */
function noticeEdits(answer: Answer, notice: string, edits: Edit[], added: string[]): void {
  const { line } = answer;
  const block = { type: 'text', text: notice };
  const contents = innerOf(answer, 'contents');
  const messages = innerOf(answer, 'messages');
  const content = innerOf(answer, 'content');
  if (contents !== undefined && line[contents.start] === OPEN_ARRAY) {
    const item = { uri: 'cordon:notice', mimeType: 'text/plain', text: notice };
    edits.push(insertElement(line, contents.start, JSON.stringify(item)));
  } else if (messages !== undefined && line[messages.start] === OPEN_ARRAY) {
    edits.push(insertElement(line, messages.start, JSON.stringify({ role: 'user', content: block })));
  } else if (content !== undefined && line[content.start] === OPEN_ARRAY) {
    edits.push(insertElement(line, content.start, JSON.stringify(block)));
  } else if (content === undefined) added.push(`"content":[${JSON.stringify(block)}]`);
}

/** Claims on single blocks: they counted when the label was made, and may not contradict it. */
function stripClaims(line: Buffer, list: Member | undefined, edits: Edit[]): void {
  if (list === undefined) return;
  for (const element of elementsOf(line, list.start)) {
    for (const member of membersOf(line, element.start)) {
      if (member.key === '_meta') stripMeta(line, member, edits);
      else if (member.key === 'resource' || member.key === 'content') {
        for (const inner of membersOf(line, member.start)) {
          if (inner.key === '_meta') stripMeta(line, inner, edits);
        }
      }
    }
  }
}

function stripMeta(line: Buffer, meta: Member, edits: Edit[]): void {
  if (!membersOf(line, meta.start).some((member) => isClaim(member.key))) return;
  edits.push(replaceValue(meta, `{${keptMembers(line, meta).join(',')}}`));
}
