import { describe, expect, test } from 'vitest';
import type { Leaf } from '../../src/event.ts';
import { givenPlaces, isForeign, isOwn } from '../../src/mediation/own.ts';
import type { Sink } from '../../src/mediation/sinks.ts';
import { flow } from './support.ts';

const NAME: Leaf = { path: '/to', text: 'x', form: 'key' };
const VALUE: Leaf = { path: '/to', text: 'y', form: 'string' };
const SINK: Sink = { kind: 'tool', server: 'mail', name: 'send', leaves: [NAME, VALUE] };

test('a name and its value have one pointer and two places', () => {
  for (const [given, name, value] of [
    ['x', true, false],
    ['y', false, true],
  ] as const) {
    const own = givenPlaces(SINK.leaves, new Set([given]));
    expect([isOwn(NAME, own), isOwn(VALUE, own)]).toEqual([name, value]);
    expect(isForeign(flow({ inName: true }), SINK, own)).toBe(!name);
    expect(isForeign(flow(), SINK, own)).toBe(!value);
  }
});

test('what a server lists is not its own word', () => {
  for (const [describes, foreign] of [
    ['tool', false],
    ['instructions', false],
    ['resource', true],
    ['resourceTemplate', true],
    ['prompt', true],
  ] as const) {
    const said = flow({ source: { server: 'mail', channel: 'descriptor', describes } });
    expect(isForeign(said, SINK, new Set())).toBe(foreign);
  }
});

test('but for the identifiers, which it alone chooses', () => {
  const listed = (more: Parameters<typeof flow>[0]) =>
    isForeign(
      flow({
        form: 'field',
        alone: true,
        ...more,
        source: { channel: 'descriptor', describes: 'resource', ...more?.source },
      }),
      SINK,
      new Set(),
    );
  const mail = { server: 'mail' };
  expect(listed({ source: mail })).toBe(false);
  expect(listed({ source: mail, form: 'prose' })).toBe(true);
  expect(listed({ source: mail, match: 'atom' })).toBe(true);
  expect(listed({ source: mail, alone: false })).toBe(true);
  expect(listed({ source: { server: 'web' } })).toBe(true);
});

describe('what a server is given back', () => {
  const foreign = (
    argument: string,
    path: string,
    more: { server?: string; inName?: true; task?: true } = {},
  ) =>
    isForeign(
      flow({
        argument,
        path,
        match: 'atom',
        inName: more.inName ?? false,
        source: { server: more.server ?? 'mail' },
      }),
      more.task ? { ...SINK, kind: 'unknown', name: 'tasks/update' } : SINK,
      new Set(),
    );

  test('is its own: the state of a call, changed or not, the id of a task, the names of questions', () => {
    expect(foreign('../requestState', '/requestState')).toBe(false);
    expect(foreign('../inputResponses/q-1', '/inputRequests/q-1', { inName: true })).toBe(false);
    expect(foreign('/taskId', '/taskId', { task: true })).toBe(false);
    expect(foreign('/inputResponses/q-1', '/inputRequests/q-1', { inName: true, task: true })).toBe(false);
  });

  test('is a flow to another server, from another place, or in another place', () => {
    expect(foreign('../requestState', '/requestState', { server: 'web' })).toBe(true);
    expect(foreign('/taskId', '/taskId', { task: true, server: 'web' })).toBe(true);
    expect(foreign('../requestState', '/content/0/text')).toBe(true);
    expect(foreign('/taskId', '/taskId')).toBe(true);
    expect(foreign('/requestState', '/requestState')).toBe(true);
    expect(foreign('../inputResponses/q-1', '/inputRequests/q-2', { inName: true })).toBe(true);
    expect(foreign('../inputResponses/q-1', '/inputRequests/q-1')).toBe(true);
    expect(foreign('/a', '/a', { inName: true, task: true })).toBe(true);
  });
});

test('what the own descriptions say is no flow, what those of others say is', () => {
  const said = (server: string) => flow({ source: { server, channel: 'descriptor' } });
  expect(isForeign(said('mail'), SINK, new Set())).toBe(false);
  expect(isForeign(said('web'), SINK, new Set())).toBe(true);
});
