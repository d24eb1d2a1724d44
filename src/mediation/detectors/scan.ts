import { Anchors } from './anchors.ts';
import { type InspectContext, MAX_SPANS, type Span } from './detector.ts';
import { distinctiveNames, namesForeignTool } from './foreign-tool.ts';
import { InstructionReader, READ_AT } from './instructions.ts';

interface Scanner {
  anchors: Anchors;
  /** Of the words among `anchors`, those that begin with one worth reading at, and how long that one is. */
  readAt: ReadonlyMap<string, number>;
  /** The same for the names alone. */
  nameAnchors: Anchors | undefined;
  names: ReadonlySet<string>;
}

const scanners = new WeakMap<readonly string[], Scanner>();

/** `instructions` and `foreign-tool` in one pass, which is most of what looking at a long text costs. */
export function scan(text: string, context: InspectContext): { instructions: Span[]; foreign: Span[] } {
  const { anchors, readAt, names } = scannerOf(context.foreignTools);
  const reader = new InstructionReader(text, context.kind);
  const foreign: Span[] = [];
  for (let hit = anchors.next(text, 0); hit; hit = anchors.next(text, hit.at + 1)) {
    const { at, length } = hit;
    // Not at a name alone: what instructions are found must not depend on which tools others have.
    const read = readAt.get(text.slice(at, at + length).toLowerCase());
    if (read !== undefined) reader.read(at, read);
    if (foreign.length >= MAX_SPANS) {
      if (reader.full) break;
      continue;
    }
    const span: Span = [at, at + length];
    if (isForeign(text, span, names, context)) foreign.push(span);
  }
  return { instructions: reader.spans, foreign };
}

/** `foreign-tool` alone. */
export function scanForNames(text: string, context: InspectContext): Span[] {
  const scanner = scannerOf(context.foreignTools);
  scanner.nameAnchors ??= new Anchors(scanner.names);
  const foreign: Span[] = [];
  let from = 0;
  while (foreign.length < MAX_SPANS) {
    const hit = scanner.nameAnchors.next(text, from);
    if (hit === undefined) break;
    const span: Span = [hit.at, hit.at + hit.length];
    if (isForeign(text, span, scanner.names, context)) foreign.push(span);
    from = hit.at + 1;
  }
  return foreign;
}

function isForeign(text: string, span: Span, names: ReadonlySet<string>, { kind }: InspectContext): boolean {
  return names.has(text.slice(...span).toLowerCase()) && namesForeignTool(text, span, kind);
}

function scannerOf(foreignTools: readonly string[]): Scanner {
  let scanner = scanners.get(foreignTools);
  if (!scanner) {
    const names = distinctiveNames(foreignTools);
    const anchors = new Anchors([...READ_AT, ...names]);
    scanner = { anchors, readAt: readLengths(names), names, nameAnchors: undefined };
    scanners.set(foreignTools, scanner);
  }
  return scanner;
}

/** A name may begin with a word worth reading at, and is then the longer one of the two that are met there. */
function readLengths(names: Iterable<string>): Map<string, number> {
  const lengths = new Map(READ_AT.map((word) => [word, word.length]));
  for (const name of names) {
    const begun = READ_AT.filter((word) => name.startsWith(word)).map((word) => word.length);
    if (begun.length > 0) lengths.set(name, Math.max(...begun));
  }
  return lengths;
}
