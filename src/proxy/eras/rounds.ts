import { randomBytes } from 'node:crypto';
import { applyEdits, replaceValue } from '../../json/edit.ts';
import { cancelledLine, errorLine, resultLine, UNROUTABLE } from '../answers.ts';
import {
  type Answer,
  type Id,
  INVALID_PARAMS,
  INVALID_REQUEST,
  idIn,
  idKey,
  innerOf,
  METHOD_NOT_FOUND,
  memberOf,
  type Notification,
  type Request,
} from '../message.ts';
import { ENVELOPE, type Ends, fieldsOf, MAY_ASK, META, mayBeAsked, metaOf } from './era.ts';
import { type Call, inputRequired, questionOf, subjectOf, tokenOf } from './held-call.ts';
import { entriesOf, rewrite } from './rewrite.ts';

/** So many questions of a server wait for one request; so many requests wait for what their client has to answer. */
const MAX_QUESTIONS = 100;
const MAX_SUSPENDED = 100;
/** Results that a client may keep say for how long; a server that shakes hands knows no such thing. */
const CACHEABLE: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);
/** What Cordon writes into a result; of a server that knows nothing of it, it means nothing. */
const ADDED: ReadonlySet<string> = new Set(['resultType', 'ttlMs', 'cacheScope']);

/**
 * The requests of a client of the stateless revision that a server which shakes hands works on. What that server asks
 * meanwhile is handed to the client as the result of a request, which it makes again with its answers; the server sees
 * one request, and answers to what it asked.
 */
export class Rounds {
  readonly #ends: Ends;
  readonly #isOf: (question: Id, request: Id) => boolean;
  /** By id on the server's wire, which is the one of the client's first try. */
  readonly #calls = new Map<string, Call>();
  readonly #suspended = new Map<string, Call>();
  /** Of requests whose client was asked: the progress token of the last try, by the key of the first one's. */
  readonly #tokens = new Map<string, Id | undefined>();

  /** `isOf` tells whether a question, by its id, can belong to a request. */
  constructor(ends: Ends, isOf: (question: Id, request: Id) => boolean) {
    this.#ends = ends;
    this.#isOf = isOf;
  }

  /** Takes a request to the server. */
  begin(request: Request): void {
    const { id } = request;
    // The client has got a result for it, but the server has not given one.
    if (this.#calls.has(idKey(id))) {
      const text = `the id ${JSON.stringify(id)} is that of a request that the server still works on`;
      return this.#ends.up(errorLine(id, INVALID_REQUEST, text));
    }
    const state = randomBytes(18).toString('base64url');
    this.#calls.set(idKey(id), {
      ...{ request, state, answerTo: id, askedUnder: undefined, answer: undefined },
      ...{ asked: new Map(), questions: 0, waiting: [] },
    });
    this.#ends.down(rewrite(request, { meta: { drop: ENVELOPE } }));
  }

  /** Takes a request again, with what its server asked for. False if it is none of that kind. */
  resume(request: Request): boolean {
    const { requestState, inputResponses } = fieldsOf(request.params);
    if (requestState === undefined && inputResponses === undefined) return false;
    this.#resume(request, requestState);
    return true;
  }

  /** Takes a server's answer; false if nobody waits for it. */
  answer(answer: Answer): boolean {
    const call = this.#calls.get(idKey(answer.id));
    if (call === undefined) return false;
    this.#forget(call);
    // Nobody needs to know any more what it asked and was not answered.
    if (call.answerTo === undefined) call.answer = answer;
    else this.#deliver(call, answer);
    return true;
  }

  /** Takes a server's notice of a request that is in flight; false if it is no such notice. */
  take(message: Notification): boolean {
    if (message.method === 'notifications/progress') this.#progress(message);
    else if (message.method === 'notifications/cancelled') this.#withdraw(message);
    else return false;
    return true;
  }

  /** Tells the server that the client took a request back. */
  cancel(id: Id): void {
    for (const call of this.#calls.values()) {
      if (call.answerTo === undefined && call.askedUnder === id) return this.#abandon(call);
      if (call.answerTo !== id) continue;
      // Most servers never answer it now, and it cannot be asked for any more.
      this.#forget(call);
      return this.#ends.down(cancelledLine(call.request.id, 'the client took it back'));
    }
  }

  /** Takes what the server asks of the client. */
  ask(request: Request): void {
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
    call.askedUnder = id;
    this.#suspended.set(call.state, call);
    const token = tokenOf(call.request);
    if (token !== undefined) this.#tokens.set(token, undefined);
    this.#ends.up(resultLine(id, inputRequired(call)));
    if (this.#suspended.size <= MAX_SUSPENDED) return;
    const [oldest] = this.#suspended.values();
    this.#abandon(oldest!);
  }

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

  /** A server takes back what it asked: an answer that comes all the same goes nowhere. */
  #withdraw(message: Notification): void {
    const id = innerOf(message, 'requestId');
    const json = id && message.line.toString('utf8', id.start, id.end);
    for (const call of this.#calls.values()) {
      call.waiting = call.waiting.filter(({ idJson }) => idJson !== json);
      for (const [key, { idJson }] of call.asked) if (idJson === json) call.asked.delete(key);
    }
  }

  #forget({ request }: Call): void {
    this.#calls.delete(idKey(request.id));
    this.#tokens.delete(tokenOf(request) ?? '');
  }

  /** A client that never came back: the server gets no answer any more, and is told to stop. */
  #abandon(call: Call): void {
    this.#suspended.delete(call.state);
    this.#forget(call);
    for (const { idJson } of call.asked.values()) {
      const error = { code: UNROUTABLE, message: 'the client does not come back with an answer' };
      this.#ends.down(Buffer.from(`{"jsonrpc":"2.0","id":${idJson},"error":${JSON.stringify(error)}}`));
    }
    if (call.answer === undefined)
      this.#ends.down(cancelledLine(call.request.id, 'the client does not come back'));
  }
}
