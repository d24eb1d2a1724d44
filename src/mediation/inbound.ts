import type { Channel, Text } from '../event.ts';
import { leavesOf } from '../json/leaves.ts';
import { escapeToken } from '../json/pointer.ts';
import { recordOf } from './sinks.ts';

/** Larger texts stay prose: parsing them again costs more than their structure is worth. */
const MAX_EMBEDDED_JSON = 1024 * 1024;

/** A message from a server whose texts become labelled sources. */
export interface Inbound {
  server: string;
  channel: Channel;
  /** The tool, resource URI, prompt or method that it answers, or the method of a request or notification. */
  origin: string;
  /** The `result`, `error` or `params` as parsed. */
  payload: unknown;
}

/**
 * Every text of a message from a server, in document order, as the model may get to see it. Member names count:
 * a server chooses them. Bytes of images and sound do not: no text detector reads them.
 */
export function textsOfMessage({ channel, payload }: Inbound): Text[] {
  const record = recordOf(payload);
  const texts: Text[] = [];
  for (const key of Object.keys(record)) {
    const path = `/${escapeToken(key)}`;
    const value = record[key];
    if (key === '_meta') continue;
    if (key === 'content' && Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) blockTexts(value[i], `${path}/${i}`, texts);
    } else if (key === 'contents' && Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) resourceTexts(value[i], `${path}/${i}`, texts);
    } else if (key === 'messages' && Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const content = recordOf(value[i])['content'];
        const at = `${path}/${i}/content`;
        if (Array.isArray(content))
          for (let k = 0; k < content.length; k++) blockTexts(content[k], `${at}/${k}`, texts);
        else blockTexts(content, at, texts);
      }
    } else {
      // A structured result is fields; anything else a server says in its own words.
      const form = key === 'structuredContent' || key === 'completion' ? 'field' : 'prose';
      for (const leaf of leavesOf(value, path)) texts.push({ path: leaf.path, text: leaf.text, form });
    }
  }
  return channel === 'error' && texts.length === 0 && typeof payload === 'string'
    ? [{ path: '', text: payload, form: 'prose' }]
    : texts;
}

/**
 * The same texts as they are indexed: a text that is itself JSON becomes its leaves, each a field, its pointer
 * continued after `#`.
 */
export function structured(texts: readonly Text[]): Text[] {
  return texts.flatMap((one) => {
    if (one.form !== 'prose') return [one];
    const inner = embedded(one.text);
    if (inner === undefined) return [one];
    return leavesOf(inner).map(({ path, text }) => ({
      path: `${one.path}#${path}`,
      text,
      form: 'field' as const,
    }));
  });
}

function embedded(text: string): unknown {
  if (text.length > MAX_EMBEDDED_JSON || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return withinDepth(text) ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** JSON inside a string is past the wire's depth check. Counting brackets overestimates, which is safe. */
function withinDepth(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > 128) return false;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return true;
}

function blockTexts(block: unknown, path: string, texts: Text[]): void {
  const { type, ...record } = recordOf(block);
  const binary = type === 'image' || type === 'audio';
  for (const key of Object.keys(record)) {
    if (key === '_meta' || key === 'annotations' || (binary && key === 'data')) continue;
    const at = `${path}/${escapeToken(key)}`;
    if (key === 'resource') resourceTexts(record[key], at, texts);
    else {
      const form = key === 'text' ? 'prose' : 'field';
      for (const leaf of leavesOf(record[key], at)) texts.push({ path: leaf.path, text: leaf.text, form });
    }
  }
}

function resourceTexts(resource: unknown, path: string, texts: Text[]): void {
  const record = recordOf(resource);
  for (const key of Object.keys(record)) {
    if (key === '_meta') continue;
    const form = key === 'uri' || key === 'mimeType' ? 'field' : 'prose';
    const at = `${path}/${escapeToken(key)}`;
    for (const leaf of leavesOf(record[key], at)) texts.push({ path: leaf.path, text: leaf.text, form });
  }
}
