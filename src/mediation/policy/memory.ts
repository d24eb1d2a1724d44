import type { Effect, Flow, RememberedFlow, Role } from '../../event.ts';
import { sha256 } from '../../json/digest.ts';

/**
 * The flows that a person said yes to. A yes is for one argument of one tool, from one field of what one tool of one
 * server says. Where a value steers (where something goes, what opens, what runs, what is destroyed) and where it stood
 * in running text, which anybody may have written, it is for that value alone: whoever gets a text into that field
 * gains nothing but what was allowed already.
 */
export class Memory {
  readonly #keys = new Set<string>();

  constructor(flows: readonly RememberedFlow[]) {
    for (const flow of flows) this.add(flow);
  }

  add(flow: RememberedFlow): void {
    this.#keys.add(keyOf(flow));
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  holds(flow: RememberedFlow): boolean {
    return this.#keys.has(keyOf(flow));
  }
}

/** What a yes to a flow lets through later; undefined where a yes is for the one call alone. */
export function yesTo(
  { sink: called, effect }: { sink: { server: string; name: string }; effect: Effect },
  { source, path, form, alone, argument, inName }: Flow,
  text: string,
  role: Role,
): RememberedFlow | undefined {
  if (source.marked === true || inName) return undefined;
  const isField = form === 'field' && alone;
  const isLasting = effect === 'destroy' || effect === 'execute';
  const isExact = isLasting || !(role === 'content' || (role === 'selector' && isField));
  const sink = { server: called.server, tool: called.name, argument: patternOf(argument) };
  if (isExact) return { ...sink, from: source.server, value: sha256(canonicalValue(text)) };
  const from = `${source.server}.${source.origin}`;
  return { ...sink, from, field: patternOf(path), form: isField ? 'field' : 'prose' };
}

/** A pointer with `*` for every place in a list. */
function patternOf(pointer: string): string {
  return pointer.replace(/\/\d+(?=\/|$|#|@)/g, '/*');
}

function canonicalValue(text: string): string {
  return text.normalize('NFKC').trim();
}

function keyOf({ server, tool, argument, from, field, form, value }: RememberedFlow): string {
  return JSON.stringify([server, tool, argument, from, field ?? null, form ?? null, value ?? null]);
}
