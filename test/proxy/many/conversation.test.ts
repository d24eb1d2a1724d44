import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type Json, type Scene, TOOL } from '../support.ts';
import { forget, parsed, text, tool, two } from './support.ts';

vi.mock('../../../src/proxy/log.ts', () => ({ log: () => {}, logged: async () => {} }));

type Side = 'a' | 'b';

/** What happens next in a conversation; numbers choose among what is open then. */
type Move =
  | { kind: 'call'; side: Side; token: boolean }
  | { kind: 'cancel' | 'answer' | 'progress' | 'reply'; pick: number }
  | { kind: 'ask'; side: Side; token: boolean }
  | { kind: 'withdraw'; pick: number };

const side = fc.constantFrom<Side>('a', 'b');
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('call' as const), side, token: fc.boolean() }),
  fc.record({ kind: fc.constant('ask' as const), side, token: fc.boolean() }),
  fc.record({
    kind: fc.constantFrom('cancel' as const, 'answer' as const, 'progress' as const, 'reply' as const),
    pick: fc.nat(),
  }),
  fc.record({ kind: fc.constant('withdraw' as const), pick: fc.nat() }),
);

/** Both servers, their tools known; what reaches a server or the client is taken note of as it comes. */
class Conversation {
  readonly on: Scene;
  /** Calls as their servers see them, and as the client does. */
  readonly calls: { side: Side; wire: unknown; id: number; token: unknown; cancelled: boolean }[] = [];
  /** Requests as the client sees them, and as their servers do. */
  readonly asked: { side: Side; alias: unknown; id: number }[] = [];
  #next = 0;

  constructor() {
    this.on = two();
    this.on.client({ id: 'list', method: 'tools/list' });
    for (const name of ['a', 'b']) {
      this.on.server(name, {
        id: this.on.asked(name, 'tools/list')['id'],
        result: { tools: [TOOL, tool('other')] },
      });
    }
    forget(this.on);
  }

  step(one: Move): void {
    const { on } = this;
    forget(on);
    if (one.kind === 'call') return this.#call(one.side, one.token);
    if (one.kind === 'ask') return this.#ask(one.side, one.token);
    const among = <T>(all: T[]): T | undefined => all[one.pick % Math.max(1, all.length)];
    const call = among(this.calls);
    const asked = among(this.asked);
    if (one.kind === 'answer' && call) this.#answer(call);
    if (one.kind === 'progress' && call?.token !== undefined) {
      const params = { progressToken: call.token, progress: 1 };
      on.server(call.side, { method: 'notifications/progress', params } as Json);
      expect(parsed(on.toClient)).toMatchObject([{ params: { progressToken: call.id, progress: 1 } }]);
    }
    if (one.kind === 'cancel' && call) {
      on.client({ method: 'notifications/cancelled', params: { requestId: call.id } });
      expect(parsed(on.sent[call.side]!)).toMatchObject([{ params: { requestId: call.wire } }]);
      expect(on.sent[call.side === 'a' ? 'b' : 'a']).toEqual([]);
      call.cancelled = true;
    }
    if (one.kind === 'reply' && asked) this.#reply(asked);
    if (one.kind === 'withdraw' && asked) {
      on.server(asked.side, { method: 'notifications/cancelled', params: { requestId: asked.id } });
      expect(parsed(on.toClient)).toMatchObject([{ params: { requestId: asked.alias } }]);
      this.asked.splice(this.asked.indexOf(asked), 1);
    }
  }

  /** Everything that is open gets its answer, and nothing is left over. */
  end(): void {
    for (const call of [...this.calls]) {
      forget(this.on);
      this.#answer(call);
    }
    for (const asked of [...this.asked]) {
      forget(this.on);
      this.#reply(asked);
    }
    expect(this.on.session.inFlight.size).toBe(0);
    for (const name of ['a', 'b']) {
      const { inFlight, asked, progressTokens } = this.on.upstream(name);
      expect([inFlight.size, asked.size, progressTokens.size]).toEqual([0, 0, 0]);
    }
  }

  #call(name: Side, withToken: boolean): void {
    const id = this.#next++;
    // The client's token is its id: the server's must be another all the same.
    const _meta = withToken ? { _meta: { progressToken: id } } : {};
    this.on.client({ id, method: 'tools/call', params: { name: `${name}__fetch`, ..._meta } });
    const [seen] = parsed(this.on.sent[name]!);
    expect(seen).toMatchObject({ method: 'tools/call', params: { name: 'fetch' } });
    const token = (seen!['params'] as { _meta?: Json })._meta?.['progressToken'];
    expect(token === undefined).toBe(!withToken);
    for (const known of this.calls) expect([known.wire, known.token ?? {}]).not.toContain(seen!['id']);
    this.calls.push({ side: name, wire: seen!['id'], id, token, cancelled: false });
  }

  #answer(call: Conversation['calls'][number]): void {
    const other = call.side === 'a' ? 'b' : 'a';
    this.on.server(other, { id: call.wire, result: text('from the wrong server') } as Json);
    expect(this.on.toClient).toEqual([]);
    this.on.server(call.side, { id: call.wire, result: text(`of ${call.id}`) } as Json);
    expect(parsed(this.on.toClient)).toMatchObject([{ id: call.id, result: text(`of ${call.id}`) }]);
    this.on.server(call.side, { id: call.wire, result: text('again') } as Json);
    expect(this.on.toClient).toHaveLength(1);
    this.calls.splice(this.calls.indexOf(call), 1);
  }

  #ask(name: Side, withToken: boolean): void {
    // Both servers count from 0, as the SDK does.
    const used = this.asked.filter((one) => one.side === name).map(({ id }) => id);
    const id = Math.max(-1, ...used) + 1;
    const _meta = withToken ? { _meta: { progressToken: id } } : {};
    this.on.server(name, { id, method: 'sampling/createMessage', params: { n: id, ..._meta } });
    const [seen] = parsed(this.on.toClient);
    expect(seen).toMatchObject({ method: 'sampling/createMessage', params: { n: id } });
    this.asked.push({ side: name, alias: seen!['id'], id });
  }

  #reply(asked: Conversation['asked'][number]): void {
    const result = { role: 'assistant', n: asked.id };
    this.on.client({ id: asked.alias, result } as Json, { id: asked.alias, result } as Json);
    expect(parsed(this.on.sent[asked.side]!)).toEqual([{ jsonrpc: '2.0', id: asked.id, result }]);
    expect(this.on.sent[asked.side === 'a' ? 'b' : 'a']).toEqual([]);
    this.asked.splice(this.asked.indexOf(asked), 1);
  }
}

test('whatever the order, each answer, token and cancellation reaches the one that it is for, once', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
      const conversation = new Conversation();
      for (const one of moves) conversation.step(one);
      conversation.end();
      conversation.on.close();
    }),
    { numRuns: 100 },
  );
});
