import { expect, test } from 'vitest';
import { Batches, messagesOf } from '../../../src/proxy/eras/batches.ts';

const split = (text: string): string[] | undefined => messagesOf(Buffer.from(text))?.map(String);

test('a batch is its messages, as they were written', () => {
  expect(split(' [ {"a": [1]} ,\t{"b":"]"} ] ')).toEqual(['{"a": [1]}', '{"b":"]"}']);
});

test.each([
  '{}',
  '[]',
  '',
  '[',
  '[{}',
  '[{},]',
  '[,{}]',
  '[{} {}]',
  '[{},,{}]',
  '[{}]]',
  '[{}] {}',
  '[[{}]]',
  `[${'{},'.repeat(1000)}{}]`,
])('what can be read otherwise, or holds too much, is none: %.20s', (text) => {
  expect(split(text)).toBeUndefined();
});

function open(): { batches: Batches; sent: unknown[] } {
  const sent: unknown[] = [];
  return { batches: new Batches((line) => sent.push(JSON.parse(line.toString()))), sent };
}

const line = (value: object): Buffer => Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...value }));
const ping = (id: unknown): Buffer => line({ id, method: 'ping' });
const answer = (id: unknown): Buffer => line({ id, result: {} });
const ids = (value: unknown): unknown[] => (value as { id: unknown }[]).map(({ id }) => id);

test('answers go out together, in the order they came, once the last is there', () => {
  const { batches, sent } = open();
  batches.take([ping(1), line({ method: 'n' }), ping('1')], () => {});
  expect(batches.keep(answer('1'))).toBe(true);
  expect(batches.keep(answer(2))).toBe(false);
  expect(batches.keep(line({ method: 'n' }))).toBe(false);
  expect(sent).toEqual([]);
  expect(batches.keep(answer(1))).toBe(true);
  expect(ids(sent[0])).toEqual(['1', 1]);
  expect(batches.isOpen).toBe(false);
});

test('what is answered at once waits for the others, refusals without an id included', () => {
  const { batches, sent } = open();
  const broken = Buffer.from('{"jsonrpc":"2.0","method":7}');
  batches.take([broken, ping(1)], (one) =>
    batches.keep(one === broken ? line({ id: null, error: {} }) : answer(1)),
  );
  expect(ids(sent[0])).toEqual([null, 1]);
});

test('what was taken back is not waited for, and a batch of notices has no answer', () => {
  const { batches, sent } = open();
  batches.take([line({ method: 'n' })], () => {});
  batches.take([ping(1), ping(2)], () => {});
  batches.keep(answer(1));
  batches.forget(2);
  expect(sent.map(ids)).toEqual([[1]]);
});

test('beyond 64 MiB what there is goes out, and the rest later: no answer waits in memory without end', () => {
  const sent: Buffer[] = [];
  const batches = new Batches((one) => sent.push(one));
  batches.take([1, 2, 3, 4].map(ping), () => {});
  const large = line({ id: 1, result: 'x'.repeat(64 * 1024 * 1024) });
  batches.keep(answer(2));
  expect(sent).toEqual([]);
  batches.keep(large);
  expect(sent.map(({ length }) => length)).toEqual([answer(2).length + large.length + '[,]'.length]);
  batches.keep(answer(3));
  expect(sent).toHaveLength(1);
  batches.keep(answer(4));
  expect(ids(JSON.parse(sent[1]!.toString()))).toEqual([3, 4]);
});

test('batches that are not answered are bounded', () => {
  const { batches } = open();
  for (let i = 0; i < 100; i++) expect(batches.take([ping(i)], () => {})).toBe(true);
  expect(batches.take([ping('more')], () => {})).toBe(false);
});
