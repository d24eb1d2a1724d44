import { VERSION } from '../../config/version.ts';
import { errorLine, resultLine, UPSTREAM_GONE } from '../answers.ts';
import {
  type Answer,
  type Id,
  idIn,
  idKey,
  type Message,
  type Notification,
  type Request,
} from '../message.ts';
import { ownId } from '../upstream.ts';
import {
  ENVELOPE,
  type Ends,
  type Fields,
  fieldsOf,
  LATEST_HANDSHAKE,
  META,
  metaOf,
  STATELESS,
  sharedCapabilities,
  type Translation,
} from './era.ts';
import { rewrite } from './rewrite.ts';
import { Rounds } from './rounds.ts';
import { Subscribers } from './subscribers.ts';

/** A client that asks on while the server is greeted is told. */
const MAX_HELD = 1000;
/** Requests of Cordon's own that the server has not answered, which it perhaps never does; the oldest are given up. */
const MAX_OWN = 1000;

/**
 * A client of the stateless revision before a server that shakes hands: the handshake is made with what the first
 * request says of its client, and what the server asks by requests is asked in the result of the one request that it
 * can belong to. The server is not told of the round trip: it waits for its answer, as it would for any client's.
 */
export class StatelessClient implements Translation {
  readonly #ends: Ends;
  readonly #subscribers: Subscribers;
  readonly #rounds: Rounds;
  readonly #own = new Map<string, (answer: Answer) => void>();
  #held: Request[] | undefined = [];
  #refusal: string | undefined;
  #introduction: Fields = {};
  #level: unknown;

  /**
   * `first` is the request by which the client came; it is taken by `fromClient` as any other. `isOf` tells whether a
   * question, by its id, can belong to a request.
   */
  constructor(ends: Ends, first: Request, isOf: (question: Id, request: Id) => boolean = () => true) {
    this.#ends = ends;
    this.#rounds = new Rounds(ends, isOf);
    this.#subscribers = new Subscribers(ends, (method, params, done) => this.#ask(method, params, done));
    const meta = metaOf(first.params);
    const params = {
      protocolVersion: LATEST_HANDSHAKE,
      capabilities: sharedCapabilities(meta[META.capabilities]),
      clientInfo: meta[META.client] ?? { name: 'cordon', version: VERSION },
    };
    this.#ask('initialize', params, (answer) => this.#greeted(answer));
  }

  fromClient(message: Message): void {
    if (message.kind === 'request') return this.#request(message);
    if (message.kind === 'answer') return this.#ends.down(message.line);
    if (message.method === 'notifications/cancelled') return this.#cancel(message);
    this.#ends.down(rewrite(message, { meta: { drop: ENVELOPE } }));
  }

  fromServer(message: Message): void {
    if (message.kind === 'answer') return this.#answer(message);
    if (message.kind === 'request') return this.#rounds.ask(message);
    // Logs are for who asked for them, and nobody has.
    if (message.method === 'notifications/message' && this.#level === undefined) return;
    if (this.#rounds.take(message)) return;
    if (!this.#subscribers.tell(message)) this.#ends.up(message.line);
  }

  #ask(method: string, params: Fields, done: (answer: Answer) => void): void {
    const id = ownId();
    this.#own.set(idKey(id), done);
    if (this.#own.size > MAX_OWN) this.#own.delete(this.#own.keys().next().value!);
    this.#ends.down(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params })));
  }

  #greeted(answer: Answer): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#ends.greeted?.(answer.failed);
    if (answer.failed) {
      this.#refusal = `the server refused the handshake: ${String(fieldsOf(answer.payload)['message']).slice(0, 200)}`;
    } else {
      this.#introduction = fieldsOf(answer.payload);
      this.#subscribers.capabilities = fieldsOf(this.#introduction['capabilities']);
      this.#ends.down(Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}'));
    }
    for (const request of held) this.#request(request);
  }

  #request(request: Request): void {
    const { id, method, params } = request;
    if (this.#refusal !== undefined) return this.#ends.up(errorLine(id, UPSTREAM_GONE, this.#refusal));
    if (this.#held !== undefined) {
      if (this.#held.length < MAX_HELD) this.#held.push(request);
      else this.#ends.up(errorLine(id, UPSTREAM_GONE, `${MAX_HELD} requests wait for the server already`));
      return;
    }
    if (method === 'server/discover') return this.#ends.up(resultLine(id, this.#discovered()));
    if (method === 'subscriptions/listen') return this.#subscribers.add(request);
    if (this.#rounds.resume(request)) return;
    this.#setLevel(metaOf(params)[META.level]);
    this.#rounds.begin(request);
  }

  #discovered(): string {
    const { capabilities, instructions, serverInfo } = this.#introduction;
    return JSON.stringify({
      resultType: 'complete',
      supportedVersions: [STATELESS],
      capabilities: sharedCapabilities(capabilities),
      ...(instructions === undefined ? {} : { instructions }),
      ttlMs: 0,
      cacheScope: 'private',
      ...(serverInfo === undefined ? {} : { _meta: { [META.server]: serverInfo } }),
    });
  }

  /** The server knows one level for all requests: the one that was asked for last. */
  #setLevel(level: unknown): void {
    const { logging } = fieldsOf(this.#introduction['capabilities']);
    if (level === undefined || level === this.#level || logging === undefined) return;
    this.#level = level;
    this.#ask('logging/setLevel', { level }, () => {});
  }

  #answer(answer: Answer): void {
    const key = idKey(answer.id);
    const own = this.#own.get(key);
    this.#own.delete(key);
    if (own !== undefined) return own(answer);
    if (!this.#rounds.answer(answer)) this.#ends.unasked?.(answer.line);
  }

  #cancel(message: Notification): void {
    const requestId = idIn(message.params, 'requestId');
    if (requestId === undefined || this.#subscribers.remove(requestId)) return;
    const at = this.#held?.findIndex(({ id }) => id === requestId) ?? -1;
    if (at >= 0) return void this.#held!.splice(at, 1);
    this.#rounds.cancel(requestId);
  }
}
