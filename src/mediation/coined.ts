import type { Flow, Leaf } from '../event.ts';
import { orderOf } from './policy/rules.ts';

const MOST_TEXTS = 4096;
const LONGEST_TEXT = 512;

/**
 * Values that the client put together itself, of parts that it had read: an address at the user's own domain, which
 * stands in every letter. Provenance knows who said a value first, but takes none for the client's own of which a part
 * was read; whoever repeats it later is not where it is from. Bounded: what does not fit is a flow, as before.
 */
export class Coined {
  /** How many events there had been when the client said it. */
  readonly #said = new Map<string, number>();

  /**
   * Takes what a call says after so many events: of which no more was read than parts, in messages that tell nobody to
   * do anything, or what the called server says of itself. `flows` are all, `foreign` those that tell where it is from.
   * `prompted` a server may have had the client say.
   */
  take(
    leaves: readonly Leaf[],
    {
      flows,
      foreign,
      prompted,
    }: Record<'flows' | 'foreign', readonly Flow[]> & { prompted: readonly Leaf[] },
    events: number,
  ): void {
    const read = new Set(flows.map(({ argument }) => argument));
    const others = new Set([
      ...foreign.filter(isTelling).map(({ argument }) => argument),
      ...prompted.map(({ path }) => path),
    ]);
    for (const { form, path, text } of leaves) {
      if (form !== 'string' || !read.has(path) || others.has(path) || text.length > LONGEST_TEXT) continue;
      if (this.#said.size < MOST_TEXTS && !this.#said.has(text)) this.#said.set(text, events);
    }
  }

  /** Without the flows of what was read after the client had said the whole value. */
  without(leaves: readonly Leaf[], flows: readonly Flow[]): readonly Flow[] {
    if (flows.length === 0 || this.#said.size === 0) return flows;
    const since = new Map<string, number>();
    for (const { form, path, text } of leaves) {
      const events = form === 'string' ? this.#said.get(text) : undefined;
      if (events !== undefined) since.set(path, events);
    }
    if (since.size === 0) return flows;
    return flows.filter(({ argument, inName, source: { event } }) => {
      const events = inName ? undefined : since.get(argument);
      return events === undefined || orderOf(event) <= events;
    });
  }
}

/** Whether a flow tells where a value is from: as a whole, or from a message that steers. */
function isTelling({ match, source: { steers, marked } }: Flow): boolean {
  return match === 'whole' || steers !== undefined || marked === true;
}
