import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Allow, Effect, Flow, Integrity, Leaf, Mode } from '../../src/event.ts';
import { type Case, decide } from '../../src/mediation/policy.ts';
import type { Sink, SinkKind } from '../../src/mediation/sinks.ts';
import { flow } from './support.ts';

const LEAVES: Leaf[] = [{ path: '/to', text: 'eve@attacker.example.invalid', form: 'string' }];
const TAINTED = flow();
const TRUSTED = flow({
  source: { label: { integrity: 'trusted', confidentiality: 'public', reasons: [] } },
});
const JUST_THIS: Allow = { server: 'mail', tool: 'send', argument: '/to', from: 'web.fetch' };

function sink(kind: SinkKind = 'tool', name = 'send'): Sink {
  return { kind, server: 'mail', name, leaves: LEAVES };
}

function at(more: Partial<Case> = {}): Case {
  return {
    mode: 'guard',
    sink: sink(),
    effect: 'write',
    descriptor: 'usable',
    flows: [],
    readUntrusted: false,
    forgotten: false,
    allow: [],
    ...more,
  };
}

/** Every rule with a case in which it fires, and its nearest neighbour, in which it must not. */
const RULES: [rule: string, verdict: string, fires: Partial<Case>, neighbour: Partial<Case>][] = [
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
  ['tainted-argument', 'deny', { flows: [TAINTED] }, { flows: [TRUSTED] }],
  ['tainted-argument', 'deny', { sink: sink('unknown'), effect: 'send', flows: [TAINTED] }, {}],
  [
    'tainted-address',
    'deny',
    { sink: sink('resource'), effect: 'send', flows: [TAINTED] },
    { sink: sink('resource'), effect: 'read', flows: [TAINTED] },
  ],
  ['forgotten-source', 'deny', { forgotten: true }, { forgotten: true, effect: 'read' }],
  ['clean', 'allow', { flows: [TRUSTED] }, { flows: [TRUSTED, TAINTED] }],
];

test.each(RULES)('%s: %s, and its neighbour is another case', (rule, verdict, fires, neighbour) => {
  expect(decide(at(fires))).toMatchObject({ verdict, rule });
  expect(decide(at(neighbour)).rule).not.toBe(rule);
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
  const other = flow({ argument: '/body' });

  test('is one argument of one tool from one origin', () => {
    for (const wrong of [
      { server: 'web' },
      { tool: 'list' },
      { argument: '/body' },
      { from: 'mail.fetch' },
      { from: 'web.fetch2' },
    ]) {
      const allow = [{ ...JUST_THIS, ...wrong }];
      expect(decide(at({ flows: [TAINTED], allow })).rule).toBe('tainted-argument');
    }
  });

  test('leaves the others standing', () => {
    const verdict = decide(at({ flows: [TAINTED, other], allow: [JUST_THIS] }));
    expect(verdict).toEqual({ verdict: 'deny', rule: 'tainted-argument', flows: [other] });
  });

  test('is not enough in lockdown, nor where sources were forgotten', () => {
    const allow = [JUST_THIS];
    expect(decide(at({ mode: 'lockdown', readUntrusted: true, flows: [TAINTED], allow })).verdict).toBe(
      'deny',
    );
    expect(decide(at({ forgotten: true, flows: [TAINTED], allow })).verdict).toBe('deny');
  });

  test('is allowed by exactly the line that a denial offers', () => {
    const from = flow({ argument: '/a~1b/0', source: { server: 'web', origin: 'get.page' } });
    const line = { server: 'mail', tool: 'send', argument: '/a~1b/0', from: 'web.get.page' };
    expect(decide(at({ flows: [from], allow: [line] })).rule).toBe('configured');
  });
});

const modes = fc.constantFrom<Mode>('observe', 'guard', 'lockdown');
const flows = fc.array(
  fc
    .tuple(
      fc.constantFrom<Integrity>('trusted', 'untrusted', 'poisoned-suspect'),
      fc.constantFrom('/to', '/body'),
      fc.constantFrom('fetch', 'list'),
    )
    .map(
      ([integrity, argument, origin]): Flow =>
        flow({ argument, source: { origin, label: { integrity, confidentiality: 'public', reasons: [] } } }),
    ),
  { maxLength: 4 },
);
const cases: fc.Arbitrary<Case> = fc.record({
  mode: modes,
  sink: fc
    .constantFrom<SinkKind>('tool', 'resource', 'prompt', 'completion', 'answer', 'unknown')
    .map((kind) => sink(kind)),
  effect: fc.constantFrom<Effect>('read', 'write', 'send', 'execute', 'destroy'),
  descriptor: fc.constantFrom('usable', 'withheld', 'unlisted'),
  flows,
  readUntrusted: fc.boolean(),
  forgotten: fc.boolean(),
  allow: fc.subarray<Allow>([JUST_THIS, { server: 'mail', tool: 'send' }, { server: 'mail', tool: 'list' }]),
});

test('nothing that makes a case worse loosens its verdict', () => {
  fc.assert(
    fc.property(cases, flows, (some, more) => {
      fc.pre(decide(some).verdict === 'deny');
      const worse: Partial<Case>[] = [
        { flows: [...some.flows, ...more] },
        { forgotten: true },
        { readUntrusted: true },
        { allow: [] },
        ...(some.mode === 'guard' ? [{ mode: 'lockdown' as const }] : []),
      ];
      for (const change of worse) expect(decide({ ...some, ...change }).verdict).toBe('deny');
    }),
  );
});

test('observe never denies, and a plain read of a usable tool is never denied', () => {
  fc.assert(
    fc.property(cases, (some) => {
      expect(decide({ ...some, mode: 'observe' }).verdict).toBe('allow');
      const read = { ...some, effect: 'read' as const, descriptor: 'usable' as const, sink: sink('tool') };
      expect(decide(read).verdict).toBe('allow');
    }),
  );
});

test('what is allowed for a tool is not for a prompt or a method of that name', () => {
  const allow = [{ server: 'mail', tool: 'send' }, JUST_THIS];
  const effect = 'send';
  for (const kind of ['prompt', 'resource', 'completion', 'unknown'] as const) {
    expect(decide(at({ sink: sink(kind), effect, flows: [TAINTED], allow })).verdict).toBe('deny');
  }
  expect(decide(at({ mode: 'lockdown', sink: sink('unknown'), effect, allow })).verdict).toBe('deny');
});

test('lockdown denies a network address once something untrusted was read', () => {
  const some = at({ mode: 'lockdown', sink: sink('resource'), effect: 'send', readUntrusted: true });
  expect(decide(some).verdict).toBe('deny');
});

test('a network address is refused when its source may have been forgotten', () => {
  expect(decide(at({ sink: sink('resource'), effect: 'send', forgotten: true })).verdict).toBe('deny');
});
