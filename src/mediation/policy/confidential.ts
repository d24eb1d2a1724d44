import type { Effect, Flow, Leaf, Role } from '../../event.ts';
import { isNetworkUri } from '../effects/addresses.ts';
import { isAnswer } from '../own.ts';
import { namesPlace } from './places.ts';

/** Where a call goes, and whether all of that is the user's own. */
export interface Outlet {
  /** It only reads: whatever it names is what is looked up. */
  reads: boolean;
  /** Something leaves by it: it sends, or names somebody or somewhere. */
  isOpen: boolean;
  /** Every destination that it names is one of the user's own. */
  isOwn: boolean;
  domains: readonly string[];
  /** The server that is called. */
  server: string;
}

export function outletOf(
  { effect, server }: { effect: Effect; server: string },
  leaves: readonly Leaf[],
  roleOf: (leaf: Leaf) => Role,
  domains: readonly string[],
): Outlet {
  // What destroys or runs something is no send, though an address stands in it.
  const isBeyondSend = effect === 'destroy' || effect === 'execute';
  const named = leaves.filter(
    (leaf) => leaf.form !== 'key' && leaf.text !== '' && roleOf(leaf) === 'destination',
  );
  return {
    reads: effect === 'read',
    isOpen:
      effect === 'send' ||
      named.length > 0 ||
      (isBeyondSend && leaves.some(({ text }) => isNetworkUri(text))),
    isOwn: named.length > 0 && named.every(({ text }) => isOwnPlace(text, domains)),
    domains,
    server,
  };
}

/**
 * Whether private or secret data leaves for where the configuration does not let it go. A place that private data
 * names may be gone to: its own address tells nobody anything new. A secret is none, wherever it stands, and is handed to
 * no other server at all, though it were only to look something up by: that server reads what it is asked.
 */
export function isLeak(flow: Flow, leaf: string, role: Role, outlet: Outlet): boolean {
  const { confidentiality } = flow.source.label;
  const { reads, isOpen, isOwn, domains, server } = outlet;
  if (confidentiality === 'public' || flow.common === true) return false;
  if (reads && (confidentiality === 'private' || flow.source.server === server)) return false;
  // What a server said is no news to it in the answer to its own question.
  if (flow.source.server === server && isAnswer(flow.argument)) return false;
  if (!isOpen && (confidentiality === 'private' || flow.source.server === server)) return false;
  const isPlace = role === 'destination' && flow.match === 'whole' && confidentiality === 'private';
  if (isPlace && flow.transforms.length === 0 && namesPlace(leaf)) return false;
  return !isOwn || (role !== 'destination' && isInForeignAddress(leaf, flow.span[0], domains));
}

const MAILBOX = /^<?[\w.+-]{1,64}@([a-z0-9.-]{1,255})>?$/i;
/** No more of an address than all parsers read alike: no user, no other letters, no back slash. */
const ADDRESS = /^(?:https?|wss?):\/\/([a-z0-9.-]{1,255})(?::\d{1,5})?(?:[/?#][^\s\\]*)?$/i;
const MOST_PLACES = 256;

/** Whether all that a text names are mailboxes or addresses of these domains. What can be misread is none. */
function isOwnPlace(text: string, domains: readonly string[]): boolean {
  const places = text.split(/[\s,;]+/, MOST_PLACES + 1).filter((place) => place !== '');
  if (places.length === 0 || places.length > MOST_PLACES) return false;
  return places.every((place) => {
    const host = (MAILBOX.exec(place) ?? ADDRESS.exec(place))?.[1]?.toLowerCase();
    return host !== undefined && domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
  });
}

/** What an address begins with, as browsers read it: either slash, or the colon alone. */
const BEGINNING = /[/\\]{2}|(?:https?|wss?|ftp):/gi;
const MOST_BEGINNINGS = 16;
/** More in one word or tag are there to be read slowly. */
const MOST_ENTITIES = 1024;
/** Behind what flows nothing of this is a host any more. */
const LONGEST_REST = 1024;
const ENTITY = /&(?:#(\d+)|#x([0-9a-f]+)|(colon|sol|bsol|period|tab|newline));?/gi;
const NAMED: Readonly<Record<string, string>> = {
  ...{ colon: ':', sol: '/', bsol: '\\', period: '.', tab: '', newline: '' },
};

/**
 * Whether the place `at` is part of an address that is not the user's own: whoever shows the text may fetch it. One
 * address may hold another as its query, and in a tag it goes on through blanks.
 */
function isInForeignAddress(text: string, at: number, domains: readonly string[]): boolean {
  const tag = text.lastIndexOf('<', at);
  const isTag = tag > text.lastIndexOf('>', at);
  const written = text.slice(isTag ? tag : wordStart(text, at), at);
  if (written.split('&', MOST_ENTITIES + 2).length > MOST_ENTITIES + 1) return true;
  const before = asShown(written, isTag);
  const shown = before + asShown(text.slice(at, at + LONGEST_REST), isTag);
  let beginnings = 0;
  for (const { index } of before.matchAll(BEGINNING)) {
    if (++beginnings > MOST_BEGINNINGS) return true;
    const scheme = /[a-z][a-z0-9+.-]{0,11}:$/i.exec(shown.slice(Math.max(0, index - 13), index))?.[0] ?? '';
    if (!isOwnPlace(addressFrom(shown, index - scheme.length, isTag), domains)) return true;
  }
  return false;
}

/** A quotation mark ends only what one like it began: in a host name each may stand. */
function addressFrom(shown: string, start: number, isTag: boolean): string {
  const end =
    { '"': /[\s<>"]/g, "'": /[\s<>']/g }[shown[start - 1] ?? ''] ?? (isTag ? /[\s<>]/g : /[\s<>)]/g);
  end.lastIndex = start;
  return shown.slice(start, end.exec(shown)?.index);
}

/** With entities read, and in a tag without the line breaks and tabs that browsers leave out of addresses. */
function asShown(text: string, isTag: boolean): string {
  const shown = text.replace(ENTITY, (_, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()]!;
    return characterOf(decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal));
  });
  return isTag ? shown.replace(/[\t\n\r]+/g, '') : shown;
}

function characterOf(code: number): string {
  if (code === 9 || code === 10 || code === 13) return '';
  // What ends an address does not where it stands as an entity, and is in none of the user's own.
  return /[\p{L}\d:/.-]/u.exec(String.fromCodePoint(Math.min(code, 0x10_ffff)))?.[0] ?? '\\';
}

function wordStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && !isBlankOrBracket(text.charCodeAt(start - 1))) start--;
  return start;
}

function isBlankOrBracket(code: number): boolean {
  return code < 128 ? code <= 32 || code === 60 || code === 62 : /\s/.test(String.fromCharCode(code));
}
