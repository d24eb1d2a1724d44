import { type Edit, insertElement, insertMembers, replaceValue } from '../json/edit.ts';
import { elementsOf, type Member, membersOf, OPEN_ARRAY, OPEN_OBJECT } from '../json/spans.ts';
import { isClaim } from '../mediation/labels.ts';
import type { Labelled } from '../mediation/mediator.ts';
import { type Answer, innerOf, type Message, memberOf } from './message.ts';

/**
 * Edits that write a label into a result: into its `_meta`, and as text in front of its content where a detector
 * marked it. What the upstream itself claimed under Cordon's names is taken out; `structuredContent` keeps its bytes.
 */
export function labelEdits(answer: Answer, labelled: Labelled, method: string): Edit[] {
  const { line } = answer;
  const result = memberOf(answer, 'result');
  if (result === undefined || line[result.start] !== OPEN_OBJECT) return [];
  const edits: Edit[] = [];
  const added: string[] = [];
  const meta = innerOf(answer, '_meta');
  if (meta === undefined) added.push(`"_meta":{${labelled.meta}}`);
  else edits.push(metaEdit(line, meta, labelled.meta));
  if (labelled.notice !== undefined) noticeEdits(answer, labelled.notice, method, edits, added);
  if (added.length > 0) edits.push(insertMembers(line, result.start, added.join(',')));
  if (answer.scan.nestedMeta) {
    for (const key of ['content', 'contents', 'messages']) stripClaims(line, innerOf(answer, key), edits);
  }
  return edits;
}

/** Edits that take an upstream's claims out of the `_meta` of a message that gets no label of ours. */
export function claimEdits(message: Message): Edit[] {
  const edits: Edit[] = [];
  const meta = innerOf(message, '_meta');
  if (meta !== undefined) stripMeta(message.line, meta, edits);
  return edits;
}

/** The label comes first in `_meta`. What stands there already keeps its bytes, unless a part of it claims to be a label. */
function metaEdit(line: Buffer, meta: Member, label: string): Edit {
  const isKept = !membersOf(line, meta.start).some((member) => isClaim(member.key));
  if (isKept && line[meta.start] === OPEN_OBJECT) return insertMembers(line, meta.start, label);
  return replaceValue(meta, `{${[label, ...keptMembers(line, meta)].join(',')}}`);
}

function keptMembers(line: Buffer, meta: Member): string[] {
  return membersOf(line, meta.start)
    .filter((member) => !isClaim(member.key))
    .map((member) => line.toString('utf8', member.keyStart, member.end));
}

/** Where each method's result has its texts, and the shape of one there. */
const TEXTS: Record<string, { key: string; item: (text: string) => unknown }> = {
  'resources/read': {
    key: 'contents',
    item: (text) => ({ uri: 'cordon:notice', mimeType: 'text/plain', text }),
  },
  'prompts/get': { key: 'messages', item: (text) => ({ role: 'user', content: { type: 'text', text } }) },
};
const CONTENT = { key: 'content', item: (text: string) => ({ type: 'text', text }) };

function noticeEdits(answer: Answer, notice: string, method: string, edits: Edit[], added: string[]): void {
  const { line } = answer;
  const { key, item } = TEXTS[method] ?? CONTENT;
  const json = JSON.stringify(item(notice));
  const member = innerOf(answer, key);
  if (member === undefined) added.push(`"${key}":[${json}]`);
  else if (line[member.start] === OPEN_ARRAY) edits.push(insertElement(line, member.start, json));
  // Not a list, so no valid result: what stands there is kept, behind the notice.
  else {
    const value = line.toString('utf8', member.start, member.end);
    edits.push(replaceValue(member, value === 'null' ? `[${json}]` : `[${json},${value}]`));
  }
}

/** Claims on single blocks: they counted when the label was made, and may not contradict it. */
function stripClaims(line: Buffer, list: Member | undefined, edits: Edit[]): void {
  if (list === undefined) return;
  for (const element of elementsOf(line, list.start)) {
    for (const member of membersOf(line, element.start)) {
      if (member.key === '_meta') stripMeta(line, member, edits);
      else if (member.key === 'resource' || member.key === 'content') {
        const parts = line[member.start] === OPEN_ARRAY ? elementsOf(line, member.start) : [member];
        for (const inner of parts.flatMap((part) => membersOf(line, part.start))) {
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
