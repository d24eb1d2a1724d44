import { applyEdits, type Edit, replaceValue } from '../../json/edit.ts';
import type { Context } from '../context.ts';
import { absorbClientAnswer, sendClientAnswer } from '../crossing.ts';
import { type Answer, idIn, idKey, innerOf, type Message, memberOf, type Notification } from '../message.ts';
import { cancelWaiting, noteCancelled } from '../requests.ts';
import type { Upstream } from '../upstream.ts';
import type { AskedOfClient } from './asked.ts';
import { relatedTaskEdits } from './ids.ts';
import type { Names } from './names.ts';

/** What the client says unasked, and its answers, each to the server that it is for. */
export class FromClient {
  readonly #context: Context;
  readonly #names: Names;
  readonly #asked: AskedOfClient;

  constructor(context: Context, names: Names, asked: AskedOfClient) {
    this.#context = context;
    this.#names = names;
    this.#asked = asked;
  }

  answer(answer: Answer): void {
    const asked = this.#asked.answered(answer.id, answer.failed ? undefined : answer.payload);
    if (asked === undefined) return absorbClientAnswer(this.#context, answer);
    const { upstream, idJson } = asked;
    // Not in order with requests: the server may be waiting for this answer before it goes on with them.
    const edits = relatedToServer(this.#names, upstream, answer);
    edits.push(replaceValue(memberOf(answer, 'id')!, idJson));
    sendClientAnswer(this.#context, upstream, asked, answer, applyEdits(answer.line, edits));
  }

  notification(message: Notification): void {
    const { method, params } = message;
    switch (method) {
      case 'notifications/cancelled':
        return this.#cancel(message);
      case 'notifications/progress':
        return this.#progress(message);
      case 'notifications/tasks/status': {
        const owner = this.#asked.ownerOf(String(idIn(params, 'taskId')));
        if (owner !== undefined) this.#context.toUpstream(owner, message.line);
        return;
      }
      default:
        for (const upstream of this.#context.upstreams) this.#inOrder(upstream, message.line);
    }
  }

  #cancel(message: Notification): void {
    if (cancelWaiting(this.#context, message.params)) return;
    const id = idIn(message.params, 'requestId');
    const sent = id === undefined ? undefined : this.#context.inFlight.get(idKey(id));
    if (sent === undefined) return;
    noteCancelled(this.#context, message.params);
    const edit = replaceValue(innerOf(message, 'requestId')!, JSON.stringify(sent.id));
    this.#inOrder(sent.upstream, applyEdits(message.line, [edit]));
  }

  #progress(message: Notification): void {
    const token = idIn(message.params, 'progressToken');
    const asked = token === undefined ? undefined : this.#asked.inProgress(token);
    if (asked?.tokenJson === undefined) return;
    const edits = relatedToServer(this.#names, asked.upstream, message);
    edits.push(replaceValue(innerOf(message, 'progressToken')!, asked.tokenJson));
    this.#context.toUpstream(asked.upstream, applyEdits(message.line, edits));
  }

  #inOrder(upstream: Upstream, line: Buffer): void {
    if (upstream.gone !== undefined) return;
    upstream.inOrder(() => {
      if (upstream.gone === undefined) this.#context.toUpstream(upstream, line);
    });
  }
}

/** Edits that give a server its own id of the task that a message belongs to. */
export function relatedToServer(names: Names, upstream: Upstream, message: Message): Edit[] {
  return relatedTaskEdits(message, (id) => {
    const found = names.unscoped(id);
    return found?.upstream === upstream ? found.own : undefined;
  });
}
