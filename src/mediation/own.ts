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

/**
 * What the protocol has a client give back to the server that made it (2026-07-28): the state of a call that is made
 * again, the id of a task, the names of questions. The server learns nothing from them, and no model reads or writes
 * them; whatever else stands in their places is a flow like any other.
 */
function isHandle({ argument, inName, path, source }: Flow, { kind, server }: Sink): boolean {
  if (source.server !== server) return false;
  const beside = kind === 'tool' || kind === 'prompt' ? '..' : '';
  if (inName) {
    const question = /^\/inputRequests\/([^/]+)$/.exec(path)?.[1];
    return question !== undefined && argument === `${beside}/inputResponses/${question}`;
  }
  return HANDLES.has(path) && argument === beside + path;
}

const HANDLES = new Set(['/requestState', '/taskId']);

/**
 * True for a flow of what neither the called tool's schema gives nor the server's own descriptions, instructions or
 * handles say.
 */
export function isForeign(flow: Flow, sink: Sink, own: Places): boolean {
  const { argument, inName, source } = flow;
  if (isHandle(flow, sink)) return false;
  // What a server said itself is no news to it in the answer to its own question.
  if (source.server === sink.server && sink.kind === 'answer') return false;
  if (source.channel === 'descriptor' && source.server === sink.server && !isListing(flow)) return false;
  return !own.has(placeOf(argument, inName));
}

/** Whether an argument answers what a server asked in the middle of a call, or goes on with one (2026-07-28). */
export function isAnswer(argument: string): boolean {
  return argument.startsWith('../inputResponses/') || argument === REQUEST_STATE;
}

/**
 * What a server may have had the client say: a model that is asked to sample says what the prompt wants, decoded if it
 * asks for that. Whether a model or a person answered within a call that is made again is not told there.
 */
export function promptedOf({ kind, name }: Sink, leaves: readonly Leaf[]): readonly Leaf[] {
  if (kind === 'answer') return name === 'sampling/createMessage' ? leaves : [];
  return leaves.filter(({ path }) => isAnswer(path));
}

/** What a server gives to have a call made again: it opens what it has kept of that. */
export const REQUEST_STATE = '../requestState';

/** A member's name or its value; no pointer ends in a bare `~`. */
export function placeOf(path: string, inName: boolean): string {
  return inName ? `${path}~` : path;
}
