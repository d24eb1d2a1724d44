import { Anchors } from './anchors.ts';
import { type InspectContext, MAX_SPANS, type Span } from './detector.ts';

/** `send_email`, `query-docs` or `readFile` are names; `translate` is a word, and so is `file`. */
const COMPOUND = /[_-][A-Za-z0-9]|[a-z][A-Z]/;
const MIN_COMPOUND = 7;
const MIN_WORD = 14;

/** In an output a name alone may be source code. To tell a model to call it takes one of these beside it. */
const ASKING =
  /\b(?:call|calls|calling|use|using|invoke|invoking|run|running|execute|executing|trigger|tool|tools|function)\b/i;
const BESIDE = 48;

const scanners = new WeakMap<readonly string[], Anchors | null>();

/** `foreign-tool`: a server's text names another server's tool. In an output it must also speak of calling it. */
export function foreignTool(text: string, context: InspectContext): Span[] {
  let anchors = scanners.get(context.foreignTools);
  if (anchors === undefined) {
    const names = context.foreignTools.filter(isDistinctive);
    anchors = names.length > 0 ? new Anchors(names) : null;
    scanners.set(context.foreignTools, anchors);
  }
  const spans: Span[] = [];
  if (anchors === null) return spans;
  for (let hit = anchors.next(text, 0); hit && spans.length < MAX_SPANS; ) {
    const { at, length } = hit;
    const end = at + length;
    if (isBounded(text, at, end) && (context.kind === 'descriptor' || isAsked(text, at, end))) {
      spans.push([at, end]);
    }
    hit = anchors.next(text, at + 1);
  }
  return spans;
}

function isDistinctive(name: string): boolean {
  return name.length >= (COMPOUND.test(name) ? MIN_COMPOUND : MIN_WORD);
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
