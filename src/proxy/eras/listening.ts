import { cancelledLine, errorLine, resultLine } from '../answers.ts';
import {
  type Answer,
  type Id,
  INVALID_PARAMS,
  idIn,
  idKey,
  memberOf,
  type Notification,
  type Request,
} from '../message.ts';
import { ownId } from '../upstream.ts';
import { type Ends, type Fields, fieldsOf, META, metaOf } from './era.ts';
import { rewrite } from './rewrite.ts';

const MAX_URIS = 1000;
const MAX_URI_CHARS = 8192;
const SUBSCRIPTION: ReadonlySet<string> = new Set([META.subscription]);
const LISTS = ['tools', 'prompts', 'resources'] as const;

/** A client's request to be told of a resource, or no longer. */
interface Change {
  id: Id;
  uri: string;
  wanted: boolean;
}

/**
 * The one subscription (2026-07-28) that carries all that a client which shook hands is to hear of: changed lists, and
 * the resources that it subscribed to. A subscription cannot be changed, so each change opens another, and ends the
 * one before once the new one stands: nothing is missed between them.
 */
export class Listening {
  readonly #ends: Ends;
  readonly #capabilities: Fields;
  readonly #meta: () => Fields;
  readonly #uris = new Set<string>();
  /** The subscription that stands, and the one that is to take its place, with what it is for. */
  #current: Id | undefined;
  #next: { id: Id; changes: Change[] } | undefined;
  #changes: Change[] = [];

  constructor(ends: Ends, capabilities: Fields, meta: () => Fields) {
    this.#ends = ends;
    this.#capabilities = capabilities;
    this.#meta = meta;
  }

  /** The client is ready to be told. */
  start(): void {
    if (this.#current !== undefined || this.#next !== undefined) return;
    if (LISTS.some((list) => fieldsOf(this.#capabilities[list])['listChanged'] === true)) this.#open();
  }

  /** Takes `resources/subscribe` and `resources/unsubscribe`. */
  change({ id, method, params }: Request): void {
    const { uri } = fieldsOf(params);
    const wanted = method === 'resources/subscribe';
    const refuse = (text: string) => this.#ends.up(errorLine(id, INVALID_PARAMS, text));
    if (typeof uri !== 'string' || uri.length > MAX_URI_CHARS)
      return refuse('"uri" is no address of a resource');
    if (wanted && this.#uris.size >= MAX_URIS)
      return refuse(`no more than ${MAX_URIS} resources are subscribed to`);
    if (this.#changes.length >= MAX_URIS)
      return refuse(`${MAX_URIS} changes wait for the server to acknowledge the ones before`);
    this.#changes.push({ id, uri, wanted });
    if (this.#next === undefined) this.#open();
  }

  /** Takes an answer to one of its own requests; false if it is none. */
  answered(answer: Answer): boolean {
    const key = idKey(answer.id);
    const isNext = this.#next !== undefined && key === idKey(this.#next.id);
    if (!isNext && (this.#current === undefined || key !== idKey(this.#current))) return false;
    if (!isNext) this.#current = undefined;
    else {
      // What was wanted is not to be had: the subscription before it stands.
      const { changes } = this.#next!;
      this.#next = undefined;
      for (const { id, uri, wanted } of changes) {
        if (wanted) this.#uris.delete(uri);
        const error = memberOf(answer, 'error');
        const why =
          error === undefined
            ? 'the server ended the subscription'
            : String(fieldsOf(answer.payload)['message']);
        this.#ends.up(errorLine(id, INVALID_PARAMS, why.slice(0, 500)));
      }
      if (this.#changes.length > 0) this.#open();
    }
    return true;
  }

  /** Takes a notice that came under a subscription; false if it came under none. */
  take(message: Notification | Request): boolean {
    const { method, params } = message;
    const id = idIn(metaOf(params), META.subscription);
    if (id === undefined) return false;
    const key = idKey(id);
    if (method === 'notifications/subscriptions/acknowledged') {
      if (this.#next !== undefined && key === idKey(this.#next.id)) this.#stands();
    } else if (this.#current !== undefined && key === idKey(this.#current)) {
      this.#ends.up(rewrite(message, { meta: { drop: SUBSCRIPTION } }));
    }
    return true;
  }

  #open(): void {
    const changes = this.#changes;
    this.#changes = [];
    for (const { uri, wanted } of changes) wanted ? this.#uris.add(uri) : this.#uris.delete(uri);
    const id = ownId();
    this.#next = { id, changes };
    const notifications: Fields = {};
    for (const list of LISTS) {
      if (fieldsOf(this.#capabilities[list])['listChanged'] === true)
        notifications[`${list}ListChanged`] = true;
    }
    if (this.#uris.size > 0) notifications['resourceSubscriptions'] = [...this.#uris];
    const params = { notifications, _meta: this.#meta() };
    this.#ends.down(
      Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params })),
    );
  }

  #stands(): void {
    const { id, changes } = this.#next!;
    this.#next = undefined;
    if (this.#current !== undefined) this.#ends.down(cancelledLine(this.#current, 'another takes its place'));
    this.#current = id;
    for (const change of changes) this.#ends.up(resultLine(change.id, '{}'));
    if (this.#changes.length > 0) this.#open();
  }
}
