import type { InspectContext, Span } from './detector.ts';

/** `send_email`, `query-docs` or `readFile` are names; `translate` is a word, and so is `file`. */
const COMPOUND = /[_-][A-Za-z0-9]|[a-z][A-Z]/;
const MIN_COMPOUND = 7;
const MIN_WORD = 14;
/** No client offers a tool of a longer name to its model. */
const MAX_NAME = 128;

/** In an output a name alone may be source code. To tell a model to call it takes one of these beside it. */
const ASKING =
  /\b(?:call|calls|calling|use|using|invoke|invoking|run|running|execute|executing|trigger|tool|tools|function)\b/i;
const BESIDE = 48;

/** The names worth looking for in running text, in lower case. */
export function distinctiveNames(foreignTools: readonly string[]): Set<string> {
  return new Set(foreignTools.filter(isDistinctive).map((name) => name.toLowerCase()));
}

/**
 * `foreign-tool`: at these offsets a server's text names another server's tool, whose name stands there. In an output
 * it must also speak of calling it.
 */
export function namesForeignTool(text: string, [at, end]: Span, kind: InspectContext['kind']): boolean {
  return isBounded(text, at, end) && (kind === 'descriptor' || isAsked(text, at, end));
}

function isDistinctive(name: string): boolean {
  return name.length <= MAX_NAME && name.length >= (COMPOUND.test(name) ? MIN_COMPOUND : MIN_WORD);
}

/** Not inside a longer word; `mail__send_email` names `send_email`. */
function isBounded(text: string, at: number, end: number): boolean {
  if (end < text.length && /[A-Za-z0-9_]/.test(text[end]!)) return false;
  if (at === 0 || !/[A-Za-z0-9_]/.test(text[at - 1]!)) return true;
  return text.startsWith('__', at - 2);
}

function isAsked(text: string, at: number, end: number): boolean {
  return (
    ASKING.test(text.slice(Math.max(0, at - BESIDE), at)) || ASKING.test(text.slice(end, end + BESIDE / 3))
  );
}
