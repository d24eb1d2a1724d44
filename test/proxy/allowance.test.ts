import { describe, expect, test, vi } from 'vitest';
import { Allowance } from '../../src/proxy/allowance.ts';
import { type Json, listTools, scene, TOOL } from './support.ts';

const MB = 1024 * 1024;

describe('what a server may list in a session', () => {
  test('is bounded in names, and a name that is known is always taken', () => {
    const some = new Allowance();
    for (let i = 0; i < 50_000; i++) expect(some.take(`tool ${i}`, 1)).toBe(true);
    expect(some.take('tool new', 1)).toBe(false);
    expect(some.take('tool 7', 2)).toBe(true);
  });

  test('is bounded in bytes, of which each name counts what it has now', () => {
    const some = new Allowance();
    expect(some.take('tool a', 100 * MB)).toBe(true);
    expect(some.take('tool b', 28 * MB + 1)).toBe(false);
    expect(some.take('tool a', 1)).toBe(true);
    expect(some.take('tool b', 28 * MB + 1)).toBe(true);
  });
});

test.each([[['web']], [['web', 'other']]])('beyond it nothing is shown, with the servers %j', (servers) => {
  const on = scene({ servers });
  const tools = ['one', 'two', 'three'].map((name) => ({ ...TOOL, name }));
  const { allowance } = on.upstream('web');
  const take = vi.spyOn(allowance, 'take').mockImplementation((name) => name !== 'tool two');
  if (servers.length === 1) {
    on.client({ id: 'list', method: 'tools/list' });
    on.server('web', { id: 'list', result: { tools } });
  } else {
    on.client({ id: 0, method: 'initialize', params: {} }, { method: 'notifications/initialized' });
    for (const name of servers)
      on.server(name, {
        id: on.asked(name, 'initialize')['id'],
        result: { capabilities: { tools: {} } },
      } as Json);
    listTools(on, { web: tools, other: [] });
  }
  expect(take).toHaveBeenCalledTimes(3);
  const listed = (on.last()['result'] as { tools: Json[] }).tools.map(({ name }) =>
    String(name).split('__').at(-1),
  );
  expect(listed).toEqual(['one', 'three']);
});
