import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFrontOf, servers } from './support/launch.ts';
import { RawClient, type Received } from './support/raw-client.ts';
import { sandbox } from './support/sandbox.ts';
import { labelsOf, withoutLabels, words } from './support/wire.ts';

const base = sandbox();
const CAPABILITIES = { sampling: {}, elicitation: {}, roots: { listChanged: true } };
const ROOTS = [{ uri: 'file:///home/me/garden', name: 'garden' }];

/** What a person and a model answer, on both sides alike. */
const REPLIES: Record<string, () => object> = {
  'sampling/createMessage': () => ({
    model: 'none',
    role: 'assistant',
    stopReason: 'endTurn',
    content: { type: 'text', text: 'A haiku about the fence.' },
  }),
  'elicitation/create': () => ({ action: 'accept', content: { name: 'Sam', check: true } }),
  'roots/list': () => ({ roots: ROOTS }),
};

/** server-everything with a client that can do everything; the tools that need it have appeared when this resolves. */
async function open(command: readonly string[]): Promise<RawClient> {
  const client = new RawClient(command);
  for (const [method, reply] of Object.entries(REPLIES)) client.handle(method, reply);
  await client.handshake(CAPABILITIES, '2025-11-25');
  await client.until(
    () => client.received.find(({ message }) => JSON.stringify(message).includes('Roots updated')),
    'answer to roots/list that the server took',
  );
  await client.request('tools/list', {});
  return client;
}

let direct: RawClient;
let through: RawClient;

beforeAll(async () => {
  [direct, through] = await Promise.all([
    open(servers.everything),
    open(inFrontOf(servers.everything, { state: join(base, 'state') })),
  ]);
});
// A server with timers left does not end with its input, so only Cordon is asked to; the other is killed after the file.
afterAll(() => through.end());

/** Does the same on both sides and returns what each of them saw from then on. */
async function both(act: (client: RawClient) => Promise<unknown>): Promise<[Received[], Received[]]> {
  const observe = async (client: RawClient): Promise<Received[]> => {
    const from = client.received.length;
    await act(client);
    return client.received.slice(from);
  };
  return Promise.all([observe(direct), observe(through)]);
}

/** The lines in order. That a list changed is no news while the client has not asked for it: it counts once. */
const wire = (received: readonly Received[]): string[] =>
  received
    .map(({ line }) => withoutLabels(line))
    .filter((line, index, all) => !line.includes('/list_changed"') || all.indexOf(line) === index);

describe('a server that asks its client', () => {
  test('roots, list_changed and log messages arrive as sent, before anything was called', () => {
    expect(wire(through.received)).toEqual(wire(direct.received));
    expect(through.received.some(({ message }) => message.method === 'roots/list')).toBe(true);
    expect(
      through.received.some(({ message }) => message.method === 'notifications/tools/list_changed'),
    ).toBe(true);
  });

  test('sampling: the request reaches the client, its answer the server', async () => {
    const [plain, guarded] = await both((client) =>
      client.call('trigger-sampling-request', { prompt: 'Write about my fence', maxTokens: 20 }),
    );
    expect(wire(guarded)).toEqual(wire(plain));
    expect(guarded.map(({ message }) => message.method)).toEqual(['sampling/createMessage', undefined]);
    expect(words(guarded[1]!.message)).toContain('A haiku about the fence.');
    expect(labelsOf(guarded[1]!.message)).toBeDefined();
  });

  test('elicitation: the form reaches the person, the answer the server', async () => {
    const [plain, guarded] = await both((client) => client.call('trigger-elicitation-request'));
    expect(wire(guarded)).toEqual(wire(plain));
    expect(guarded[0]!.message.method).toBe('elicitation/create');
    expect(words(guarded.at(-1)!.message)).toContain('Sam');
  });

  test('roots that changed are asked for again', async () => {
    ROOTS.push({ uri: 'file:///home/me/shed', name: 'shed' });
    const [plain, guarded] = await both(async (client) => {
      client.notify('notifications/roots/list_changed');
      await client.next(
        ({ line }) => line.includes('Roots updated: 2'),
        'message that two roots were received',
      );
      return client.call('get-roots-list');
    });
    expect(wire(guarded)).toEqual(wire(plain));
    expect(words(guarded.at(-1)!.message)).toContain('shed');
  });
});

describe('what a server says between request and answer', () => {
  test.each([
    ['a number', 77],
    ['zero', 0],
    ['a string', 'token "seven"'],
  ])(
    'progress under a token that is %s arrives in order and before the answer',
    async (_kind, progressToken) => {
      const [plain, guarded] = await both((client) =>
        client.request('tools/call', {
          name: 'trigger-long-running-operation',
          arguments: { duration: 0.2, steps: 4 },
          _meta: { progressToken },
        }),
      );
      expect(wire(guarded)).toEqual(wire(plain));
      expect(guarded.map(({ message }) => message.params?.progress)).toEqual([1, 2, 3, 4, undefined]);
      expect(guarded[0]!.message.params.progressToken).toBe(progressToken);
    },
  );

  test.each([
    ['0', 0],
    ['a string', 'call "x"'],
  ])(
    'a call whose id is %s can be cancelled as without Cordon, and the next call works',
    async (_kind, id) => {
      const [plain, guarded] = await both(async (client) => {
        const params = { name: 'trigger-long-running-operation', arguments: { duration: 0.4, steps: 2 } };
        client.send(
          JSON.stringify({
            jsonrpc: '2.0',
            id,
            method: 'tools/call',
            params: { ...params, _meta: { progressToken: 'p' } },
          }),
        );
        await client.next(({ message }) => message.method === 'notifications/progress', 'first progress');
        client.notify('notifications/cancelled', { requestId: id, reason: 'changed my mind' });
        await client.call('trigger-long-running-operation', { duration: 0.4, steps: 2 });
      });
      // Whether progress of a cancelled call is still told is the server's affair; the SDK below this one ignores the
      // cancellation of id 0, so there both sides get an answer.
      const answers = ({ message }: Received): boolean => message.method === undefined;
      expect(wire(guarded.filter(answers))).toEqual(wire(plain.filter(answers)));
      if (id !== 0) expect(guarded.some(({ message }) => message.id === id)).toBe(false);
    },
  );

  test('log messages come at the level that was set', async () => {
    const [plain, guarded] = await both(async (client) => {
      await client.request('logging/setLevel', { level: 'debug' });
      client.send(
        '{"jsonrpc":"2.0","id":"on","method":"tools/call","params":{"name":"toggle-simulated-logging"}}',
      );
      await client.next(({ message }) => message.method === 'notifications/message', 'log message');
      await client.until(() => client.received.find(({ message }) => message.id === 'on'), 'answer');
      await client.call('toggle-simulated-logging');
    });
    expect(wire(guarded.filter(({ message }) => message.id !== undefined))).toEqual(
      wire(plain.filter(({ message }) => message.id !== undefined)),
    );
  });
});

describe('subscriptions and tasks', () => {
  test('updates of a subscribed resource arrive, until it is unsubscribed', async () => {
    const uri = 'demo://resource/dynamic/text/7';
    const [plain, guarded] = await both(async (client) => {
      await client.request('resources/subscribe', { uri });
      const update = client.next(
        ({ message }) => message.method === 'notifications/resources/updated',
        'update of the resource',
      );
      await client.call('toggle-subscriber-updates');
      await update;
      await client.call('toggle-subscriber-updates');
      await client.request('resources/unsubscribe', { uri });
    });
    expect(wire(guarded)).toEqual(wire(plain));
  });

  test('a call that runs as a task: its result comes under its id', async () => {
    const settle = (received: readonly Received[], taskId: string): string[] =>
      wire(received).map((line) =>
        line
          .replaceAll(taskId, 'TASK')
          .replaceAll(/20[0-9-]{8}T[0-9:.]+Z/g, 'TIME')
          .replaceAll(/"pollInterval":[0-9]+/g, ''),
      );
    const run = async (client: RawClient): Promise<string[]> => {
      const from = client.received.length;
      const created = await client.request('tools/call', {
        name: 'simulate-research-query',
        arguments: { topic: 'garden fences' },
        task: { ttl: 60_000 },
      });
      const { taskId } = created.message.result.task;
      await client.request('tasks/get', { taskId });
      await client.request('tasks/result', { taskId });
      return settle(client.received.slice(from), taskId);
    };
    const [plain, guarded] = await Promise.all([run(direct), run(through)]);
    expect(guarded.at(-1)).toBe(plain.at(-1));
    expect(guarded.at(-1)).toContain('garden fences');
  });
});

test('nothing but MCP was printed', () => {
  expect(through.junk).toEqual([]);
});
