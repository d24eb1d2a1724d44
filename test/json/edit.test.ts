import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyEdits,
  insertElement,
  insertMembers,
  memberItems,
  removeItems,
  replaceValue,
} from '../../src/json/edit.ts';
import { elementsOf, membersOf } from '../../src/json/spans.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('applyEdits', () => {
  test('without edits gives the same bytes, not a copy', () => {
    const line = bytes('{"a":1}');
    expect(applyEdits(line, [])).toBe(line);
  });

  test('makes edits in any order; offsets are bytes of the original', () => {
    const line = bytes('{"ö":1,"b":2}');
    const [first, second] = membersOf(line, 0);
    const edits = [replaceValue(second!, '"€"'), replaceValue(first!, '[10]')];
    expect(applyEdits(line, edits).toString()).toBe('{"ö":[10],"b":"€"}');
    expect(applyEdits(line, edits.reverse()).toString()).toBe('{"ö":[10],"b":"€"}');
    expect(line.toString()).toBe('{"ö":1,"b":2}');
  });

  test('keeps every byte outside the edits, whatever they are', () => {
    const cuts = fc.uniqueArray(fc.nat(60), { maxLength: 8 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), cuts, fc.string(), (data, at, text) => {
        const line = Buffer.from(data);
        const sorted = [...at].sort((a, b) => a - b);
        const edits = [];
        for (let i = 0; i + 1 < sorted.length; i += 2) {
          edits.push({ start: sorted[i]!, end: sorted[i + 1]!, with: text });
        }
        let expected = Buffer.alloc(0);
        let from = 0;
        for (const { start, end } of edits) {
          expected = Buffer.concat([expected, line.subarray(from, start), bytes(text)]);
          from = end;
        }
        expect(applyEdits(line, edits.reverse())).toEqual(Buffer.concat([expected, line.subarray(from)]));
      }),
    );
  });
});

test.each([
  ['{}', '{"n":0}'],
  ['{ }', '{"n":0 }'],
  ['{"a":1}', '{"n":0,"a":1}'],
  ['{\t"a":1}', '{"n":0,\t"a":1}'],
])('a member goes in front of %s', (before, after) => {
  const line = bytes(before);
  expect(applyEdits(line, [insertMembers(line, 0, '"n":0')]).toString()).toBe(after);
});

test.each([
  ['[]', '[0]'],
  ['[ ]', '[0 ]'],
  ['[1]', '[0,1]'],
  ['[ 1 ]', '[0, 1 ]'],
])('an element goes in front of %s', (before, after) => {
  const line = bytes(before);
  expect(applyEdits(line, [insertElement(line, 0, '0')]).toString()).toBe(after);
});

test.each([
  ['[1, 2, 3]', [0], '[2, 3]'],
  ['[1, 2, 3]', [1], '[1, 3]'],
  ['[1, 2, 3]', [2], '[1, 2]'],
  ['[1, 2, 3]', [0, 1], '[3]'],
  ['[1, 2, 3]', [0, 2], '[2]'],
  ['[1, 2, 3]', [1, 2], '[1]'],
  ['[1, 2, 3]', [0, 1, 2], '[]'],
  ['[ 1 ]', [0], '[  ]'],
  ['[]', [], '[]'],
])('of %s the elements %j go with their commas', (before, drop, after) => {
  const line = bytes(before);
  expect(
    applyEdits(
      line,
      removeItems(elementsOf(line, 0), (i) => drop.includes(i)),
    ).toString(),
  ).toBe(after);
});

test('a member goes with its name', () => {
  const line = bytes('{"a":[1,{"b":2}] , "c":3}');
  const members = membersOf(line, 0);
  const without = (key: string): string =>
    applyEdits(
      line,
      removeItems(memberItems(members), (i) => members[i]!.key === key),
    ).toString();
  expect(without('a')).toBe('{"c":3}');
  expect(without('c')).toBe('{"a":[1,{"b":2}]}');
  expect(without('x')).toBe(line.toString());
});
