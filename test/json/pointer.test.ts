import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeToken, tokensOf } from '../../src/json/pointer.ts';

test.each([
  ['', []],
  ['/foo', ['foo']],
  ['/foo/0', ['foo', '0']],
  ['/', ['']],
  ['/a~1b', ['a/b']],
  ['/c%d', ['c%d']],
  ['/e^f', ['e^f']],
  ['/g|h', ['g|h']],
  ['/i\\j', ['i\\j']],
  ['/k"l', ['k"l']],
  ['/ ', [' ']],
  ['/m~0n', ['m~n']],
  ['/~01', ['~1']],
  ['//', ['', '']],
])('RFC 6901 section 5: %j', (pointer, tokens) => {
  expect(tokensOf(pointer)).toEqual(tokens);
  expect(tokens.map((token) => `/${escapeToken(token)}`).join('')).toBe(pointer);
});

test('any tokens come back from their pointer', () => {
  const token = fc.oneof(fc.string(), fc.stringMatching(/^[~/01]*$/));
  fc.assert(
    fc.property(fc.array(token), (tokens) => {
      expect(tokensOf(tokens.map((one) => `/${escapeToken(one)}`).join(''))).toEqual(tokens);
    }),
  );
});
