/** Conversations as clients and servers might have them: every method of every revision, and what is in none. */
import fc from 'fast-check';
import { type Conversation, type Exchange, LABELLED, type Line } from './conversation.ts';
import { Raw, render, type Style } from './render.ts';

export const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

const META = 'io.modelcontextprotocol/';

/** Client's and server's words have nothing in common: what is copied would be judged, which is not what is tested. */
const CLIENT_WORDS = [
  'violet teapot',
  'seventeen umbrellas',
  'Grüße — ひと',
  'quiet \\"lamp\\" \u2028 end',
  '',
];
const SERVER_WORDS = ['basalt column', 'ore 42 grams', 'Ωmega \u0000 null', 'tab\tand\nline', '🪨', '   '];
const TOOLS = ['weigh', 'sort_stones', 'Дробить'];
const PROMPTS = ['outline', 'ask again'];

/** Ids as JSON text: each is another id, and some are written as few would write them. */
const IDS = [
  '0',
  '-1',
  '1',
  '"1"',
  '""',
  '9007199254740991',
  '2e2',
  '"\\u0041"',
  '"id/~1 \\"x\\""',
  '7.5',
  '"☃"',
];
const id = fc.nat(IDS.length - 1);

type Move =
  | { move: 'request'; method: number; id: number; token: boolean; words: number }
  | { move: 'answer'; which: number; failed: boolean; shape: number }
  | { move: 'progress'; which: number; known: boolean }
  | { move: 'serverNotice'; kind: number; words: number }
  | { move: 'serverRequest'; method: number; id: number; words: number }
  | { move: 'clientAnswer'; which: number; failed: boolean; asked: boolean }
  | { move: 'clientNotice'; kind: number; which: number }
  | { move: 'round' };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        move: fc.constant('request' as const),
        method: fc.nat(40),
        id,
        token: fc.boolean(),
        words: fc.nat(20),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        move: fc.constant('answer' as const),
        which: fc.nat(20),
        failed: fc.boolean(),
        shape: fc.nat(20),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        move: fc.constant('progress' as const),
        which: fc.nat(20),
        known: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        move: fc.constant('serverNotice' as const),
        kind: fc.nat(20),
        words: fc.nat(20),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        move: fc.constant('serverRequest' as const),
        method: fc.nat(20),
        id,
        words: fc.nat(20),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        move: fc.constant('clientAnswer' as const),
        which: fc.nat(20),
        failed: fc.boolean(),
        asked: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        move: fc.constant('clientNotice' as const),
        kind: fc.nat(20),
        which: fc.nat(20),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ move: 'round' as const }) },
  ),
  { minLength: 10, maxLength: 60 },
);

const style: fc.Arbitrary<Style> = fc.record({
  blanks: fc.boolean(),
  reversed: fc.boolean(),
  escapes: fc.boolean(),
});

/** A conversation in one of the revisions, and which. */
export const conversations: fc.Arbitrary<Conversation & { revision: Revision }> = fc
  .record({ revision: fc.constantFrom(...REVISIONS), moves, style })
  .map(({ revision, moves: steps, style: how }) => ({
    revision,
    ...new Builder(revision, how).build(steps),
  }));

interface Open {
  /** As JSON text. */
  id: string;
  method: string;
  token?: string;
}

const CALLS = ['tools/call', 'tools/call', 'prompts/get', 'resources/read', 'completion/complete'];
const HANDSHAKE_METHODS = [
  ...CALLS,
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'x-vendor/do',
  'garden/list',
];
const TASK_METHODS = ['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel'];
const STATELESS_METHODS = [
  ...CALLS,
  'server/discover',
  'subscriptions/listen',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
  'x-vendor/do',
];
const LISTS = { tools: 'tools/list', prompts: 'prompts/list', resources: 'resources/list' } as const;

function clientMethods(revision: Revision): string[] {
  if (revision === '2026-07-28') return STATELESS_METHODS;
  return revision === '2025-11-25' ? [...HANDSHAKE_METHODS, ...TASK_METHODS] : HANDSHAKE_METHODS;
}

function serverMethods(revision: Revision): string[] {
  if (revision === '2026-07-28') return [];
  return [
    'ping',
    'sampling/createMessage',
    'roots/list',
    'x-vendor/ask',
    ...(revision >= '2025-06-18' ? ['elicitation/create'] : []),
    ...(revision >= '2025-11-25' ? TASK_METHODS : []),
  ];
}

/** Makes of moves a conversation that could be: nothing is answered before it was asked, no id is in flight twice. */
class Builder {
  readonly #revision: Revision;
  readonly #style: Style;
  readonly #stateless: boolean;
  readonly #rounds: Exchange[][] = [];
  #round: Exchange[] = [];
  /** The client's requests that the server has not answered. */
  #open: Open[] = [];
  /** Those that it has answered in this round: the client does not know yet, and cannot use their ids again. */
  #answered: Open[] = [];
  /** The server's that the client has seen and not answered, and those that it sees once this round is over. */
  #asked: Open[] = [];
  #unseen: Open[] = [];
  #count = 0;
  #changed: keyof typeof LISTS | undefined;

  constructor(revision: Revision, style: Style) {
    this.#revision = revision;
    this.#style = style;
    this.#stateless = revision === '2026-07-28';
  }

  build(steps: readonly Move[]): Conversation {
    this.#greet();
    for (const kind of Object.keys(LISTS) as (keyof typeof LISTS)[]) this.#list(kind);
    for (const step of steps) this.#step(step);
    this.#endRound();
    // A client that leaves is waited for by nobody else: whatever is open is answered last.
    while (this.#open.length > 0) this.#answer(this.#open[0]!, false, 0);
    this.#endRound();
    const lists = Object.entries(LISTS).map(([kind, method]) => [
      method,
      render(this.#listed(kind), this.#style),
    ]);
    return { rounds: this.#rounds, lists: Object.fromEntries(lists) };
  }

  #step(step: Move): void {
    switch (step.move) {
      case 'round':
        return this.#endRound();
      case 'request':
        return this.#request(step);
      case 'answer': {
        const open = pick(this.#open, step.which);
        return open && this.#answer(open, step.failed, step.shape);
      }
      case 'progress':
        return this.#progress(step);
      case 'serverNotice':
        return this.#serverNotice(step);
      case 'serverRequest':
        return this.#serverRequest(step);
      case 'clientAnswer':
        return this.#clientAnswer(step);
      case 'clientNotice':
        return this.#clientNotice(step);
    }
  }

  // What each side says.

  #fromClient(message: object, more: Omit<Line, 'text'> = {}): void {
    this.#round.push({ client: { ...this.#line(message), ...more }, server: [] });
  }

  /** What the server says follows a line of the client that reaches it: if there is none, one that asks for nothing. */
  #fromServer(message: object, more: Omit<Line, 'text'> = {}): void {
    if (this.#round.at(-1)?.client.dropped !== undefined || this.#round.length === 0)
      this.#fromClient({ method: `notifications/tick-${++this.#count}` });
    this.#round.at(-1)!.server.push({ ...this.#line(message), ...more });
  }

  #line(message: object): Line {
    return { text: render({ jsonrpc: '2.0', ...message }, this.#style) };
  }

  #endRound(): void {
    if (this.#round.length > 0) this.#rounds.push(this.#round);
    this.#round = [];
    this.#asked.push(...this.#unseen);
    this.#unseen = [];
    this.#answered = [];
    if (this.#changed === undefined) return;
    const kind = this.#changed;
    this.#changed = undefined;
    this.#list(kind);
  }

  // The client.

  #greet(): void {
    const params = {
      protocolVersion: this.#revision,
      capabilities: {
        sampling: {},
        roots: { listChanged: true },
        elicitation: {},
        experimental: { 'x/y': {} },
      },
      clientInfo: { name: 'generated', version: '1' },
    };
    const capabilities = {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      logging: {},
      completions: {},
    };
    if (this.#stateless) {
      this.#fromClient({ id: 'discover', method: 'server/discover', params: this.#params({}) });
      const said = { supportedVersions: ['2026-07-28'], capabilities, ttlMs: 0, cacheScope: 'private' };
      this.#fromServer({ id: 'discover', result: { resultType: 'complete', ...said } });
    } else {
      this.#fromClient({ id: 'hello', method: 'initialize', params });
      const serverInfo = { name: 'scripted', version: '0', title: 'Scripted', 'x-more': [new Raw('1e400')] };
      this.#fromServer({
        id: 'hello',
        result: { protocolVersion: this.#revision, capabilities, serverInfo },
      });
      this.#endRound();
      this.#fromClient({ method: 'notifications/initialized' });
    }
    this.#endRound();
  }

  #list(kind: keyof typeof LISTS): void {
    const listId = `list-${++this.#count}`;
    this.#fromClient({ id: listId, method: LISTS[kind], params: this.#params({}) });
    this.#fromServer({ id: listId, result: this.#listed(kind) });
    this.#endRound();
  }

  #listed(kind: string): object {
    const extra = { 'x-extra': new Raw('12345678901234567890') };
    if (kind === 'prompts') return { prompts: PROMPTS.map((name) => ({ name, ...extra })), ...extra };
    if (kind === 'resources') return { resources: [{ uri: 'stone://1', name: 'first' }] };
    return {
      tools: TOOLS.map((name) => ({
        name,
        description: `Does what ${name} says`,
        inputSchema: { type: 'object', properties: { what: { type: 'string' } } },
        annotations: { readOnlyHint: true },
        ...extra,
      })),
    };
  }

  #params(params: object, token?: string): object {
    const claims = {
      [`${META}protocolVersion`]: this.#revision,
      [`${META}clientInfo`]: { name: 'generated', version: '1' },
      [`${META}clientCapabilities`]: { elicitation: {} },
    };
    const meta = {
      ...(this.#stateless ? claims : {}),
      ...(token === undefined ? {} : { progressToken: new Raw(token) }),
    };
    return { ...params, ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }) };
  }

  #request({ method: which, id: wanted, token, words }: Move & { move: 'request' }): void {
    const method = pick(clientMethods(this.#revision), which)!;
    const own = this.#freeId(wanted, [...this.#open, ...this.#answered]);
    const progressToken = token ? this.#freeToken(words) : undefined;
    const open = { id: own, method, ...(progressToken === undefined ? {} : { token: progressToken }) };
    this.#fromClient({
      id: new Raw(own),
      method,
      params: this.#params(this.#argumentsOf(method, words), progressToken),
    });
    this.#open.push(open);
  }

  #argumentsOf(method: string, words: number): object {
    const word = pick(CLIENT_WORDS, words)!;
    const odd = { what: word, n: new Raw('0.1e-7'), deep: [[[{ a: null }]]], '': [] };
    switch (method) {
      case 'tools/call': {
        const task = this.#revision === '2025-11-25' && words % 3 === 0 ? { task: { ttl: 60_000 } } : {};
        return { name: pick(TOOLS, words), ...(words % 5 === 0 ? {} : { arguments: odd }), ...task };
      }
      case 'prompts/get':
        return { name: pick(PROMPTS, words), arguments: { what: word } };
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return { uri: 'stone://1' };
      case 'completion/complete':
        return { ref: { type: 'ref/prompt', name: 'outline' }, argument: { name: 'what', value: word } };
      case 'logging/setLevel':
        return { level: pick(['debug', 'emergency', 'no level at all'], words) };
      case 'subscriptions/listen':
        return { notifications: { toolsListChanged: true } };
      case 'tasks/get':
      case 'tasks/result':
      case 'tasks/cancel':
      case 'tasks/update':
        return { taskId: 'task-of-the-client' };
      default:
        return { x: odd };
    }
  }

  #clientAnswer({ which, failed, asked }: Move & { move: 'clientAnswer' }): void {
    const open = asked ? pick(this.#asked, which) : undefined;
    if (open === undefined) {
      // Nobody asked: it goes nowhere.
      return asked
        ? undefined
        : this.#fromClient({ id: `never-${++this.#count}`, result: {} }, { dropped: true });
    }
    this.#asked = this.#asked.filter((one) => one !== open);
    const word = pick(CLIENT_WORDS, which)!;
    const result = {
      action: 'accept',
      content: { type: 'text', text: word },
      role: 'assistant',
      model: 'none',
    };
    const error = { code: -1, message: word, data: new Raw('1E1') };
    this.#fromClient({ id: new Raw(open.id), ...(failed ? { error } : { result }) });
  }

  #clientNotice({ kind, which }: Move & { move: 'clientNotice' }): void {
    const open = pick(this.#open, which);
    switch (kind % 4) {
      case 0:
        if (open === undefined) return;
        return this.#fromClient({
          method: 'notifications/cancelled',
          params: { requestId: new Raw(open.id), reason: pick(CLIENT_WORDS, which) },
        });
      case 1:
        return this.#fromClient({ method: 'notifications/roots/list_changed' });
      case 2:
        return this.#fromClient({
          method: 'notifications/progress',
          params: { progressToken: 'of-the-server', progress: new Raw('1e-3'), total: 1 },
        });
      default:
        return this.#fromClient({
          method: 'notifications/x-vendor',
          params: { any: [pick(CLIENT_WORDS, which)] },
        });
    }
  }

  // The server.

  #answer(open: Open, failed: boolean, shape: number): void {
    this.#open = this.#open.filter((one) => one !== open);
    this.#answered.push(open);
    const word = pick(SERVER_WORDS, shape)!;
    const id = new Raw(open.id);
    if (failed) {
      const error = { code: pick([-32603, -32002, 7], shape), message: word, data: { n: new Raw('1e400') } };
      return this.#fromServer({ id, error });
    }
    const labelled = LABELLED.has(open.method) ? ({ labelled: true } as const) : {};
    this.#fromServer({ id, result: this.#result(open, shape, word) }, labelled);
  }

  #result({ method }: Open, shape: number, word: string): object {
    const more = this.#stateless ? { resultType: 'complete', 'x-more': word } : { 'x-more': word };
    switch (method) {
      case 'tools/call':
        return this.#toolResult(shape, word, more);
      case 'prompts/get':
        return {
          description: word,
          messages: [{ role: 'user', content: { type: 'text', text: word } }],
          ...more,
        };
      case 'resources/read':
        return {
          contents: [
            { uri: 'stone://1', text: word },
            { uri: 'stone://1#b', blob: 'AAAA' },
          ],
          ...more,
        };
      case 'completion/complete':
        return { completion: { values: [word], total: new Raw('1e0'), hasMore: false } };
      case 'tasks/result':
        return this.#toolResult(shape, word, {});
      default:
        return shape % 2 === 0 ? {} : { any: word, ...more };
    }
  }

  #toolResult(shape: number, word: string, more: object): object {
    const blocks = [
      { type: 'text', text: word, annotations: { audience: ['user'], priority: new Raw('0.50') } },
      { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
      { type: 'resource_link', uri: 'stone://2', name: word },
      { type: 'resource', resource: { uri: 'stone://3', text: word } },
      { type: 'x-unknown', value: [word] },
    ];
    switch (shape % 7) {
      case 0:
        return { content: [], ...more };
      case 1:
        return { content: [], structuredContent: { deep: [{ word, n: new Raw('-0') }] }, ...more };
      case 2:
        return { content: blocks, isError: true, ...more };
      case 3:
        return { content: blocks.slice(0, 1), _meta: { 'x.example/trace': word, z: null }, ...more };
      case 4:
        return { _meta: {}, content: blocks, ...more };
      case 5:
        if (!this.#stateless) return { task: { taskId: 'task-of-the-server', status: 'working' } };
        return { resultType: 'input_required', requestState: word, inputRequests: {} };
      default:
        return { content: [{ type: 'text', text: `${word} lone \\ud83d end`.repeat(60) }], ...more };
    }
  }

  #progress({ which, known }: Move & { move: 'progress' }): void {
    const open = pick(
      this.#open.filter(({ token }) => token !== undefined),
      which,
    );
    if (known && open === undefined) return;
    const token = known ? open!.token! : `"gone-${++this.#count}"`;
    const params = { progressToken: new Raw(token), progress: which, message: pick(SERVER_WORDS, which) };
    this.#fromServer({ method: 'notifications/progress', params }, known ? {} : { dropped: true });
  }

  #serverNotice({ kind, words }: Move & { move: 'serverNotice' }): void {
    const word = pick(SERVER_WORDS, words)!;
    switch (kind % 5) {
      case 0: {
        // What changed is listed in the next round, before anything else needs it.
        if (this.#changed !== undefined) return;
        this.#changed = pick(Object.keys(LISTS) as (keyof typeof LISTS)[], words)!;
        const listening = this.#open.find(({ method }) => method === 'subscriptions/listen');
        const _meta = { [`${META}subscriptionId`]: new Raw(listening?.id ?? '"nobody"') };
        this.#fromServer({
          method: `notifications/${this.#changed}/list_changed`,
          ...(this.#stateless ? { params: { _meta } } : {}),
        });
        return this.#endRound();
      }
      case 1:
        return this.#fromServer({ method: 'notifications/message', params: { level: 'info', data: [word] } });
      case 2:
        return this.#fromServer({ method: 'notifications/resources/updated', params: { uri: 'stone://1' } });
      case 3:
        return this.#fromServer({
          method: 'notifications/tasks/status',
          params: { taskId: 'task-of-the-server', status: 'working', 'x-more': word },
        });
      default:
        return this.#fromServer({ method: 'notifications/x-vendor', params: { word } });
    }
  }

  #serverRequest({ method: which, id: wanted, words }: Move & { move: 'serverRequest' }): void {
    const method = pick(serverMethods(this.#revision), which);
    if (method === undefined) return;
    const own = this.#freeId(wanted, [...this.#asked, ...this.#unseen]);
    const word = pick(SERVER_WORDS, words)!;
    const params = {
      message: word,
      messages: [{ role: 'user', content: { type: 'text', text: word } }],
      maxTokens: words,
      requestedSchema: { type: 'object', properties: { name: { type: 'string', default: word } } },
      taskId: 'task-of-the-client',
    };
    this.#fromServer({ id: new Raw(own), method, ...(words % 4 === 0 ? {} : { params }) });
    this.#unseen.push({ id: own, method });
  }

  #freeId(wanted: number, open: readonly Open[]): string {
    const odd = IDS[wanted]!;
    const same = (one: Open): boolean => JSON.parse(one.id) === JSON.parse(odd);
    return open.some(same) ? `"n-${++this.#count}"` : odd;
  }

  #freeToken(wanted: number): string {
    const odd = IDS[wanted % IDS.length]!;
    const same = ({ token }: Open): boolean => token !== undefined && JSON.parse(token) === JSON.parse(odd);
    return [...this.#open, ...this.#answered].some(same) ? `"t-${++this.#count}"` : odd;
  }
}

function pick<T>(from: readonly T[], which: number): T | undefined {
  return from[which % from.length];
}
