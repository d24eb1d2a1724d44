import type { DescriptorKind } from '../event.ts';
import { type Edit, removeItems, replaceValue } from '../json/edit.ts';
import { elementsOf, OPEN_ARRAY } from '../json/spans.ts';
import { type Descriptor, nameOf } from '../mediation/descriptors/descriptor.ts';
import type { Described } from '../mediation/mediator.ts';
import { ask, type Context } from './context.ts';
import { CHANGED, type ListKind } from './list-kinds.ts';
import type { Page } from './list-pages.ts';
import { log } from './log.ts';
import { type Answer, idKey, innerOf } from './message.ts';
import type { Upstream } from './upstream.ts';

/** A server that lists without end is cut off; what lies behind the cut counts as never listed. */
const MAX_PAGES = 100;
const MAX_DESCRIPTORS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Takes a server's word that a list has changed: it is listed again before the next request that needs it. False if
 * the client was told already and has not listed since: a storm of notices says no more than the first.
 */
export function noteListChanged(upstream: Upstream, method: string, params: unknown): boolean {
  const kinds = CHANGED.get(method);
  if (kinds === undefined) return true;
  for (const { method: list } of kinds) {
    upstream.listed.delete(list);
    upstream.pages.changed(list);
  }
  const announced = announcedUnder(upstream, params);
  if (announced.has(method)) return false;
  announced.add(method);
  return true;
}

/** Each subscription may be another part of the client, which knows nothing of what came under the others. */
function announcedUnder(upstream: Upstream, params: unknown): Set<string> {
  const meta = (params as { _meta?: Record<string, unknown> | null } | null | undefined)?._meta;
  const id = meta?.['io.modelcontextprotocol/subscriptionId'];
  const isId = typeof id === 'string' || typeof id === 'number';
  const flight = isId ? upstream.inFlight.get(idKey(id)) : undefined;
  if (flight?.method !== 'subscriptions/listen') return upstream.announced;
  flight.announced ??= new Set();
  return flight.announced;
}

/** The client asks for a list: the next change of it is news again. */
export function noteListing(upstream: Upstream, list: ListKind): void {
  for (const [method, kinds] of CHANGED) {
    if (!kinds.includes(list)) continue;
    upstream.announced.delete(method);
    for (const { announced } of upstream.inFlight.values()) announced?.delete(method);
  }
}

/** The list is not known, and the server, by what it said of itself, may have one. */
export function mustList(upstream: Upstream, list: ListKind): boolean {
  if (upstream.gone !== undefined || upstream.listed.has(list.method)) return false;
  return !upstream.introduced || list.capability in upstream.capabilities;
}

/** Has the server list, then runs `task`. Requests that need the same list wait for it together, in order. */
export function whenListed(
  context: Context,
  upstream: Upstream,
  list: ListKind,
  meta: Record<string, unknown>,
  task: () => void,
): void {
  const waiting = upstream.awaiting.get(list.method);
  if (waiting !== undefined) {
    waiting.push(task);
    return;
  }
  upstream.awaiting.set(list.method, [task]);
  listAll(context, upstream, list, meta, () => {
    const tasks = upstream.awaiting.get(list.method) ?? [];
    upstream.awaiting.delete(list.method);
    for (const one of tasks) one();
  });
}

/** One descriptor as the server sent it. */
export interface Listed {
  json: string;
  described: Described;
}

/**
 * Lists everything of one kind, page by page, checks it against the pins and hands out what may be used. A server
 * that has no such list has nothing listed. `meta` is what a request of the stateless revision has to carry.
 */
export function listAll(
  context: Context,
  upstream: Upstream,
  list: ListKind,
  meta: Record<string, unknown>,
  done: (usable: Listed[]) => void,
): void {
  const { method } = list;
  const usable: Listed[] = [];
  const first = upstream.pages.asked(method, {});
  const cursors = new Set<string>();
  let seen = 0;
  let bytes = 0;
  const finish = (): void => {
    if (upstream.gone === undefined) {
      if (upstream.pages.isOfNow(first)) upstream.listed.add(method);
      upstream.onListed?.(list, usable);
    }
    done(usable);
  };
  const page = (cursor: string | undefined): void => {
    const params = {
      ...(cursor === undefined ? {} : { cursor }),
      ...(Object.keys(meta).length ? { _meta: meta } : {}),
    };
    const asked = upstream.pages.asked(method, params);
    ask(context, upstream, method, params, (answer) => {
      if (answer === undefined || answer.failed) return finish();
      const all = describePage(context, upstream, list, asked, answer);
      seen += all.length;
      for (const one of all) if (one?.described.usable) usable.push(one);
      const next = nextCursor(answer);
      if (next === undefined) return finish();
      bytes += answer.line.length;
      if (cursors.has(next) || cursors.size >= MAX_PAGES || seen >= MAX_DESCRIPTORS || bytes >= MAX_BYTES) {
        log('warn', `server ${upstream.name} lists without end; cut off after ${seen}`, { method });
        return finish();
      }
      cursors.add(next);
      page(next);
    });
  };
  if (upstream.gone === undefined) page(undefined);
  else finish();
}

/** Edits that take what is withheld out of a page of a list on its way to the client. */
export function filterPage(
  context: Context,
  upstream: Upstream,
  list: ListKind,
  page: Page,
  answer: Answer,
): Edit[] {
  const all = describePage(context, upstream, list, page, answer);
  const member = innerOf(answer, list.member);
  if (member === undefined) return [];
  // What is no list holds nothing that was checked.
  if (answer.line[member.start] !== OPEN_ARRAY) return [replaceValue(member, '[]')];
  if (all.every((one) => one?.described.usable)) return [];
  const items = elementsOf(answer.line, member.start);
  return removeItems(items, (i) => all[i]?.described.usable !== true);
}

function nextCursor(answer: Answer): string | undefined {
  const next = (answer.payload as { nextCursor?: unknown } | null | undefined)?.nextCursor;
  return typeof next === 'string' ? next : undefined;
}

/** What a page lists, in its order; nothing where a bound is passed: that counts as never listed. */
function describePage(
  context: Context,
  upstream: Upstream,
  list: ListKind,
  page: Page,
  answer: Answer,
): (Listed | undefined)[] {
  const member = innerOf(answer, list.member);
  const values = (answer.payload as Record<string, unknown> | null)?.[list.member];
  if (member === undefined || !Array.isArray(values)) return [];
  const items = elementsOf(answer.line, member.start);
  const taken = values.map((value, i) => {
    const { start, end } = items[i]!;
    const name = `${list.kind} ${nameOf(list.kind, value)}`;
    return i < MAX_DESCRIPTORS && upstream.allowance.take(name, end - start);
  });
  const described = describe(
    context,
    upstream,
    list.kind,
    values.filter((_, i) => taken[i]),
  );
  const descriptors = described.map(({ descriptor }) => descriptor);
  const whole = upstream.pages.take(page, descriptors, nextCursor(answer));
  if (whole !== undefined) noteWhole(context, upstream, list, whole);
  let at = 0;
  return items.map(({ start, end }, i) =>
    taken[i] ? { described: described[at++]!, json: answer.line.toString('utf8', start, end) } : undefined,
  );
}

/** A list is known, and its digest recorded if it is another than before. */
function noteWhole(
  context: Context,
  upstream: Upstream,
  { kind, method }: ListKind,
  all: readonly Descriptor[],
): void {
  upstream.listed.add(method);
  const digest = upstream.pages.news(method, all);
  if (digest === undefined) return;
  const { name: server } = upstream;
  context.journal.note('list.describe', { server, descriptorKind: kind, count: all.length, digest });
}

/** Checks descriptors against the pins, records them, and says on stderr what is withheld. */
export function describe(
  context: Context,
  upstream: Upstream,
  kind: DescriptorKind,
  values: readonly unknown[],
): Described[] {
  context.pins.refresh();
  const described = context.mediator.describe(upstream.name, kind, values, new Date().toISOString());
  report(context, upstream, kind, described);
  if (kind === 'tool') context.siblings.noteTools();
  // What this server said before its tools were known may speak of siblings'. Several look at it before they list.
  if (kind === 'tool' && context.upstreams.length === 1) recheck(context);
  return described;
}

/**
 * Looks again at descriptors that were read before other servers' tools were known, of which they may speak; to be done
 * before several servers' tools are given out together.
 */
export function recheck(context: Context): void {
  for (const described of context.mediator.recheck(new Date().toISOString())) {
    const { server, kind } = described.descriptor;
    const upstream = context.upstreams.find(({ name }) => name === server);
    if (upstream !== undefined) report(context, upstream, kind, [described]);
  }
}

function report(
  context: Context,
  upstream: Upstream,
  kind: DescriptorKind,
  described: readonly Described[],
): void {
  context.journal.described(upstream.name, kind, described);
  context.pins.keep();
  for (const { descriptor, state, findings } of described) {
    if (state === 'pinned') continue;
    const key = `${kind} ${descriptor.name} ${state} ${descriptor.digest}`;
    if (upstream.reported.has(key)) continue;
    if (upstream.reported.size >= MAX_DESCRIPTORS) upstream.reported.clear();
    upstream.reported.add(key);
    const why = [...new Set([...descriptor.faults, ...findings].map((one) => one.detector))].join(', ');
    const act = context.mediator.withholds ? 'withheld' : 'shown, since mode is observe';
    log('warn', `${act}: ${kind} of server ${upstream.name} is ${state}. Review it with: cordon pins diff`, {
      descriptor: descriptor.name,
      ...(why ? { why } : {}),
    });
  }
}
