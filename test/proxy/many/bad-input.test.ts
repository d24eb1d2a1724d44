import { expect, test, vi } from 'vitest';
import type { Json, Scene } from '../support.ts';
import { calling, listed, parsed, text } from './support.ts';

vi.mock('../../../src/proxy/log.ts', () => ({ log: () => {}, logged: async () => {} }));

const RESULT = '{"content":[{"type":"text","text":"harmless"}]}';
const OTHER = '{"content":[{"type":"text","text":"something else"}]}';
const levels = (count: number): string => `${'['.repeat(count)}${']'.repeat(count)}`;

/** Neither server is kept from its next call, and each answers its own. */
function expectServed(on: Scene): void {
  for (const name of ['b', 'a']) {
    const { id } = calling(on, `${name}__send`, {}, `after ${name}`);
    on.server(name, { id: id as string, result: text(`of ${name}`) });
    expect(on.last()).toMatchObject({ id: `after ${name}`, result: { content: [{ text: `of ${name}` }] } });
  }
}

test.each<[string, (id: string) => string]>([
  ['half a message', (id) => `{"jsonrpc":"2.0","id":${id},"result":{`],
  ['two results', (id) => `{"jsonrpc":"2.0","id":${id},"result":${RESULT},"result":${OTHER}}`],
  ['two results, one escaped', (id) => `{"jsonrpc":"2.0","id":${id},"result":${RESULT},"r\\u0065sult":{}}`],
  ['two contents', (id) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"content":[]}}`],
  [
    'a result and an error',
    (id) => `{"jsonrpc":"2.0","id":${id},"result":{},"error":{"code":1,"message":"x"}}`,
  ],
  [
    'a result in capitals as well',
    (id) => `{"jsonrpc":"2.0","id":${id},"result":${RESULT},"Result":${OTHER}}`,
  ],
  ['two ids', (id) => `{"jsonrpc":"2.0","id":${id},"id":${id},"result":${RESULT}}`],
  ['10,000 levels', (id) => `{"jsonrpc":"2.0","id":${id},"result":{"x":${levels(10_000)}}}`],
  ['neither result nor error', (id) => `{"jsonrpc":"2.0","id":${id}}`],
  ['jsonrpc 1.0', (id) => `{"jsonrpc":"1.0","id":${id},"result":{}}`],
  ['an error that is a string', (id) => `{"jsonrpc":"2.0","id":${id},"error":"broken"}`],
])('of several servers too, an answer that is %s is an error for its call alone', (_, reply) => {
  const on = listed();
  const { id } = calling(on, 'a__fetch', {}, 'mine');
  calling(on, 'b__fetch', {}, 'other');
  on.server('a', reply(JSON.stringify(id)));
  expect(parsed(on.toClient)).toMatchObject([{ id: 'mine', error: { code: 1503 } }]);
  expect(on.toClient.join('')).not.toMatch(/harmless|something else/);
  expectServed(on);
});

test.each<[string, (id: string) => string]>([
  ['junk', () => 'Server started on stdio'],
  ['an answer to what another server was asked', (id) => `{"jsonrpc":"2.0","id":${id},"result":${RESULT}}`],
  ['half an answer to that', (id) => `{"jsonrpc":"2.0","id":${id},"result":`],
  ['an answer that nobody asked for', () => `{"jsonrpc":"2.0","id":7,"result":${RESULT}}`],
  ['a notice without a method', () => '{"jsonrpc":"2.0","params":{}}'],
  ['an error without an id', () => '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}'],
])('of several servers too, %s goes nowhere', (_, said) => {
  const on = listed();
  const { id } = calling(on, 'b__fetch', {}, 'other');
  on.server('a', said(JSON.stringify(id)));
  expect(on.toClient).toEqual([]);
  on.server('b', { id: id as string, result: text('right') });
  expect(on.last()).toMatchObject({ id: 'other', result: { content: [{ text: 'right' }] } });
  expectServed(on);
});

const call = (id: string, args: string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"a__fetch","arguments":${args}}}`;

test.each<[string, string, unknown]>([
  ['half a message', '{"jsonrpc":"2.0","id":1,', 1],
  ['a list', '[]', null],
  ['two ids', call('1,"id":2', '{}'), null],
  ['two arguments', call('1', '{"a":1,"a":2}'), 1],
  ['a folded name', call('1', '{}').replace('"params"', '"Params":{},"params"'), 1],
  ['two names', call('1', '{}').replace('"name"', '"name":"b__send","n\\u0061me"'), 1],
  ['10,000 levels', call('1', levels(10_000)), 1],
  ['a lone surrogate', call('1', '"\\ud800"'), 1],
  ['an id that no double holds', call('9007199254740993', '{}'), null],
  ['an id that is a list', call('[1]', '{}'), null],
  ['a method that is a number', '{"jsonrpc":"2.0","id":1,"method":7}', 1],
  ['a request and an answer at once', call('1', '{}').replace('"method"', '"result":{},"method"'), 1],
])('before several servers too, a message that is %s is refused and reaches none of them', (_, line, id) => {
  const on = listed();
  on.client(line);
  expect(parsed(on.toClient)).toMatchObject([{ id, error: { code: expect.any(Number) } }]);
  expect(Object.values(on.sent)).toEqual([[], []]);
  expectServed(on);
});

test('of several servers too, a message beyond the limit fails its call, and without an id all of that server', () => {
  const on = listed();
  const mine = calling(on, 'a__fetch', {}, 'mine')['id'];
  calling(on, 'a__send', {}, 'too');
  calling(on, 'b__fetch', {}, 'other');
  const over = (head: string): void =>
    on.session.turn(() => on.session.oversizeFromUpstream(on.upstream('a'), Buffer.from(head)));
  const ids = (): unknown[] => parsed(on.toClient).map((one: Json) => one['id']);
  over(`{"jsonrpc":"2.0","id":${JSON.stringify(mine)},"result":{"content":"xxx`);
  expect(ids()).toEqual(['mine']);
  over('{"jsonrpc":"2.0","result":{"content":"xxx');
  expect(ids()).toEqual(['mine', 'too']);
  expectServed(on);
});
