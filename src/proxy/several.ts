import { type Edit, replaceValue } from '../json/edit.ts';
import { type Member, membersOf, QUOTE } from '../json/spans.ts';
import { isProtocolMethod } from '../mediation/protocol.ts';
import { cancelledLine, errorLine, resultLine, UNROUTABLE } from './answers.ts';
import { ask, type Context, type Route, type Routing } from './context.ts';
import { Handshakes, type LastRun } from './handshakes.ts';
import { listKindOf, PROMPTS, TOOLS, whenListed } from './listing.ts';
import { AskedOfClient } from './many/asked.ts';
import { extender } from './many/capabilities.ts';
import { FromClient } from './many/from-client.ts';
import { FromServers } from './many/from-server.ts';
import { Lists } from './many/lists.ts';
import { Names } from './many/names.ts';
import { Resources } from './many/resources.ts';
import { Restarts } from './many/restarts.ts';
import { Subscriptions } from './many/subscriptions.ts';
import { answerTaskList } from './many/task-list.ts';
import {
  type Answer,
  type Id,
  idKey,
  innerOf,
  type Message,
  memberOf,
  type Request,
  tokenIn,
} from './message.ts';
import { isInUse, sendRequest } from './requests.ts';
import { type InFlight, ownId, type Upstream } from './upstream.ts';

/** Servers are started for the client's first word, or after this many ms without one. */
const START_AFTER_MS = 100;

/**
 * Several servers behind one: tools and prompts are named `server__tool`, every id and token on a server's wire is
 * Cordon's own and unpredictable, and lists are those of all servers together. docs/gateway.md has the table of what
 * goes where.
 */
export class SeveralRouting implements Routing {
  readonly #context: Context;
  readonly #names: Names;
  readonly #resources: Resources;
  readonly #lists: Lists;
  readonly #handshakes: Handshakes;
  readonly #asked = new AskedOfClient();
  readonly #subscriptions = new Subscriptions();
  readonly #fromClient: FromClient;
  readonly #fromServers: FromServers;
  readonly #restarts: Restarts;
  #started = false;
  readonly #waiting: NodeJS.Timeout;
  /** What the client last said it wants to hear of servers' logs. */
  #level: unknown;

  constructor(context: Context, lastRun: LastRun) {
    this.#context = context;
    this.#names = new Names(context.upstreams);
    this.#resources = new Resources(context.upstreams);
    this.#lists = new Lists(context, this.#names, this.#resources);
    this.#fromClient = new FromClient(context, this.#names, this.#asked);
    this.#fromServers = new FromServers(context, this.#names, this.#asked, this.#resources, this.#lists);
    this.#restarts = new Restarts((upstream) => context.turn(() => this.#restart(upstream)));
    this.#handshakes = new Handshakes(context, lastRun, {
      up: (upstream) => this.#up(upstream),
      refused: (upstream, reason) => this.#restarts.giveUp(upstream, reason),
    });
    this.#waiting = setTimeout(() => context.turn(() => this.#start()), START_AFTER_MS).unref();
  }

  leftOut(upstream: Upstream): number {
    return this.#lists.leftOut(upstream);
  }

  route(request: Request): Route | undefined {
    const { method, params } = request;
    if (method === 'initialize') {
      // The client waits for this answer, and processes that start would take its time.
      this.#context.later(() => this.#context.turn(() => this.#start()));
      return this.#answer(request, this.#handshakes.answer(params));
    }
    if (method === 'ping') return this.#answer(request, '{}');
    this.#start();
    this.#handshakes.ready();
    const list = listKindOf(method);
    if (list !== undefined) return void this.#lists.answer(request, list);
    switch (method) {
      case 'logging/setLevel':
        return this.#setLevel(request);
      case 'tools/call':
      case 'prompts/get':
        return this.#byName(request);
      case 'completion/complete':
        return this.#byReference(request);
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return this.#byResource(request, (params as { uri?: unknown } | null | undefined)?.uri);
      case 'tasks/list':
        return void answerTaskList(this.#context, this.#names, request);
      case 'tasks/get':
      case 'tasks/result':
      case 'tasks/cancel':
      case 'tasks/update':
        return this.#byTask(request);
      default:
        return this.#byExtension(request);
    }
  }

  fromClient(message: Exclude<Message, Request>): void {
    if (message.kind === 'answer') return this.#fromClient.answer(message);
    // Each server is told when its own handshake is done.
    if (message.method === 'notifications/initialized') return this.#handshakes.ready();
    this.#fromClient.notification(message);
  }

  retold(upstream: Upstream, answer: Answer, { method, origin }: InFlight): Answer {
    if (!answer.failed && method.startsWith('resources/')) this.#subscriptions.note(upstream, method, origin);
    if (!answer.failed && method === 'tools/call') this.#resources.noteLinks(upstream, answer.payload);
    return this.#fromServers.retold(upstream, answer, method);
  }

  answerEdits(upstream: Upstream, answer: Answer, clientId: Id): Edit[] {
    return this.#fromServers.answerEdits(upstream, answer, clientId);
  }

  fromUpstream(upstream: Upstream, message: Exclude<Message, Answer>): void {
    // Before the client was answered, what it knows is what it will ask for anyway, and it could answer nothing.
    if (this.#handshakes.answered) this.#fromServers.take(upstream, message);
  }

  gone(upstream: Upstream): void {
    for (const { alias } of this.#asked.lost(upstream)) {
      this.#context.toClient(cancelledLine(alias, `server ${upstream.name} is gone`));
    }
    if (!this.#restarts.lost(upstream)) this.#lists.lost(upstream);
  }

  close(): void {
    clearTimeout(this.#waiting);
    this.#restarts.close();
  }

  #start(): void {
    clearTimeout(this.#waiting);
    if (this.#started) return;
    this.#started = true;
    for (const upstream of this.#context.upstreams) {
      upstream.start();
      this.#handshakes.greet(upstream);
    }
    this.#context.changed();
  }

  #restart(upstream: Upstream): void {
    upstream.restart();
    this.#handshakes.greet(upstream);
    this.#context.changed();
  }

  /** What a server that was not there missed, or one that was started again has forgotten. */
  #up(upstream: Upstream): void {
    this.#restarts.up(upstream);
    this.#tellLevel(upstream);
    for (const uri of this.#subscriptions.of(upstream)) {
      ask(this.#context, upstream, 'resources/subscribe', { uri }, () => {});
    }
    this.#lists.restarted(upstream);
    this.#context.changed();
  }

  #answer(request: Request, resultJson: string): undefined {
    this.#context.toClient(resultLine(request.id, resultJson));
  }

  #setLevel(request: Request): undefined {
    this.#level = (request.params as { level?: unknown } | undefined)?.level;
    for (const upstream of this.#context.upstreams)
      if (upstream.held === undefined) this.#tellLevel(upstream);
    return this.#answer(request, '{}');
  }

  #tellLevel(upstream: Upstream): void {
    if (this.#level === undefined || upstream.gone !== undefined || !('logging' in upstream.capabilities))
      return;
    ask(this.#context, upstream, 'logging/setLevel', { level: this.#level }, () => {});
  }

  /** `server__name` to its server, the name put back to the server's own. */
  #byName(request: Request): Route | undefined {
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

  #byReference(request: Request): Route | undefined {
    if (nameIn(request) !== undefined) return this.#byName(request);
    const { ref } = (request.params ?? {}) as { ref?: { uri?: unknown } | null };
    return this.#byResource(request, ref?.uri);
  }

  /** A shortened name says whose it is; what it stands for, its server's list does. */
  #onceListed(request: Request, upstream: Upstream, offered: string): undefined {
    if (isInUse(this.#context, request)) return;
    const { waiting } = this.#context;
    const key = idKey(request.id);
    const tryAgain = (): void => {
      const isCancelled = waiting.get(key);
      waiting.delete(key);
      if (isCancelled) return;
      if (this.#names.find(offered)?.own !== undefined) {
        return sendRequest(this.#context, request, this.#byName(request)!);
      }
      this.#unroutable(
        request,
        `server ${upstream.name} lists nothing of the name ${JSON.stringify(offered)}`,
      );
    };
    waiting.set(key, false);
    const list = request.method === 'tools/call' ? TOOLS : PROMPTS;
    upstream.inOrder(() => whenListed(this.#context, upstream, list, {}, tryAgain));
  }

  #byResource(request: Request, uri: unknown): Route | undefined {
    const upstream = typeof uri === 'string' ? this.#resources.ownerOf(uri) : undefined;
    if (upstream !== undefined) return this.#to(upstream, request, []);
    return this.#unroutable(
      request,
      `no server listed the resource ${JSON.stringify(String(uri).slice(0, 200))}`,
    );
  }

  #byTask(request: Request): Route | undefined {
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

  #byExtension(request: Request): Route | undefined {
    const { method } = request;
    const { upstreams } = this.#context;
    const sole = isProtocolMethod(method) ? undefined : extender(upstreams.map((one) => one.capabilities));
    const upstream = sole && upstreams.find((one) => one.capabilities === sole);
    if (upstream !== undefined) return this.#to(upstream, request, []);
    return this.#unroutable(request, `no server to route ${JSON.stringify(method)} to`);
  }

  #to(upstream: Upstream, request: Request, edits: Edit[], params?: unknown): Route {
    const id = ownId();
    edits.push(replaceValue(memberOf(request, 'id')!, JSON.stringify(id)));
    edits.push(...this.#fromClient.relatedTask(upstream, request));
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
