import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerSink, recordOf, sinkOf } from '../../src/mediation/sinks.ts';

const of = (method: string, params: unknown) => {
  const sink = sinkOf('s', method, params);
  return (
    sink && [sink.kind, sink.name, ...sink.leaves.map(({ path, text, form }) => `${form} ${path} ${text}`)]
  );
};

test.each<[method: string, params: unknown, sink: string[]]>([
  [
    'tools/call',
    { name: 'send', arguments: { to: 'x', n: 5, on: true, none: null }, _meta: { token: 'y' } },
    ['tool', 'send', 'key /to to', 'key /n n', 'key /on on', 'key /none none', 'string /to x', 'number /n 5'],
  ],
  ['tools/call', { name: 'send' }, ['tool', 'send']],
  ['tools/call', { name: 5, arguments: 'x' }, ['tool', '', 'string  x', 'number ../name 5']],
  ['tools/call', undefined, ['tool', '']],
  ['prompts/get', { name: 'p', arguments: { a: 'x' } }, ['prompt', 'p', 'key /a a', 'string /a x']],
  ['resources/read', { uri: 'x:y' }, ['resource', 'x:y', 'string /uri x:y']],
  ['resources/subscribe', { uri: 'x:y' }, ['resource', 'x:y', 'string /uri x:y']],
  ['resources/unsubscribe', { uri: 'x:y' }, ['resource', 'x:y', 'string /uri x:y']],
  [
    'completion/complete',
    {
      ref: { type: 'ref/prompt', name: 'p' },
      argument: { name: 'a', value: 'x' },
      context: { arguments: { b: 'y' } },
    },
    [
      'completion',
      'completion/complete',
      'string /ref/name p',
      'string /argument/name a',
      'string /argument/value x',
      'key /context/arguments/b b',
      'string /context/arguments/b y',
    ],
  ],
  ['x/y', { a: 'x', _meta: { b: 'y' } }, ['unknown', 'x/y', 'key /a a', 'string /a x']],
  ['x/y', undefined, ['unknown', 'x/y']],
  [
    'tasks/update',
    { taskId: 't', inputResponses: { q: { action: 'accept', content: { v: 'w' } } } },
    [
      'unknown',
      'tasks/update',
      'string /taskId t',
      'key /inputResponses/q q',
      'key /inputResponses/q/content/v v',
      'string /inputResponses/q/content/v w',
    ],
  ],
])('%s of %j', (method, params, sink) => {
  expect(of(method, params)).toEqual(sink);
});

test.each(['initialize', 'ping', 'tools/list', 'server/discover', 'logging/setLevel', 'tasks/get'])(
  '%s carries nothing',
  (method) => {
    expect(sinkOf('s', method, { a: 'x' })).toBeUndefined();
  },
);

test('an answer carries everything but _meta', () => {
  expect(
    answerSink('s', 'elicitation/create', { action: 'accept', content: { a: 'x' }, _meta: { b: 1 } }),
  ).toEqual({
    kind: 'answer',
    server: 's',
    name: 'elicitation/create',
    leaves: [
      { path: '/action', text: 'action', form: 'key' },
      { path: '/content', text: 'content', form: 'key' },
      { path: '/action', text: 'accept', form: 'string' },
      { path: '/content/a', text: 'a', form: 'key' },
      { path: '/content/a', text: 'x', form: 'string' },
    ],
  });
});

test('every text of the arguments is a leaf', () => {
  const marked = (value: unknown): string[] => {
    if (typeof value === 'string') return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(marked) : [];
  };
  fc.assert(
    fc.property(fc.jsonValue(), (args) => {
      const { leaves } = sinkOf('s', 'tools/call', { name: 't', arguments: args })!;
      const texts = leaves.filter((leaf) => leaf.form === 'string').map((leaf) => leaf.text);
      expect([...texts].sort()).toEqual(marked(args).sort());
    }),
  );
});

test('names and values of the protocol carry nothing', () => {
  expect(
    of('tools/call', {
      name: 't',
      task: { ttl: 60_000 },
      requestState: 'state',
      inputResponses: { ask: { action: 'accept', content: { n: 60_000 } } },
      'a/b': 1,
    }),
  ).toEqual([
    'tool',
    't',
    'string ../requestState state',
    'key ../inputResponses/ask ask',
    'key ../inputResponses/ask/content/n n',
    'number ../inputResponses/ask/content/n 60000',
    'key ../a~1b a/b',
    'number ../a~1b 1',
  ]);
});

describe('no text leaves beside the arguments', () => {
  test.each<[string, string, unknown]>([
    [
      'an answer in a retried call (2026-07-28)',
      'tools/call',
      { name: 't', arguments: {}, inputResponses: { a: { content: { code: 'words' } } } },
    ],
    ['a name that is none', 'tools/call', { name: { a: 'words' } }],
    ['the state of a retried call', 'tools/call', { name: 't', requestState: 'words' }],
    ['a member that the protocol does not know', 'resources/read', { uri: 'x:y', extra: 'words' }],
    ['what a completion refers to', 'completion/complete', { ref: { type: 'ref/resource', uri: 'x:words' } }],
  ])('%s', (_, method, params) => {
    expect(of(method, params)!.slice(2).join('\n')).toContain('words');
  });
});

test('recordOf', () => {
  const record = { a: 1 };
  expect(recordOf(record)).toBe(record);
  for (const value of [null, undefined, 5, 'text', true]) expect(recordOf(value)).toEqual({});
});
