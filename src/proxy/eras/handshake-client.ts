import { membersOf } from '../../json/spans.ts';
import { BAD_UPSTREAM, cancelledLine, errorLine, resultLine } from '../answers.ts';
import { type Answer, type Id, idIn, idKey, type Message, type Request } from '../message.ts';
import { ownId } from '../upstream.ts';
import {
  type Ends,
  type Fields,
  fieldsOf,
  HANDSHAKE_REVISIONS,
  isStateless,
  LATEST_HANDSHAKE,
  MAY_ASK,
  META,
  mayBeAsked,
  metaOf,
  STATELESS,
  sharedCapabilities,
  type Translation,
} from './era.ts';
import { Listening } from './listening.ts';
import { entriesOf, jsonOf, rewrite } from './rewrite.ts';

/** A server may ask so often, and so much at once, before it answers a request; more has no end. */
const MAX_ROUNDS = 32;
const MAX_QUESTIONS = 100;
/** What a client took back may still be answered, so some of it is remembered; the oldest is given up. */
const MAX_CANCELLED = 100;
const RESULT_TYPE: ReadonlySet<string> = new Set(['resultType']);

/** A request that its server may answer with questions. */
interface Call {
  request: Request;
  /** Its id on the server's wire: each try has another. */
  wireId: Id;
  rounds: number;
  /** What the server wants to know before it goes on: answers by its own names for them, as JSON. */
  round?: { state: string | undefined; answers: Map<string, string>; open: Map<string, Id> };
}

/**
 * A client that shakes hands before a server of the stateless revision: the server finds in every request what the
 * client said once, and the client is asked by requests what the server asks for in results. The client answers each
 * of them as it would answer any server, so its answers are judged as such; what the server wants back (`requestState`)
 * never leaves this translation.
 */
export class HandshakeClient implements Translation {
  readonly #ends: Ends;
  readonly #client: Fields;
  readonly #listening: Listening;
  /** By id on the server's wire. */
  readonly #calls = new Map<string, Call>();
  /** Of these, those that the client has taken back, oldest first; a server may ask before it hears of that. */
  readonly #cancelled = new Set<string>();
  /** Questions that the client has not answered, by their id on its wire. */
  readonly #asked = new Map<string, { call: Call; key: string; method: string }>();
  #level: unknown;

  /** `discovered` is what the server said of itself when the client's `initialize` had come. */
  constructor(ends: Ends, initialize: Request, discovered: Answer) {
    this.#ends = ends;
    this.#client = fieldsOf(initialize.params);
    const { capabilities, instructions } = fieldsOf(discovered.payload);
    this.#listening = new Listening(ends, fieldsOf(capabilities), () => this.#meta());
    const { protocolVersion } = this.#client;
    const isKnown = typeof protocolVersion === 'string' && HANDSHAKE_REVISIONS.has(protocolVersion);
    const result = {
      protocolVersion: isKnown ? protocolVersion : LATEST_HANDSHAKE,
      capabilities: sharedCapabilities(capabilities),
      serverInfo: metaOf(discovered.payload)[META.server] ?? { name: 'unnamed', version: '0' },
      ...(instructions === undefined ? {} : { instructions }),
    };
    ends.up(resultLine(initialize.id, JSON.stringify(result)));
  }

  fromClient(message: Message): void {
    if (message.kind === 'request') return this.#request(message);
    if (message.kind === 'answer') return this.#answered(message);
    const { method, params } = message;
    if (method === 'notifications/initialized') return this.#listening.start();
    if (method === 'notifications/cancelled') return this.#cancel(message);
    // The server asks nothing that could progress, and is told of roots when it asks for them.
    if (method === 'notifications/progress' || method === 'notifications/roots/list_changed') return;
    if (isStateless(params)) return this.#ends.down(message.line);
    this.#ends.down(rewrite(message, { meta: { set: this.#meta() } }));
  }

  fromServer(message: Message): void {
    if (message.kind === 'answer') return this.#answer(message);
    if (this.#listening.take(message)) return;
    this.#ends.up(message.line);
  }

  /** What every request says of its client. */
  #meta(): Fields {
    const { capabilities, clientInfo } = this.#client;
    return {
      [META.version]: STATELESS,
      [META.capabilities]: sharedCapabilities(capabilities),
      ...(clientInfo === undefined ? {} : { [META.client]: clientInfo }),
      ...(this.#level === undefined ? {} : { [META.level]: this.#level }),
    };
  }

  #request(request: Request): void {
    const { id, method, params } = request;
    switch (method) {
      case 'ping':
        return this.#ends.up(resultLine(id, '{}'));
      case 'logging/setLevel':
        this.#level = fieldsOf(params)['level'];
        return this.#ends.up(resultLine(id, '{}'));
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return this.#listening.change(request);
      default:
        if (MAY_ASK.has(method)) this.#calls.set(idKey(id), { request, wireId: id, rounds: 0 });
        this.#ends.down(rewrite(request, { meta: { set: this.#meta() } }));
    }
  }

  #answer(answer: Answer): void {
    if (this.#listening.answered(answer)) return;
    const key = idKey(answer.id);
    const call = this.#calls.get(key);
    this.#calls.delete(key);
    const isCancelled = this.#cancelled.delete(key);
    const id = call?.request.id ?? answer.id;
    const { resultType } = answer.failed ? {} : fieldsOf(answer.payload);
    if (call !== undefined && resultType === 'input_required') {
      if (isCancelled) return this.#fail(call, 'the client took the request back');
      return this.#ask(call, answer);
    }
    if (resultType !== undefined && resultType !== 'complete') {
      const text = `its answer is of a kind that a client without 2026-07-28 cannot be given (${String(resultType).slice(0, 80)})`;
      return this.#ends.up(errorLine(id, BAD_UPSTREAM, text));
    }
    if (answer.failed) return this.#ends.up(id === answer.id ? answer.line : rewrite(answer, { id }));
    this.#ends.up(rewrite(answer, { id, drop: RESULT_TYPE }));
  }

  /** Asks the client what a server wants to know, in the order in which the server named it. */
  #ask(call: Call, answer: Answer): void {
    const { capabilities } = this.#client;
    const requests = fieldsOf(fieldsOf(answer.payload)['inputRequests']);
    const names = Object.keys(requests);
    if (++call.rounds > MAX_ROUNDS) return this.#fail(call, `it asked more than ${MAX_ROUNDS} times`);
    if (names.length > MAX_QUESTIONS)
      return this.#fail(call, `it asks more than ${MAX_QUESTIONS} questions at once`);
    for (const name of names) {
      const method = String(fieldsOf(requests[name])['method']);
      if (mayBeAsked(capabilities, method)) continue;
      return this.#fail(
        call,
        `it asks for ${method.slice(0, 80)}, which this client did not say it can be asked`,
      );
    }
    const open = new Map<string, Id>();
    call.round = { state: jsonOf(answer, 'requestState'), answers: new Map(), open };
    for (const { key, start } of entriesOf(answer, 'inputRequests')) {
      const id = ownId();
      const method = String(fieldsOf(requests[key])['method']);
      open.set(key, id);
      this.#asked.set(idKey(id), { call, key, method });
      this.#ends.up(question(id, method, answer.line, start));
    }
    if (open.size === 0) this.#again(call);
  }

  #answered(answer: Answer): void {
    const asked = this.#asked.get(idKey(answer.id));
    if (asked === undefined) return this.#ends.down(answer.line);
    this.#asked.delete(idKey(answer.id));
    const { call, key, method } = asked;
    const round = call.round;
    if (round === undefined) return;
    round.open.delete(key);
    if (answer.failed) {
      // There is no answer that says so: the server would wait for one that it can use.
      const { message } = answer.payload as { message?: unknown };
      return this.#fail(call, `the client did not answer its ${method}: ${String(message).slice(0, 200)}`);
    }
    const member = answer.scan.members.find((one) => one.key === 'result')!;
    round.answers.set(key, answer.line.toString('utf8', member.start, member.end));
    if (round.open.size === 0) this.#again(call);
  }

  /** The same request once more, with what the server wanted: its answers, and its own state as it was. */
  #again(call: Call): void {
    const { state, answers } = call.round!;
    delete call.round;
    call.wireId = ownId();
    this.#calls.set(idKey(call.wireId), call);
    const responses = [...answers].map(([key, json]) => `${JSON.stringify(key)}:${json}`);
    const add = [
      ...(responses.length === 0 ? [] : [`"inputResponses":{${responses.join(',')}}`]),
      ...(state === undefined ? [] : [`"requestState":${state}`]),
    ];
    this.#ends.down(
      rewrite(call.request, { id: call.wireId, meta: { set: this.#meta() }, add, drop: RETRY }),
    );
  }

  #cancel(message: Message): void {
    const requestId = message.kind === 'notification' ? idIn(message.params, 'requestId') : undefined;
    if (requestId === undefined) return;
    const call = this.#callOf(requestId);
    if (call?.round !== undefined) return this.#withdraw(call);
    const { reason } = fieldsOf((message as { params?: unknown }).params);
    const wireId = call?.wireId ?? requestId;
    if (call !== undefined) this.#noteCancelled(idKey(wireId));
    this.#ends.down(cancelledLine(wireId, typeof reason === 'string' ? reason : 'the client took it back'));
  }

  #noteCancelled(key: string): void {
    this.#cancelled.add(key);
    if (this.#cancelled.size <= MAX_CANCELLED) return;
    const [oldest] = this.#cancelled;
    this.#cancelled.delete(oldest!);
    this.#calls.delete(oldest!);
  }

  #callOf(id: Id): Call | undefined {
    for (const call of this.#calls.values()) if (call.request.id === id) return call;
    for (const { call } of this.#asked.values()) if (call.request.id === id) return call;
    return undefined;
  }

  #fail(call: Call, reason: string): void {
    this.#withdraw(call);
    this.#ends.up(errorLine(call.request.id, BAD_UPSTREAM, `the server gave no answer: ${reason}`));
  }

  /** Nobody waits any more for what the client was asked for a call. */
  #withdraw(call: Call): void {
    for (const id of call.round?.open.values() ?? []) {
      this.#asked.delete(idKey(id));
      this.#ends.up(cancelledLine(id, 'the request that it belongs to has ended'));
    }
    delete call.round;
  }
}

/** What only a retried request holds. */
const RETRY: ReadonlySet<string> = new Set(['inputResponses', 'requestState']);

/** A question that starts at `start`, as a request: with its method and its parameters, and nothing else of it. */
function question(id: Id, method: string, line: Buffer, start: number): Buffer {
  const params = membersOf(line, start).find(({ key }) => key === 'params');
  const json = params === undefined ? '{}' : line.toString('utf8', params.start, params.end);
  const head = JSON.stringify({ jsonrpc: '2.0', id, method });
  return Buffer.from(`${head.slice(0, -1)},"params":${json}}`);
}
