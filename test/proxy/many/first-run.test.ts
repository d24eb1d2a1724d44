import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UNROUTABLE } from '../../../src/proxy/answers.ts';
import { type Json, type Scene, scene } from '../support.ts';
import { answer, FULL, methods, parsed, text, tool } from './support.ts';

vi.mock('../../../src/proxy/log.ts', () => ({ log: () => {}, logged: async () => {} }));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const HELLO: Json = {
  id: 'hello',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
};
const OWN: Json = { ...FULL, experimental: { own: {} } };

/** A client that waits for no answer, also not for that to its greeting, and servers of which nothing is known. */
function hasty(...messages: Json[]): Scene {
  const on = scene({ servers: ['a', 'b'] });
  on.client(HELLO, { method: 'notifications/initialized' }, ...messages);
  return on;
}

const up = (on: Scene, name: string, capabilities: Json = FULL): void =>
  answer(on, name, 'initialize', { protocolVersion: '2025-11-25', capabilities });
const answersTo = (on: Scene, id: unknown): Json[] => parsed(on.toClient).filter((one) => one['id'] === id);

/** Answers every request that a server has not answered yet, whatever it is, with what it has. */
function serveAll(on: Scene, name: string, results: Record<string, Json>): void {
  const answered = new Set<unknown>();
  for (let found = true; found; ) {
    found = false;
    for (const { id, method } of parsed(on.sent[name]!)) {
      if (id === undefined || answered.has(id) || method === 'initialize') continue;
      answered.add(id);
      found = true;
      on.server(name, { id: id as string, result: results[method as string] ?? {} });
    }
  }
}

describe.each([
  ['a', 'b'],
  ['b', 'a'],
])('a client that waits for nothing in its first run, %s coming up before %s', (first, second) => {
  test('gets each answer once, and of the server that it is for', () => {
    const on = hasty(
      { id: 1, method: 'tools/list' },
      { id: 2, method: 'tools/call', params: { name: 'a__fetch' } },
      { id: 3, method: 'tools/call', params: { name: 'b__fetch' } },
      { id: 4, method: 'prompts/get', params: { name: 'b__ask' } },
      { id: 5, method: 'resources/read', params: { uri: 'x:b' } },
      { id: 6, method: 'tasks/list' },
      { id: 7, method: 'x/own' },
      { id: 8, method: 'ping' },
      { id: 9, method: 'logging/setLevel', params: { level: 'info' } },
    );
    const has = (name: string): Record<string, Json> => ({
      'tools/list': { tools: [tool('fetch')] },
      'tools/call': text(`called ${name}`),
      'prompts/list': { prompts: [{ name: 'ask' }] },
      'prompts/get': { messages: [], description: name },
      'resources/list': { resources: [{ uri: `x:${name}`, name }] },
      'resources/templates/list': { resourceTemplates: [] },
      'resources/read': { contents: [{ uri: 'x:b', text: name }] },
      'tasks/list': { tasks: [{ taskId: 't', status: 'working' }] },
      'x/own': { by: name },
    });
    for (const name of [first, second]) {
      up(on, name, name === 'b' ? OWN : FULL);
      serveAll(on, name, has(name));
    }
    serveAll(on, first, has(first));
    for (const id of ['hello', 1, 2, 3, 4, 5, 6, 7, 8, 9]) expect(answersTo(on, id)).toHaveLength(1);
    const result = (id: unknown): unknown => JSON.stringify(answersTo(on, id)[0]!['result']);
    expect(result(1)).toMatch(/a__fetch.*b__fetch/);
    expect(result(2)).toContain('called a');
    expect(result(3)).toContain('called b');
    expect(result(4)).toContain('"description":"b"');
    expect(result(5)).toContain('"text":"b"');
    expect(result(6)).toMatch(/a__t.*b__t/);
    expect(result(7)).toBe('{"by":"b"}');
  });
});

test('a resource is not asked of the only server that is up: another may list it', () => {
  const on = hasty({ id: 1, method: 'resources/read', params: { uri: 'x:b' } });
  up(on, 'a');
  answer(on, 'a', 'resources/list', { resources: [] });
  answer(on, 'a', 'resources/templates/list', { resourceTemplates: [{ uriTemplate: '{any}', name: 'n' }] });
  expect(methods(on, 'a')).not.toContain('resources/read');
  vi.advanceTimersByTime(2000);
  expect(on.last()).toMatchObject({ id: 1, error: { code: UNROUTABLE } });
  expect(JSON.stringify(on.last())).toContain('b has not said yet what it has');
  // Once it has, and has none, there is only one.
  up(on, 'b', { tools: {} });
  on.client({ id: 2, method: 'resources/read', params: { uri: 'x:b' } });
  expect(methods(on, 'a')).toContain('resources/read');
});

test('what one server alone declares is asked of it after two seconds, though another has not come up by then', () => {
  const on = hasty({ id: 1, method: 'x/own' });
  up(on, 'b', OWN);
  expect(methods(on, 'b')).not.toContain('x/own');
  vi.advanceTimersByTime(2000);
  answer(on, 'b', 'x/own', {});
  expect(on.last()).toMatchObject({ id: 1, result: {} });
  // The other is not waited for again.
  on.client({ id: 2, method: 'x/own' });
  expect(methods(on, 'b').filter((method) => method === 'x/own')).toHaveLength(2);
});

test('what waits for a server that ends is answered without it', () => {
  const on = hasty({ id: 1, method: 'tasks/list' }, { id: 2, method: 'x/own' });
  up(on, 'a');
  answer(on, 'a', 'tasks/list', { tasks: [] });
  expect(answersTo(on, 1)).toEqual([]);
  on.exits('b');
  expect(answersTo(on, 1)).toMatchObject([{ result: { tasks: [] } }]);
  expect(answersTo(on, 2)).toMatchObject([{ error: { code: -32601 } }]);
});

test('what is taken back while servers start is neither sent nor answered', () => {
  const on = hasty({ id: 1, method: 'x/own' }, { id: 2, method: 'tasks/list' });
  for (const requestId of [1, 2]) on.client({ method: 'notifications/cancelled', params: { requestId } });
  up(on, 'b', OWN);
  up(on, 'a');
  serveAll(on, 'a', {});
  serveAll(on, 'b', {});
  expect(methods(on, 'b')).not.toContain('x/own');
  expect([...answersTo(on, 1), ...answersTo(on, 2)]).toEqual([]);
});
