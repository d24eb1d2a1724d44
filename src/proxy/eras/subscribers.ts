import { errorLine } from '../answers.ts';
import { type Id, INVALID_PARAMS, idKey, memberOf, type Notification, type Request } from '../message.ts';
import { type Ends, type Fields, fieldsOf, META } from './era.ts';
import { rewrite } from './rewrite.ts';

const MAX_SUBSCRIPTIONS = 1000;
const MAX_URIS = 1000;
const MAX_URI_CHARS = 8192;
const LIST_CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/;

interface Subscription {
  id: Id;
  /** Names of lists that it is told of. */
  lists: ReadonlySet<string>;
  uris: ReadonlySet<string>;
}

/** A client's subscriptions (2026-07-28) before a server that tells of everything, and of each resource once asked to. */
export class Subscribers {
  readonly #ends: Ends;
  readonly #ask: (method: string, params: Fields) => void;
  readonly #all = new Map<string, Subscription>();
  /** What the server said it can tell of. */
  capabilities: Fields = {};

  /** `ask` is to make a request of the server whose answer nobody needs. */
  constructor(ends: Ends, ask: (method: string, params: Fields) => void) {
    this.#ends = ends;
    this.#ask = ask;
  }

  /** Takes `subscriptions/listen`, and acknowledges what of it the server can do. It is not answered until it ends. */
  add(request: Request): void {
    const { id, line, params } = request;
    const refuse = (text: string) => this.#ends.up(errorLine(id, INVALID_PARAMS, text));
    if (this.#all.size >= MAX_SUBSCRIPTIONS)
      return refuse(`there are ${MAX_SUBSCRIPTIONS} subscriptions already`);
    const wanted = fieldsOf(fieldsOf(params)['notifications']);
    const notifications: Fields = {};
    const lists = new Set<string>();
    for (const list of ['tools', 'prompts', 'resources']) {
      if (wanted[`${list}ListChanged`] !== true || fieldsOf(this.capabilities[list])['listChanged'] !== true)
        continue;
      lists.add(list);
      notifications[`${list}ListChanged`] = true;
    }
    const asked = wanted['resourceSubscriptions'];
    const canSubscribe = fieldsOf(this.capabilities['resources'])['subscribe'] === true;
    const addresses = Array.isArray(asked) && canSubscribe ? asked.filter(isAddress) : [];
    if (addresses.length > MAX_URIS) return refuse(`it names more than ${MAX_URIS} resources`);
    const uris = new Set(addresses);
    if (uris.size > 0) notifications['resourceSubscriptions'] = [...uris];
    for (const uri of uris) if (!this.#isFollowed(uri)) this.#ask('resources/subscribe', { uri });
    this.#all.set(idKey(id), { id, lists, uris });
    const member = memberOf(request, 'id')!;
    const meta = `{${JSON.stringify(META.subscription)}:${line.toString('utf8', member.start, member.end)}}`;
    this.#ends.up(
      Buffer.from(
        `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":${JSON.stringify(notifications)},"_meta":${meta}}}`,
      ),
    );
  }

  /** Ends a subscription that the client takes back; false if the id is of none. */
  remove(id: Id): boolean {
    const one = this.#all.get(idKey(id));
    if (one === undefined) return false;
    this.#all.delete(idKey(id));
    for (const uri of one.uris) if (!this.#isFollowed(uri)) this.#ask('resources/unsubscribe', { uri });
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
    for (const { id, lists, uris } of this.#all.values()) {
      if (list === undefined ? !uris.has(uri as string) : !lists.has(list)) continue;
      this.#ends.up(rewrite(message, { meta: { set: { [META.subscription]: id } } }));
      isTold = true;
    }
    return isTold;
  }

  #isFollowed(uri: string): boolean {
    return [...this.#all.values()].some(({ uris }) => uris.has(uri));
  }
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_URI_CHARS;
}
