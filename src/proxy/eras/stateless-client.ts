import { randomBytes } from 'node:crypto';
import { VERSION } from '../../config/version.ts';
import { applyEdits, replaceValue } from '../../json/edit.ts';
import { cancelledLine, errorLine, resultLine, UNROUTABLE, UPSTREAM_GONE } from '../answers.ts';
import {
  type Answer,
  type Id,
  INVALID_PARAMS,
  idIn,
  idKey,
  innerOf,
  METHOD_NOT_FOUND,
  type Message,
  memberOf,
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
  MAY_ASK,
  META,
  mayBeAsked,
  metaOf,
  STATELESS,
  sharedCapabilities,
  type Translation,
} from './era.ts';
import { entriesOf, rewrite } from './rewrite.ts';
import { Subscribers } from './subscribers.ts';

/** So many questions of a server wait for one request; so many requests wait for what their client has to answer. */
const MAX_QUESTIONS = 100;
const MAX_SUSPENDED = 100;
/** A client that asks on while the server is greeted is told. */
const MAX_HELD = 1000;
/** Results that a client may keep say for how long; a server that shakes hands knows no such thing. */
const CACHEABLE: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** A client's request that the server works on. */
interface Call {
  request: Request;
  /** Where its answer goes; undefined while the client has been asked something instead. */
  answerTo: Id | undefined;
  /** Names the request while its client is asked. */
  state: string;
  /** What the server asked, by the names that the client got, with the server's ids as they were written. */
  asked: Map<string, Question>;
  questions: number;
  /** Asked since: the client gets them when it comes back. */
  waiting: Question[];
  /** Came while the client was being asked. */
  answer: Answer | undefined;
}

interface Question {
  idJson: string;
  json: string;
}

/**
 * A client of the stateless revision before a server that shakes hands: the handshake is made with what the first
 * request says of its client, and what the server asks by requests is asked in the result of the one request that it
 * can belong to. The server is not told of the round trip: it waits for its answer, as it would for any client's.
 */
export class StatelessClient implements Translation {
  readonly #ends: Ends;
  readonly #subscribers: Subscribers;
  /** By id on the server's wire, which is the one of the client's first try. */
  readonly #calls = new Map<string, Call>();
  readonly #suspended = new Map<string, Call>();
  /** Of requests whose client was asked: the progress token of the last try, by the key of the first one's. */
  readonly #tokens = new Map<string, Id | undefined>();
  readonly #own = new Map<string, (answer: Answer) => void>();
  readonly #isOf: (question: Id, request: Id) => boolean;
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
    this.#isOf = isOf;
    this.#subscribers = new Subscribers(ends, (method, params) => this.#ask(method, params, () => {}));
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
    if (message.kind === 'request') return this.#asked(message);
    // Logs are for who asked for them, and nobody has.
    if (message.method === 'notifications/message' && this.#level === undefined) return;
    if (message.method === 'notifications/progress') return this.#progress(message);
    if (!this.#subscribers.tell(message)) this.#ends.up(message.line);
  }

  #ask(method: string, params: Fields, done: (answer: Answer) => void): void {
    const id = ownId();
    this.#own.set(idKey(id), done);
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
    const { requestState, inputResponses } = fieldsOf(params);
    if (requestState !== undefined || inputResponses !== undefined)
      return this.#resume(request, requestState);
    this.#setLevel(metaOf(params)[META.level]);
    const state = randomBytes(18).toString('base64url');
    const call = {
      request,
      answerTo: id,
      state,
      asked: new Map(),
      questions: 0,
      waiting: [],
      answer: undefined,
    };
    this.#calls.set(idKey(id), call);
    this.#ends.down(rewrite(request, { meta: { drop: ENVELOPE } }));
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
    const call = this.#calls.get(key);
    this.#calls.delete(key);
    if (call === undefined) return this.#ends.up(answer.line);
    this.#tokens.delete(tokenOf(call.request) ?? '');
    // Nobody needs to know any more what it asked and was not answered.
    if (call.answerTo === undefined) call.answer = answer;
    else this.#deliver(call, answer);
  }

  #deliver({ request, answerTo }: Call, answer: Answer): void {
    const id = answerTo!;
    if (answer.failed) return this.#ends.up(id === answer.id ? answer.line : rewrite(answer, { id }));
    const add = ['"resultType":"complete"'];
    if (CACHEABLE.has(request.method)) add.push('"ttlMs":0', '"cacheScope":"private"');
    this.#ends.up(rewrite(answer, { id, add, drop: ADDED }));
  }

  #progress(message: Notification): void {
    const token = idIn(message.params, 'progressToken');
    const key = token === undefined ? '' : idKey(token);
    if (!this.#tokens.has(key)) return this.#ends.up(message.line);
    const now = this.#tokens.get(key);
    if (now === undefined) return;
    const edit = replaceValue(innerOf(message, 'progressToken')!, JSON.stringify(now));
    this.#ends.up(applyEdits(message.line, [edit]));
  }

  /** Takes what the server asks of the client. */
  #asked(request: Request): void {
    const { id, method } = request;
    if (method === 'ping') return this.#ends.down(resultLine(id, '{}'));
    const refuse = (code: number, text: string) => this.#ends.down(errorLine(id, code, text));
    const calls = [...this.#calls.values()].filter(
      (call) => MAY_ASK.has(call.request.method) && this.#isOf(id, call.request.id),
    );
    const [call, ...others] = calls;
    if (call === undefined)
      return refuse(UNROUTABLE, 'this client can be asked only while it waits for an answer');
    if (others.length > 0) {
      return refuse(
        UNROUTABLE,
        `this client waits for ${calls.length} answers: which of them needs this cannot be told`,
      );
    }
    if (!mayBeAsked(metaOf(call.request.params)[META.capabilities], method)) {
      return refuse(METHOD_NOT_FOUND, `this client did not say that it can be asked ${method.slice(0, 80)}`);
    }
    if (call.waiting.length + call.asked.size >= MAX_QUESTIONS) {
      return refuse(UNROUTABLE, `${MAX_QUESTIONS} questions wait for this client already`);
    }
    const idMember = memberOf(request, 'id')!;
    const idJson = request.line.toString('utf8', idMember.start, idMember.end);
    call.waiting.push({ idJson, json: questionOf(request) });
    if (call.answerTo !== undefined) this.#suspend(call);
  }

  /** Answers a request with what the server asks. */
  #suspend(call: Call): void {
    for (const one of call.waiting) call.asked.set(`question-${++call.questions}`, one);
    call.waiting = [];
    const id = call.answerTo!;
    call.answerTo = undefined;
    this.#suspended.set(call.state, call);
    const token = tokenOf(call.request);
    if (token !== undefined) this.#tokens.set(token, undefined);
    this.#ends.up(resultLine(id, inputRequired(call)));
    if (this.#suspended.size <= MAX_SUSPENDED) return;
    const [oldest] = this.#suspended.values();
    this.#abandon(oldest!);
  }

  /** Takes a request again, with what its server asked for. */
  #resume(request: Request, state: unknown): void {
    const call = typeof state === 'string' ? this.#suspended.get(state) : undefined;
    const isSame = call !== undefined && subjectOf(call.request) === subjectOf(request);
    if (call === undefined || !isSame) {
      const text = 'no request waits under this "requestState"; make it again without';
      return this.#ends.up(errorLine(request.id, INVALID_PARAMS, text));
    }
    for (const { key, json } of entriesOf(request, 'inputResponses')) {
      const asked = call.asked.get(key);
      if (asked === undefined) continue;
      call.asked.delete(key);
      this.#ends.down(Buffer.from(`{"jsonrpc":"2.0","id":${asked.idJson},"result":${json}}`));
    }
    call.answerTo = request.id;
    const token = tokenOf(call.request);
    if (token !== undefined) this.#tokens.set(token, idIn(metaOf(request.params), 'progressToken'));
    if (call.answer !== undefined) {
      this.#suspended.delete(call.state);
      return this.#deliver(call, call.answer);
    }
    if (call.asked.size + call.waiting.length > 0) return this.#suspend(call);
    this.#suspended.delete(call.state);
  }

  #cancel(message: Notification): void {
    const requestId = idIn(message.params, 'requestId');
    if (requestId === undefined || this.#subscribers.remove(requestId)) return;
    const at = this.#held?.findIndex(({ id }) => id === requestId) ?? -1;
    if (at >= 0) return void this.#held!.splice(at, 1);
    for (const call of this.#calls.values()) {
      if (call.answerTo === requestId)
        return this.#ends.down(cancelledLine(call.request.id, 'the client took it back'));
    }
  }

  /** A client that never came back: the server gets no answer any more, and is told to stop. */
  #abandon(call: Call): void {
    this.#suspended.delete(call.state);
    this.#calls.delete(idKey(call.request.id));
    for (const { idJson } of call.asked.values()) {
      const error = { code: UNROUTABLE, message: 'the client did not come back with an answer' };
      this.#ends.down(Buffer.from(`{"jsonrpc":"2.0","id":${idJson},"error":${JSON.stringify(error)}}`));
    }
    if (call.answer === undefined)
      this.#ends.down(cancelledLine(call.request.id, 'the client did not come back'));
  }
}

/** What Cordon writes into a result; of a server that knows nothing of it, it means nothing. */
const ADDED: ReadonlySet<string> = new Set(['resultType', 'ttlMs', 'cacheScope']);

function inputRequired({ asked, state }: Call): string {
  const requests = [...asked].map(([key, { json }]) => `${JSON.stringify(key)}:${json}`).join(',');
  return `{"resultType":"input_required","inputRequests":{${requests}},"requestState":${JSON.stringify(state)}}`;
}

/** A request without what belongs to its wire. */
function questionOf({ line, scan, method }: Request): string {
  const params = scan.members.find(({ key }) => key === 'params');
  const json = params === undefined ? '' : `,"params":${line.toString('utf8', params.start, params.end)}`;
  return `{"method":${JSON.stringify(method)}${json}}`;
}

function tokenOf({ params }: Request): string | undefined {
  const token = idIn(metaOf(params), 'progressToken');
  return token === undefined ? undefined : idKey(token);
}

/** What a request is about: another one cannot take up where it was left. */
function subjectOf({ method, params }: Request): string {
  const { name, uri } = fieldsOf(params);
  return JSON.stringify([method, name, uri]);
}
