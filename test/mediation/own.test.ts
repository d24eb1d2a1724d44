import { expect, test } from 'vitest';
import type { Leaf } from '../../src/event.ts';
import { isForeign, isOwn, ownPlaces } from '../../src/mediation/own.ts';
import type { Sink } from '../../src/mediation/sinks.ts';
import { flow } from './support.ts';

const NAME: Leaf = { path: '/to', text: 'x', form: 'key' };
const VALUE: Leaf = { path: '/to', text: 'y', form: 'string' };
const SINK: Sink = { kind: 'tool', server: 'mail', name: 'send', leaves: [NAME, VALUE] };
const RETURNED = { alone: true, form: 'field', source: { server: 'mail' } } as const;

test('a name and its value have one pointer and two places', () => {
  for (const [given, name, value] of [
    ['x', true, false],
    ['y', false, true],
  ] as const) {
    const own = ownPlaces(SINK, SINK.leaves, [], new Set([given]));
    expect([isOwn(NAME, own), isOwn(VALUE, own)]).toEqual([name, value]);
    expect(isForeign(flow({ inName: true }), SINK, own)).toBe(!name);
    expect(isForeign(flow(), SINK, own)).toBe(!value);
  }
});

test.each([
  ['returned', {}, true],
  ['returned as a name', { inName: true }, false],
  ['returned elsewhere', { argument: '/cc' }, false],
  ['a part of it', { match: 'atom' }, false],
  ['among other words', { alone: false }, false],
  ['in prose', { form: 'prose' }, false],
  ['by another server', { source: { server: 'web' } }, false],
  ['as an error', { source: { server: 'mail', channel: 'error' } }, false],
  ['in a description', { source: { server: 'mail', channel: 'descriptor' } }, false],
] as const)('a whole value is own if the server returned it alone in a field: %s', (_, more, expected) => {
  const own = ownPlaces(SINK, SINK.leaves, [flow({ ...RETURNED, ...more })], new Set());
  expect(isOwn(VALUE, own)).toBe(expected);
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

test('what the own descriptions say is no flow, what those of others say is', () => {
  const said = (server: string) => flow({ source: { server, channel: 'descriptor' } });
  expect(isForeign(said('mail'), SINK, new Set())).toBe(false);
  expect(isForeign(said('web'), SINK, new Set())).toBe(true);
});
