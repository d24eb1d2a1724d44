import { applyEdits, type Edit, replaceValue } from '../../json/edit.ts';
import type { Member } from '../../json/spans.ts';
import type { Context } from '../context.ts';
import { fromServer, refuseServer } from '../crossing.ts';
import {
  type Answer,
  INVALID_PARAMS,
  idIn,
  idKey,
  innerOf,
  METHOD_NOT_FOUND,
  type Message,
  memberOf,
  parseMessage,
  type Request,
  tokenIn,
} from '../message.ts';
import { claimEdits } from '../splice.ts';
import type { Upstream } from '../upstream.ts';
import type { AskedOfClient } from './asked.ts';
import { elicitationEdits, paramEdits, type Rename, relatedTaskEdits, taskEdits } from './ids.ts';
import type { Lists } from './lists.ts';
import type { Names } from './names.ts';
import type { Resources } from './resources.ts';
import type { Subscriptions } from './subscriptions.ts';

const MAX_TOKEN_BYTES = 4096;

type Unasked = Exclude<Message, Answer>;

/** Methods whose `params` hold an id that is the server's own. */
const OWN_IDS = new Map([
  ['notifications/tasks', 'taskId'],
  ['notifications/tasks/status', 'taskId'],
  ['elicitation/create', 'elicitationId'],
  ['notifications/elicitation/complete', 'elicitationId'],
]);
const LIST_CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/;

/** What several servers say, told so that the client can tell their ids and tokens apart. */
export class FromServers {
  readonly #context: Context;
  readonly #names: Names;
  readonly #asked: AskedOfClient;
  readonly #resources: Resources;
  readonly #lists: Lists;
  readonly #subscriptions: Subscriptions;

  constructor(
    context: Context,
    known: {
      names: Names;
      asked: AskedOfClient;
      resources: Resources;
      lists: Lists;
      subscriptions: Subscriptions;
    },
  ) {
    this.#context = context;
    this.#names = known.names;
    this.#asked = known.asked;
    this.#resources = known.resources;
    this.#lists = known.lists;
    this.#subscriptions = known.subscriptions;
  }

  /** An answer to a request of the client's, with the ids of tasks that the client knows. */
  retold(upstream: Upstream, answer: Answer, method: string): Answer {
    const rename = this.#taskIds(upstream);
    return reread(answer, [...taskEdits(answer, method, rename), ...relatedTaskEdits(answer, rename)]);
  }

  answerEdits(upstream: Upstream, answer: Answer, clientId: string | number): Edit[] {
    const edits = elicitationEdits(answer, (id) => this.#names.scoped(upstream, id));
    edits.push(replaceValue(memberOf(answer, 'id')!, JSON.stringify(clientId)));
    return edits;
  }

  /** Takes a server's request or notification to the client, if it may go there. */
  take(upstream: Upstream, received: Unasked): void {
    if (received.kind === 'request' && !this.#mayAsk(upstream, received)) return;
    if (!fromServer(this.#context, upstream, received)) return;
    const message = reread(received, this.#idEdits(upstream, received));
    if (message.kind === 'request') return this.#request(upstream, message);
    const { method, params } = message;
    const edits = claimEdits(message);
    if (method === 'notifications/cancelled') {
      const id = idIn(params, 'requestId');
      const asked = id === undefined ? undefined : this.#asked.withdrawn(upstream, id);
      // What it takes back was answered before.
      if (asked === undefined) return;
      edits.push(replaceValue(innerOf(message, 'requestId')!, JSON.stringify(asked.alias)));
    } else if (method === 'notifications/progress') {
      const token = idIn(params, 'progressToken')!;
      const json = upstream.progressTokens.get(idKey(token))!;
      edits.push(replaceValue(innerOf(message, 'progressToken')!, json));
    } else if (method === 'notifications/resources/updated') {
      const { uri } = (params ?? {}) as { uri?: unknown };
      if (typeof uri === 'string' && !this.#mayTellOf(upstream, uri)) return;
    } else {
      const capability = LIST_CHANGED.exec(method)?.[1];
      if (capability !== undefined && !this.#lists.isNews(capability)) return;
    }
    this.#context.toClient(applyEdits(message.line, edits));
  }

  /**
   * One server does not speak for what another listed, unless the client was subscribed with it: whose a resource is can
   * become known later, and what was subscribed to is told of all the same.
   */
  #mayTellOf(upstream: Upstream, uri: string): boolean {
    const owner = this.#resources.ownerOf(uri);
    return owner === undefined || owner === upstream || this.#subscriptions.has(upstream, uri);
  }

  #request(upstream: Upstream, message: Request): void {
    const { line, id, method } = message;
    const idMember = memberOf(message, 'id')!;
    const token = tokenIn(message);
    const asked = this.#asked.add({
      upstream,
      method,
      id,
      idJson: line.toString('utf8', idMember.start, idMember.end),
      tokenJson: token && shortJson(line, token),
    });
    const alias = JSON.stringify(asked.alias);
    const told = reread(message, token === undefined ? [] : [replaceValue(token, alias)]);
    const edits = [replaceValue(memberOf(told, 'id')!, alias), ...claimEdits(told)];
    this.#context.toClient(applyEdits(told.line, edits));
  }

  /** A task of the client's is known to the server that started it, and to no other. */
  #mayAsk(upstream: Upstream, request: Request): boolean {
    const { method, params } = request;
    if (!method.startsWith('tasks/')) return true;
    const task = idIn(params, 'taskId');
    if (method !== 'tasks/list' && task !== undefined && this.#asked.ownerOf(String(task)) === upstream)
      return true;
    const refusal =
      method === 'tasks/list'
        ? { code: METHOD_NOT_FOUND, text: 'tasks are not listed' }
        : { code: INVALID_PARAMS, text: 'there is no such task' };
    return refuseServer(this.#context, upstream, request, { ...refusal, reason: 'not-its-task' });
  }

  #idEdits(upstream: Upstream, message: Unasked): Edit[] {
    const key = OWN_IDS.get(message.method);
    const own = key === undefined ? [] : paramEdits(message, key, (id) => this.#names.scoped(upstream, id));
    return own.concat(relatedTaskEdits(message, this.#taskIds(upstream)));
  }

  #taskIds(upstream: Upstream): Rename {
    return (id) => (this.#asked.ownerOf(id) === upstream ? undefined : this.#names.scoped(upstream, id));
  }
}

/** A token as it was written; one that is too long to be kept has its progress dropped. */
function shortJson(line: Buffer, { start, end }: Member): string | undefined {
  return end - start > MAX_TOKEN_BYTES ? undefined : line.toString('utf8', start, end);
}

/** The message with its edits made: what else is changed in it is found by where it stands now. */
function reread<T extends Message>(message: T, edits: readonly Edit[]): T {
  // It was as deep before.
  return edits.length === 0 ? message : (parseMessage(applyEdits(message.line, edits), Infinity) as T);
}
