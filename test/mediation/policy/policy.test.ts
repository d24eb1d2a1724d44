import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Allow, Effect, Flow, Leaf, Mode, Source } from '../../../src/event.ts';
import { Memory } from '../../../src/mediation/policy/memory.ts';
import { type Case, decide, type Verdict } from '../../../src/mediation/policy/policy.ts';
import { ARGUMENT_RULES } from '../../../src/mediation/policy/rules.ts';
import type { Sink, SinkKind } from '../../../src/mediation/sinks.ts';
import { flow } from '../support.ts';

const EVE = 'eve@attacker.example.invalid';
const VALUES: Record<string, string> = {
  '/to': EVE,
  '/letter': 'letter-1234',
  '/password': 'hunter2-swordfish',
  '/command': 'rm -rf /srv',
  '/body': 'Some words of the agent itself.',
  '/amount': '12.50',
};
const leaf = (path: string, text = VALUES[path]!): Leaf => ({ path, text, form: 'string' });
const from = (
  argument: string,
  source: Partial<Source> = { steers: 'here' },
  more: Omit<Partial<Flow>, 'source'> = {},
): Flow => flow({ argument, span: [0, VALUES[argument]!.length], ...more, source });

const TAINTED = from('/to');
const TRUSTED = from('/to', {
  steers: 'here',
  label: { integrity: 'trusted', confidentiality: 'public', reasons: [] },
});
const JUST_THIS: Allow = { server: 'mail', tool: 'send', argument: '/to', from: 'web.fetch' };

function sink(kind: SinkKind = 'tool', name = 'send', leaves: readonly Leaf[] = [leaf('/to')]): Sink {
  return { kind, server: 'mail', name, leaves };
}

function at(more: Partial<Case> = {}): Case {
  return {
    mode: 'guard',
    sink: sink(),
    effect: 'write',
    descriptor: 'usable',
    flows: [],
    readUntrusted: false,
    forgotten: [],
    allow: [],
    ...more,
  };
}

const carrying = (argument: string, source?: Partial<Source>, more?: Omit<Partial<Flow>, 'source'>) => ({
  sink: sink('tool', 'send', [leaf(argument)]),
  flows: [from(argument, source, more)],
});
const URL_BODY = sink('tool', 'send', [leaf('/to'), leaf('/body', 'see https://host.example.invalid/x')]);
const LINK = flow({ argument: '/body', span: [4, 34], match: 'atom', source: { steers: 'here' } });

/** What a person said yes to for good, as the question offers it. */
const YES = new Memory(decide(at({ flows: [TAINTED] })).remember ?? []);

/** Every rule that decides about a call, with a case in which it fires and its nearest neighbour, in which it must not. */
const RULES: [rule: string, verdict: Verdict['verdict'], fires: Partial<Case>, neighbour: Partial<Case>][] = [
  ['observe', 'allow', { mode: 'observe', flows: [TAINTED] }, { mode: 'guard', flows: [TAINTED] }],
  ['withheld-descriptor', 'deny', { descriptor: 'withheld' }, { descriptor: 'withheld', mode: 'observe' }],
  ['unlisted', 'deny', { descriptor: 'unlisted', effect: 'read' }, { effect: 'read' }],
  [
    'configured',
    'allow',
    { flows: [TAINTED], allow: [JUST_THIS] },
    { flows: [TAINTED], allow: [{ ...JUST_THIS, from: 'web.other' }] },
  ],
  [
    'configured',
    'allow',
    { mode: 'lockdown', readUntrusted: true, allow: [{ server: 'mail', tool: 'send' }] },
    { mode: 'lockdown', readUntrusted: true, allow: [{ server: 'mail', tool: 'list' }] },
  ],
  [
    'unknown-method',
    'deny',
    { mode: 'lockdown', sink: sink('unknown', 'x/y'), effect: 'send' },
    { mode: 'guard', sink: sink('unknown', 'x/y'), effect: 'send' },
  ],
  ['read', 'allow', { effect: 'read', flows: [TAINTED] }, { effect: 'write', flows: [TAINTED] }],
  ['lockdown', 'deny', { mode: 'lockdown', readUntrusted: true }, { mode: 'lockdown', readUntrusted: false }],
  [
    'confidential',
    'deny',
    carrying('/to', { label: { integrity: 'trusted', confidentiality: 'secret', reasons: [] } }),
    { flows: [TRUSTED] },
  ],
  [
    'poisoned-argument',
    'deny',
    carrying('/to', { steers: 'here', marked: true }),
    carrying('/to', { steers: 'here' }),
  ],
  ['tainted-credential', 'ask', carrying('/password'), carrying('/letter')],
  ['tainted-code', 'ask', carrying('/command', {}), carrying('/letter', {})],
  ['tainted-destination', 'ask', { flows: [TAINTED] }, { flows: [TRUSTED] }],
  ['tainted-destination', 'ask', { sink: sink('unknown'), effect: 'send', flows: [TAINTED] }, {}],
  [
    'tainted-destination',
    'ask',
    { sink: sink('resource'), effect: 'send', flows: [TAINTED] },
    { sink: sink('resource'), effect: 'read', flows: [TAINTED] },
  ],
  ['tainted-selector', 'ask', carrying('/letter'), carrying('/letter', {})],
  [
    'planted-place',
    'ask',
    { sink: URL_BODY, flows: [LINK] },
    { sink: { ...URL_BODY, leaves: URL_BODY.leaves.slice(1) }, flows: [LINK] },
  ],
  [
    'dictated-call',
    'ask',
    carrying('/body'),
    { sink: sink('tool', 'send', [leaf('/body'), leaf('/title', 'my own words')]), flows: [from('/body')] },
  ],
  ['dictated-call', 'ask', carrying('/body'), carrying('/body', { steers: 'here' }, { match: 'span' })],
  ['ungrounded', 'ask', { ungrounded: [leaf('/to')] }, { ungrounded: [] }],
  [
    'ungrounded',
    'ask',
    { ...carrying('/letter', {}), ungrounded: [leaf('/letter')] },
    { sink: sink('tool', 'send', [leaf('/letter')]), ungrounded: [leaf('/letter')] },
  ],
  ['forgotten-source', 'ask', { forgotten: [leaf('/to')] }, { forgotten: [leaf('/to')], effect: 'read' }],
  ['forgotten-source', 'ask', { forgotten: [leaf('/password')] }, { forgotten: [leaf('/letter')] }],
  [
    'remembered',
    'allow',
    { flows: [TAINTED], memory: YES },
    { ...carrying('/to', { server: 'other', steers: 'here' }), memory: YES },
  ],
  [
    'silent-sibling',
    'ask',
    { forgotten: [leaf('/to')], unheard: ['other'] },
    { forgotten: [leaf('/letter')], unheard: ['other'] },
  ],
  ['clean', 'allow', { flows: [TRUSTED] }, { flows: [TRUSTED, TAINTED] }],
];

test.each(RULES)('%s: %s, and its neighbour is another case', (rule, verdict, fires, neighbour) => {
  expect(decide(at(fires))).toMatchObject({ verdict, rule });
  expect(decide(at(neighbour)).rule).not.toBe(rule);
});

test('every rule that can decide about a call has such a pair', () => {
  const source = readFileSync(new URL('../../../src/mediation/policy/ruling.ts', import.meta.url), 'utf8');
  const named = [
    ...source.matchAll(/(?:\ballow\(|\bdeny\(|\brule: )(?:[^;'\n]*\? )?'([\w-]+)'(?: : '([\w-]+)')?/g),
  ];
  const names = new Set(named.flatMap(([, one, other]) => [one!, ...(other ? [other] : [])]));
  expect(names.size).toBeGreaterThan(10);
  for (const { name, verdict } of ARGUMENT_RULES) if (verdict !== 'allow') names.add(name);
  expect([...names].sort()).toEqual([...new Set(RULES.map(([rule]) => rule))].sort());
});

test('the strictest of several flows decides, and only its flows are named', () => {
  const leaves = [leaf('/to'), leaf('/letter'), leaf('/password')];
  const marked = from('/password', { steers: 'here', marked: true });
  const all = [from('/letter', {}), TAINTED, marked];
  expect(decide(at({ sink: sink('tool', 'send', leaves), flows: all }))).toMatchObject({
    verdict: 'deny',
    rule: 'poisoned-argument',
    flows: [marked],
  });
  expect(
    decide(at({ sink: sink('tool', 'send', leaves), flows: [TAINTED, from('/letter', {})] })).flows,
  ).toEqual([TAINTED]);
});

test('a denial names the flows that decided, and only those', () => {
  expect(decide(at({ flows: [TRUSTED, TAINTED] })).flows).toEqual([TAINTED]);
  expect(decide(at({ mode: 'lockdown', readUntrusted: true, flows: [TAINTED] })).flows).toEqual([]);
});

test('a withheld descriptor outweighs what the configuration allows', () => {
  const allow = [{ server: 'mail', tool: 'send' }];
  for (const descriptor of ['withheld', 'unlisted'] as const) {
    expect(decide(at({ descriptor, allow })).verdict).toBe('deny');
  }
});

describe('an allowed flow', () => {
  const other = from('/to', { steers: 'here', origin: 'other' });

  test('is one argument of one tool from one origin', () => {
    for (const wrong of [
      { server: 'web' },
      { tool: 'list' },
      { argument: '/body' },
      { from: 'mail.fetch' },
      { from: 'web.fetch2' },
    ]) {
      const allow = [{ ...JUST_THIS, ...wrong }];
      expect(decide(at({ flows: [TAINTED], allow })).rule).toBe('tainted-destination');
    }
  });

  test('leaves the others standing', () => {
    const verdict = decide(at({ flows: [TAINTED, other], allow: [JUST_THIS] }));
    expect(verdict).toMatchObject({ verdict: 'ask', rule: 'tainted-destination', flows: [other] });
  });

  test('is not enough in lockdown, nor where sources were forgotten', () => {
    const allow = [JUST_THIS];
    expect(decide(at({ mode: 'lockdown', readUntrusted: true, flows: [TAINTED], allow })).verdict).toBe(
      'deny',
    );
    expect(decide(at({ forgotten: [leaf('/to')], flows: [TAINTED], allow })).verdict).toBe('ask');
  });

  test('is allowed by exactly the line that a denial offers', () => {
    const one = flow({ argument: '/a~1b/0', source: { server: 'web', origin: 'get.page', steers: 'here' } });
    const line = { server: 'mail', tool: 'send', argument: '/a~1b/0', from: 'web.get.page' };
    expect(decide(at({ flows: [one], allow: [line] })).rule).toBe('configured');
  });
});

describe('what is said again', () => {
  const echo = (event: string) => from('/to', { steers: 'near', echo: true, event });

  test('is judged where it came from', () => {
    const mention = from('/to', { event: 'e2' });
    expect(decide(at({ flows: [mention, echo('e5')] })).verdict).toBe('allow');
    expect(decide(at({ flows: [echo('e5')] })).verdict).toBe('ask');
    // Not where that came later.
    expect(decide(at({ flows: [from('/to', { event: 'e7' }), echo('e5')] })).verdict).toBe('ask');
  });
});

describe('a yes', () => {
  const asked = at({ flows: [TAINTED] });
  const remember = decide(asked).remember!;

  test('lets the same through from then on', () => {
    expect(remember).toHaveLength(1);
    expect(decide({ ...asked, memory: new Memory(remember) }).verdict).toBe('allow');
    expect(decide({ ...asked, memory: new Memory([]) }).verdict).toBe('ask');
  });

  test('does not in a session that has read what a detector marked', () => {
    const memory = new Memory(remember);
    expect(decide({ ...asked, memory, ungrounded: [] }).verdict).toBe('ask');
    const marked = from('/to', { steers: 'here', marked: true });
    expect(decide({ ...asked, flows: [marked], memory }).verdict).toBe('deny');
  });

  test('is offered for what is asked about alone', () => {
    expect(decide(at({ flows: [from('/to', { steers: 'here', marked: true })] })).remember ?? []).toEqual([]);
    expect(decide(at({ forgotten: [leaf('/to')] })).remember ?? []).toEqual([]);
  });
});

const RANK = { allow: 0, ask: 1, deny: 2 };
const arguments_ = Object.keys(VALUES);
const flows = fc.array(
  fc
    .record({
      argument: fc.constantFrom(...arguments_),
      integrity: fc.constantFrom('trusted', 'untrusted', 'poisoned-suspect'),
      origin: fc.constantFrom('fetch', 'list'),
      server: fc.constantFrom('web', 'mail'),
      channel: fc.constantFrom('result', 'error', 'descriptor'),
      steers: fc.constantFrom(undefined, 'near', 'here'),
      marked: fc.constantFrom(undefined, true),
      echo: fc.constantFrom(undefined, true),
      asked: fc.boolean(),
      order: fc.integer({ min: 1, max: 5 }),
      match: fc.constantFrom('whole', 'atom', 'span'),
      form: fc.constantFrom('field', 'prose'),
      alone: fc.boolean(),
      common: fc.constantFrom(undefined, true),
    } as const)
    .map(({ argument, integrity, order, match, form, alone, common, ...source }): Flow => {
      const label = { integrity, confidentiality: 'public', reasons: [] } as const;
      const clean = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined));
      const more = { match, form, alone, ...(common && { common }) };
      return from(argument, { ...clean, event: `e${order}`, label } as Partial<Source>, more);
    }),
  { maxLength: 4 },
);
const kinds = fc.constantFrom<SinkKind>('tool', 'resource', 'prompt', 'completion', 'answer', 'unknown');
const leaves = fc.subarray(arguments_.map((path) => leaf(path)));
const cases: fc.Arbitrary<Case> = fc
  .record({
    mode: fc.constantFrom<Mode>('observe', 'guard', 'lockdown'),
    kind: kinds,
    leaves,
    effect: fc.constantFrom<Effect>('read', 'write', 'send', 'execute', 'destroy'),
    reads: fc.boolean(),
    descriptor: fc.constantFrom('usable' as const, 'withheld' as const, 'unlisted' as const),
    flows,
    readUntrusted: fc.boolean(),
    forgotten: leaves,
    ungrounded: fc.option(leaves, { nil: undefined }),
    allow: fc.subarray<Allow>([
      JUST_THIS,
      { server: 'mail', tool: 'send' },
      { server: 'mail', tool: 'list' },
    ]),
    remembers: fc.boolean(),
  })
  .map(({ kind, leaves: some, flows: all, forgotten, ungrounded, remembers, ...rest }) => {
    const inside = (those: readonly Leaf[]) =>
      those.filter(({ path }) => some.some((one) => one.path === path));
    const held = all.filter(({ argument }) => some.some(({ path }) => path === argument));
    const plain: Case = {
      ...rest,
      sink: sink(kind, 'send', some),
      flows: held,
      forgotten: inside(forgotten),
      ungrounded: ungrounded && inside(ungrounded),
    };
    return remembers ? { ...plain, memory: new Memory(decide(plain).remember ?? []) } : plain;
  });

const worsened = (some: Flow, source: Partial<Source>, more: Partial<Flow> = {}): Flow => ({
  ...some,
  ...more,
  source: { ...some.source, ...source },
});

test('nothing that makes a case worse loosens its verdict', () => {
  let worst = 0;
  fc.assert(
    fc.property(cases, fc.nat(3), fc.constantFrom(...arguments_), (some, index, argument) => {
      const before = RANK[decide(some).verdict];
      worst = Math.max(worst, before);
      const change = (source: Partial<Source>, more: Partial<Flow> = {}): Partial<Case> => ({
        flows: some.flows.map((one, i) => (i === index ? worsened(one, source, more) : one)),
      });
      const ordering = from(argument, { steers: 'here', event: 'e99' });
      const worse: Record<string, Partial<Case>> = {
        'an order': {
          flows: [
            ...some.flows,
            ...(some.sink.leaves.some(({ path }) => path === argument) ? [ordering] : []),
          ],
        },
        forgotten: { forgotten: some.sink.leaves },
        'read untrusted': { readUntrusted: true },
        'nothing allowed': { allow: [] },
        'nothing remembered': { memory: undefined },
        'a detector fired': { ungrounded: some.sink.leaves },
        withheld: { descriptor: some.descriptor === 'usable' ? 'withheld' : some.descriptor },
        'a text that steers': change({ steers: 'here' }),
        'a text that is marked': change({ steers: 'here', marked: true }),
        'no field': change({}, { form: 'prose' }),
        'not asked for': change({ asked: false }),
        'no result': change({ channel: 'error' }),
        'a lasting effect': some.effect === 'write' ? { effect: 'destroy' } : {},
        'an effect': some.effect === 'read' ? { effect: 'write' } : {},
        lockdown: some.mode === 'guard' ? { mode: 'lockdown' } : {},
        ...(some.mode === 'observe' && { guard: { mode: 'guard' } }),
      };
      for (const [what, one] of Object.entries(worse)) {
        expect(RANK[decide({ ...some, ...one }).verdict], what).toBeGreaterThanOrEqual(before);
      }
    }),
    { numRuns: 3000 },
  );
  expect(worst).toBe(2);
});

test('observe never refuses, and a plain read of a usable tool is never refused', () => {
  fc.assert(
    fc.property(cases, (some) => {
      expect(decide({ ...some, mode: 'observe' }).verdict).toBe('allow');
      const read = {
        ...some,
        effect: 'read' as const,
        descriptor: 'usable' as const,
        sink: { ...some.sink, kind: 'tool' as const },
      };
      expect(decide(read).verdict).toBe('allow');
    }),
  );
});

test('what is refused names why: flows or leaves, unless the rule is about the call alone', () => {
  const ofCalls = new Set(['withheld-descriptor', 'unlisted', 'unknown-method', 'lockdown']);
  fc.assert(
    fc.property(cases, (some) => {
      const { verdict, rule, flows: telling, leaves: bare = [] } = decide(some);
      if (verdict === 'allow' || ofCalls.has(rule)) return;
      expect(telling.length + bare.length).toBeGreaterThan(0);
      for (const one of telling) expect(one.source.label.integrity).not.toBe('trusted');
    }),
  );
});

test('what is allowed for a tool is not for a prompt or a method of that name', () => {
  const allow = [{ server: 'mail', tool: 'send' }, JUST_THIS];
  const effect = 'send';
  for (const kind of ['prompt', 'resource', 'completion', 'unknown'] as const) {
    expect(decide(at({ sink: sink(kind), effect, flows: [TAINTED], allow })).verdict).toBe('ask');
  }
  expect(decide(at({ mode: 'lockdown', sink: sink('unknown'), effect, allow })).verdict).toBe('deny');
});

test('lockdown denies a network address once something untrusted was read', () => {
  const some = at({ mode: 'lockdown', sink: sink('resource'), effect: 'send', readUntrusted: true });
  expect(decide(some).verdict).toBe('deny');
});

test('a network address is asked about when its source may have been forgotten', () => {
  const some = at({ sink: sink('resource'), effect: 'send', forgotten: [leaf('/uri', 'x://y')] });
  expect(decide(some).verdict).toBe('ask');
});
