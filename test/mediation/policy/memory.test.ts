import { describe, expect, test } from 'vitest';
import type { Flow, Role } from '../../../src/event.ts';
import { Memory, yesTo } from '../../../src/mediation/policy/memory.ts';
import { flow } from '../support.ts';

interface Sink {
  server: string;
  tool: string;
  role: Role;
  isLasting: boolean;
  text: string;
}

const sinkOf = (role: Role, text = 'value-1234', isLasting = false): Sink => ({
  server: 'bank',
  tool: 'pay',
  role,
  isLasting,
  text,
});

const rememberable = ({ server, tool, role, isLasting, text }: Sink, from: Flow) =>
  yesTo({ sink: { server, name: tool }, effect: isLasting ? 'destroy' : 'write' }, from, text, role);

const FIELD = { form: 'field', alone: true, path: '/structuredContent/items/3/id' } as const;
const PROSE = { form: 'prose', alone: false, path: '/content/0/text' } as const;

describe('a yes', () => {
  test.each<[string, Role, boolean, Parameters<typeof flow>[0], 'value' | 'field']>([
    ['a destination', 'destination', false, FIELD, 'value'],
    ['a credential', 'credential', false, FIELD, 'value'],
    ['what runs', 'code', false, FIELD, 'value'],
    ['a choice out of a field', 'selector', false, FIELD, 'field'],
    ['a choice out of running text', 'selector', false, PROSE, 'value'],
    ['a part of a field', 'selector', false, { ...FIELD, alone: false }, 'value'],
    ['what is destroyed', 'selector', true, FIELD, 'value'],
    ['what is said', 'content', false, FIELD, 'field'],
    ['what is said, out of running text', 'content', false, PROSE, 'field'],
    ['what is said to something that runs', 'content', true, FIELD, 'value'],
  ])('to %s', (_, role, isLasting, more, by) => {
    const yes = rememberable(sinkOf(role, 'value-1234', isLasting), flow(more))!;
    expect(Object.keys(yes)).toContain(by);
    const memory = new Memory([yes]);
    const again = (text: string, other: Parameters<typeof flow>[0] = more) =>
      memory.holds(rememberable(sinkOf(role, text, isLasting), flow(other))!);
    expect(again('value-1234')).toBe(true);
    expect(again('value-9999')).toBe(by === 'field');
  });

  test('names the place in no list', () => {
    const yes = rememberable(sinkOf('selector'), flow({ ...FIELD, argument: '/ids/0' }))!;
    expect(yes).toEqual({
      server: 'bank',
      tool: 'pay',
      argument: '/ids/*',
      from: 'web.fetch',
      field: '/structuredContent/items/*/id',
      form: 'field',
    });
    expect(rememberable(sinkOf('content'), flow({ ...PROSE, path: '/content/0/text#/1/b' }))?.field).toBe(
      '/content/*/text#/*/b',
    );
    expect(rememberable(sinkOf('content'), flow({ ...PROSE, path: '/content/0/text@href' }))?.field).toBe(
      '/content/*/text@href',
    );
  });

  test('is for one value however it is written, and no word of it is kept', () => {
    const memory = new Memory([rememberable(sinkOf('destination', 'eve@here.example.invalid'), flow())!]);
    const holds = (text: string) => memory.holds(rememberable(sinkOf('destination', text), flow())!);
    expect(holds(' eve\uff20here.example.invalid\n')).toBe(true);
    expect(holds('eve@here.example.invalid.evil.invalid')).toBe(false);
    expect(holds('EVE@here.example.invalid')).toBe(false);
    expect(
      JSON.stringify(rememberable(sinkOf('destination', 'eve@here.example.invalid'), flow())),
    ).not.toContain('eve');
  });

  test('is for nothing else: not another server, tool, argument, source, field or form', () => {
    const memory = new Memory([rememberable(sinkOf('content'), flow(FIELD))!]);
    const holds = (sink: Partial<ReturnType<typeof sinkOf>>, more: Parameters<typeof flow>[0]) =>
      memory.holds(rememberable({ ...sinkOf('content'), ...sink }, flow({ ...FIELD, ...more }))!);
    expect(holds({}, {})).toBe(true);
    expect(holds({}, { path: '/structuredContent/items/99/id' })).toBe(true);
    for (const sink of [{ server: 'mail' }, { tool: 'order' }]) expect(holds(sink, {})).toBe(false);
    for (const more of [
      { argument: '/cc' },
      { path: '/structuredContent/items/3/note' },
      { path: '/content/0/text' },
      { form: 'prose' },
      { alone: false },
      { source: { server: 'mail' } },
      { source: { origin: 'search' } },
    ] as const)
      expect(holds({}, more), JSON.stringify(more)).toBe(false);
  });

  test('cannot be forged by how names are written', () => {
    const one = { server: 'a', tool: 'b', argument: '/c', from: 'd.e', field: '/f' };
    const memory = new Memory([one]);
    expect(memory.holds({ ...one })).toBe(true);
    for (const other of [
      { ...one, server: 'a","b', tool: '' },
      { ...one, from: 'd.e","/f', field: 'null' },
      { server: 'a', tool: 'b', argument: '/c', from: 'd.e', value: '/f' },
    ])
      expect(memory.holds(other)).toBe(false);
  });
});

test('what a detector marked, and what stands in a name, is for the one call alone', () => {
  expect(rememberable(sinkOf('content'), flow({ ...FIELD, source: { marked: true } }))).toBeUndefined();
  expect(rememberable(sinkOf('content'), flow({ ...FIELD, inName: true }))).toBeUndefined();
});

test('whoever gets a text into a field gains nothing but what was allowed already', () => {
  for (const role of ['destination', 'credential', 'code', 'selector'] as const) {
    const memory = new Memory([rememberable(sinkOf(role, 'rent-account'), flow(PROSE))!]);
    const attack = rememberable(sinkOf(role, 'eves-account'), flow(PROSE))!;
    expect(memory.holds(attack)).toBe(false);
  }
});
