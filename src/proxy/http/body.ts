import { applyEdits, insertMembers, replaceValue } from '../../json/edit.ts';
import { elementsOf, membersOf, OPEN_ARRAY } from '../../json/spans.ts';
import { type Answer, type Id, type Message, parseMessage, readIds, WireFault } from '../message.ts';

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
/** More answers than this in one body are an attack on whoever takes it apart. */
const MAX_BATCH = 1000;
/** More members than any message has. */
const MAX_MEMBERS = 1000;

/**
 * The messages in a body or an event, each as one line: a batch (2025-03-26) is taken apart. Line breaks become tabs:
 * white space between values stays white space, and in a string, where JSON allows neither, it stays wrong.
 * Undefined if it holds more messages than anybody asked for.
 */
export function linesOf(body: Buffer): Buffer[] | undefined {
  const line = onOneLine(body);
  const start = valueStart(line);
  if (line[start] !== OPEN_ARRAY) return [line];
  const elements = elementsOf(line, start, MAX_BATCH + 1);
  if (elements.length > MAX_BATCH) return undefined;
  return elements.map(({ start, end }) => line.subarray(start, end));
}

/**
 * The JSON-RPC error in the body of an HTTP error, as the answer to the request `id`: servers that could not, or did
 * not, read the request leave its id out. Undefined if there is none.
 */
export function errorFor(id: Id, body: Buffer): Buffer | undefined {
  const line = onOneLine(body);
  let value: { jsonrpc?: unknown; error?: unknown } | null;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  // Other protocols have errors of that name, too (OAuth: `{"error":"invalid_token"}`).
  if (value?.jsonrpc !== '2.0' || typeof value.error !== 'object' || value.error === null) return undefined;
  const start = valueStart(line);
  const ids = membersOf(line, start, MAX_MEMBERS).filter((member) => member.key === 'id');
  const json = JSON.stringify(id);
  if (ids.length === 0) return applyEdits(line, [insertMembers(line, start, `"id":${json}`)]);
  return applyEdits(
    line,
    ids.map((member) => replaceValue(member, json)),
  );
}

/** Whether a line is the answer to the request `id`; in a line that can be read in several ways, whether one is. */
export function isAnswerTo(id: Id, line: Buffer): boolean {
  try {
    const members = membersOf(line, valueStart(line), MAX_MEMBERS);
    return !members.some(({ key }) => key === 'method') && readIds(line).some((one) => one === id);
  } catch {
    return false;
  }
}

/** Undefined for what is no message: whoever takes the line says what is wrong with it. */
export function messageIn(line: Buffer, depth: number): Message | undefined {
  try {
    return parseMessage(line, depth);
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    return undefined;
  }
}

/** The answer to the request `id` in a line; undefined if it holds anything else. */
export function answerIn(line: Buffer, depth: number, id: Id): Answer | undefined {
  const message = messageIn(line, depth);
  return message?.kind === 'answer' && message.id === id ? message : undefined;
}

function onOneLine(body: Buffer): Buffer {
  if (!body.includes(LF) && !body.includes(CR)) return body;
  const line = Buffer.from(body);
  for (let i = 0; i < line.length; i++) if (line[i] === LF || line[i] === CR) line[i] = TAB;
  return line;
}

function valueStart(line: Buffer): number {
  let start = 0;
  while (line[start]! <= 0x20) start++;
  return start;
}
