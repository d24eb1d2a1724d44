import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Channel, Text } from '../../src/event.ts';
import { structured, textsOfMessage } from '../../src/mediation/inbound.ts';

const of = (payload: unknown, channel: Channel = 'result'): string[] =>
  textsOfMessage({ server: 's', origin: 'o', channel, payload }).map(
    ({ path, text, form }) => `${form} ${path} ${text}`,
  );

describe('a result', () => {
  test('has prose in its text blocks and fields in what is structured', () => {
    expect(
      of({
        content: [
          { type: 'text', text: 'words' },
          { type: 'resource_link', uri: 'x:y', name: 'n' },
        ],
        structuredContent: { id: 7, list: ['a'] },
      }),
    ).toEqual([
      'prose /content/0/text words',
      'field /content/1/uri x:y',
      'field /content/1/name n',
      'field /structuredContent/id id',
      'field /structuredContent/list list',
      'field /structuredContent/id 7',
      'field /structuredContent/list/0 a',
    ]);
  });

  test('has no texts in the bytes of images and sound, whatever their type says', () => {
    expect(of({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] })).toEqual([
      'field /content/0/mimeType image/png',
    ]);
    expect(of({ content: [{ type: 'audio', data: 'AAAA', note: 'words' }] })).toEqual([
      'field /content/0/note note',
      'field /content/0/note words',
    ]);
    expect(of({ content: [{ type: 'text', data: 'words' }] })).toEqual(['field /content/0/data words']);
  });

  test('has the texts of an embedded resource', () => {
    const resource = { uri: 'x:y', mimeType: 'text/plain', text: 'words', blob: 'AAAA' };
    expect(of({ content: [{ type: 'resource', resource }] })).toEqual([
      'field /content/0/resource/uri x:y',
      'field /content/0/resource/mimeType text/plain',
      'prose /content/0/resource/text words',
      'prose /content/0/resource/blob AAAA',
    ]);
  });

  test('has texts in members that the protocol does not know', () => {
    expect(of({ 'a/b': 'words', content: 'words' })).toEqual([
      'field /a~1b a/b',
      'prose /a~1b words',
      'prose /content words',
    ]);
  });

  test('does not count _meta, which is for the client', () => {
    expect(of({ _meta: { a: 'x' }, content: [{ type: 'text', text: 'y', _meta: { a: 'x' } }] })).toEqual([
      'prose /content/0/text y',
    ]);
  });
});

test('a resource, a prompt, an error and a completion', () => {
  expect(of({ contents: [{ uri: 'x:y', text: 'words' }] }, 'resource')).toEqual([
    'field /contents/0/uri x:y',
    'prose /contents/0/text words',
  ]);
  const messages = [
    { role: 'user', content: { type: 'text', text: 'one' } },
    { role: 'user', content: [{ type: 'text', text: 'two' }] },
  ];
  expect(of({ description: 'd', messages }, 'prompt')).toEqual([
    'prose /description d',
    'prose /messages/0/content/text one',
    'prose /messages/1/content/0/text two',
  ]);
  expect(of({ code: -32602, message: 'no', data: { hint: 'h' } }, 'error')).toEqual([
    'prose /code -32602',
    'prose /message no',
    'prose /data/hint hint',
    'prose /data/hint h',
  ]);
  expect(of({ completion: { values: ['v'] } }, 'completion')).toEqual([
    'field /completion/values values',
    'field /completion/values/0 v',
  ]);
});

test('nothing that a server sends makes it throw', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('content', 'contents', 'messages', 'structuredContent', '_meta', 'x'),
      (value, key) => {
        for (const payload of [
          value,
          { [key]: value },
          { [key]: [value] },
          { [key]: [{ content: value }] },
        ]) {
          structured(textsOfMessage({ server: 's', origin: 'o', channel: 'result', payload }));
        }
      },
    ),
  );
});

test.each<[string, unknown]>([
  ['a bare string as result', 'words'],
  ['a string for a block', { content: ['words'] }],
  ['a string for a resource', { contents: ['words'] }],
  ["a string for a message's content", { messages: [{ role: 'user', content: 'words' }] }],
  ["a block's type", { content: [{ type: 'words' }] }],
  ["a block's annotations", { content: [{ type: 'text', text: 'x', annotations: { audience: ['words'] } }] }],
  ["a result's member name", { words: 1 }],
  ['a list as result', ['words']],
  ['a string for a message', { messages: ['words'] }],
  ['the data of an image that is no string', { content: [{ type: 'image', data: { a: 'words' } }] }],
  ['a name in annotations', { content: [{ type: 'text', text: 'x', annotations: { words: 1 } }] }],
  ["a block's member name", { content: [{ type: 'text', words: 1 }] }],
  ["a resource's member name", { contents: [{ uri: 'x:y', words: 1 }] }],
  ["a message's member name", { messages: [{ words: 1 }] }],
  ["a message's other members", { messages: [{ role: 'words', content: { type: 'text', text: 'x' } }] }],
])('no shape hides a text: %s', (_, payload) => {
  const texts = textsOfMessage({ server: 's', origin: 'o', channel: 'result', payload });
  expect(texts.map((one) => one.text)).toContain('words');
});

test('what the protocol itself says is no text', () => {
  const annotations = { audience: ['user', 'assistant'] };
  expect(
    of({ resultType: 'complete', isError: true, content: [{ type: 'text', text: 'x', annotations }] }),
  ).toEqual(['prose /content/0/text x']);
  expect(of({ messages: [{ role: 'assistant', content: { type: 'text', text: 'x' } }] })).toEqual([
    'prose /messages/0/content/text x',
  ]);
  expect(of({ resultType: 'user' })).toEqual(['prose /resultType user']);
});

test('what a client hands back in a retried call is a field (2026-07-28)', () => {
  expect(of({ requestState: 'abc', inputRequests: { ask: { method: 'elicitation/create' } } })).toEqual([
    'field /requestState abc',
    'field /inputRequests/ask ask',
    'field /inputRequests/ask/method method',
    'field /inputRequests/ask/method elicitation/create',
  ]);
});

describe('structured', () => {
  const text = (value: string, form: Text['form'] = 'prose'): Text[] => [
    { path: '/content/0/text', text: value, form },
  ];

  test('a text that is JSON becomes its leaves, each a field behind #', () => {
    expect(structured(text(' {"a/b": [1, "x"]}'))).toEqual([
      { path: '/content/0/text#/a~1b', text: 'a/b', form: 'field', border: 15 },
      { path: '/content/0/text#/a~1b/0', text: '1', form: 'field', border: 15 },
      { path: '/content/0/text#/a~1b/1', text: 'x', form: 'field', border: 15 },
    ]);
  });

  test.each(['{"a":', 'see {"a":1}', '{"a":1} and more', '"a"', '17', '', '[x]'])(
    '%j stays prose',
    (value) => {
      expect(structured(text(value))).toEqual(text(value));
    },
  );

  test('a text that is YAML or a literal too, its scalars fields or prose as they are written', () => {
    const letter = 'id: 7\nto:\n- ann\nbody: "Dear Ann, the harbour opens at nine in the morning"\n';
    const expected = [
      ['#/id', 'id', 'field'],
      ['#/to', 'to', 'field'],
      ['#/body', 'body', 'field'],
      ['#/id', '7', 'field'],
      ['#/to/0', 'ann', 'field'],
      ['#/body', 'Dear Ann, the harbour opens at nine in the morning', 'prose'],
    ];
    const told = (value: string) =>
      structured(text(value)).map(({ path, text: leaf, form, border }) => {
        expect(border).toBe('/content/0/text'.length);
        return [path.slice(border), leaf, form];
      });
    const sorted = (all: unknown[][]) => all.map((one) => one.join(' ')).sort();
    expect(sorted(told(letter))).toEqual(sorted(expected));
    const python = "{'id': 7, 'to': ['ann'], 'body': 'Dear Ann, the harbour opens at nine in the morning'}";
    expect(sorted(told(python))).toEqual(sorted(expected));
  });

  test('what stands in tags is told as well, behind @ and the name', () => {
    const page = 'See <a href="https://h.example.invalid/next" title="a b c d e f g h i">more</a>.';
    expect(structured(text(page))).toEqual([
      ...text(page),
      { path: '/content/0/text@href', text: 'https://h.example.invalid/next', form: 'field' },
      { path: '/content/0/text@title', text: 'a b c d e f g h i', form: 'prose' },
    ]);
    const inner = structured(text(JSON.stringify({ html: `${page} ${'and more words '.repeat(4)}` })));
    expect(inner.map(({ path }) => path)).toContain('/content/0/text#/html@href');
    expect(inner.find(({ path }) => path.endsWith('@href'))?.border).toBe(15);
  });

  test('so is where links in Markdown lead, under a name of its own', () => {
    const page = 'See [more](/next) of it.';
    expect(structured(text(page))).toEqual([
      ...text(page),
      { path: '/content/0/text@link', text: '/next', form: 'field' },
    ]);
  });

  test('running text in a structured field is prose, and its tags are told', () => {
    const [one, two] = structured([
      { path: '/structuredContent/a', text: 'x\n<a href="y">z</a>', form: 'field' },
    ]);
    expect(one!.form).toBe('prose');
    expect(two).toEqual({ path: '/structuredContent/a@href', text: 'y', form: 'field' });
  });

  test('tags without end are bounded', () => {
    const many = structured(text('<a b="c">'.repeat(100_000)));
    expect(many).toHaveLength(4097);
    const rows = JSON.stringify(Array.from({ length: 64 }, () => `\n${'<a b="c">'.repeat(1500)}`));
    expect(structured(text(rows)).length).toBeLessThan(66_000);
  });

  test('a field stays as it is', () => {
    expect(structured(text('{"a":1}', 'field'))).toEqual(text('{"a":1}', 'field'));
  });

  test('what is nested too deep or too large stays prose', () => {
    const deep = `${'['.repeat(129)}${']'.repeat(129)}`;
    expect(structured(text(deep))).toEqual(text(deep));
    expect(structured(text('['.repeat(1_000_000)))).toHaveLength(1);
    const large = JSON.stringify(['x'.repeat(1024 * 1024)]);
    expect(structured(text(large))[0]!.form).toBe('prose');
    expect(structured(text(JSON.stringify(['x'.repeat(1024 * 1024 - 100)])))[0]!.form).toBe('field');
  });
});

test('brackets in strings do not hide how deep JSON in a text is', () => {
  const deep = (n: number) => `["${']'.repeat(n)}\\"[{",${'['.repeat(n)}1${']'.repeat(n)}]`;
  const count = (n: number) => structured([{ path: '/x', text: deep(n), form: 'prose' }])[0]?.form;
  expect(JSON.parse(deep(200))).toBeDefined();
  expect([count(100), count(200)]).toEqual(['field', 'prose']);
});

test.each([
  ['numbers', (n: number) => ({ structuredContent: { a: Array(n).fill(7), z: 'last one' } })],
  ['blocks', (n: number) => ({ content: [...Array(n).fill({ type: 'text', text: 'x' }), 'last one'] })],
  [
    'members',
    (n: number) => Object.fromEntries([...Array(n).keys(), 'last one'].map((key) => [`k${key}`, 1])),
  ],
  ['annotations', (n: number) => ({ content: [{ annotations: { a: Array(n).fill('x'), z: 'last one' } }] })],
  [
    'JSON in texts',
    (n: number) => ({ content: [{ text: JSON.stringify([...Array(n).fill(7), 'last one']) }] }),
  ],
] as const)('has a bounded number of texts, and all that it says: %s', (_, payload) => {
  const inbound = { server: 's', origin: 'o', channel: 'result' as const, payload: payload(200_000) };
  const texts = structured(textsOfMessage(inbound));
  expect(texts.length).toBeLessThan(66_000);
  expect(texts.filter(({ text }) => text.includes('last one')).length).toBeGreaterThan(0);
  const size = texts.reduce((sum, { text }) => sum + text.length, 0);
  expect(size).toBeGreaterThanOrEqual(200_000);
});
