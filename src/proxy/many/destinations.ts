import { type Edit, replaceValue } from '../../json/edit.ts';
import { type Member, membersOf, QUOTE } from '../../json/spans.ts';
import { isProtocolMethod } from '../../mediation/protocol.ts';
import { errorLine, UNROUTABLE } from '../answers.ts';
import type { Context, Route } from '../context.ts';
import { PROMPTS, RESOURCES, TEMPLATES, TOOLS } from '../list-kinds.ts';
import { whenListed } from '../listing.ts';
import { idKey, innerOf, METHOD_NOT_FOUND, memberOf, type Request, tokenIn } from '../message.ts';
import { isRefused, sendRequest } from '../requests.ts';
import { ownId, type Upstream } from '../upstream.ts';
import { extender } from './capabilities.ts';
import { relatedToServer } from './from-client.ts';
import type { Lists } from './lists.ts';
import type { Names } from './names.ts';
import type { Patience } from './patience.ts';
import type { Resources } from './resources.ts';

/**
 * Which of several servers a client's request goes to, by what it is about, and what of it changes on the way. What
 * names no server is answered with an error.
 */
export class Destinations {
  readonly #context: Context;
  readonly #names: Names;
  readonly #resources: Resources;
  readonly #lists: Lists;
  readonly #patience: Patience;

  constructor(context: Context, names: Names, resources: Resources, lists: Lists, patience: Patience) {
    this.#context = context;
    this.#patience = patience;
    this.#lists = lists;
    this.#names = names;
    this.#resources = resources;
  }

  /** `server__name` to its server, the name put back to the server's own. */
  byName(request: Request): Route | undefined {
    const named = nameIn(request);
    const found = named && this.#names.find(named.name);
    if (found === undefined) {
      return this.#unroutable(
        request,
        `no server for name ${JSON.stringify((named?.name ?? '').slice(0, 80))}`,
      );
    }
    const { upstream, own } = found;
    if (own === undefined) return this.#onceListed(request, upstream, named!.name);
    const edits = own === named!.name ? [] : [replaceValue(named!.member, JSON.stringify(own))];
    const params = request.params as Record<string, unknown>;
    const ref = params['ref'] as object | undefined;
    const isRef = request.method === 'completion/complete';
    return this.#to(
      upstream,
      request,
      edits,
      isRef ? { ...params, ref: { ...ref, name: own } } : { ...params, name: own },
    );
  }

  byReference(request: Request): Route | undefined {
    if (nameIn(request) !== undefined) return this.byName(request);
    const { ref } = (request.params ?? {}) as { ref?: { uri?: unknown } | null };
    return this.byResource(request, ref?.uri);
  }

  /** `holder`: who has it by what the client did before, whoever owns it now. */
  byResource(request: Request, uri: unknown, holder?: Upstream): Route | undefined {
    if (typeof uri !== 'string') return this.#unroutable(request, 'it names no resource');
    const upstream = holder ?? this.#resources.ownerOf(uri) ?? this.#onlyOffering();
    if (upstream !== undefined) return this.#to(upstream, request, []);
    const unknown = this.#lists.unknown([RESOURCES, TEMPLATES]);
    if (unknown.length === 0) return this.#byCandidate(request, uri);
    // A client may know it from an earlier session: whose it is, the lists say.
    const listed = (done: () => void) => this.#lists.learn(unknown, done);
    return this.#once(request, listed, () => {
      const owner = this.#resources.ownerOf(uri);
      const route = owner === undefined ? this.#byCandidate(request, uri) : this.#to(owner, request, []);
      if (route !== undefined) sendRequest(this.#context, request, route);
    });
  }

  /** The only server that has resources at all, once all have said what they have. */
  #onlyOffering(): Upstream | undefined {
    const { upstreams } = this.#context;
    const [only, ...others] = upstreams.filter(({ capabilities }) => 'resources' in capabilities);
    return others.length === 0 && this.#unheard().length === 0 ? only : undefined;
  }

  /** What nobody listed goes to the only server that may have it: of two, it is not for Cordon to choose one. */
  #byCandidate(request: Request, uri: string): Route | undefined {
    const [candidate, ...others] = this.#resources.candidates(uri);
    const unheard = this.#unheard();
    if (candidate !== undefined && others.length === 0 && unheard.length === 0)
      return this.#to(candidate, request, []);
    const text = `no server listed the resource ${JSON.stringify(uri.slice(0, 200))}`;
    if (unheard.length > 0)
      return this.#unroutable(request, `${text}, and ${namesOf(unheard)} has not said yet what it has`);
    const may = candidate === undefined ? '' : `; ${namesOf([candidate, ...others])} may have it`;
    return this.#unroutable(request, text + may);
  }

  /** Servers that are there and have not said what they can. */
  #unheard(): Upstream[] {
    return this.#context.upstreams.filter(({ introduced, gone }) => !introduced && gone === undefined);
  }

  /** A shortened name says whose it is; what it stands for, its server's list does. */
  #onceListed(request: Request, upstream: Upstream, offered: string): undefined {
    const list = request.method === 'tools/call' ? TOOLS : PROMPTS;
    const listed = (done: () => void) =>
      upstream.inOrder(() => whenListed(this.#context, upstream, list, {}, done));
    return this.#once(request, listed, () => {
      if (this.#names.find(offered)?.own !== undefined) {
        return sendRequest(this.#context, request, this.byName(request)!);
      }
      const text = `server ${upstream.name} lists nothing of the name ${JSON.stringify(offered)}`;
      this.#unroutable(request, text);
    });
  }

  /** Goes on with a request once what it depends on has run what it is given, unless the client took it back. */
  #once(request: Request, known: (done: () => void) => void, goOn: () => void): undefined {
    if (isRefused(this.#context, request)) return;
    const { waiting } = this.#context;
    const key = idKey(request.id);
    waiting.set(key, false);
    known(() => {
      const isCancelled = waiting.get(key);
      waiting.delete(key);
      if (!isCancelled) goOn();
    });
  }

  byTask(request: Request): Route | undefined {
    const params = (request.params ?? {}) as { taskId?: unknown };
    const task = params.taskId;
    const found = typeof task === 'string' ? this.#names.unscoped(task) : undefined;
    if (found === undefined) {
      return this.#unroutable(request, `no server for task ${JSON.stringify(String(task).slice(0, 80))}`);
    }
    const { upstream, own } = found;
    const edits = own === task ? [] : [replaceValue(innerOf(request, 'taskId')!, JSON.stringify(own))];
    return this.#to(upstream, request, edits, { ...params, taskId: own });
  }

  byExtension(request: Request): Route | undefined {
    const unheard = this.#unheard();
    if (unheard.length === 0 || isProtocolMethod(request.method)) return this.#byExtension(request);
    // Who declares what it has of its own, and whether another does so too, is known once all have been greeted.
    const greeted = (done: () => void) => this.#patience.all(unheard, (_, answered) => answered(), done);
    return this.#once(request, greeted, () => {
      const route = this.#byExtension(request);
      if (route !== undefined) sendRequest(this.#context, request, route);
    });
  }

  #byExtension(request: Request): Route | undefined {
    const { method } = request;
    const { upstreams } = this.#context;
    const sole = isProtocolMethod(method) ? undefined : extender(upstreams.map((one) => one.capabilities));
    const upstream = sole && upstreams.find((one) => one.capabilities === sole);
    if (upstream !== undefined) return this.#to(upstream, request, []);
    // So a client that tries what only some servers know (server/discover) goes on with what all do.
    const text = `no server to route ${JSON.stringify(method)} to`;
    return void this.#context.toClient(errorLine(request.id, METHOD_NOT_FOUND, text));
  }

  #to(upstream: Upstream, request: Request, edits: Edit[], params?: unknown): Route {
    const id = ownId();
    edits.push(replaceValue(memberOf(request, 'id')!, JSON.stringify(id)));
    edits.push(...relatedToServer(this.#names, upstream, request));
    const token = tokenIn(request);
    if (token === undefined) return { upstream, id, edits, params };
    edits.push(replaceValue(token, JSON.stringify(id)));
    const json = request.line.toString('utf8', token.start, token.end);
    return { upstream, id, edits, params, token: { wire: id, json } };
  }

  #unroutable(request: Request, message: string): undefined {
    this.#context.toClient(errorLine(request.id, UNROUTABLE, message));
  }
}

function namesOf(upstreams: readonly Upstream[]): string {
  return upstreams.map(({ name }) => name).join(', ');
}

/** The name that a request is about, and where it stands. */
function nameIn(request: Request): { member: Member; name: string } | undefined {
  const { line, method, scan } = request;
  const ref = method === 'completion/complete' ? innerOf(request, 'ref') : undefined;
  const members = ref === undefined ? scan.inner : membersOf(line, ref.start);
  const member = members.find(({ key }) => key === 'name');
  if (member === undefined || line[member.start] !== QUOTE) return undefined;
  return { member, name: JSON.parse(line.toString('utf8', member.start, member.end)) as string };
}
