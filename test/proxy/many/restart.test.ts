import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UPSTREAM_GONE } from '../../../src/proxy/answers.ts';
import { greet, type Json, type Scene, scene, TOOL } from '../support.ts';
import { answer, calling, FULL, forget, listed, methods, parsed, text, tool, two } from './support.ts';

vi.mock('../../../src/proxy/log.ts', () => ({ log: () => {}, logged: async () => {} }));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const TOOLS = { tools: [tool('fetch'), tool('send')] };
const stateOf = (on: Scene, name: string): Json =>
  on.session.servers.find((one) => one.name === name) as unknown as Json;

/** Ends a server and waits until it was started again. */
async function restart(on: Scene, name: string): Promise<void> {
  on.exits(name);
  forget(on);
  await vi.advanceTimersByTimeAsync(500);
}

describe('a server that ended', () => {
  test('fails what was in flight and what comes next, with what is done about it, and no other server', async () => {
    const on = listed();
    calling(on, 'a__fetch', {}, 1);
    calling(on, 'b__fetch', {}, 2);
    on.exits('a');
    calling(on, 'b__fetch', {}, 3);
    on.client({ id: 4, method: 'tools/call', params: { name: 'a__fetch' } });
    expect(parsed(on.toClient)).toMatchObject([
      { id: 1, error: { code: UPSTREAM_GONE } },
      {
        id: 4,
        error: { code: UPSTREAM_GONE, message: expect.stringMatching(/exited with code 1.*started again/) },
      },
    ]);
    expect(stateOf(on, 'a')).toMatchObject({
      state: 'down',
      reason: expect.stringContaining('exited with code 1'),
    });
    expect(stateOf(on, 'b')).toMatchObject({ state: 'up', reason: undefined });
  });

  test('is greeted again with the client’s own words, then told what it has forgotten', async () => {
    const on = listed();
    on.client({ id: 'level', method: 'logging/setLevel', params: { level: 'error' } });
    on.client({ id: 'r', method: 'resources/list' });
    answer(on, 'a', 'resources/list', {
      resources: [
        { uri: 'x:1', name: 'n' },
        { uri: 'x:2', name: 'n' },
      ],
    });
    answer(on, 'b', 'resources/list', { resources: [] });
    for (const [id, uri] of ['x:1', 'x:2'].entries()) {
      on.client({ id: `s${id}`, method: 'resources/subscribe', params: { uri } });
      answer(on, 'a', 'resources/subscribe', {});
    }
    on.client({ id: 'u', method: 'resources/unsubscribe', params: { uri: 'x:2' } });
    answer(on, 'a', 'resources/unsubscribe', {});
    await restart(on, 'a');
    expect(stateOf(on, 'a')).toMatchObject({ state: 'starting' });
    expect(on.recorder.of('server.restart')).toEqual([{ server: 'a' }]);
    expect(parsed(on.sent['a']!)).toMatchObject([
      { method: 'initialize', params: { protocolVersion: '2025-11-25', clientInfo: { name: 'c' } } },
    ]);
    answer(on, 'a', 'initialize', { capabilities: FULL });
    expect(methods(on, 'a').slice(1)).toEqual([
      'notifications/initialized',
      'logging/setLevel',
      'resources/subscribe',
      'tools/list',
      'resources/list',
    ]);
    expect(on.asked('a', 'resources/subscribe')['params']).toEqual({ uri: 'x:1' });
    expect(stateOf(on, 'a')).toMatchObject({ state: 'up' });
    expect(on.toClient).toEqual([]);
  });

  test('takes no call before its tools were checked against their pins again', async () => {
    const on = listed();
    await restart(on, 'a');
    on.client({ id: 1, method: 'tools/call', params: { name: 'a__fetch' } });
    on.client({ id: 2, method: 'tools/call', params: { name: 'a__send' } });
    answer(on, 'a', 'initialize', { capabilities: FULL });
    expect(methods(on, 'a')).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
    answer(on, 'a', 'tools/list', {
      tools: [tool('fetch'), { ...tool('send'), description: 'Sends everything.' }],
    });
    expect(methods(on, 'a').slice(3)).toEqual(['tools/call']);
    const refused = parsed(on.toClient).find((one) => one['id'] === 2);
    expect(refused).toMatchObject({ result: { isError: true } });
  });

  test('that comes back with other tools has the client told, with the same it has not', async () => {
    for (const [tools, told] of [
      [TOOLS, 0],
      [{ tools: [tool('fetch')] }, 1],
    ] as const) {
      const on = listed();
      await restart(on, 'a');
      answer(on, 'a', 'initialize', { capabilities: FULL });
      answer(on, 'a', 'tools/list', tools);
      expect(on.toClient.filter((line) => line.includes('list_changed'))).toHaveLength(told);
    }
  });

  test('is listed as it was while it is being started again', async () => {
    const on = listed();
    on.exits('a');
    on.client({ id: 'l', method: 'tools/list' });
    answer(on, 'b', 'tools/list', TOOLS);
    expect((on.last()['result'] as { tools: Json[] }).tools.map(({ name }) => name)).toContain('a__fetch');
  });

  test('answers nothing under ids of before', async () => {
    const on = listed();
    const { id } = calling(on, 'a__fetch', {}, 1);
    await restart(on, 'a');
    on.server('a', { id, result: text('late') } as Json);
    expect(on.toClient).toEqual([]);
  });

  test('asks nothing any more: its questions would be answered to the one in its place', () => {
    const on = listed();
    on.upstream('a').leave('it reads nothing');
    forget(on);
    on.server('a', { id: 5, method: 'ping' }, { method: 'notifications/message', params: {} });
    expect(on.toClient).toEqual([]);
  });

  test('in the middle of a list is on record with the list that it then gave', async () => {
    const on = two();
    on.client({ id: 1, method: 'tools/list' });
    answer(on, 'a', 'tools/list', { tools: [tool('fetch')], nextCursor: 'more' });
    await restart(on, 'a');
    answer(on, 'a', 'initialize', { protocolVersion: '2025-11-25', capabilities: FULL });
    answer(on, 'a', 'tools/list', TOOLS);
    expect(on.recorder.of('list.describe')).toMatchObject([{ server: 'a', count: 2 }]);
  });

  test('again and again stays down in the end, and its tools leave the list', async () => {
    const on = listed();
    for (let i = 0; i < 9; i++) {
      on.exits('a');
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(parsed(on.toClient).map((one) => one['method'])).toEqual(['notifications/tools/list_changed']);
    on.client({ id: 'l', method: 'tools/list' });
    answer(on, 'b', 'tools/list', TOOLS);
    expect(JSON.stringify(on.last())).not.toContain('a__');
    expect(stateOf(on, 'a')).toMatchObject({
      state: 'down',
      reason: expect.stringContaining('not started again'),
    });
    expect(on.recorder.of('server.exit')).toHaveLength(9);
  });

  test('for good leaves its resources to the other that lists them', async () => {
    const on = listed();
    on.client({ id: 'r', method: 'resources/list' });
    for (const name of ['a', 'b']) {
      answer(on, name, 'resources/list', { resources: [{ uri: 'x:1', name }] });
    }
    for (let i = 0; i < 9; i++) {
      on.exits('a');
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(on.last()).toMatchObject({ method: 'notifications/resources/list_changed' });
    on.client({ id: 1, method: 'resources/read', params: { uri: 'x:1' } });
    expect(on.asked('b', 'resources/read')['params']).toEqual({ uri: 'x:1' });
  });

  test('is not started again once the session is closed', async () => {
    const on = listed();
    on.exits('a');
    on.close();
    forget(on);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(on.sent['a']).toEqual([]);
  });
});

describe('a server that cannot be started', () => {
  test('is named, tried again, and takes no other down', async () => {
    const on = scene({ servers: ['a', 'b'], broken: ['a'] });
    greet(on, { b: FULL });
    await vi.advanceTimersByTimeAsync(0);
    on.client({ id: 'l', method: 'tools/list' });
    answer(on, 'b', 'tools/list', { tools: [TOOL] });
    expect(on.last()).toMatchObject({ id: 'l', result: { tools: [{ name: 'b__fetch' }] } });
    expect(stateOf(on, 'a')).toMatchObject({
      state: 'down',
      reason: expect.stringContaining('command not found'),
    });
    await vi.advanceTimersByTimeAsync(501);
    expect(on.recorder.of('server.exit')).toHaveLength(2);
    expect(on.last()).toMatchObject({ id: 'l' });
  });

  test('or refuses the handshake is not asked again', async () => {
    const on = scene({ servers: ['a', 'b'] });
    on.client(
      { id: 0, method: 'initialize', params: {} },
      { id: 1, method: 'tools/call', params: { name: 'a__x' } },
    );
    on.server('a', { id: on.asked('a', 'initialize')['id'], error: { code: 1, message: 'not you' } } as Json);
    expect(on.last()).toMatchObject({ id: 1, error: { message: expect.stringContaining('not you') } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(methods(on, 'a')).toEqual(['initialize']);
  });
});

test('what the client says after the end of the session starts no server', () => {
  const on = scene({ servers: ['a', 'b'] });
  on.close();
  on.client({ id: 0, method: 'initialize', params: {} }, { id: 1, method: 'tools/list' });
  expect(on.sent['a']).toEqual([]);
  expect(on.upstream('a').isStarted).toBe(false);
});

describe('one server alone', () => {
  test('is not started again: what it said and did before would be lost without a word', async () => {
    const on = scene({ servers: ['a'] });
    on.exits('a');
    await vi.advanceTimersByTimeAsync(60_000);
    on.client({ id: 1, method: 'ping' });
    expect(on.last()).toMatchObject({
      error: { message: expect.stringContaining("Restart the client's connection") },
    });
    expect(on.sent['a']).toEqual([]);
  });

  test('of several in the configuration keeps its names, and the client is answered at once', async () => {
    const on = scene({ servers: ['a'], gateway: true });
    on.client({ id: 0, method: 'initialize', params: {} });
    expect(on.last()).toMatchObject({ id: 0, result: { serverInfo: { name: 'cordon' } } });
    answer(on, 'a', 'initialize', { capabilities: FULL });
    on.client({ id: 1, method: 'tools/list' });
    answer(on, 'a', 'tools/list', { tools: [tool('mail.send')] });
    expect(on.last()).toMatchObject({ id: 1, result: { tools: [tool('mail.send')] } });
    on.client({ id: 2, method: 'tools/call', params: { name: 'mail.send' } });
    expect(on.asked('a', 'tools/call')['params']).toEqual({ name: 'mail.send' });
    await restart(on, 'a');
    expect(methods(on, 'a')).toEqual(['initialize']);
  });
});
