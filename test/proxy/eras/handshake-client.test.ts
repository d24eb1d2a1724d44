import { expect, test } from 'vitest';
import { HandshakeClient } from '../../../src/proxy/eras/handshake-client.ts';
import type { Answer, Request } from '../../../src/proxy/message.ts';
import { message, QUESTION, Sides, SUBSCRIPTION, VERSION } from './support.ts';

function open(capabilities: object = { elicitation: {}, tasks: { list: {} } }): Sides {
  const sides = new Sides();
  const params = { protocolVersion: '2025-03-26', capabilities, clientInfo: { name: 'c', version: '1' } };
  const said = { capabilities: { tools: { listChanged: true }, resources: { subscribe: true } } };
  sides.translation = new HandshakeClient(
    sides,
    message({ id: 0, method: 'initialize', params }) as Request,
    message({ id: 'd', result: { supportedVersions: ['2026-07-28'], ...said } }) as Answer,
  );
  expect(sides.toClient()[0].result).toMatchObject({ protocolVersion: '2025-03-26', ...said });
  return sides;
}

const call = { id: 5, method: 'tools/call', params: { name: 't', arguments: { n: 1 } } };
const asks = (id: unknown, more: object = {}): object => ({
  id,
  result: { resultType: 'input_required', inputRequests: { day: QUESTION }, requestState: 's"', ...more },
});

test('a request says who asks, and nothing of what the revision no longer has', () => {
  const sides = open();
  sides.client(call);
  const [sent] = sides.toServer();
  expect(sent.params).toMatchObject(call.params);
  expect(sent.params._meta).toEqual({
    [VERSION]: '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
    'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
  });
  sides.client({ id: 6, method: 'logging/setLevel', params: { level: 'info' } });
  sides.client({ id: 7, method: 'ping' });
  expect(sides.toClient().map(({ id, result }) => [id, result])).toEqual([
    [6, {}],
    [7, {}],
  ]);
  sides.client({ id: 8, method: 'tools/list' });
  expect(sides.toServer()[0].params._meta['io.modelcontextprotocol/logLevel']).toBe('info');
});

test('a number that no double holds reaches the server as it was written, at every try', () => {
  const sides = open();
  sides.client(
    '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"t","arguments":{"n":1e400}}}',
  );
  sides.server(asks(5));
  const [question] = sides.toClient();
  sides.client({ id: question.id, result: {} });
  expect(sides.downs).toHaveLength(2);
  for (const line of sides.downs) expect(line).toContain('"arguments":{"n":1e400}');
});

test('a question is asked as a request, and its answer goes back under its name, with the state as it was', () => {
  const sides = open();
  sides.client(call);
  sides.toServer();
  sides.server(asks(5));
  const [question] = sides.toClient();
  expect(question).toMatchObject(QUESTION);
  sides.client({ id: question.id, result: { action: 'accept' } });
  const [again] = sides.toServer();
  expect(again.id).not.toBe(5);
  expect(again.params).toMatchObject({
    ...call.params,
    requestState: 's"',
    inputResponses: { day: { action: 'accept' } },
  });
  sides.server({ id: again.id, result: { resultType: 'complete', content: [] } });
  expect(sides.toClient()).toEqual([{ jsonrpc: '2.0', id: 5, result: { content: [] } }]);
});

test('a second round has its own answers and its own state, not those of the first', () => {
  const sides = open();
  sides.client(call);
  let id: unknown = 5;
  for (const round of ['one', 'two']) {
    sides.server(asks(id, { inputRequests: { [round]: QUESTION }, requestState: round }));
    sides.client({ id: sides.toClient()[0].id, result: { round } });
    const again = sides.toServer().at(-1);
    expect(again.params).toMatchObject({ requestState: round, inputResponses: { [round]: { round } } });
    expect(Object.keys(again.params.inputResponses)).toEqual([round]);
    id = again.id;
  }
});

test.each([
  ['what the client cannot be asked', { inputRequests: { day: { method: 'roots/list' } } }, 'roots/list'],
  ['what is no question', { inputRequests: { day: 7 } }, 'undefined'],
  [
    'more than can be asked at once',
    { inputRequests: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, QUESTION])) },
    '100',
  ],
  ['another kind of answer', { resultType: 'task' }, 'task'],
])('%s ends the call with an error that says so', (_what, more, said) => {
  const sides = open();
  sides.client(call);
  sides.server(asks(5, more));
  const [answer] = sides.toClient();
  expect(answer).toMatchObject({ id: 5, error: { code: 1503 } });
  expect(answer.error.message).toContain(said);
});

test('a question cannot smuggle members of a message in', () => {
  const sides = open();
  sides.client(call);
  sides.server(asks(5, { inputRequests: { day: { ...QUESTION, id: 5, jsonrpc: '1.0', result: {} } } }));
  const [question] = sides.toClient();
  expect(Object.keys(question).sort()).toEqual(['id', 'jsonrpc', 'method', 'params']);
  expect(question).toMatchObject({ jsonrpc: '2.0', ...QUESTION });
});

test('a server that goes on and on is cut off', () => {
  const sides = open();
  sides.client(call);
  let id: unknown = 5;
  for (let round = 0; round < 40; round++) {
    const [sent] = sides.toServer().slice(-1);
    if (sent === undefined) break;
    id = sent.id;
    sides.server(asks(id, { inputRequests: {} }));
  }
  expect(sides.toClient()).toMatchObject([{ id: 5, error: { code: 1503 } }]);
});

test('what the client takes back is taken back where it is: at the server, or at the client', () => {
  const sides = open();
  sides.client(call);
  sides.server(asks(5));
  const [question] = sides.toClient();
  sides.client({ method: 'notifications/cancelled', params: { requestId: 5 } });
  expect(sides.toClient()).toMatchObject([
    { method: 'notifications/cancelled', params: { requestId: question.id } },
  ]);

  sides.client({ ...call, id: 6 });
  sides.server(asks(6));
  sides.client({ id: sides.toClient()[0].id, result: {} });
  const again = sides.toServer().at(-1);
  sides.client({ method: 'notifications/cancelled', params: { requestId: 6, reason: 'enough' } });
  expect(sides.toServer()).toMatchObject([{ params: { requestId: again.id, reason: 'enough' } }]);
});

test('one subscription follows the other, and only the one that stands is heard', () => {
  const sides = open();
  const notice = (id: unknown): object => ({
    method: 'notifications/resources/updated',
    params: { uri: 'u:1', _meta: { [SUBSCRIPTION]: id } },
  });
  const acknowledge = (id: unknown): void =>
    sides.server({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: {}, _meta: { [SUBSCRIPTION]: id } },
    });
  sides.client({ method: 'notifications/initialized' });
  const [first] = sides.toServer();
  acknowledge(first.id);
  sides.client({ id: 1, method: 'resources/subscribe', params: { uri: 'u:1' } });
  sides.client({ id: 2, method: 'resources/subscribe', params: { uri: 'u:2' } });
  const [second] = sides.toServer();
  expect(second.params.notifications).toEqual({ toolsListChanged: true, resourceSubscriptions: ['u:1'] });
  expect(sides.toClient()).toEqual([]);
  acknowledge(second.id);
  const [cancelled, third] = sides.toServer();
  expect(cancelled.params.requestId).toBe(first.id);
  expect(third.params.notifications.resourceSubscriptions).toEqual(['u:1', 'u:2']);
  expect(sides.toClient()).toMatchObject([{ id: 1, result: {} }]);
  sides.server(notice(first.id));
  sides.server(notice('made up'));
  expect(sides.toClient()).toEqual([]);
  sides.server(notice(second.id));
  expect(sides.toClient()).toEqual([
    { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'u:1', _meta: {} } },
  ]);
  sides.server({ id: third.id, error: { code: -32603, message: 'too many' } });
  expect(sides.toClient()).toMatchObject([{ id: 2, error: { message: 'too many' } }]);
  sides.server(notice(second.id));
  expect(sides.toClient()).toHaveLength(1);
});

test('what the client takes back and the server never answers is not kept for ever', () => {
  const sides = open();
  for (let id = 10; id < 310; id++) {
    sides.client({ ...call, id });
    sides.client({ method: 'notifications/cancelled', params: { requestId: id } });
  }
  sides.toServer();
  // The latest is known to be one that may ask; of the oldest nothing is: its answer is told for the session to judge.
  sides.server(asks(309));
  sides.server(asks(10));
  const [latest, oldest] = sides.toClient();
  expect(latest.error.message).toContain('took the request back');
  expect(oldest.error.message).toContain('a kind that a client');
  expect(sides.toServer()).toEqual([]);
});

test('changes that wait for a server that acknowledges nothing are bounded', () => {
  const sides = open();
  for (let id = 0; id <= 1001; id++) {
    sides.client({ id, method: 'resources/subscribe', params: { uri: `u:${id}` } });
  }
  expect(sides.toClient()).toMatchObject([{ id: 1001, error: { code: -32602 } }]);
});

test('a server that asks for a request that was taken back asks nobody', () => {
  const sides = open();
  sides.client(call);
  sides.client({ method: 'notifications/cancelled', params: { requestId: 5 } });
  sides.toServer();
  sides.server(asks(5));
  expect(sides.toClient()).toMatchObject([{ id: 5, error: { message: expect.stringContaining('took') } }]);
  expect(sides.toServer()).toEqual([]);
});
