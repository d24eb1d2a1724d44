import type { DescriptorKind, Flow, Leaf } from '../event.ts';
import type { Sink } from './sinks.ts';

/** Places of a sink: of a member's name or of its value, which have one pointer. */
export type Places = ReadonlySet<string>;

export const NO_PLACES: Places = new Set();

/** The places of a sink that hold a value which the called tool's own schema gives. */
export function givenPlaces(leaves: readonly Leaf[], given: ReadonlySet<string>): Places {
  const own = new Set<string>();
  for (const { form, path, text } of leaves) if (given.has(text)) own.add(placeOf(path, form === 'key'));
  return own;
}

/** What a server lists is not its own word (subjects of letters, titles of pages), but for the identifiers. */
function isListing({ source: { channel, describes }, form, alone, match }: Flow): boolean {
  if (channel !== 'descriptor' || describes === undefined || !LISTINGS.has(describes)) return false;
  return !(form === 'field' && alone && match === 'whole');
}

const LISTINGS = new Set<DescriptorKind>(['resource', 'resourceTemplate', 'prompt']);

/** True for a leaf whose value the schema gives. */
export function isOwn({ path, form }: Leaf, own: Places): boolean {
  return own.has(placeOf(path, form === 'key'));
}

/** True for a flow of what neither the called tool's schema gives nor the server's own descriptions or instructions say. */
export function isForeign(flow: Flow, { server }: Sink, own: Places): boolean {
  const { argument, inName, source } = flow;
  if (source.channel === 'descriptor' && source.server === server && !isListing(flow)) return false;
  return !own.has(placeOf(argument, inName));
}

/** A member's name or its value; no pointer ends in a bare `~`. */
export function placeOf(path: string, inName: boolean): string {
  return inName ? `${path}~` : path;
}
