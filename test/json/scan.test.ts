import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, insertElement, insertMembers, memberItems, removeItems } from '../../src/json/edit.ts';
import { loneSurrogate, scan } from '../../src/json/scan.ts';
import { elementsOf, JsonFault, membersOf } from '../../src/json/spans.ts';

const bytes = (text: string) => Buffer.from(text);
const fault = (line: Buffer, depth = 128): string => {
  try {
    scan(line, depth);
    return 'accepted';
  } catch (error) {
    return error instanceof JsonFault ? error.code : String(error);
  }
};

describe('scan refuses what two parsers read differently', () => {
  it.each([
    ['{"method":"a","method":"b"}', 'duplicate-key'],
    ['{"params":{"arguments":{"to":"a","to":"b"}}}', 'duplicate-key'],
    ['{"a":[{"x":{"k":1,"k":2}}]}', 'duplicate-key'],
    ['{"name":1,"\\u006eame":2}', 'duplicate-key'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate-key'],
    [`{${Array.from({ length: 40 }, (_, i) => `"k${i}":0`).join()},"k3":1}`, 'duplicate-key'],
    ['{"Method":"tools/call"}', 'folded-key'],
    ['{"param\\u017f":{}}', 'folded-key'],
    ['{"params":{"Arguments":{}}}', 'folded-key'],
    ['[{"jsonrpc":"2.0"}]', 'batch'],
    ['{"a":[\r{"id":1}\r]}', 'line-break'],
    [`{"result":{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":0`).join()}}}`, 'too-wide'],
    ['"text"', 'not-an-object'],
    ['', 'not-an-object'],
  ])('%s', (text, code) => expect(fault(bytes(text))).toBe(code));

  it('bad UTF-8', () =>
    expect(fault(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe('invalid-utf8'));

  it.each([129, 10_000, 100_000])('%i levels', (levels) => {
    expect(fault(bytes(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`))).toBe('too-deep');
  });

  it('but not a carriage return at the end of the line', () =>
    expect(fault(bytes('{"a":1}\r'))).toBe('accepted'));

  it('whatever the length of a number, in linear time', () => {
    expect(fault(bytes(`{"a":1.${'0'.repeat(2_000_000)}1}`))).toBe('accepted');
  });

  it('and accepts the same names in different objects', () => {
    expect(fault(bytes('{"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]}'))).toBe('accepted');
    expect(fault(bytes(`{"a":${'['.repeat(120)}${']'.repeat(120)}}`))).toBe('accepted');
  });
});

describe('scan notes numbers a double does not hold', () => {
  const drifting = (number: string) => scan(bytes(`{"a":[${number}]}`), 8).drift.length > 0;
  it.each(['9007199254740993', '1e400', '-1e400', '1e-400', '12345678901234567890', '0.1234567890123456789'])(
    '%s',
    (number) => expect(drifting(number)).toBe(true),
  );
  it.each([
    '0',
    '-0',
    '1.0',
    '9007199254740991',
    '1e5',
    '0.1',
    '0.30000000000000004',
    '123456789012345',
    '1.50',
  ])('but not %s', (number) => expect(drifting(number)).toBe(false));
});

describe('scan tells of a nested _meta', () => {
  const nested = (text: string) => scan(bytes(text), 16).nestedMeta;
  it.each([
    ['{"result":{"content":[{"_meta":{}}]}}', true],
    ['{"result":{"content":[{"\\u005fmeta":{}}]}}', true],
    ['{"x":{"_meta":{}}}', true],
    ['{"result":{"_meta":{},"content":[]}}', false],
    ['{"result":{"content":[{"text":"\\"_meta\\":"}]}}', false],
  ])('%s', (text, expected) => expect(nested(text)).toBe(expected));
});

describe('loneSurrogate', () => {
  it.each([
    ['"\\ud800"', 1],
    ['"\\uD83D\\ude00"', -1],
    ['"x\\udc00"', 2],
    ['"\\\\ud800"', -1],
    ['"\\\\\\ud800"', 3],
    ['"\\ud83dx"', 1],
  ])('%s', (text, offset) => expect(loneSurrogate(bytes(text))).toBe(offset));
});

const spaces = fc.constantFrom('', ' ', '\t', '  ');
const json = fc.jsonValue({ maxDepth: 4 });

/** A JSON text of the value with white space where the grammar allows it. */
function spread(value: unknown, space: string): string {
  return JSON.stringify(value, null, 1).replaceAll('\n', space);
}

describe('spans', () => {
  it('hold exactly the bytes of each envelope member', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), json, spaces, (params, extra, space) => {
        fc.pre(
          Object.keys(params).every((key) => key.toLowerCase() === key && key.normalize('NFKC') === key),
        );
        const message = { jsonrpc: '2.0', id: 1, method: 'x', params, x: extra };
        const text = spread(message, space);
        const line = bytes(text);
        const found = scan(line, 128);
        const cut = (m: { start: number; end: number }) => JSON.parse(line.toString('utf8', m.start, m.end));
        expect(found.members.map((m) => [m.key, cut(m)])).toEqual(Object.entries(JSON.parse(text)));
        expect(found.inner.map((m) => [m.key, cut(m)])).toEqual(Object.entries(JSON.parse(text).params));
        const inner = found.members.find((m) => m.key === 'params')!;
        expect(membersOf(line, inner.start)).toEqual(found.inner);
      }),
    );
  });

  it('elementsOf cuts arrays into their elements', () => {
    fc.assert(
      fc.property(fc.array(json), spaces, (array, space) => {
        const line = bytes(spread(array, space));
        const parts = elementsOf(line, 0).map((e) => JSON.parse(line.toString('utf8', e.start, e.end)));
        expect(parts).toEqual(JSON.parse(line.toString()));
      }),
    );
  });

  it('an escaped quote at the border of the short search ends no string', () => {
    for (let pad = 0; pad < 120; pad++) {
      const value = `${'x'.repeat(pad)}"\\"`;
      const line = bytes(JSON.stringify({ id: value, method: 'm' }));
      expect(scan(line, 4).members.map((m) => m.key)).toEqual(['id', 'method']);
    }
  });
});

describe('edits', () => {
  it('remove any subset of members and elements', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), json),
        fc.array(json),
        fc.nat(),
        spaces,
        (object, array, mask, space) => {
          const drop = (i: number) => ((mask >> (i % 31)) & 1) === 1;
          const line = bytes(spread(object, space));
          const entries = Object.entries(JSON.parse(line.toString()));
          const left = applyEdits(line, removeItems(memberItems(membersOf(line, 0)), drop));
          expect(Object.entries(JSON.parse(left.toString()))).toEqual(entries.filter((_, i) => !drop(i)));
          const list = bytes(spread(array, space));
          const rest = applyEdits(list, removeItems(elementsOf(list, 0), drop));
          expect(JSON.parse(rest.toString())).toEqual(
            JSON.parse(list.toString()).filter((_: unknown, i: number) => !drop(i)),
          );
        },
      ),
    );
  });

  it('insert in front, also into empty containers', () => {
    for (const text of ['{}', '{ }', '{"a":1}', '{ "a": 1 }']) {
      const line = bytes(text);
      const made = applyEdits(line, [insertMembers(line, 0, '"n":0')]).toString();
      expect(JSON.parse(made)).toEqual({ n: 0, ...JSON.parse(text) });
    }
    for (const text of ['[]', '[ ]', '[1]', '[ 1 ]']) {
      const line = bytes(text);
      const made = applyEdits(line, [insertElement(line, 0, '0')]).toString();
      expect(JSON.parse(made)).toEqual([0, ...JSON.parse(text)]);
    }
  });
});
