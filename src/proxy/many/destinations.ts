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

  constructor(context: Context, names: Names, resources: Resources, lists: Lists) {
    this.#context = context;
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

  byResource(request: Request, uri: unknown): Route | undefined {
    const upstream = typeof uri === 'string' ? this.#resources.ownerOf(uri) : undefined;
    if (upstream !== undefined) return this.#to(upstream, request, []);
    const text = `no server listed the resource ${JSON.stringify(String(uri).slice(0, 200))}`;
    const unknown = this.#lists.unknown([RESOURCES, TEMPLATES]);
    if (typeof uri !== 'string' || unknown.length === 0) return this.#unroutable(request, text);
    // A client may know it from an earlier session: whose it is, the lists say.
    const listed = (done: () => void) => this.#lists.learn(unknown, done);
    return this.#once(request, listed, () => {
      const owner = this.#resources.ownerOf(uri);
      if (owner === undefined) this.#unroutable(request, text);
      else sendRequest(this.#context, request, this.#to(owner, request, []));
    });
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

/** The name that a request is about, and where it stands. */
function nameIn(request: Request): { member: Member; name: string } | undefined {
  const { line, method, scan } = request;
  const ref = method === 'completion/complete' ? innerOf(request, 'ref') : undefined;
  const members = ref === undefined ? scan.inner : membersOf(line, ref.start);
  const member = members.find(({ key }) => key === 'name');
  if (member === undefined || line[member.start] !== QUOTE) return undefined;
  return { member, name: JSON.parse(line.toString('utf8', member.start, member.end)) as string };
}
