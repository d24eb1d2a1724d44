import type { DescriptorKind, Flow, Leaf, Source } from '../event.ts';
import type { Sink } from './sinks.ts';

/** Places of a sink: of a member's name or of its value, which have one pointer. */
export type Places = ReadonlySet<string>;

export const NO_PLACES: Places = new Set();

/**
 * The places of a sink that hold what is the called server's own: values that its schema gives, and whole values that
 * it returned alone in a structured field. What others said of them does not matter, but for what it repeated itself:
 * what a tainted call carried stays what it was, however often and wherever the server says it from then on.
 */
export function ownPlaces(
  { server }: Sink,
  leaves: readonly Leaf[],
  traced: readonly Flow[],
  given: ReadonlySet<string>,
): Places {
  const own = new Set<string>();
  const echoed = new Map<string, number>();
  for (const { source, argument, inName } of traced) {
    if (source.echo !== true || source.server !== server) continue;
    const place = placeOf(argument, inName);
    echoed.set(place, Math.min(echoed.get(place) ?? Number.POSITIVE_INFINITY, orderOf(source)));
  }
  for (const { match, alone, form, source, argument, inName } of traced) {
    const isSaid = source.channel === 'result' || isListing(source);
    const isReturned = form === 'field' && source.server === server && isSaid;
    if (match !== 'whole' || !alone || !isReturned || source.echo === true) continue;
    const place = placeOf(argument, inName);
    if (orderOf(source) < (echoed.get(place) ?? Number.POSITIVE_INFINITY)) own.add(place);
  }
  for (const { form, path, text } of leaves) if (given.has(text)) own.add(placeOf(path, form === 'key'));
  return own;
}

/** What a server lists is not its own word: subjects of letters, titles of pages. */
function isListing({ channel, describes }: Source): boolean {
  return channel === 'descriptor' && describes !== undefined && LISTINGS.has(describes);
}

const LISTINGS = new Set<DescriptorKind>(['resource', 'resourceTemplate', 'prompt']);

/** Events are numbered: `e12`. */
function orderOf({ event }: Source): number {
  return Number(event.slice(1));
}

/** True for a leaf whose place is the server's own. */
export function isOwn({ path, form }: Leaf, own: Places): boolean {
  return own.has(placeOf(path, form === 'key'));
}

/** True for a flow of what is neither the server's own nor said in its tools' descriptions or its instructions. */
export function isForeign({ argument, inName, source }: Flow, { server }: Sink, own: Places): boolean {
  if (source.channel === 'descriptor' && source.server === server && !isListing(source)) return false;
  return !own.has(placeOf(argument, inName));
}

/** A member's name or its value; no pointer ends in a bare `~`. */
export function placeOf(path: string, inName: boolean): string {
  return inName ? `${path}~` : path;
}
