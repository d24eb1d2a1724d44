import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findingEvidence, judgementEvidence, redact, schemaWords } from '../../src/mediation/evidence.ts';
import type { Judgement } from '../../src/mediation/judgement.ts';
import { flow } from './support.ts';

const SECRET = 'hunter2-swordfish';
const KNOWN = new Set(['to', 'a/b']);

function judgement(more: Partial<Judgement> = {}): Judgement {
  return {
    event: 'e2',
    sink: {
      kind: 'tool',
      server: 'mail',
      name: 'send',
      leaves: [{ path: `/${SECRET}`, text: SECRET, form: 'string' }],
    },
    named: true,
    asked: false,
    descriptor: 'sha256:00',
    effect: 'write',
    effectBy: 'default',
    verdict: 'deny',
    rule: 'poisoned-argument',
    flows: [flow({ argument: `/${SECRET}`, path: `/content/0/text#/${SECRET}/to` })],
    questions: [],
    remember: [],
    id: 'd-1',
    text: `denied: ${SECRET}`,
    ...more,
  };
}

test('a question names its arguments and events, and no content', () => {
  const source = { ...flow().source, event: 'e7' };
  const questions = [{ argument: '/to', source }, { argument: `/${SECRET}` }];
  const evidence = judgementEvidence(judgement({ verdict: 'ask', questions }), KNOWN);
  expect(evidence['questions']).toEqual([
    { argument: '/to', event: 'e7' },
    { argument: '/*', event: undefined },
  ]);
});

test('says everything that decided, and where', () => {
  expect(judgementEvidence(judgement({ flows: [flow({ source: { named: true } })] }), KNOWN)).toEqual({
    event: 'e2',
    server: 'mail',
    tool: 'send',
    effect: 'write',
    effectBy: 'default',
    verdict: 'deny',
    rule: 'poisoned-argument',
    id: 'd-1',
    descriptor: 'sha256:00',
    flows: [
      {
        argument: '/to',
        span: [0, 5],
        match: 'whole',
        transforms: [],
        from: {
          event: 'e1',
          server: 'web',
          channel: 'result',
          origin: 'fetch',
          path: '/content/0/text',
          at: [0, 5],
          form: 'prose',
          alone: false,
          integrity: 'untrusted',
          confidentiality: 'public',
          reasons: [],
        },
      },
    ],
  });
});

describe('holds no content', () => {
  const written = (of: Judgement): string => JSON.stringify(judgementEvidence(of, KNOWN));

  test('of arguments, nor of their unannounced names, nor of the text of the denial', () => {
    const text = written(judgement());
    expect(text).not.toContain(SECRET);
    expect(text).toContain('"argument":"/*"');
    expect(text).toContain('"path":"/content/0/text#/*/to"');
  });

  test('of a name that the server never announced', () => {
    const sink = { ...judgement().sink, name: SECRET };
    expect(written(judgement({ named: false, sink, flows: [] }))).not.toContain(SECRET);
  });

  test('of the address of a resource, nor of another descriptor', () => {
    for (const channel of ['resource', 'descriptor'] as const) {
      expect(written(judgement({ flows: [flow({ source: { channel, origin: SECRET } })] }))).not.toContain(
        SECRET,
      );
    }
  });

  test('of the address of a resource that failed', () => {
    const source = { channel: 'error' as const, origin: `file:///${SECRET}` };
    expect(written(judgement({ flows: [flow({ source })] }))).not.toContain(SECRET);
  });

  test('of an origin that is neither an advertised name nor a method of the protocol', () => {
    for (const channel of ['result', 'completion', 'request', 'notification'] as const) {
      expect(written(judgement({ flows: [flow({ source: { channel, origin: SECRET } })] }))).not.toContain(
        SECRET,
      );
    }
  });

  test('of a member name of digits, which an index is not', () => {
    const leaves = [
      { path: '/to', text: 'to', form: 'key' as const },
      { path: '/to/4711', text: '4711', form: 'key' as const },
      { path: '/to/4711', text: 'x', form: 'string' as const },
      { path: '/to/4711/8', text: 'x', form: 'string' as const },
    ];
    const sink = { ...judgement().sink, leaves };
    const flows = ['/to/4711', '/to/4711/8', '../to/3'].map((argument) => flow({ argument }));
    expect(judgementEvidence(judgement({ sink, flows }), KNOWN)).toMatchObject({
      flows: [{ argument: '/to/*' }, { argument: '/to/*/8' }, { argument: '../to/3' }],
    });
  });

  test('of findings', () => {
    const finding = { detector: 'ansi', path: `/structuredContent/${SECRET}`, span: [0, 4] as const };
    expect(findingEvidence([finding])).toEqual([
      { detector: 'ansi', path: '/structuredContent/*', span: [0, 4] },
    ]);
  });
});

test('a prompt is named as one', () => {
  const sink = { ...judgement().sink, kind: 'prompt' as const };
  expect(judgementEvidence(judgement({ sink }), KNOWN)).toMatchObject({ prompt: 'send' });
});

describe('redact', () => {
  test.each([
    ['', ''],
    ['/to', '/to'],
    ['/a~1b', '/a~1b'],
    ['/a/b', '/*/*'],
    ['/to/12/x', '/to/*/*'],
    ['/content/12/text', '/content/12/text'],
    ['/messages/3/content/4/text', '/messages/3/content/4/text'],
    ['/structuredContent/content/4711', '/structuredContent/content/*'],
    ['/content/0/text#/content/4711', '/content/0/text#/content/*'],
    ['/to#x/4711', '/*/*'],
    ['/12345', '/*'],
    ['/01x', '/*'],
    ['/content/0/text#/to/x', '/content/0/text#/to/*'],
    ['/', '/*'],
  ])('%j becomes %j', (pointer, shown) => {
    expect(redact(pointer, KNOWN)).toBe(shown);
  });

  test('a member name of digits is content, not an index', () => {
    expect(redact('/pins/4711', new Set(['pins']))).toBe('/pins/*');
  });

  test('shows nothing that is not announced', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[g-mo-z~/]{6,12}$/), { minLength: 1 }), (tokens) => {
        const pointer = tokens.map((one) => `/${one.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
        expect(redact(pointer, new Set())).toMatch(/^(?:\/\*)+$/);
      }),
    );
  });
});

describe('schemaWords', () => {
  test('tells names from values that a schema gives', () => {
    const schema = {
      properties: {
        mode: { enum: ['fast', 7], default: 'fast' },
        to: { examples: ['me@here.example.invalid'], description: 'words' },
        kind: { const: 'k', example: { deep: 'd' } },
      },
    };
    const { names, values } = schemaWords(schema, undefined);
    expect([...values].sort()).toEqual(['7', 'd', 'fast', 'k', 'me@here.example.invalid']);
    for (const name of ['mode', 'to', 'kind', 'deep', 'properties', 'enum']) expect(names).toContain(name);
    expect(values).not.toContain('words');
  });

  test('a property may have the name of what holds values', () => {
    const inner = { type: 'string', description: 'words', default: 'value' };
    const schema = { properties: { default: inner, examples: { items: inner }, const: { anyOf: [inner] } } };
    expect([...schemaWords(schema).values]).toEqual(['value']);
    expect([...schemaWords({ $defs: { enum: { ...inner, enum: ['one'] } } }).values]).toEqual([
      'value',
      'one',
    ]);
  });

  test('of nothing is nothing', () => {
    expect(schemaWords(undefined, null, 5)).toEqual({ names: new Set(), values: new Set() });
  });
});
