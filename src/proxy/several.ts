import { applyEdits, type Edit, replaceValue } from '../json/edit.ts';
import { membersOf } from '../json/spans.ts';
import { errorLine, listChangedLine, resultLine, UNROUTABLE } from './answers.ts';
import { ask, type Context, type Route, type Routing } from './context.ts';
import { absorbClientAnswer, fromServer, sendClientAnswer } from './crossing.ts';
import type { Handshakes } from './handshakes.ts';
import { type Listed, type ListKind, listAll, listKindOf, noteListing } from './listing.ts';
import { type Answer, type Id, idKey, innerOf, type Message, memberOf, type Request } from './message.ts';
import { cancelWaiting } from './requests.ts';
import { claimEdits } from './splice.ts';
import { ownId, type Upstream } from './upstream.ts';

const SEPARATOR = '__';
/** A list is answered without a server that has not come up by then; it is said to have changed when it has. */
const LIST_PATIENCE_MS = 10_000;

/** A server's request that the client has not answered: the server's own id, as sent too, and the client's. */
interface Asked {
  upstream: Upstream;
  id: Id;
  idJson: string;
  clientId: string;
  method: string;
}

/**
 * Several servers behind one: tools and prompts are named `server__tool`, every id on a server's wire is Cordon's own
 * and unpredictable, and lists are those of all servers together.
 */
export class SeveralRouting implements Routing {
  readonly #context: Context;
  readonly #handshakes: Handshakes;
  /** Servers' requests to the client, under the ids that Cordon gave them. */
  readonly #asked = new Map<string, Asked>();
  /** Which server listed a resource, and the fixed beginning of each template. */
  readonly #resources = new Map<string, Upstream>();
  readonly #templates = new Map<string, { prefix: string; upstream: Upstream }>();

  constructor(context: Context, handshakes: Handshakes) {
    this.#context = context;
    this.#handshakes = handshakes;
  }

  route(request: Request): Route | undefined {
    const { method } = request;
    const list = listKindOf(method);
    if (list !== undefined) return void this.#list(request, list);
    switch (method) {
      case 'initialize':
        return void this.#context.toClient(resultLine(request.id, this.#handshakes.answer(request.params)));
      case 'ping':
        return void this.#context.toClient(resultLine(request.id, '{}'));
      case 'logging/setLevel':
        return void this.#setLevel(request);
      case 'tools/call':
      case 'prompts/get':
        return this.#byName(request, 'name', innerOf(request, 'name'));
      case 'completion/complete':
        return this.#byReference(request);
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return this.#byResource(request, stringAt(request.params, 'uri'));
      default:
        return this.#unroutable(request, `no server to route ${JSON.stringify(method)} to`);
    }
  }

  fromClient(message: Exclude<Message, Request>): void {
    if (message.kind === 'answer') return this.#clientAnswer(message);
    switch (message.method) {
      case 'notifications/initialized':
        // Each server was told when its own handshake was done.
        return;
      case 'notifications/cancelled':
        return this.#cancel(message);
      default:
        for (const upstream of this.#context.upstreams) {
          upstream.inOrder(() => {
            if (upstream.gone === undefined) this.#context.toUpstream(upstream, message.line);
          });
        }
    }
  }

  answerEdits(answer: Answer, clientId: Id): Edit[] {
    return [replaceValue(memberOf(answer, 'id')!, JSON.stringify(clientId))];
  }

  fromUpstream(upstream: Upstream, message: Exclude<Message, { kind: 'answer' }>): void {
    if (!fromServer(this.#context, upstream, message)) return;
    if (message.kind === 'notification' && message.method === 'notifications/cancelled') {
      return this.#takeBack(upstream, message);
    }
    if (message.method === 'notifications/resources/updated') {
      const owner = this.#resources.get(stringAt(message.params, 'uri'));
      // One server does not speak for what another listed.
      if (owner !== undefined && owner !== upstream) return;
    }
    if (message.kind === 'notification') {
      // Before the client was answered, what the client knows is what it will ask for anyway.
      if (this.#handshakes.answered) this.#context.toClient(applyEdits(message.line, claimEdits(message)));
      return;
    }
    const id = ownId();
    const member = memberOf(message, 'id')!;
    const idJson = message.line.toString('utf8', member.start, member.end);
    const asked = { id: message.id, method: message.method };
    this.#asked.set(idKey(id), { ...asked, upstream, clientId: id, idJson });
    upstream.asked.set(idKey(message.id), asked);
    const edits = [replaceValue(member, JSON.stringify(id)), ...claimEdits(message)];
    this.#context.toClient(applyEdits(message.line, edits));
  }

  gone(upstream: Upstream): void {
    for (const [key, asked] of this.#asked) if (asked.upstream === upstream) this.#asked.delete(key);
  }

  /** `server__name` to its server, the name put back to the server's own. */
  #byName(
    request: Request,
    what: string,
    member: { start: number; end: number } | undefined,
  ): Route | undefined {
    const name = member && JSON.parse(request.line.toString('utf8', member.start, member.end));
    const at = typeof name === 'string' ? name.indexOf(SEPARATOR) : -1;
    const upstream = at > 0 ? this.#named(name.slice(0, at)) : undefined;
    if (upstream === undefined) {
      return this.#unroutable(request, `no server for ${what} ${JSON.stringify(String(name).slice(0, 80))}`);
    }
    const own = name.slice(at + SEPARATOR.length);
    const edit = { start: member!.start, end: member!.end, with: JSON.stringify(own) };
    return this.#to(upstream, request, [edit], own);
  }

  #byReference(request: Request): Route | undefined {
    const ref = innerOf(request, 'ref');
    const members = ref === undefined ? [] : membersOf(request.line, ref.start);
    const name = members.find((member) => member.key === 'name');
    if (name !== undefined) return this.#byName(request, 'prompt', name);
    const uri = (request.params as { ref?: { uri?: unknown } } | undefined)?.ref?.uri;
    return this.#byResource(request, typeof uri === 'string' ? uri : '');
  }

  #byResource(request: Request, uri: string): Route | undefined {
    let upstream = this.#resources.get(uri);
    let longest = -1;
    for (const template of upstream === undefined ? this.#templates.values() : []) {
      if (template.prefix.length > longest && uri.startsWith(template.prefix)) {
        longest = template.prefix.length;
        upstream = template.upstream;
      }
    }
    const offering = this.#context.upstreams.filter((one) => 'resources' in one.capabilities);
    if (upstream === undefined && offering.length === 1) upstream = offering[0];
    if (upstream !== undefined) return this.#to(upstream, request, []);
    return this.#unroutable(request, `no server listed the resource ${JSON.stringify(uri.slice(0, 200))}`);
  }

  #to(upstream: Upstream, request: Request, edits: Edit[], name?: string): Route {
    const id = ownId();
    edits.push(replaceValue(memberOf(request, 'id')!, JSON.stringify(id)));
    return { upstream, id, edits, ...(name === undefined ? {} : { name }) };
  }

  #unroutable(request: Request, message: string): undefined {
    this.#context.toClient(errorLine(request.id, UNROUTABLE, message));
  }

  #named(name: string): Upstream | undefined {
    return this.#context.upstreams.find((upstream) => upstream.name === name);
  }

  #cancel(message: Message & { kind: 'notification' }): void {
    if (cancelWaiting(this.#context, message.params)) return;
    const id = (message.params as { requestId?: Id } | undefined)?.requestId;
    const sent = id === undefined ? undefined : this.#context.inFlight.get(idKey(id));
    const member = innerOf(message, 'requestId');
    if (sent === undefined || member === undefined) return;
    const line = applyEdits(message.line, [replaceValue(member, JSON.stringify(sent.id))]);
    sent.upstream.inOrder(() => this.#context.toUpstream(sent.upstream, line));
  }

  /** A server no longer waits for an answer: the client knows its request under another id. */
  #takeBack(upstream: Upstream, message: Message & { kind: 'notification' }): void {
    const member = innerOf(message, 'requestId');
    if (member === undefined) return;
    const idJson = message.line.toString('utf8', member.start, member.end);
    for (const [key, asked] of this.#asked) {
      if (asked.upstream !== upstream || asked.idJson !== idJson) continue;
      this.#asked.delete(key);
      upstream.asked.delete(idKey(asked.id));
      this.#context.toClient(
        applyEdits(message.line, [replaceValue(member, JSON.stringify(asked.clientId))]),
      );
    }
  }

  #clientAnswer(answer: Answer): void {
    const asked = this.#asked.get(idKey(answer.id));
    if (asked === undefined) return absorbClientAnswer(this.#context, answer);
    this.#asked.delete(idKey(answer.id));
    const { upstream } = asked;
    upstream.asked.delete(idKey(asked.id));
    // Not in order with requests: the server may be waiting for this answer before it goes on with them.
    const line = applyEdits(answer.line, [replaceValue(memberOf(answer, 'id')!, asked.idJson)]);
    sendClientAnswer(this.#context, upstream, asked, answer, line);
  }

  #setLevel(request: Request): void {
    const level = stringAt(request.params, 'level');
    for (const upstream of this.#context.upstreams) {
      upstream.inOrder(() => {
        if (upstream.gone === undefined && 'logging' in upstream.capabilities) {
          ask(this.#context, upstream, 'logging/setLevel', { level }, () => {});
        }
      });
    }
    this.#context.toClient(resultLine(request.id, '{}'));
  }

  /** The lists of all servers as one, in the order of the configuration. A cursor names nothing: there is one page. */
  #list(request: Request, list: ListKind): void {
    const { upstreams } = this.#context;
    const { capability } = list;
    const found = new Map<Upstream, Listed[]>();
    const waiting = new Set(upstreams);
    let answered = false;
    this.#context.waiting.set(idKey(request.id), false);
    const finish = (): void => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      const isCancelled = this.#context.waiting.get(idKey(request.id));
      this.#context.waiting.delete(idKey(request.id));
      if (isCancelled) return;
      const items = upstreams.flatMap((upstream) => this.#items(upstream, list, found.get(upstream) ?? []));
      this.#context.toClient(resultLine(request.id, `{${JSON.stringify(list.member)}:[${items.join(',')}]}`));
    };
    const take = (upstream: Upstream, listed: Listed[]): void => {
      waiting.delete(upstream);
      found.set(upstream, listed);
      if (answered) this.#context.toClient(listChangedLine(capability));
      else if (waiting.size === 0) finish();
    };
    const timer = setTimeout(() => this.#context.turn(finish), LIST_PATIENCE_MS);
    for (const upstream of upstreams) {
      upstream.inOrder(() => {
        noteListing(upstream, list);
        if (upstream.gone !== undefined || !(capability in upstream.capabilities)) return take(upstream, []);
        listAll(this.#context, upstream, list, {}, (listed) => take(upstream, listed));
      });
    }
  }

  #items(upstream: Upstream, list: ListKind, listed: readonly Listed[]): string[] {
    return listed.flatMap(({ json, described }) => {
      const { name } = described.descriptor;
      // What has no name of its own has none here either.
      if (name === '') return [];
      if (list.kind === 'resource') {
        if (!this.#resources.has(name)) this.#resources.set(name, upstream);
        return json;
      }
      if (list.kind === 'resourceTemplate') {
        const prefix = name.split('{', 1)[0]!;
        this.#templates.set(`${upstream.name} ${prefix}`, { prefix, upstream });
        return json;
      }
      const line = Buffer.from(json);
      const member = membersOf(line, 0).find((one) => one.key === 'name')!;
      return applyEdits(line, [
        replaceValue(member, JSON.stringify(`${upstream.name}${SEPARATOR}${name}`)),
      ]).toString();
    });
  }
}

function stringAt(params: unknown, key: string): string {
  const value = (params as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? value : '';
}
