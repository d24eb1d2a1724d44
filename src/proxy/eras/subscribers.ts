import { errorLine } from '../answers.ts';
import {
  type Answer,
  type Id,
  INVALID_PARAMS,
  INVALID_REQUEST,
  idKey,
  memberOf,
  type Notification,
  type Request,
} from '../message.ts';
import { type Ends, type Fields, fieldsOf, META } from './era.ts';
import { rewrite } from './rewrite.ts';

const MAX_SUBSCRIPTIONS = 1000;
/** Resources of one subscription, and of all together, each counted once for each that names it. */
const MAX_URIS = 1000;
const MAX_ALL_URIS = 10_000;
const MAX_URI_CHARS = 8192;
const LIST_CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/;

interface Subscription {
  id: Id;
  /** As the client wrote it. */
  idJson: string;
  /** Names of lists that it is told of. */
  lists: ReadonlySet<string>;
  uris: Set<string>;
  /** Of these, those that the server has not said yes to: it is acknowledged when it has, and told of nothing before. */
  awaited: Set<string>;
}

/** A resource that the server was asked to tell of. */
interface Followed {
  by: Set<Subscription>;
  isAnswered: boolean;
}

/** A client's subscriptions (2026-07-28) before a server that tells of everything, and of each resource once asked to. */
export class Subscribers {
  readonly #ends: Ends;
  readonly #ask: (method: string, params: Fields, done: (answer: Answer) => void) => void;
  readonly #all = new Map<string, Subscription>();
  readonly #followed = new Map<string, Followed>();
  /** What the server said it can tell of. */
  capabilities: Fields = {};

  /** `ask` is to make a request of the server. */
  constructor(ends: Ends, ask: (method: string, params: Fields, done: (answer: Answer) => void) => void) {
    this.#ends = ends;
    this.#ask = ask;
  }

  /**
   * Takes `subscriptions/listen`, and acknowledges what of it the server can do once the server has said so: what the
   * client changes then, it is told of. It is not answered until it ends.
   */
  add(request: Request): void {
    const { id, line, params } = request;
    const refuse = (text: string, code = INVALID_PARAMS) => this.#ends.up(errorLine(id, code, text));
    if (this.#all.has(idKey(id))) return refuse('the id is that of another subscription', INVALID_REQUEST);
    if (this.#all.size >= MAX_SUBSCRIPTIONS)
      return refuse(`there are ${MAX_SUBSCRIPTIONS} subscriptions already`);
    const wanted = fieldsOf(fieldsOf(params)['notifications']);
    const uris = this.#addresses(wanted['resourceSubscriptions']);
    if (uris.size > MAX_URIS) return refuse(`it names more than ${MAX_URIS} resources`);
    if (this.#uriCount() + uris.size > MAX_ALL_URIS)
      return refuse(`no more than ${MAX_ALL_URIS} resources are subscribed to`);
    const lists = new Set(
      ['tools', 'prompts', 'resources'].filter(
        (list) =>
          wanted[`${list}ListChanged`] === true && fieldsOf(this.capabilities[list])['listChanged'] === true,
      ),
    );
    const member = memberOf(request, 'id')!;
    const idJson = line.toString('utf8', member.start, member.end);
    const one: Subscription = { id, idJson, lists, uris, awaited: new Set() };
    this.#all.set(idKey(id), one);
    for (const uri of uris) this.#follow(uri, one);
    if (one.awaited.size === 0) this.#acknowledge(one);
  }

  /** Ends a subscription that the client takes back; false if the id is of none. */
  remove(id: Id): boolean {
    const one = this.#all.get(idKey(id));
    if (one === undefined) return false;
    this.#all.delete(idKey(id));
    for (const uri of one.uris) {
      const { by } = this.#followed.get(uri)!;
      by.delete(one);
      if (by.size > 0) continue;
      this.#followed.delete(uri);
      this.#ask('resources/unsubscribe', { uri }, () => {});
    }
    return true;
  }

  /**
   * Tells of a change under each subscription that it is for. False if it is no such notice, or one of a list that nobody
   * subscribed to: it is passed on all the same, since what was listed has to be listed again before it is used.
   */
  tell(message: Notification): boolean {
    const { method, params } = message;
    const list = LIST_CHANGED.exec(method)?.[1];
    const { uri } = fieldsOf(params);
    if (list === undefined && method !== 'notifications/resources/updated') return false;
    let isTold = list === undefined;
    for (const { id, lists, uris, awaited } of this.#all.values()) {
      if (awaited.size > 0 || (list === undefined ? !uris.has(uri as string) : !lists.has(list))) continue;
      this.#ends.up(rewrite(message, { meta: { set: { [META.subscription]: id } } }));
      isTold = true;
    }
    return isTold;
  }

  #addresses(asked: unknown): Set<string> {
    const canSubscribe = fieldsOf(this.capabilities['resources'])['subscribe'] === true;
    return new Set(Array.isArray(asked) && canSubscribe ? asked.filter(isAddress) : []);
  }

  #uriCount(): number {
    let count = 0;
    for (const { uris } of this.#all.values()) count += uris.size;
    return count;
  }

  #follow(uri: string, one: Subscription): void {
    const known = this.#followed.get(uri);
    if (known !== undefined) {
      known.by.add(one);
      if (!known.isAnswered) one.awaited.add(uri);
      return;
    }
    const followed: Followed = { by: new Set([one]), isAnswered: false };
    this.#followed.set(uri, followed);
    one.awaited.add(uri);
    this.#ask('resources/subscribe', { uri }, ({ failed }) => {
      // Nobody wants it any more, or somebody wants it again and has asked anew.
      if (this.#followed.get(uri) === followed) this.#answered(uri, followed, failed);
    });
  }

  /** The server follows a resource, or does not: then those who named it are acknowledged without it. */
  #answered(uri: string, followed: Followed, failed: boolean): void {
    followed.isAnswered = true;
    if (failed) this.#followed.delete(uri);
    for (const one of followed.by) {
      if (failed) one.uris.delete(uri);
      if (one.awaited.delete(uri) && one.awaited.size === 0) this.#acknowledge(one);
    }
  }

  #acknowledge({ idJson, lists, uris }: Subscription): void {
    const notifications: Fields = {};
    for (const list of lists) notifications[`${list}ListChanged`] = true;
    if (uris.size > 0) notifications['resourceSubscriptions'] = [...uris];
    const method = 'notifications/subscriptions/acknowledged';
    const meta = `{${JSON.stringify(META.subscription)}:${idJson}}`;
    this.#ends.up(
      Buffer.from(
        `{"jsonrpc":"2.0","method":"${method}","params":{"notifications":${JSON.stringify(notifications)},"_meta":${meta}}}`,
      ),
    );
  }
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_URI_CHARS;
}
