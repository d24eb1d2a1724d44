import type { Channel, Text } from '../event.ts';
import { isConstant, PROTOCOL_NAMES } from './protocol.ts';
import { attributesOf } from './structure/html.ts';
import { linksOf, MARKDOWN_LINK } from './structure/links.ts';
import { formOf, structureOf } from './structure/structure.ts';
import { isFull, items, members, walk } from './walk.ts';

/** A message from a server whose texts become labelled sources. */
export interface Inbound {
  server: string;
  channel: Channel;
  /** The tool, resource URI, prompt or method that it answers, or the method of a request or notification. */
  origin: string;
  /** The `result`, `error` or `params` as parsed. */
  payload: unknown;
  /** The server's own id of the task that it is of, or that a call is answered by. */
  task?: string | undefined;
}

/**
 * Every text of a message from a server, in document order, as the model may get to see it, whatever its shape. Member
 * names count: a server chooses them, but for those of the protocol. Bytes of images and sound do not: no text
 * detector reads them.
 */
export function textsOfMessage({ payload }: Inbound): Text[] {
  const texts: Text[] = [];
  if (!isRecord(payload)) {
    addLeaves(payload, '', 'prose', texts);
    return texts;
  }
  members(payload, '', texts, (key, value, path) => {
    if (key === '_meta') return;
    const read = LISTS.get(key);
    if (read !== undefined && Array.isArray(value)) {
      items(value, path, texts, (one, at) => read(one, at, texts));
    } else member(key, value, path, FIELDS.has(key) ? 'field' : 'prose', texts);
  });
  return texts;
}

type Reader = (value: unknown, path: string, texts: Text[]) => void;

const LISTS: ReadonlyMap<string, Reader> = new Map([
  ['content', blockTexts],
  ['contents', resourceTexts],
  ['messages', messageTexts],
]);

/** A structured result is fields, and so is what a client hands back; all else a server says in its own words. */
const FIELDS = new Set(['structuredContent', 'completion', 'inputRequests', 'requestState']);

/**
 * The same texts as they are indexed: a text that is itself structure (JSON, YAML and their likes) becomes its leaves,
 * its pointer continued after `#`. A leaf is a field, unless somebody wrote running text into it.
 */
export function structured(texts: readonly Text[]): Text[] {
  const all: Text[] = [];
  for (const one of texts) {
    const inner = one.form === 'prose' && !isFull(all) ? structureOf(one.text) : undefined;
    if (inner === undefined) {
      const form = one.form === 'field' ? formOf(one.text) : one.form;
      all.push(form === one.form ? one : { ...one, form });
      if (form === 'prose') addAttributes(one, all);
    } else {
      const border = one.path.length;
      walk(inner, `${one.path}#`, all, ({ path, text }) => {
        const leaf: Text = { path, text, form: formOf(text), border };
        all.push(leaf);
        if (leaf.form === 'prose') addAttributes(leaf, all);
      });
    }
  }
  return all;
}

/** The values of the attributes in a text's tags are fields of it, and so is where its links lead. */
function addAttributes({ path, text, border }: Text, all: Text[]): void {
  const add = (name: string, value: string): void => {
    if (isFull(all)) return;
    all.push({
      path: `${path}@${name}`,
      text: value,
      form: formOf(value),
      ...(border !== undefined && { border }),
    });
  };
  for (const { name, value } of attributesOf(text)) add(name, value);
  for (const target of linksOf(text)) add(MARKDOWN_LINK, target);
}

function messageTexts(message: unknown, path: string, texts: Text[]): void {
  if (!isRecord(message)) return addLeaves(message, path, 'prose', texts);
  members(message, path, texts, (key, value, at) => {
    if (key === '_meta') return;
    if (key !== 'content') member(key, value, at, 'prose', texts);
    else if (!Array.isArray(value)) blockTexts(value, at, texts);
    else items(value, at, texts, (block, inside) => blockTexts(block, inside, texts));
  });
}

function blockTexts(block: unknown, path: string, texts: Text[]): void {
  if (!isRecord(block)) return addLeaves(block, path, 'prose', texts);
  const type = block['type'];
  const isBinary = type === 'image' || type === 'audio';
  members(block, path, texts, (key, value, at) => {
    if (key === '_meta' || (isBinary && key === 'data' && typeof value === 'string')) return;
    if (key === 'resource') resourceTexts(value, at, texts);
    else if (key === 'annotations') annotationTexts(value, at, texts);
    else member(key, value, at, key === 'text' ? 'prose' : 'field', texts);
  });
}

function resourceTexts(resource: unknown, path: string, texts: Text[]): void {
  if (!isRecord(resource)) return addLeaves(resource, path, 'prose', texts);
  members(resource, path, texts, (key, value, at) => {
    if (key === '_meta') return;
    if (key === 'annotations') annotationTexts(value, at, texts);
    else if (key === 'blob' && typeof value === 'string') blobText(value, at, texts);
    else member(key, value, at, key === 'uri' || key === 'mimeType' ? 'field' : 'prose', texts);
  });
}

/** Neither control characters nor bytes that were none. */
function isText(text: string): boolean {
  return !/[\0-\x08\x0e-\x1a\ufffd]/.test(text);
}

/** A blob that is text, whatever its type says: the client may decode it, and show it to the model. */
function blobText(blob: string, path: string, texts: Text[]): void {
  const bytes = Buffer.from(blob, 'base64');
  const text = bytes.toString('utf8');
  texts.push({ path, text: isText(text) ? text : blob, form: 'prose' });
}

function annotationTexts(annotations: unknown, path: string, texts: Text[]): void {
  walk(annotations, path, texts, (leaf) => {
    const isKnown = leaf.form === 'key' ? PROTOCOL_NAMES.has(leaf.text) : isConstant('audience', leaf.text);
    if (!isKnown) texts.push({ path: leaf.path, text: leaf.text, form: 'field' });
  });
}

/** A member of an object that the protocol gives a shape. */
function member(key: string, value: unknown, path: string, form: Text['form'], texts: Text[]): void {
  if (!PROTOCOL_NAMES.has(key)) texts.push({ path, text: key, form: 'field' });
  if (typeof value !== 'string') addLeaves(value, path, form, texts);
  else if (!isConstant(key, value)) texts.push({ path, text: value, form });
}

function addLeaves(value: unknown, path: string, form: Text['form'], texts: Text[]): void {
  walk(value, path, texts, (leaf) => texts.push({ path: leaf.path, text: leaf.text, form }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
