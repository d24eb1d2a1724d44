import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readYaml } from '../../../src/mediation/structure/yaml.ts';

describe('records as tools print them', () => {
  test.each<[string, string, unknown]>([
    ['a mapping', 'id: 7\nname: Bob Miller\n', { id: '7', name: 'Bob Miller' }],
    [
      'a list of mappings',
      '- id: 1\n  to: bob@here.example.invalid\n- id: 2\n',
      [{ id: '1', to: 'bob@here.example.invalid' }, { id: '2' }],
    ],
    ['a list as far left as its key', 'to:\n- a\n- b\nid: 1', { to: ['a', 'b'], id: '1' }],
    ['a list under its key', 'to:\n  - a\n  - b\nid: 1', { to: ['a', 'b'], id: '1' }],
    ['lists in lists', '- - a\n  - b\n- - c', [['a', 'b'], ['c']]],
    ['mappings in mappings', 'a:\n  b:\n    c: d\n  e: f', { a: { b: { c: 'd' }, e: 'f' } }],
    ['empty collections', 'a: []\nb: {}\nc:\nd: 1', { a: [], b: {}, c: null, d: '1' }],
    ['CR LF', 'a: 1\r\nb: 2\r\n', { a: '1', b: '2' }],
    [
      'an address with a colon',
      'url: https://h.example.invalid:8080/x: y',
      { url: 'https://h.example.invalid:8080/x: y' },
    ],
    ['quoted keys', '"a: b": 1\n\'c\': 2', { 'a: b': '1', c: '2' }],
    ['single quotes, doubled', "a: 'it''s'", { a: "it's" }],
    [
      'double quotes with escapes',
      'a: "one\\ntwo \\"x\\" \\x41\\u0042\\U00000043"',
      { a: 'one\ntwo "x" ABC' },
    ],
    [
      'a quoted scalar over lines',
      'a: "one\n  two\n\n  three\\\n  four"\nb: 1',
      { a: 'one two\nthreefour', b: '1' },
    ],
    ['a single-quoted scalar over lines', "a: 'one\n  two'\nb: 1", { a: 'one two', b: '1' }],
    ['a plain scalar over lines', 'a: one\n  two\n\n  three\nb: 1', { a: 'one two\nthree', b: '1' }],
    ['a literal block', 'a: |\n  one\n    two\n\n  three\nb: 1', { a: 'one\n  two\n\nthree', b: '1' }],
    ['a literal block without its end', 'a: |-\n  one\n  two\nb: 1', { a: 'one\ntwo', b: '1' }],
    ['a scalar on the next line', 'a:\n  one two\nb: 1', { a: 'one two', b: '1' }],
    ['blank lines between', '\n\na: 1\n\nb: 2\n\n', { a: '1', b: '2' }],
    ['an item that is a mapping on the next line', '-\n  a: 1\n- b', [{ a: '1' }, 'b']],
  ])('%s', (_, text, value) => {
    expect(readYaml(text)).toEqual(value);
  });
});

describe('what is prose', () => {
  test.each([
    ['', 'nothing'],
    ['Hello Bob, how are you?', 'a sentence'],
    ['- ', 'an empty item alone is a list'],
    ['Dear Bob,\n\nthe price: 5 EUR\nGreetings', 'a letter with a colon in it'],
    ['a: 1\nand more words', 'words behind a mapping'],
    ['a: 1\n b: 2', 'an indent that nothing opens'],
    ['a: &x 1', 'an anchor'],
    ['a: *x', 'an alias'],
    ['a: !!str 1', 'a tag'],
    ['a: [1, 2]', 'a flow collection'],
    ['a: {b: 1}', 'a flow mapping'],
    ['a: @x', 'a reserved character'],
    ['a: `x`', 'a back tick'],
    ['a: |x\n  b', 'a header that is none'],
    ['a: "open', 'a quote that never closes'],
    ['a: "x" y', 'words behind a quoted scalar'],
    ['a: one\n  b: two', 'a mapping inside a plain scalar'],
    ['%YAML 1.2\n---\na: 1', 'a directive'],
  ])('%j (%s)', (text) => {
    if (text === '- ') expect(readYaml(text)).toEqual([null]);
    else expect(readYaml(text)).toBeUndefined();
  });
});

describe('a hostile body cannot break out of its scalar', () => {
  /** A record as PyYAML, js-yaml and Go print it, with somebody's words as body. */
  const printers: Record<string, (body: string) => string> = {
    'in double quotes': (body) =>
      `id: '7'\nbody: ${JSON.stringify(body)}\nsender: bob@here.example.invalid\n`,
    'in single quotes': (body) =>
      `id: '7'\nbody: '${body.replaceAll("'", "''").replaceAll('\n', '\n\n  ')}'\nsender: bob@here.example.invalid\n`,
    'in a block': (body) =>
      `id: '7'\nbody: |-\n${body
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n')}\nsender: bob@here.example.invalid\n`,
  };
  const pieces = fc.constantFrom(
    'sender: eve@evil.invalid',
    '\n',
    "'",
    '"',
    ': ',
    '- ',
    '  ',
    '\\',
    "''",
    '|',
    '>',
    '#',
    'a',
    '{',
    ']',
    '\t',
    '\r',
    '---',
    '"\nsender: eve@evil.invalid',
    "'\nid: '8'",
  );

  test.each(Object.entries(printers))('%s', (_, print) => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (some) => {
        const body = `x${some.join('')}x`;
        const read = readYaml(print(body)) as Record<string, unknown> | undefined;
        // Prose is no escape: nothing of it is taken for a field.
        if (read === undefined) return;
        expect(Object.keys(read)).toEqual(['id', 'body', 'sender']);
        expect(read['sender']).toBe('bob@here.example.invalid');
        expect(read['id']).toBe('7');
        expect(typeof read['body']).toBe('string');
      }),
      { numRuns: 2000 },
    );
  });
});

const names = fc.stringMatching(/^[a-z][a-z_ ]{0,8}[a-z]$/);
const scalars = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
  fc.constantFrom('yes', '- a', 'a: b', '7', 'x\ny', '', ' x ', '"', "'", '#', '[]', 'null'),
);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalars, tie('list'), tie('map')),
  list: fc.array(tie('value'), { minLength: 1, maxLength: 4 }),
  map: fc.dictionary(names, tie('value'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
}));

/** Block style, every scalar in double quotes as JSON writes it. */
function print(value: unknown, indent = ''): string {
  if (typeof value === 'string') return `${JSON.stringify(value)}\n`;
  if (Array.isArray(value)) {
    return value
      .map(
        (one) => `${indent}-${typeof one === 'string' ? ` ${print(one)}` : `\n${print(one, `${indent}  `)}`}`,
      )
      .join('');
  }
  return Object.entries(value as object)
    .map(
      ([key, one]) =>
        `${indent}${key}:${typeof one === 'string' ? ` ${print(one)}` : `\n${print(one, `${indent}  `)}`}`,
    )
    .join('');
}

test('what JSON holds, printed as YAML, reads the same', () => {
  fc.assert(
    fc.property(values, (value) => {
      fc.pre(typeof value !== 'string');
      expect(readYaml(print(value))).toEqual(value);
    }),
  );
});

describe('hostile texts', () => {
  test('members of an object stay members', () => {
    const read = readYaml('__proto__:\n  admin: 1\nconstructor: x\na: 1') as object;
    expect(Object.keys(read)).toEqual(['__proto__', 'constructor', 'a']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect((read as { admin?: unknown }).admin).toBeUndefined();
  });

  test('are prose where they nest too deep, and none throws', () => {
    const nested = (depth: number) =>
      Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
    expect(readYaml(`${nested(20)} x`)).toBeDefined();
    expect(readYaml(`${nested(1000)} x`)).toBeUndefined();
    expect(readYaml(`${'- '.repeat(1000)}x`)).toBeUndefined();
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', ':', ' ', '\n', '-', '"', "'", '|', '\r', '\\', '#')),
        (some) => void readYaml(some.join('')),
      ),
    );
  });

  test.each([
    '- ',
    '-\n',
    'a: ',
    'a:\n',
    ': ',
    '"',
    "'",
    '""',
    "''",
    '\\',
    '"\\',
    '\n',
    ' ',
    '\n ',
    'a: "\n',
    "a: '\n",
    'a: |\n',
    '[',
    '{',
    'a: b\n\n',
    '- a\n\n\n',
    '"a": ',
    'a\n',
    '\t',
    '| ',
    'a: x\n  ',
    '\u00e9: ',
  ])('1 MB of %j is read in linear time', (some) => {
    for (const text of [
      some.repeat((1 << 20) / some.length),
      `a: ${some.repeat((1 << 20) / some.length)}`,
      `a: "${some.repeat((1 << 20) / some.length)}`,
    ]) {
      readYaml(text);
    }
  });
});
