import { expect, test } from 'vitest';
import { row, wrap } from '../../../src/cli/demo/table.ts';
import { paintFor } from '../../../src/cli/paint.ts';

test('wraps at words, cuts a word longer than the line, and keeps line breaks', () => {
  expect(wrap('mail a summary', 8)).toEqual(['mail a', 'summary']);
  expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
  expect(wrap('one\ntwo', 10)).toEqual(['one', 'two']);
  expect(wrap('', 10)).toEqual(['']);
});

test('rows keep their columns when a cell takes several lines', () => {
  expect(row([{ text: 'a b' }, { text: 'done' }, { text: 'x' }], [1, 6, 3])).toEqual(['a  done    x', 'b']);
});

test('paint does not count for the width', () => {
  const loud = { text: 'no', paint: (text: string) => `\u001b[31m${text}\u001b[39m` };
  expect(row([loud, { text: 'x' }], [4, 1])).toEqual(['\u001b[31mno\u001b[39m    x']);
});

test.each([
  ['a pipe', { isTTY: false }, {}, false],
  ['a terminal', { isTTY: true }, {}, true],
  ['a terminal, NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
  ['a terminal, NO_COLOR empty', { isTTY: true }, { NO_COLOR: '' }, true],
  ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, false],
])('%s: colours %#', (_, stream, env, coloured) => {
  expect(paintFor(stream, env).red('x') !== 'x').toBe(coloured);
});
