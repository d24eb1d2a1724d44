import { applyEdits, type Edit, insertMembers, replaceValue } from '../../json/edit.ts';
import { membersOf } from '../../json/spans.ts';
import { listChangedLine, resultLine } from '../answers.ts';
import type { Context } from '../context.ts';
import { type ListKind, listKindOf } from '../list-kinds.ts';
import { type Listed, mustList, noteListing, recheck, whenListed } from '../listing.ts';
import { log } from '../log.ts';
import { idKey, type Request } from '../message.ts';
import { isRefused } from '../requests.ts';
import type { Upstream } from '../upstream.ts';
import type { Names } from './names.ts';
import { PATIENCE_MS } from './patience.ts';
import type { Resources } from './resources.ts';

/** Conflicts that are told one by one. */
const MAX_TOLD = 100;

/** One list of one server. */
type ListOf = readonly [upstream: Upstream, list: ListKind];

/** What is known of one. */
interface Part {
  /** What it held when it was last complete. */
  known: readonly Listed[];
  /** What of it the client got last. */
  given: readonly Listed[] | undefined;
  /**
   * A list ran out of patience with it, or it was started again: none waits for it before it has come, and if it then
   * is another than the client got, the client is told.
   */
  late: boolean;
  /** How many of it are left out, since another server's, or another of its own, has the same name. */
  leftOut: number;
}

/** The lists of all servers as one, in the order of the configuration, and what the client knows of them. */
export class Lists {
  readonly #context: Context;
  readonly #names: Names;
  readonly #resources: Resources;
  readonly #parts = new Map<Upstream, Map<string, Part>>();
  /** Capabilities whose lists the client was told have changed, and has not asked for since. */
  readonly #told = new Set<string>();
  readonly #conflicts = new Set<string>();

  constructor(context: Context, names: Names, resources: Resources) {
    this.#context = context;
    this.#names = names;
    this.#resources = resources;
    for (const upstream of context.upstreams) {
      this.#parts.set(upstream, new Map());
      upstream.onListed = (list, usable) => this.#take(upstream, list, usable);
    }
  }

  /** How many of what a server lists are left out, since another has the same. */
  leftOut(upstream: Upstream): number {
    return [...this.#parts.get(upstream)!.values()].reduce((sum, { leftOut }) => sum + leftOut, 0);
  }

  /** Answers a client's request for a list. A cursor names nothing: there is one page. */
  answer(request: Request, list: ListKind): void {
    if (isRefused(this.#context, request)) return;
    const key = idKey(request.id);
    this.#context.waiting.set(key, false);
    this.#told.delete(list.capability);
    const asked = this.#context.upstreams.filter((upstream) => upstream.gone === undefined);
    for (const upstream of asked) noteListing(upstream, list);
    const lists = asked.map((upstream): ListOf => [upstream, list]);
    this.learn(lists, () => {
      const isCancelled = this.#context.waiting.get(key);
      this.#context.waiting.delete(key);
      if (!isCancelled) this.#context.toClient(resultLine(request.id, this.#whole(list)));
    });
  }

  /** Lists of servers that may have one, but have not said what it holds. */
  unknown(kinds: readonly ListKind[]): ListOf[] {
    return this.#context.upstreams.flatMap((upstream) =>
      kinds.flatMap((list): ListOf[] => (mustList(upstream, list) ? [[upstream, list]] : [])),
    );
  }

  /** Has servers list, then runs `done`: when all have, or some have and patience with the others is over. */
  learn(lists: readonly ListOf[], done: () => void): void {
    // Those that are late list already.
    const due = lists.filter(([upstream, list]) => !this.#part(upstream, list).late);
    const waiting = new Set(due);
    let isOver = false;
    let isDone = false;
    const look = (): void => {
      const isEnough = waiting.size === 0 || (isOver && waiting.size < lists.length);
      if (isDone || !isEnough) return;
      isDone = true;
      clearTimeout(timer);
      for (const [upstream, list] of waiting) this.#part(upstream, list).late = true;
      done();
    };
    const endPatience = (): void => {
      isOver = true;
      look();
    };
    const timer = setTimeout(() => this.#context.turn(endPatience), PATIENCE_MS).unref();
    for (const one of due) {
      this.#refresh(...one, () => {
        waiting.delete(one);
        look();
      });
    }
    look();
  }

  /** Has a server that is up again list what it had before, so that the client learns what is different. */
  restarted(upstream: Upstream): void {
    for (const [method, part] of this.#parts.get(upstream)!) {
      part.late = true;
      this.#refresh(upstream, listKindOf(method)!, () => {});
    }
  }

  /** Tells the client that a server has left for good, if it knows of anything that went with it. */
  lost(upstream: Upstream): void {
    for (const [method, part] of this.#parts.get(upstream)!) {
      part.late = true;
      this.#take(upstream, listKindOf(method)!, []);
    }
  }

  /** Whether it says anything to the client that the lists of a capability have changed, or it was told already. */
  isNews(capability: string): boolean {
    if (this.#told.has(capability)) return false;
    this.#told.add(capability);
    return true;
  }

  #part(upstream: Upstream, { method }: ListKind): Part {
    const parts = this.#parts.get(upstream)!;
    const part = parts.get(method) ?? { known: [], given: undefined, late: false, leftOut: 0 };
    parts.set(method, part);
    return part;
  }

  #refresh(upstream: Upstream, list: ListKind, done: () => void): void {
    upstream.inOrder(() => {
      if (upstream.gone !== undefined || !(list.capability in upstream.capabilities)) {
        this.#take(upstream, list, upstream.gone === undefined ? [] : this.#part(upstream, list).known);
        return done();
      }
      whenListed(this.#context, upstream, list, {}, done);
    });
  }

  #take(upstream: Upstream, list: ListKind, usable: readonly Listed[]): void {
    const part = this.#part(upstream, list);
    part.known = usable;
    const { kind } = list;
    const names = usable.map(({ described }) => described.descriptor.name);
    if (kind === 'resource' || kind === 'resourceTemplate') this.#resources.note(upstream, kind, names);
    // So that a shortened name is known again before the list is given out.
    else for (const name of names) this.#names.offer(upstream, name);
    if (part.late) this.#tellIfDifferent(part, list);
    part.late = false;
  }

  #tellIfDifferent({ given, known }: Part, { capability }: ListKind): void {
    if (given === undefined || isSame(given, known) || !this.isNews(capability)) return;
    this.#context.toClient(listChangedLine(capability));
  }

  #whole(list: ListKind): string {
    recheck(this.#context);
    const items = this.#context.upstreams.flatMap((upstream) => {
      const part = this.#part(upstream, list);
      part.given = part.known;
      const before = part.leftOut;
      part.leftOut = 0;
      const own = part.known.flatMap((one) => this.#item(upstream, list, one, part));
      if (part.leftOut !== before) this.#context.changed();
      return own;
    });
    return `{${JSON.stringify(list.member)}:[${items.join(',')}]}`;
  }

  #item(upstream: Upstream, { kind }: ListKind, { json, described }: Listed, part: Part): string[] {
    const { name } = described.descriptor;
    // What has no name of its own has none here either. A person may have taken a pin back since it was listed.
    if (name === '' || this.#context.mediator.standing(upstream.name, kind, name) === 'withheld') return [];
    if (kind === 'resource' || kind === 'resourceTemplate') {
      const rival = this.#resources.rival(upstream, kind, name);
      if (rival !== undefined) {
        this.#leaveOut(upstream, kind, name, rival, part);
        return [];
      }
      const shadower = kind === 'resource' ? undefined : this.#resources.shadower(upstream, name);
      if (shadower !== undefined) {
        const text = `what fits a template of server ${upstream.name} is asked of server ${shadower.name}, which lists one like it`;
        this.#tellConflict(upstream, kind, name, shadower, text);
      }
      return [json];
    }
    const offered = this.#names.offer(upstream, name);
    if (offered === name) return [json];
    if (offered !== undefined) return [renamed(json, name, offered, this.#names.scoped(upstream, name))];
    this.#leaveOut(upstream, kind, name, upstream, part);
    return [];
  }

  #leaveOut(upstream: Upstream, kind: string, name: string, rival: Upstream, part: Part): void {
    part.leftOut++;
    const text = `left out: a ${kind} of server ${upstream.name}, since server ${rival.name} has the same`;
    this.#tellConflict(upstream, kind, name, rival, text);
  }

  #tellConflict(upstream: Upstream, kind: string, name: string, rival: Upstream, text: string): void {
    const key = `${upstream.name}\0${kind}\0${name}`;
    if (this.#conflicts.has(key) || this.#conflicts.size >= MAX_TOLD) return;
    this.#conflicts.add(key);
    log('warn', text, { descriptor: name });
    const body = { server: upstream.name, rival: rival.name, descriptorKind: kind };
    this.#context.journal.note('list.conflict', body, { name });
  }
}

/** A descriptor under the name that it is offered by; if that is shortened, with the whole one in its title. */
function renamed(json: string, own: string, offered: string, unshortened: string): string {
  const line = Buffer.from(json);
  const members = membersOf(line, 0);
  const edits: Edit[] = [replaceValue(members.find(({ key }) => key === 'name')!, JSON.stringify(offered))];
  if (offered !== unshortened) {
    const title = members.find(({ key }) => key === 'title');
    const said: unknown = title && JSON.parse(line.toString('utf8', title.start, title.end));
    const whole = JSON.stringify(typeof said === 'string' && said !== '' ? `${said} (${own})` : own);
    edits.push(title === undefined ? insertMembers(line, 0, `"title":${whole}`) : replaceValue(title, whole));
  }
  return applyEdits(line, edits).toString();
}

function isSame(some: readonly Listed[], others: readonly Listed[]): boolean {
  return some.length === others.length && some.every(({ json }, i) => json === others[i]!.json);
}
