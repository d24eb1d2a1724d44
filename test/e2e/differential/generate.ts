import fc from 'fast-check';
import { type Conversation, type Exchange, LABELLED, type Line } from './conversation.ts';
import { type Move, move, style } from './moves.ts';
import { Raw, render, type Style } from './render.ts';
import {
  clientMethods,
  clientWord,
  IDS,
  LIST_NAMES,
  LISTS,
  type ListName,
  listed,
  META,
  parametersOf,
  pick,
  questionOf,
  REVISIONS,
  type Revision,
  replyOf,
  resultOf,
  STATELESS,
  serverMethods,
  serverWord,
  unfinishedOf,
} from './vocabulary.ts';

/** Conversations as clients and servers might have them, in one of the revisions. */
export const conversations: fc.Arbitrary<Conversation> = fc
  .record({
    revision: fc.constantFrom(...REVISIONS),
    moves: fc.array(move, { minLength: 10, maxLength: 60 }),
    style,
  })
  .map(({ revision, moves, style: how }) => new Builder(revision, how).build(moves));

/** A request that waits for its answer. */
interface Open {
  /** As JSON text. */
  id: string;
  method: string;
  token?: string;
}

/** Makes of moves a conversation that could be: nothing is answered before it was asked, no id is in flight twice. */
class Builder {
  readonly #revision: Revision;
  readonly #style: Style;
  readonly #rounds: Exchange[][] = [];
  #round: Exchange[] = [];
  /** The client's requests that the server has not answered. */
  #open: Open[] = [];
  /** Those that it has answered in this round: the client does not know yet, and cannot use their ids again. */
  #answered: Open[] = [];
  /** The server's that the client has seen and not answered, and those that it sees once this round is over. */
  #asked: Open[] = [];
  #unseen: Open[] = [];
  /** What is to be listed before the next round. */
  #changed: ListName | undefined;
  #count = 0;

  constructor(revision: Revision, how: Style) {
    this.#revision = revision;
    this.#style = how;
  }

  build(moves: readonly Move[]): Conversation {
    this.#greet();
    for (const name of LIST_NAMES) this.#list(name);
    for (const one of moves) this.#make(one);
    this.#endRound();
    // A client waits for all answers before it leaves.
    while (this.#open.length > 0) this.#answer(this.#open[0]!, 0, false);
    this.#endRound();
    const lists = LIST_NAMES.map((name) => [LISTS[name], render(listed(name), this.#style)]);
    return { rounds: this.#rounds, lists: Object.fromEntries(lists) };
  }

  #make({ move: what, which, kind, odd }: Move): void {
    const open = pick(this.#open, which);
    switch (what) {
      case 'round':
        return this.#endRound();
      case 'request':
        return this.#request(kind, which, odd);
      case 'answer':
        return open && this.#answer(open, kind, odd);
      case 'progress':
        return this.#progress(which, odd);
      case 'serverNotice':
        return this.#serverNotice(kind, which);
      case 'serverRequest':
        return this.#serverRequest(kind, which);
      case 'clientAnswer':
        return this.#clientAnswer(which, odd);
      case 'clientNotice':
        return this.#clientNotice(kind, which, open);
    }
  }

  #fromClient(message: object, more: Omit<Line, 'text'> = {}): void {
    this.#round.push({ client: this.#line(message, more), server: [] });
  }

  /** What the server says follows a line of the client that reaches it: if there is none, one that asks for nothing. */
  #fromServer(message: object, more: Omit<Line, 'text'> = {}): void {
    const last = this.#round.at(-1);
    if (last === undefined || last.client.dropped) {
      this.#fromClient({ method: `notifications/tick-${++this.#count}` });
    }
    this.#round.at(-1)!.server.push(this.#line(message, more));
  }

  #line(message: object, more: Omit<Line, 'text'>): Line {
    return { text: render({ jsonrpc: '2.0', ...message }, this.#style), ...more };
  }

  #endRound(): void {
    if (this.#round.length > 0) this.#rounds.push(this.#round);
    this.#round = [];
    this.#asked.push(...this.#unseen);
    this.#unseen = [];
    this.#answered = [];
    const changed = this.#changed;
    this.#changed = undefined;
    if (changed !== undefined) this.#list(changed);
  }

  #greet(): void {
    const serverInfo = { name: 'scripted', version: '0', title: 'Scripted', 'x-more': [new Raw('1e400')] };
    const capabilities = {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      logging: {},
      completions: {},
    };
    if (this.#revision === STATELESS) {
      const said = { supportedVersions: [STATELESS], capabilities, ttlMs: 0, cacheScope: 'private' };
      this.#fromClient({ id: 'discover', method: 'server/discover', params: this.#params({}) });
      this.#fromServer({ id: 'discover', result: { resultType: 'complete', ...said, serverInfo } });
      return this.#endRound();
    }
    const protocolVersion = this.#revision;
    const own = { sampling: {}, roots: { listChanged: true }, elicitation: {}, experimental: { 'x/y': {} } };
    const params = { protocolVersion, capabilities: own, clientInfo: { name: 'generated', version: '1' } };
    this.#fromClient({ id: 'hello', method: 'initialize', params });
    this.#fromServer({ id: 'hello', result: { protocolVersion, capabilities, serverInfo } });
    this.#endRound();
    this.#fromClient({ method: 'notifications/initialized' });
    this.#endRound();
  }

  #list(name: ListName): void {
    const id = `list-${++this.#count}`;
    this.#fromClient({ id, method: LISTS[name], params: this.#params({}) });
    this.#fromServer({ id, result: listed(name) });
    this.#endRound();
  }

  /** Parameters with the `_meta` that a request of this revision, or one with a progress token, has. */
  #params(params: object, token?: string): object {
    const claims = {
      [`${META}protocolVersion`]: STATELESS,
      [`${META}clientInfo`]: { name: 'generated', version: '1' },
      [`${META}clientCapabilities`]: { elicitation: {} },
    };
    const meta = {
      ...(this.#revision === STATELESS ? claims : {}),
      ...(token === undefined ? {} : { progressToken: new Raw(token) }),
    };
    return { ...params, ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }) };
  }

  #request(kind: number, which: number, hasToken: boolean): void {
    const method = pick(clientMethods(this.#revision), kind)!;
    const taken = [...this.#open, ...this.#answered];
    const id = this.#free(
      which,
      taken.map((one) => one.id),
    );
    const token = hasToken
      ? this.#free(
          which + kind,
          taken.flatMap((one) => one.token ?? []),
        )
      : undefined;
    const params = this.#params(parametersOf(method, this.#revision, which), token);
    this.#fromClient({ id: new Raw(id), method, params });
    this.#open.push({ id, method, ...(token === undefined ? {} : { token }) });
  }

  #answer(open: Open, kind: number, failed: boolean): void {
    this.#open = this.#open.filter((one) => one !== open);
    this.#answered.push(open);
    const id = new Raw(open.id);
    if (failed) {
      const data = { n: new Raw('1e400') };
      return this.#fromServer({
        id,
        error: { code: pick([-32603, 7], kind), message: serverWord(kind), data },
      });
    }
    // Progress under its token is none of a request in flight any more, but may be of its task.
    const goesOn = open.method === 'tools/call' && open.token === undefined && kind % 7 === 0;
    const result = goesOn ? unfinishedOf(this.#revision, kind) : resultOf(open.method, this.#revision, kind);
    this.#fromServer({ id, result }, LABELLED.has(open.method) ? { labelled: true } : {});
  }

  /** Progress of a request in flight; of one that was answered; of none. */
  #progress(which: number, inFlight: boolean): void {
    const withToken = (all: readonly Open[]) =>
      pick(
        all.flatMap(({ token }) => token ?? []),
        which,
      );
    const token = withToken(inFlight ? this.#open : this.#answered) ?? `"gone-${++this.#count}"`;
    const known = this.#open.some((one) => one.token === token);
    const params = { progressToken: new Raw(token), progress: which, message: serverWord(which) };
    this.#fromServer({ method: 'notifications/progress', params }, known ? {} : { dropped: true });
  }

  #serverNotice(kind: number, which: number): void {
    const word = serverWord(which);
    switch (kind % 5) {
      case 0:
        return this.#listChanged(pick(LIST_NAMES, which)!);
      case 1:
        return this.#fromServer({ method: 'notifications/message', params: { level: 'info', data: [word] } });
      case 2:
        return this.#fromServer({ method: 'notifications/resources/updated', params: { uri: 'stone://1' } });
      case 3: {
        const params = { taskId: 'task-of-the-server', status: 'working', 'x-more': word };
        return this.#fromServer({ method: 'notifications/tasks/status', params });
      }
      default:
        return this.#fromServer({ method: 'notifications/x-vendor', params: { word } });
    }
  }

  /** What changed is listed in the next round, before anything else needs it. */
  #listChanged(name: ListName): void {
    this.#changed = name;
    const listening = this.#open.find(({ method }) => method === 'subscriptions/listen');
    const _meta = { [`${META}subscriptionId`]: new Raw(listening?.id ?? '"nobody"') };
    const params = this.#revision === STATELESS ? { params: { _meta } } : {};
    this.#fromServer({ method: `notifications/${name}/list_changed`, ...params });
    this.#endRound();
  }

  #serverRequest(kind: number, which: number): void {
    const method = pick(serverMethods(this.#revision), kind);
    if (method === undefined) return;
    const id = this.#free(
      which,
      [...this.#asked, ...this.#unseen].map((one) => one.id),
    );
    this.#fromServer({ id: new Raw(id), method, ...(kind % 4 === 0 ? {} : { params: questionOf(which) }) });
    this.#unseen.push({ id, method });
  }

  #clientAnswer(which: number, failed: boolean): void {
    const asked = pick(this.#asked, which);
    if (asked === undefined || which % 5 === 0) {
      // Nobody asked: it goes nowhere.
      return this.#fromClient({ id: `never-${++this.#count}`, result: {} }, { dropped: true });
    }
    this.#asked = this.#asked.filter((one) => one !== asked);
    const error = { code: -1, message: clientWord(which), data: new Raw('1E1') };
    this.#fromClient({ id: new Raw(asked.id), ...(failed ? { error } : { result: replyOf(which) }) });
  }

  #clientNotice(kind: number, which: number, open: Open | undefined): void {
    switch (kind % 4) {
      case 0: {
        const params = { requestId: new Raw(open?.id ?? '"nothing"'), reason: clientWord(which) };
        return this.#fromClient({ method: 'notifications/cancelled', params });
      }
      case 1:
        return this.#fromClient({ method: 'notifications/roots/list_changed' });
      case 2: {
        const params = { progressToken: 'of-the-server', progress: new Raw('1e-3'), total: 1 };
        return this.#fromClient({ method: 'notifications/progress', params });
      }
      default:
        return this.#fromClient({ method: 'notifications/x-vendor', params: { any: [clientWord(which)] } });
    }
  }

  /** One of the odd ids, as JSON text, or a new one where that is taken, however it is written there. */
  #free(which: number, taken: readonly string[]): string {
    const odd = pick(IDS, which)!;
    const same = (one: string): boolean => JSON.parse(one) === JSON.parse(odd);
    return taken.some(same) ? `"n-${++this.#count}"` : odd;
  }
}
