import { applyEdits, type Edit } from '../json/edit.ts';
import type { Context, Route, Routing } from './context.ts';
import { absorbClientAnswer, fromServer, sendClientAnswer } from './crossing.ts';
import { type Answer, idIn, idKey, type Message, type Request } from './message.ts';
import { cancelWaiting, noteCancelled } from './requests.ts';
import { claimEdits } from './splice.ts';
import type { Upstream } from './upstream.ts';

/** One server: names, ids and tokens stay as they are. */
export class SingleRouting implements Routing {
  readonly #context: Context;
  readonly #upstream: Upstream;

  constructor(context: Context, upstream: Upstream) {
    this.#context = context;
    this.#upstream = upstream;
  }

  route(request: Request): Route {
    return { upstream: this.#upstream, id: request.id, edits: [] };
  }

  fromClient(message: Exclude<Message, Request>): void {
    const upstream = this.#upstream;
    if (upstream.gone !== undefined) return;
    if (message.kind === 'answer') {
      const asked = upstream.asked.get(idKey(message.id));
      if (asked === undefined) return absorbClientAnswer(this.#context, message);
      upstream.asked.delete(idKey(message.id));
      return sendClientAnswer(this.#context, upstream, asked, message, message.line);
    }
    if (message.method === 'notifications/cancelled') {
      if (cancelWaiting(this.#context, message.params)) return;
      noteCancelled(this.#context, message.params);
    }
    this.#context.toUpstream(upstream, message.line);
  }

  retold(_upstream: Upstream, answer: Answer): Answer {
    return answer;
  }

  answerEdits(): Edit[] {
    return [];
  }

  fromUpstream(upstream: Upstream, message: Exclude<Message, Answer>): void {
    if (!fromServer(this.#context, upstream, message)) return;
    if (message.kind === 'request') {
      upstream.asked.set(idKey(message.id), { id: message.id, method: message.method });
    } else if (message.method === 'notifications/cancelled') {
      const id = idIn(message.params, 'requestId');
      if (id !== undefined) upstream.asked.delete(idKey(id));
    }
    this.#context.toClient(applyEdits(message.line, claimEdits(message)));
  }

  gone(): void {}

  leftOut(): number {
    return 0;
  }

  isOf(): boolean {
    return true;
  }

  close(): void {}
}
