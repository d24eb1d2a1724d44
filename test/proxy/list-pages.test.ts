import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Descriptor, describeAll } from '../../src/mediation/descriptors/descriptor.ts';
import { ListPages } from '../../src/proxy/list-pages.ts';

const LIST = 'tools/list';
const tools = (...names: string[]): Descriptor[] =>
  describeAll(
    'tool',
    'web',
    names.map((name) => ({ name })),
  );
const names = (all: readonly Descriptor[] | undefined): string[] | undefined => all?.map(({ name }) => name);

test('two readings at once make two whole lists, and neither holds what the other read', () => {
  const pages = new ListPages();
  const take = (cursor: string | undefined, page: Descriptor[], next?: string) =>
    names(pages.take(pages.asked(LIST, { cursor }), page, next));
  expect(take(undefined, tools('a'), 'c1')).toBeUndefined();
  expect(take(undefined, tools('a'), 'd1')).toBeUndefined();
  expect(take('c1', tools('b'))).toEqual(['a', 'b']);
  expect(take('d1', tools('x'), 'd2')).toBeUndefined();
  expect(take('d2', tools('y'))).toEqual(['a', 'x', 'y']);
});

test('a last page without all before it is no whole list', () => {
  const pages = new ListPages();
  expect(pages.take(pages.asked(LIST, { cursor: 'c1' }), tools('b'), undefined)).toBeUndefined();
});

test('what was asked for before the list changed is none of it', () => {
  const pages = new ListPages();
  pages.take(pages.asked(LIST, {}), tools('a'), 'c1');
  const last = pages.asked(LIST, { cursor: 'c1' });
  const other = pages.asked('prompts/list', {});
  pages.changed(LIST);
  expect(pages.take(last, tools('b'), undefined)).toBeUndefined();
  expect(pages.take(pages.asked(LIST, { cursor: 'c1' }), tools('b'), undefined)).toBeUndefined();
  expect([pages.isOfNow(last), pages.isOfNow(other)]).toEqual([false, true]);
});

test('the same list is news once, in whatever order and pages it came', () => {
  const pages = new ListPages();
  const first = pages.news(LIST, tools('a', 'b'));
  expect(first).toMatch(/^sha256:/);
  expect(pages.news(LIST, tools('b', 'a'))).toBeUndefined();
  expect(pages.news(LIST, tools('a'))).not.toBe(first);
});

test('readings that never end are forgotten, the oldest first', () => {
  const pages = new ListPages();
  for (let i = 0; i < 17; i++) pages.take(pages.asked(LIST, {}), tools(`t${i}`), `c${i}`);
  pages.take(pages.asked(LIST, {}), tools('long'), 'c'.repeat(4097));
  const end = (cursor: string) => names(pages.take(pages.asked(LIST, { cursor }), [], undefined));
  expect([end('c0'), end('c1'), end('c16'), end('c'.repeat(4097))]).toEqual([
    undefined,
    ['t1'],
    ['t16'],
    undefined,
  ]);
});

test('however readings are mixed, each ends with just what it read', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3 }), { maxLength: 40 }), (turns) => {
      const pages = new ListPages();
      const read: string[][] = [[], [], [], []];
      for (const [i, reader] of turns.entries()) {
        const mine = read[reader]!;
        const cursor = mine.length === 0 ? undefined : `${reader}-${mine.length}`;
        const isLast = mine.length === 3;
        const name = `t${i}`;
        mine.push(name);
        const next = isLast ? undefined : `${reader}-${mine.length}`;
        const whole = names(pages.take(pages.asked(LIST, { cursor }), tools(name), next));
        expect(whole).toEqual(isLast ? mine : undefined);
        if (isLast) read[reader] = [];
      }
    }),
  );
});
