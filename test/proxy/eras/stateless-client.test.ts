import { expect, test } from 'vitest';
import { StatelessClient } from '../../../src/proxy/eras/stateless-client.ts';
import type { Request } from '../../../src/proxy/message.ts';
import { CAPABILITIES, type Loose, message, QUESTION, Sides, SUBSCRIPTION, VERSION } from './support.ts';

const _meta = { [VERSION]: '2026-07-28', [CAPABILITIES]: { elicitation: {}, tasks: {} } };
const list = { id: 1, method: 'tools/list', params: { _meta } };
const call = (id: unknown, more: object = {}): object => ({
  id,
  method: 'tools/call',
  params: { name: 't', arguments: {}, _meta, ...more },
});

function open(capabilities: object = { tools: { listChanged: true }, logging: {} }): Sides {
  const sides = new Sides();
  sides.translation = new StatelessClient(sides, message(list) as Request);
  const [hello] = sides.toServer();
  expect(hello.params).toMatchObject({ protocolVersion: '2025-11-25', capabilities: { elicitation: {} } });
  expect(hello.params.capabilities.tasks).toBeUndefined();
  sides.server({ id: hello.id, result: { protocolVersion: '2025-11-25', capabilities } });
  expect(sides.toServer()).toMatchObject([{ method: 'notifications/initialized' }]);
  return sides;
}

const asked = (sides: Sides, id: unknown): Loose => {
  sides.server({ id, ...QUESTION });
  return sides.toClient()[0].result;
};

test('nothing is sent before the handshake is done, and then all in order', () => {
  const sides = new Sides();
  sides.translation = new StatelessClient(sides, message(list) as Request);
  const [hello] = sides.toServer();
  sides.client(list);
  sides.client(call(2));
  sides.client(call(3));
  sides.client({ method: 'notifications/cancelled', params: { requestId: 2 } });
  expect(sides.toServer()).toEqual([]);
  sides.server({ id: hello.id, result: { capabilities: {} } });
  expect(sides.toServer().map(({ id, method }) => id ?? method)).toEqual(['notifications/initialized', 1, 3]);
});

test('a server that refuses the handshake refuses every request, in words', () => {
  const sides = new Sides();
  sides.translation = new StatelessClient(sides, message(list) as Request);
  const [hello] = sides.toServer();
  sides.client(list);
  sides.server({ id: hello.id, error: { code: -1, message: 'no licence' } });
  sides.client(call(2));
  const answers = sides.toClient();
  expect(answers.map(({ id }) => id)).toEqual([1, 2]);
  for (const { error } of answers) expect(error.message).toContain('no licence');
});

test('results say what the revision wants of them, and errors nothing else', () => {
  const sides = open();
  sides.client(list);
  expect(sides.toServer()).toEqual([{ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: {} } }]);
  sides.server('{"jsonrpc":"2.0","id":1,"result":{"tools":[],"ttlMs":"x","n":1e400}}');
  expect(sides.ups.splice(0)).toEqual([
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[],"n":1e400}}',
  ]);
  sides.client(call(2));
  sides.server({ id: 2, error: { code: 5, message: 'm' } });
  expect(sides.toClient()).toEqual([{ jsonrpc: '2.0', id: 2, error: { code: 5, message: 'm' } }]);
});

test('questions come in rounds, each answered under the id that the server gave it', () => {
  const sides = open();
  sides.client(call(2));
  sides.toServer();
  const first = asked(sides, 'a"');
  // Asked while the client is away: they wait for it.
  sides.server({ id: 7, ...QUESTION });
  expect(sides.toClient()).toEqual([]);
  const [key] = Object.keys(first.inputRequests);
  sides.client(
    call(3, { requestState: first.requestState, inputResponses: { [key!]: { action: 'decline' } } }),
  );
  expect(sides.toServer()).toEqual([{ jsonrpc: '2.0', id: 'a"', result: { action: 'decline' } }]);
  const [second] = sides.toClient();
  expect(second).toMatchObject({ id: 3, result: { resultType: 'input_required' } });
  const next = Object.keys(second.result.inputRequests);
  expect(next).toHaveLength(1);
  // It forgot to answer, and is asked again.
  sides.client(call(4, { requestState: first.requestState, inputResponses: { other: {} } }));
  expect(sides.toClient()[0].result.inputRequests).toEqual(second.result.inputRequests);
  sides.client(call(5, { requestState: first.requestState, inputResponses: { [next[0]!]: {} } }));
  expect(sides.toServer()).toMatchObject([{ id: 7, result: {} }]);
  sides.server({ id: 2, result: { content: [] } });
  expect(sides.toClient()).toEqual([
    { jsonrpc: '2.0', id: 5, result: { resultType: 'complete', content: [] } },
  ]);
});

test('an answer that comes while the client is away is there when it is back', () => {
  const sides = open();
  sides.client(call(2));
  const { requestState } = asked(sides, 1);
  sides.server({ id: 2, result: { content: [] } });
  expect(sides.toClient()).toEqual([]);
  sides.client(call(3, { requestState }));
  expect(sides.toClient()).toMatchObject([{ id: 3, result: { resultType: 'complete' } }]);
});

test.each([
  ['of another tool', (state: string) => call(3, { name: 'u', requestState: state })],
  ['made up', () => call(3, { requestState: 'made up' })],
  ['of no text', () => call(3, { requestState: { a: 1 } })],
  ['missing', () => call(3, { inputResponses: {} })],
])('a state that is %s resumes nothing', (_what, retry) => {
  const sides = open();
  sides.client(call(2));
  const { requestState } = asked(sides, 1);
  sides.toServer();
  sides.client(retry(requestState));
  expect(sides.toServer()).toEqual([]);
  expect(sides.toClient()).toMatchObject([{ id: 3, error: { code: -32602 } }]);
});

test.each([
  ['nothing is in flight', [], QUESTION, 'only while'],
  ['only a list is', [list], QUESTION, 'only while'],
  ['it cannot be told which', [call(2), call(3)], QUESTION, '2 answers'],
  [
    'the client cannot be asked that',
    [call(2)],
    { method: 'sampling/createMessage' },
    'sampling/createMessage',
  ],
  ['it is nothing that a client is asked', [call(2)], { method: 'tools/call' }, 'tools/call'],
])('a question is refused where %s', (_where, before, question, said) => {
  const sides = open();
  for (const one of before) sides.client(one);
  sides.toServer();
  sides.server({ id: 'q', ...question });
  expect(sides.toClient()).toEqual([]);
  const [answer] = sides.toServer();
  expect(answer.id).toBe('q');
  expect(answer.error.message).toContain(said);
});

test('what a server takes back is not asked any more, and is not told to the client', () => {
  const sides = open();
  sides.client(call(2));
  sides.toServer();
  const { requestState, inputRequests } = asked(sides, 'q');
  sides.server({ method: 'notifications/cancelled', params: { requestId: 'q' } });
  expect(sides.toClient()).toEqual([]);
  const inputResponses = { [Object.keys(inputRequests)[0]!]: {} };
  sides.client(call(3, { requestState, inputResponses }));
  expect(sides.toServer()).toEqual([]);
  sides.server({ id: 2, result: { content: [] } });
  expect(sides.toClient()).toMatchObject([{ id: 3, result: { resultType: 'complete' } }]);
});

test('an id that the server still works on is not given to it again', () => {
  const sides = open();
  sides.client(call(2));
  asked(sides, 1);
  sides.toServer();
  sides.client(call(2));
  expect(sides.toServer()).toEqual([]);
  expect(sides.toClient()).toMatchObject([{ id: 2, error: { code: -32600 } }]);
});

test('a client that never comes back is given up, and its server told', () => {
  const sides = open();
  for (let i = 0; i < 101; i++) {
    sides.client(call(`c${i}`));
    sides.server({ id: `q${i}`, ...QUESTION });
    // What has its question out is no longer in flight for the client, but still is for the server.
    if (i < 100) sides.server({ id: `c${i}`, result: {} });
  }
  const told = sides.toServer().filter(({ id, error }) => id === 'q0' && error !== undefined);
  expect(told).toHaveLength(1);
});

test('a request that is taken back while its client is asked is ended at its server', () => {
  const sides = open();
  sides.client(call(2));
  sides.toServer();
  const { requestState } = asked(sides, 'q');
  sides.client({ method: 'notifications/cancelled', params: { requestId: 2 } });
  expect(sides.toServer()).toMatchObject([
    { id: 'q', error: { code: 1404 } },
    { method: 'notifications/cancelled', params: { requestId: 2 } },
  ]);
  sides.client(call(3, { requestState, inputResponses: {} }));
  expect(sides.toClient()).toMatchObject([{ id: 3, error: { code: -32602 } }]);
});

test('progress goes to the last try, and to none while the client is away', () => {
  const sides = open();
  const progress = { method: 'notifications/progress', params: { progressToken: 'first', progress: 1 } };
  sides.client(call(2, { _meta: { ..._meta, progressToken: 'first' } }));
  sides.server(progress);
  expect(sides.toClient()[0].params.progressToken).toBe('first');
  const { requestState, inputRequests } = asked(sides, 1);
  sides.server(progress);
  expect(sides.toClient()).toEqual([]);
  const inputResponses = { [Object.keys(inputRequests)[0]!]: {} };
  sides.client(call(3, { requestState, inputResponses, _meta: { ..._meta, progressToken: 9 } }));
  sides.server(progress);
  expect(sides.toClient()[0].params.progressToken).toBe(9);
});

test('what a client takes back is taken back under the id that the server knows', () => {
  const sides = open();
  sides.client(call(2));
  const { requestState, inputRequests } = asked(sides, 1);
  sides.client(call(3, { requestState, inputResponses: { [Object.keys(inputRequests)[0]!]: {} } }));
  sides.toServer();
  sides.client({ method: 'notifications/cancelled', params: { requestId: 3 } });
  expect(sides.toServer()).toMatchObject([{ method: 'notifications/cancelled', params: { requestId: 2 } }]);
});

test('logs come once a level was asked for, which the server is told', () => {
  const sides = open();
  const log = { method: 'notifications/message', params: { level: 'info', data: 'd' } };
  sides.server(log);
  expect(sides.toClient()).toEqual([]);
  sides.client(call(2, { _meta: { ..._meta, 'io.modelcontextprotocol/logLevel': 'info' } }));
  expect(sides.toServer()).toMatchObject([
    { method: 'logging/setLevel', params: { level: 'info' } },
    { id: 2 },
  ]);
  sides.server(log);
  expect(sides.toClient()).toHaveLength(1);
});

test('a subscription gets what it asked for of what the server can do, until it ends', () => {
  const sides = open({ tools: { listChanged: true }, prompts: {}, resources: { subscribe: true } });
  const wanted = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['u:1', 7] };
  const listen = (id: unknown): void =>
    sides.client({ id, method: 'subscriptions/listen', params: { notifications: wanted, _meta } });
  listen('l');
  const [subscribe] = sides.toServer();
  expect(subscribe).toMatchObject({ method: 'resources/subscribe', params: { uri: 'u:1' } });
  // A client that is acknowledged changes the resource, and waits to hear of it: the server has to be ready by then.
  sides.server({ method: 'notifications/tools/list_changed' });
  expect(sides.toClient().map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
  listen('l');
  expect(sides.toClient()).toMatchObject([{ id: 'l', error: { code: -32600 } }]);
  sides.server({ id: subscribe.id, result: {} });
  expect(sides.toClient()[0].params).toEqual({
    notifications: { toolsListChanged: true, resourceSubscriptions: ['u:1'] },
    _meta: { [SUBSCRIPTION]: 'l' },
  });
  listen(2);
  expect(sides.toServer()).toEqual([]);
  sides.toClient();
  sides.server({ method: 'notifications/tools/list_changed' });
  expect(sides.toClient().map(({ params }) => params._meta[SUBSCRIPTION])).toEqual(['l', 2]);
  sides.client({ method: 'notifications/cancelled', params: { requestId: 'l' } });
  expect(sides.toServer()).toEqual([]);
  sides.client({ method: 'notifications/cancelled', params: { requestId: 2 } });
  expect(sides.toServer()).toMatchObject([{ method: 'resources/unsubscribe', params: { uri: 'u:1' } }]);
  sides.server({ method: 'notifications/resources/updated', params: { uri: 'u:1' } });
  expect(sides.toClient()).toEqual([]);
});

test('a subscription is acknowledged without what its server refuses to follow', () => {
  const sides = open({ resources: { subscribe: true } });
  const listen = (id: unknown, resourceSubscriptions: unknown[]): void =>
    sides.client({
      id,
      method: 'subscriptions/listen',
      params: { notifications: { resourceSubscriptions }, _meta },
    });
  listen(1, ['u:1', 'u:2']);
  listen(2, ['u:2']);
  const [first, second] = sides.toServer();
  sides.server({ id: first.id, result: {} });
  expect(sides.toClient()).toEqual([]);
  sides.server({ id: second.id, error: { code: -32002, message: 'unknown' } });
  expect(sides.toClient().map(({ params }) => params.notifications)).toEqual([
    { resourceSubscriptions: ['u:1'] },
    {},
  ]);
  // It is asked anew for the next that wants it; an answer to the question before is not taken for the one to this.
  listen(3, ['u:2']);
  sides.client({ method: 'notifications/cancelled', params: { requestId: 3 } });
  listen(4, ['u:2']);
  const [third, , fourth] = sides.toServer();
  sides.server({ id: third.id, result: {} });
  expect(sides.toClient()).toEqual([]);
  sides.server({ id: fourth.id, result: {} });
  expect(sides.toClient()[0].params.notifications).toEqual({ resourceSubscriptions: ['u:2'] });
});

test('what is subscribed to is bounded', () => {
  const sides = open({ resources: { subscribe: true } });
  const listen = (id: number, count: number): void => {
    const resourceSubscriptions = Array.from({ length: count }, (_, i) => `u:${i}`);
    const notifications = { resourceSubscriptions };
    sides.client({ id, method: 'subscriptions/listen', params: { notifications, _meta } });
  };
  listen(0, 1001);
  for (let id = 1; id <= 11; id++) listen(id, 1000);
  expect(sides.toClient().map(({ id, error }) => [id, error.code])).toEqual([
    [0, -32602],
    [11, -32602],
  ]);
});

test('what the client takes back is forgotten: no answer of it reaches a client that waits for none', () => {
  const sides = open();
  for (let id = 2; id < 500; id++) {
    sides.client(call(id, { _meta: { ..._meta, progressToken: id } }));
    sides.client({ method: 'notifications/cancelled', params: { requestId: id } });
  }
  sides.toServer();
  sides.server({ id: 2, result: { content: [] } });
  expect(sides.toClient()).toEqual([]);
  // It cannot be asked for any more either, and its id is free.
  sides.server({ id: 'q', ...QUESTION });
  expect(sides.toServer()).toMatchObject([{ id: 'q', error: { code: 1404 } }]);
  sides.client(call(2));
  expect(sides.toServer()).toMatchObject([{ id: 2, method: 'tools/call' }]);
});

test('requests of our own that the server never answers are bounded', () => {
  const sides = open();
  for (let i = 0; i < 1002; i++) {
    const level = i % 2 === 0 ? 'info' : 'debug';
    sides.client(call(i + 10, { _meta: { ..._meta, 'io.modelcontextprotocol/logLevel': level } }));
  }
  const own = sides.toServer().filter(({ method }) => method === 'logging/setLevel');
  expect(own).toHaveLength(1002);
  // Whether it is still known or was given up, the client gets no answer that it did not ask for.
  for (const { id } of own) sides.server({ id, result: {} });
  expect(sides.toClient()).toEqual([]);
});
