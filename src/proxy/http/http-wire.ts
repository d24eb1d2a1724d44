import { type RemoteEntry, shownUrl } from '../../config/remote.ts';
import { listChangedLine } from '../answers.ts';
import { log } from '../log.ts';
import { idKey, type Message, type Request } from '../message.ts';
import type { Wire, WireEvents } from '../wire.ts';
import { messageIn } from './body.ts';
import type { Carrier, Credentials } from './carrier.ts';
import { Endpoint } from './endpoint.ts';
import { Handshake } from './handshake.ts';
import { Listener } from './listener.ts';
import { Mirror, revisionOf } from './mirrored.ts';
import { Outgoing } from './outgoing.ts';
import { Post } from './post.ts';

export interface HttpWireOptions {
  server: RemoteEntry;
  credentials: Credentials;
  /** Nesting of a message. */
  depth: number;
  /** No other server waits for this one: its handshake may take until a person has authorized it. */
  alone: boolean;
}

/** What a server does not accept within this time holds up no longer what comes after it, in ms. */
const ORDER_MS = 5000;
/** How long the server gets to end the session, in ms. */
const END_MS = 1500;
const LISTS = ['tools', 'prompts', 'resources'];

/**
 * The wire of a server that is reached by Streamable HTTP: each line is a POST of its own, and what comes back for it is
 * lines again, as they came. Sessions (2025-03-26 to 2025-11-25) and stateless requests (2026-07-28) go side by side,
 * told apart by whether a request names its revision itself.
 */
export class HttpWire implements Wire, Carrier {
  readonly pid = undefined;
  readonly address: string;
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  readonly limitBytes: number;
  readonly #options: HttpWireOptions;
  readonly #events: WireEvents;
  readonly #handshake: Handshake;
  readonly #outgoing: Outgoing;
  /** Requests on their way or being answered. */
  readonly #posts = new Map<string, { post: Post; isStateless: boolean }>();
  readonly #mirror: Mirror;
  #listener: Listener | undefined;
  #isOver = false;

  constructor(options: HttpWireOptions, limitBytes: number, events: WireEvents) {
    this.#options = options;
    this.endpoint = new Endpoint(options.server.url, options.server.headers);
    this.credentials = options.credentials;
    this.address = shownUrl(options.server.url);
    this.limitBytes = limitBytes;
    this.#events = events;
    this.#mirror = new Mirror(options.server.name, options.depth);
    this.#outgoing = new Outgoing(
      (message) => this.#post(message),
      () => !this.#isOver && events.drained(),
    );
    this.#handshake = new Handshake(this, options.depth, (initialized) => this.#renewed(initialized));
  }

  get backlogBytes(): number {
    return this.#outgoing.backlogBytes;
  }

  send(line: Buffer): void {
    // The session has seen how deep it is; translated between eras, a part of it may stand deeper now.
    const message = this.#isOver ? undefined : messageIn(line, Number.POSITIVE_INFINITY);
    if (message !== undefined) this.#outgoing.add(message);
  }

  flush(): void {
    this.#outgoing.flush();
  }

  pause(): void {
    this.endpoint.pause();
  }

  resume(): void {
    this.endpoint.resume();
  }

  async end(ms = END_MS): Promise<void> {
    this.#stop();
    await this.#handshake.end(ms);
    this.endpoint.close();
  }

  kill(): void {
    this.#stop();
    this.endpoint.close();
  }

  headers(message: Message | undefined): Record<string, string> {
    const authorization = this.credentials.header;
    const who: Record<string, string> = authorization === undefined ? {} : { authorization };
    const revision = message && revisionOf(message);
    if (revision === undefined) return { ...who, ...this.#handshake.headers() };
    const said = { ...who, 'mcp-protocol-version': revision };
    return message?.kind === 'request' ? { ...said, ...this.#mirror.headers(message) } : said;
  }

  turn(): void {
    if (!this.#isOver) this.#events.turn();
  }

  begun(session: string): void {
    this.#handshake.begun(session);
  }

  async renew(expired: string): Promise<string | undefined> {
    const release = this.#outgoing.hold();
    const problem = await this.#handshake.renew(expired);
    if (problem !== undefined) this.#leave(problem);
    release();
    return problem;
  }

  #post(message: Message): void {
    if (message.kind === 'request') return this.#request(message);
    const isCancelled = message.kind === 'notification' && message.method === 'notifications/cancelled';
    if (isCancelled && this.#takeBack(message)) return this.#outgoing.taken(message);
    // What comes next may build on it, and would go by another connection: it is held until this was accepted.
    const release = this.#outgoing.hold(ORDER_MS);
    const isInitialized = message.kind === 'notification' && message.method === 'notifications/initialized';
    new Post(this, message, {
      message: (line) => this.#take(line),
      taken: () => this.#outgoing.taken(message),
      done: () => {
        if (isInitialized) this.#listen(message);
        release();
      },
      failed: (reason) => {
        if (this.#isOver) return;
        const what = message.kind === 'answer' ? 'an answer' : message.method;
        log('warn', `server ${this.#options.server.name} did not accept ${what}: ${reason}`);
        release();
      },
    });
  }

  /** Takes a request back. True if nothing has to be sent for it. */
  #takeBack({ params }: Message & { kind: 'notification' }): boolean {
    const id = (params as { requestId?: unknown } | null | undefined)?.requestId;
    const key = typeof id === 'string' || typeof id === 'number' ? idKey(id) : '';
    const found = this.#posts.get(key);
    if (found === undefined) return !this.#handshake.isBegun;
    // Most servers never answer it now: what comes all the same is passed on, but it ends by itself.
    this.#posts.delete(key);
    // A stateless request is taken back by closing its stream (2026-07-28, "Cancellation").
    if (found.isStateless) found.post.abort();
    else found.post.linger();
    return found.isStateless;
  }

  #request(request: Request): void {
    const key = idKey(request.id);
    const isGreeting = request.method === 'initialize';
    const isStateless = revisionOf(request) !== undefined;
    const isList = isStateless && request.method === 'tools/list';
    const release = isGreeting ? this.#outgoing.hold() : () => {};
    if (isGreeting) {
      this.#listener?.stop();
      this.#handshake.greet(request);
    }
    // Taken back, its id may since be that of another.
    const forget = (): void => {
      if (this.#posts.get(key)?.post === post) this.#posts.delete(key);
    };
    const told = {
      message: (line: Buffer) => {
        if (isGreeting) this.#handshake.heard(line, request.id);
        this.#take(isList ? this.#mirror.learn(request, line) : line);
      },
      taken: () => this.#outgoing.taken(request),
      done: () => {
        forget();
        release();
      },
      failed: (reason: string) => {
        forget();
        if (this.#isOver) return;
        if (isGreeting) this.#leave(reason);
        else this.#events.failed(request.id, reason);
        release();
      },
    };
    const post = new Post(this, request, told, isGreeting && this.#options.alone);
    this.#posts.set(key, { post, isStateless });
  }

  #take(line: Buffer): void {
    if (!this.#isOver) this.#events.line(line);
  }

  /** The session stands: what the server says of its own accord comes by a stream beside the requests, if it has one. */
  #listen(initialized: Message): void {
    this.#listener?.stop();
    this.#handshake.settle(initialized);
    if (this.#isOver) return;
    this.#listener = new Listener(this, Number.POSITIVE_INFINITY, {
      message: (line) => this.#take(line),
      over: (reason, wasOpen) => {
        if (wasOpen) log('warn', `server ${this.#options.server.name} is heard no more: ${reason}`);
      },
    });
    this.#listener.start();
  }

  /** The server may have been started anew, with other tools: whoever knows its lists asks again. */
  #renewed(initialized: Message): void {
    this.#listen(initialized);
    for (const list of LISTS) this.#take(listChangedLine(list));
    this.turn();
  }

  #leave(reason: string): void {
    if (this.#isOver) return;
    this.kill();
    this.#events.gone(reason, this.credentials.pending);
  }

  #stop(): void {
    this.#isOver = true;
    this.#outgoing.clear();
    this.#listener?.stop();
    for (const { post } of this.#posts.values()) post.abort();
    this.#posts.clear();
  }
}
