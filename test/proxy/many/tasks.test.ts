import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Labelled, Mediator } from '../../../src/mediation/mediator.ts';
import { UNROUTABLE } from '../../../src/proxy/answers.ts';
import type { Json, Scene } from '../support.ts';
import { answer, calling, forget, listed, parsed } from './support.ts';

vi.mock('../../../src/proxy/log.ts', () => ({ log: () => {}, logged: async () => {} }));

const RELATED = 'io.modelcontextprotocol/related-task';
const related = (taskId: string): Json => ({ _meta: { [RELATED]: { taskId } } });

/** Both servers have started a task that they call `t1`. */
function started(): Scene {
  const on = listed();
  for (const [id, name] of ['a', 'b'].entries()) {
    const call = calling(
      on,
      `${name}__fetch`,
      { task: { ttl: 60000 }, _meta: { progressToken: 5 + id } },
      id,
    );
    on.server(name, { id: call['id'], result: { task: { taskId: 't1', status: 'working' } } });
  }
  return on;
}

const tokenOf = (on: Scene, name: string): string =>
  (on.asked(name, 'tools/call')['params'] as { _meta: { progressToken: string } })._meta.progressToken;

describe("a server's task", () => {
  test('has its server’s name before its id, so that two servers’ equal ids differ', () => {
    expect(parsed(started().toClient)).toMatchObject([
      { id: 0, result: { task: { taskId: 'a__t1', status: 'working' } } },
      { id: 1, result: { task: { taskId: 'b__t1', status: 'working' } } },
    ]);
  });

  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])('is reached by %s', (method) => {
    const on = started();
    on.client({ id: 7, method, params: { taskId: 'b__t1', x: 1 } });
    expect(on.asked('b', method)['params']).toEqual({ taskId: 't1', x: 1 });
    expect(on.sent['a']!.filter((line) => line.includes(method))).toEqual([]);
    answer(on, 'b', method, { taskId: 't1', status: 'working', ...related('t1') });
    expect(on.last()).toMatchObject({ id: 7, result: { taskId: 'b__t1', ...related('b__t1') } });
  });

  test('answers the call that started it, where its result or its state is learned', () => {
    const on = started();
    const label = vi.spyOn(Mediator.prototype, 'label');
    onTestFinished(() => label.mockRestore());
    for (const [id, method] of ['tasks/get', 'tasks/result'].entries()) {
      on.client({ id: 7 + id, method, params: { taskId: 'b__t1' } });
      answer(on, 'b', method, { content: [], taskId: 't1', status: 'working' });
    }
    on.client({ id: 9, method: 'tasks/get', params: { taskId: 'b__t2' } });
    answer(on, 'b', 'tasks/get', { taskId: 't2', status: 'working' });
    const labelled = label.mock.results.map(({ value }) => (value as Labelled).inbound.origin);
    expect(labelled).toEqual(['fetch', 'fetch', 'tasks/get']);
  });

  test('is told from a result that only has such a member, in either shape', () => {
    const on = listed();
    for (const [id, resultType] of ['task', 'complete'].entries()) {
      const call = calling(on, 'a__fetch', {}, id);
      on.server('a', { id: call['id'], result: { resultType, taskId: 't1', content: [] } });
    }
    expect(parsed(on.toClient)).toMatchObject([
      { result: { taskId: 'a__t1' } },
      { result: { taskId: 't1' } },
    ]);
  });

  test.each([undefined, 't1', 'c__t1', 5, null])('is not reached under %j', (taskId) => {
    const on = forget(started());
    on.client({ id: 7, method: 'tasks/get', params: { taskId } as Json });
    expect(on.last()).toMatchObject({ id: 7, error: { code: UNROUTABLE } });
  });

  test('gives the result that its call would have given: labelled, with the id that the client knows', () => {
    const on = started();
    on.client({ id: 7, method: 'tasks/result', params: { taskId: 'a__t1' } });
    answer(on, 'a', 'tasks/result', { content: [{ type: 'text', text: 'done' }], ...related('t1') });
    const { result } = on.last() as { result: { _meta: Json } };
    expect(result).toMatchObject({ content: [{ text: 'done' }], ...related('a__t1') });
    expect(result._meta).toHaveProperty(['cordon/labels']);
  });

  test('is listed with those of the others', () => {
    const on = forget(started());
    on.client({ id: 'l', method: 'tasks/list' });
    answer(on, 'b', 'tasks/list', { tasks: [{ taskId: 't1', n: 1 }] });
    answer(on, 'a', 'tasks/list', { tasks: [{ taskId: 't1' }, { odd: true }, 5], nextCursor: 'x' });
    expect(on.toClient).toEqual([]);
    expect(on.asked('a', 'tasks/list')['params']).toEqual({ cursor: 'x' });
    answer(on, 'a', 'tasks/list', { tasks: [{ status: 'failed', taskId: 't2' }] });
    expect(on.last()).toEqual({
      jsonrpc: '2.0',
      id: 'l',
      result: {
        tasks: [
          { taskId: 'a__t1' },
          { odd: true },
          5,
          { status: 'failed', taskId: 'a__t2' },
          { taskId: 'b__t1', n: 1 },
        ],
      },
    });
    expect(on.recorder.of('response').map((body) => body['server'])).toEqual(['b', 'a', 'a']);
  });

  test('is listed without those of a server that says nothing', () => {
    vi.useFakeTimers();
    try {
      const on = forget(started());
      on.client({ id: 'l', method: 'tasks/list' });
      answer(on, 'b', 'tasks/list', { tasks: [{ taskId: 't1' }] });
      vi.advanceTimersByTime(2000);
      expect(on.last()).toMatchObject({ id: 'l', result: { tasks: [{ taskId: 'b__t1' }] } });
      answer(on, 'a', 'tasks/list', { tasks: [] });
      expect(on.toClient).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('that a server lists without end is cut off', () => {
    const on = forget(started());
    on.client({ id: 'l', method: 'tasks/list' });
    answer(on, 'b', 'tasks/list', { tasks: [] });
    for (let page = 0; page < 100; page++) answer(on, 'a', 'tasks/list', { tasks: [], nextCursor: 'x' });
    expect(on.last()).toMatchObject({ id: 'l', result: { tasks: [] } });
    expect(on.sent['a']).toHaveLength(100);
  });

  test('says its state under that id, in requests of its server and in progress too', () => {
    const on = forget(started());
    on.server(
      'b',
      { method: 'notifications/tasks/status', params: { taskId: 't1', status: 'working' } },
      { id: 1, method: 'elicitation/create', params: { message: '?', ...related('t1') } },
    );
    expect(parsed(on.toClient)).toMatchObject([
      { params: { taskId: 'b__t1' } },
      { method: 'elicitation/create', params: { message: '?', ...related('b__t1') } },
    ]);
    const id = on.last()['id'] as string;
    on.client({ id, result: { action: 'accept', ...related('b__t1') } });
    expect(parsed(on.sent['b']!)).toEqual([
      { jsonrpc: '2.0', id: 1, result: { action: 'accept', ...related('t1') } },
    ]);
  });

  test('has progress until it is over', () => {
    for (const end of ['status', 'get', 'result'] as const) {
      const on = started();
      const token = tokenOf(on, 'b');
      forget(on);
      const progress = { method: 'notifications/progress', params: { progressToken: token, progress: 1 } };
      on.server('b', progress);
      expect(on.last()).toMatchObject({ params: { progressToken: 6 } });
      if (end === 'status') {
        on.server('b', {
          method: 'notifications/tasks/status',
          params: { taskId: 't1', status: 'completed' },
        });
      } else {
        on.client({ id: 7, method: `tasks/${end}`, params: { taskId: 'b__t1' } });
        answer(on, 'b', `tasks/${end}`, { taskId: 't1', status: 'failed', ...related('t1') });
      }
      const count = on.toClient.length;
      on.server('b', progress);
      expect(on.toClient).toHaveLength(count);
    }
  });
});

test('of a server that names every task alike only the last has progress, and no token is kept for the others', () => {
  const on = listed();
  for (let i = 0; i < 10; i++) {
    const { id } = calling(on, 'a__fetch', { _meta: { progressToken: i } }, i);
    on.server('a', { id: id as string, result: { task: { taskId: 't1', status: 'working' } } });
  }
  expect([on.upstream('a').progressTokens.size, on.upstream('a').taskTokens.size]).toEqual([1, 1]);
});

describe("a task of the client's", () => {
  /** Server `a` has asked for something, which the client goes on with as its task `c1`. */
  function asked(): Scene {
    const on = listed();
    const params = { message: '?', task: {}, _meta: { progressToken: 3 } };
    on.server('a', { id: 1, method: 'elicitation/create', params });
    on.client({ id: on.last()['id'] as string, result: { task: { taskId: 'c1', status: 'working' } } });
    expect(parsed(on.sent['a']!)).toMatchObject([{ id: 1, result: { task: { taskId: 'c1' } } }]);
    return on;
  }

  test('is known to the server that started it, and to no other', () => {
    const on = forget(asked());
    on.server('a', { id: 2, method: 'tasks/get', params: { taskId: 'c1' } });
    expect(on.last()).toMatchObject({ method: 'tasks/get', params: { taskId: 'c1' } });
    forget(on);
    on.server('b', { id: 2, method: 'tasks/get', params: { taskId: 'c1' } });
    on.server('b', { id: 3, method: 'tasks/list' }, { id: 4, method: 'tasks/get' });
    expect(on.toClient).toEqual([]);
    expect(parsed(on.sent['b']!)).toMatchObject([
      { id: 2, error: { code: -32602 } },
      { id: 3, error: { code: -32601 } },
      { id: 4, error: { code: -32602 } },
    ]);
  });

  test('says its state and progress to that server alone', () => {
    const on = asked();
    const token = parsed(on.toClient).find((one) => one['method'] === 'elicitation/create')!['id'] as string;
    forget(on);
    on.client(
      { method: 'notifications/tasks/status', params: { taskId: 'c1', status: 'completed' } },
      { method: 'notifications/progress', params: { progressToken: token, progress: 1 } },
      { method: 'notifications/tasks/status', params: { taskId: 'c2' } },
    );
    expect(parsed(on.sent['a']!)).toMatchObject([
      { params: { taskId: 'c1', status: 'completed' } },
      { params: { progressToken: 3 } },
    ]);
    expect(on.sent['b']).toEqual([]);
  });

  test('is forgotten with its server', () => {
    const on = asked();
    on.exits('a');
    forget(on);
    on.client({ method: 'notifications/tasks/status', params: { taskId: 'c1' } });
    expect(on.sent['a']).toEqual([]);
  });
});
