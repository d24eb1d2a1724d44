import type { Edit } from '../json/edit.ts';
import { cancelledLine, resultLine } from './answers.ts';
import { ask, type Context, type Route, type Routing } from './context.ts';
import { Handshakes, type LastRun } from './handshakes.ts';
import { listKindOf } from './list-kinds.ts';
import { AskedOfClient } from './many/asked.ts';
import { Destinations } from './many/destinations.ts';
import { FromClient } from './many/from-client.ts';
import { FromServers } from './many/from-server.ts';
import { Lists } from './many/lists.ts';
import { Names } from './many/names.ts';
import { Patience } from './many/patience.ts';
import { Resources } from './many/resources.ts';
import { Restarts } from './many/restarts.ts';
import { Subscriptions } from './many/subscriptions.ts';
import { answerTaskList } from './many/task-list.ts';
import { type Answer, type Id, idKey, type Message, type Request } from './message.ts';
import type { InFlight, Upstream } from './upstream.ts';

/** Methods whose results may link to resources. */
const LINKING = new Set(['tools/call', 'tasks/result', 'prompts/get']);
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
  readonly #patience: Patience;
  readonly #handshakes: Handshakes;
  readonly #asked = new AskedOfClient();
  readonly #subscriptions = new Subscriptions();
  readonly #destinations: Destinations;
  readonly #fromClient: FromClient;
  readonly #fromServers: FromServers;
  readonly #restarts: Restarts;
  /** Servers were started, or are not to be any more. */
  #started = false;
  readonly #waiting: NodeJS.Timeout;
  /** What the client last said it wants to hear of servers' logs. */
  #level: unknown;

  constructor(context: Context, lastRun: LastRun) {
    this.#context = context;
    this.#names = new Names(context.upstreams);
    this.#resources = new Resources(context.upstreams);
    this.#patience = new Patience(context);
    this.#lists = new Lists(context, this.#names, this.#resources);
    this.#destinations = new Destinations(context, this.#names, this.#resources, this.#lists, this.#patience);
    this.#fromClient = new FromClient(context, this.#names, this.#asked);
    this.#fromServers = new FromServers(context, {
      ...{ names: this.#names, asked: this.#asked, resources: this.#resources, lists: this.#lists },
      subscriptions: this.#subscriptions,
    });
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
        return this.#destinations.byName(request);
      case 'completion/complete':
        return this.#destinations.byReference(request);
      case 'resources/read':
      case 'resources/subscribe':
        return this.#destinations.byResource(request, uriIn(params));
      case 'resources/unsubscribe': {
        const uri = uriIn(params);
        const holder = typeof uri === 'string' ? this.#subscriptions.holderOf(uri) : undefined;
        return this.#destinations.byResource(request, uri, holder);
      }
      case 'tasks/list':
        return void answerTaskList(this.#context, this.#names, this.#patience, request);
      case 'tasks/get':
      case 'tasks/result':
      case 'tasks/cancel':
      case 'tasks/update':
        return this.#destinations.byTask(request);
      default:
        return this.#destinations.byExtension(request);
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
    if (!answer.failed && LINKING.has(method)) this.#resources.noteLinks(upstream, answer.payload);
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

  isOf(question: Id, request: Id): boolean {
    return this.#context.inFlight.get(idKey(request))?.upstream === this.#asked.askerOf(question);
  }

  close(): void {
    clearTimeout(this.#waiting);
    this.#started = true;
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
    this.#context.journal.note('server.restart', { server: upstream.name });
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
}

function uriIn(params: unknown): unknown {
  return (params as { uri?: unknown } | null | undefined)?.uri;
}
