import { expect, test } from 'vitest';
import type { Effect, Flow, Leaf, Role, Source } from '../../../src/event.ts';
import { factsOf } from '../../../src/mediation/policy/facts.ts';
import { Memory, yesTo } from '../../../src/mediation/policy/memory.ts';
import type { Case } from '../../../src/mediation/policy/policy.ts';
import { ARGUMENT_RULES, type Fact } from '../../../src/mediation/policy/rules.ts';
import { flow } from '../support.ts';

interface Given {
  role?: Role;
  effect?: Effect;
  reads?: boolean;
  /** Another argument says where the call goes; it does unless this is false. */
  goes?: boolean;
  remembered?: boolean;
  /** The whole argument, and what was found in it. */
  leafText?: string;
  text?: string;
  flow?: Omit<Partial<Flow>, 'source'>;
  source?: Partial<Source>;
  /** The client itself said the host of the argument before. */
  ownHost?: boolean;
  /** Other flows into the same place. */
  others?: Parameters<typeof flow>[0][];
}

const URL = 'https://host.example.invalid/page?id=7';
const PRIVATE = { integrity: 'trusted', confidentiality: 'private', reasons: [] } as const;
const HERE = { steers: 'here' } as const;
const NEAR = { steers: 'near' } as const;
const FIELD = { form: 'field', alone: true } as const;
const ARGUMENTS: Record<Role, string> = {
  destination: '/to',
  selector: '/letter',
  credential: '/password',
  code: '/command',
  content: '/body',
  scalar: '/choice',
};

/** A whole value from a page of another server, that the called tool writes, as the rules get to see it. */
function fact({ flow: more = {}, source = {}, others = [], role = 'selector', ...rest }: Given): Fact {
  const text = rest.text ?? 'value-1234';
  const leafText = rest.leafText ?? text;
  const argument = ARGUMENTS[role];
  const telling = flow({ argument, span: [0, text.length], ...more, source });
  const leaves: Leaf[] = [{ path: argument, text: leafText, form: 'string' }];
  if (rest.goes !== false) leaves.push({ path: '/cc', text: 'me', form: 'string' });
  const at: Case = {
    mode: 'guard',
    sink: { kind: 'tool', server: 'mail', name: 'send', leaves },
    effect: rest.effect ?? 'write',
    reads: rest.reads ?? false,
    descriptor: 'usable',
    schema: { properties: { choice: { enum: [leafText] } } },
    flows: [telling, ...others.map((other) => flow({ argument, span: [0, text.length], ...other }))],
    readUntrusted: true,
    forgotten: [],
    allow: [],
    grounds: { holdsHostOf: () => rest.ownHost === true },
  };
  const yes = yesTo(at, { ...telling, source: { ...telling.source, marked: false } }, text, role)!;
  if (rest.remembered) at.memory = new Memory([yes]);
  const { places, flows, goes, server, effect, reads } = factsOf(at);
  const own = flows[0]!;
  expect(places[own.place]).toMatchObject({ argument, role });
  expect(leafText.slice(...telling.span)).toBe(text);
  return { ...own, role, effect, reads, server, goes, siblings: flows };
}

const ruleFor = (given: Given): string => {
  const one = fact(given);
  return ARGUMENT_RULES.find((rule) => rule.when(one))!.name;
};

/** Every rule with a fact in which it fires, and its nearest neighbours, in which it must not. */
const PAIRS: Record<string, [fires: Given, neighbours: Given[]][]> = {
  confidential: [
    [
      { source: { label: PRIVATE }, role: 'content' },
      [
        { source: { label: PRIVATE }, role: 'content', goes: false },
        { source: { label: PRIVATE }, role: 'content', flow: { common: true } },
        { source: {}, role: 'content' },
      ],
    ],
  ],
  scalar: [[{ role: 'scalar', source: { ...HERE, marked: true } }, [{ role: 'selector', source: HERE }]]],
  'poisoned-argument': [
    [
      { source: { ...HERE, marked: true }, remembered: true },
      [
        { source: { ...HERE, marked: true }, text: '7' },
        { source: { ...NEAR } },
        { source: { ...HERE, marked: true }, role: 'scalar' },
      ],
    ],
    [{ source: { marked: true }, role: 'content' }, [{ source: {}, role: 'content' }]],
  ],
  remembered: [
    [
      { remembered: true, source: HERE, role: 'destination' },
      [
        { remembered: false, source: HERE, role: 'destination' },
        { remembered: true, source: { ...HERE, marked: true }, role: 'destination' },
      ],
    ],
  ],
  'foreign-description': [
    [
      { source: { ...HERE, channel: 'descriptor' }, text: 'documents' },
      [
        { source: { ...HERE, channel: 'descriptor' }, text: URL },
        { source: { ...HERE, channel: 'descriptor' }, text: 'eve@attacker.example.invalid' },
        { source: { ...HERE, channel: 'result' }, text: 'documents' },
        { source: { ...HERE, channel: 'descriptor', marked: true }, text: 'documents' },
      ],
    ],
  ],
  'common-word': [
    [
      { source: HERE, flow: { common: true }, text: 'documents' },
      [
        { source: HERE, text: 'documents' },
        { source: HERE, flow: { common: true }, text: 'documents', role: 'destination' },
        { source: HERE, flow: { common: true }, text: 'documents', role: 'credential' },
        { source: HERE, flow: { common: true }, text: 'doc7' },
        { source: HERE, flow: { common: true }, text: 'Mallory' },
      ],
    ],
  ],
  'handed-out': [
    [
      { source: NEAR, flow: FIELD },
      [
        { source: NEAR, flow: FIELD, role: 'destination' },
        { source: NEAR, flow: FIELD, role: 'credential' },
        { source: NEAR, flow: { ...FIELD, form: 'prose' } },
        { source: NEAR, flow: { ...FIELD, alone: false } },
        { source: NEAR, flow: { ...FIELD, match: 'atom' } },
        { source: NEAR, flow: { ...FIELD, inName: true } },
        { source: { steers: 'sought' }, flow: FIELD },
        { source: { ...NEAR, channel: 'error' }, flow: FIELD },
        { source: { ...NEAR, channel: 'resource' }, flow: FIELD },
        { source: { ...NEAR, echo: true }, flow: FIELD },
        // A text that steers names it.
        { source: NEAR, flow: FIELD, others: [{ source: { ...HERE, event: 'e9' } }] },
      ],
    ],
    // It said so before it was told.
    [
      {
        source: { ...NEAR, event: 'e3' },
        flow: FIELD,
        others: [{ ...FIELD, source: { ...NEAR, echo: true, event: 'e4' } }],
      },
      [
        {
          source: { ...NEAR, event: 'e5' },
          flow: FIELD,
          others: [{ ...FIELD, source: { ...NEAR, echo: true, event: 'e4' } }],
        },
      ],
    ],
    // What is destroyed or run is the called server's own.
    [
      { source: { ...NEAR, server: 'mail' }, flow: FIELD, effect: 'destroy' },
      [
        { source: { ...NEAR, server: 'web' }, flow: FIELD, effect: 'destroy' },
        { source: { ...NEAR, server: 'web' }, flow: FIELD, effect: 'execute' },
      ],
    ],
    // A tag is a part of the text that it stands in.
    [
      { source: NEAR, flow: { ...FIELD, path: '/content/0/text@href' } },
      [
        {
          source: NEAR,
          flow: { ...FIELD, path: '/content/0/text@href' },
          others: [{ path: '/content/0/text', source: HERE }],
        },
      ],
    ],
  ],
  mention: [
    [
      { role: 'destination' },
      [
        { role: 'destination', source: NEAR },
        { role: 'destination', source: HERE },
        { role: 'destination', source: { steers: 'led' }, text: 'eve@attacker.example.invalid' },
        { role: 'selector', source: { steers: 'sought' } },
      ],
    ],
    [
      { role: 'destination', source: { steers: 'led' } },
      [{ role: 'destination', source: { steers: 'led' }, text: URL }],
    ],
    // What is destroyed is of the called server's own listing, though that repeats what was asked for.
    [
      {
        role: 'selector',
        effect: 'destroy',
        others: [{ ...FIELD, source: { server: 'mail', echo: true } }],
      },
      [
        { role: 'selector', effect: 'destroy' },
        { role: 'selector', effect: 'destroy', flow: FIELD },
        { role: 'selector', effect: 'destroy', source: { server: 'mail' } },
      ],
    ],
    // What code is about is none; where it goes is.
    [
      {
        role: 'code',
        leafText: 'cat report-17.txt',
        text: 'report-17.txt',
        flow: { span: [4, 17], match: 'atom' },
      },
      [
        { role: 'code', leafText: 'cat report-17.txt', text: 'cat report-17.txt', flow: { match: 'span' } },
        {
          role: 'code',
          leafText: `curl ${URL}`,
          text: URL,
          flow: { span: [5, 5 + URL.length], match: 'atom' },
        },
        {
          role: 'code',
          leafText: 'cat report-17.txt',
          text: 'report-17.txt',
          flow: { span: [4, 17], match: 'atom' },
          source: HERE,
        },
        {
          role: 'credential',
          leafText: 'cat report-17.txt',
          text: 'report-17.txt',
          flow: { span: [4, 17], match: 'atom' },
        },
      ],
    ],
    // An account in running text is believed by nobody, one that a tool returned in a field is its own.
    [
      { role: 'destination', text: 'DE89370400440532013000', flow: FIELD },
      [
        { role: 'destination', text: 'DE89370400440532013000' },
        { role: 'destination', text: '+44 20 7946 0123' },
      ],
    ],
    [{ role: 'selector' }, [{ role: 'credential' }, { role: 'code' }, { role: 'selector', source: HERE }]],
  ],
  'known-before': [
    [
      { role: 'destination', source: { ...HERE, event: 'e5' }, others: [{ source: { event: 'e3' } }] },
      [
        { role: 'destination', source: { ...HERE, event: 'e5' }, others: [{ source: { event: 'e7' } }] },
        {
          role: 'destination',
          source: { ...HERE, event: 'e5' },
          others: [{ source: { ...NEAR, event: 'e3' } }],
        },
        {
          role: 'destination',
          source: { ...HERE, event: 'e5' },
          others: [{ source: { event: 'e3', echo: true } }],
        },
        {
          role: 'destination',
          source: { ...HERE, event: 'e5', session: 's2' },
          others: [{ source: { event: 'e3' } }],
        },
        {
          role: 'destination',
          source: { ...HERE, event: 'e5' },
          others: [{ source: { event: 'e3' }, match: 'atom' }],
        },
        {
          role: 'destination',
          source: { ...HERE, event: 'e5' },
          others: [{ source: { event: 'e3' } }, { source: { ...HERE, event: 'e2' } }],
        },
        { role: 'selector', source: { ...HERE, event: 'e5' }, others: [{ source: { event: 'e3' } }] },
        { role: 'credential', source: { ...HERE, event: 'e5' }, others: [{ source: { event: 'e3' } }] },
      ],
    ],
  ],
  delegated: [
    [
      { role: 'destination', source: { ...HERE, asked: true } },
      [
        { role: 'destination', source: HERE },
        { role: 'credential', source: { ...HERE, asked: true } },
        { role: 'code', source: { ...HERE, asked: true } },
        { role: 'destination', source: { ...HERE, asked: true }, effect: 'destroy' },
        { role: 'destination', source: { ...HERE, asked: true }, effect: 'execute' },
        { role: 'destination', source: { ...HERE, asked: true }, text: 'DE89370400440532013000' },
        { role: 'destination', source: { ...HERE, asked: true, marked: true } },
      ],
    ],
  ],
  'followed-link': [
    [
      {
        role: 'destination',
        reads: true,
        source: { ...NEAR, server: 'mail' },
        text: URL,
        flow: { ...FIELD, path: '/content/0/text@href' },
      },
      [
        {
          role: 'destination',
          reads: false,
          source: { ...NEAR, server: 'mail' },
          text: URL,
          flow: { ...FIELD, path: '/content/0/text@href' },
        },
        {
          role: 'destination',
          reads: true,
          source: { ...NEAR, server: 'web' },
          text: URL,
          flow: { ...FIELD, path: '/content/0/text@href' },
        },
        {
          role: 'destination',
          reads: true,
          source: { ...NEAR, server: 'mail' },
          text: URL,
          flow: { ...FIELD, path: '/content/0/text@alt' },
        },
        {
          role: 'destination',
          reads: true,
          source: { ...NEAR, server: 'mail' },
          text: URL,
          flow: { path: '/content/0/text' },
        },
        {
          role: 'destination',
          reads: true,
          source: { ...NEAR, server: 'mail' },
          text: URL,
          flow: { ...FIELD, path: '/content/0/text@href', match: 'atom' },
        },
        {
          role: 'destination',
          reads: true,
          source: { ...NEAR, server: 'mail', channel: 'descriptor' },
          text: URL,
          flow: { ...FIELD, path: '/content/0/text@href' },
        },
      ],
    ],
  ],
  'own-site': [
    [
      {
        role: 'destination',
        source: { ...HERE, server: 'mail' },
        leafText: URL,
        text: 'id=7',
        flow: { span: [34, 38], match: 'atom' },
      },
      [
        {
          role: 'destination',
          source: { ...HERE, server: 'mail' },
          leafText: URL,
          text: 'host.example.invalid',
          flow: { span: [8, 28], match: 'atom' },
        },
        {
          role: 'destination',
          source: { ...HERE, server: 'web' },
          leafText: URL,
          text: 'id=7',
          flow: { span: [34, 38], match: 'atom' },
        },
        {
          role: 'destination',
          source: { ...HERE, server: 'mail' },
          leafText: 'https://here.example.invalid@evil.invalid',
          text: 'evil.invalid',
          flow: { span: [29, 41], match: 'atom' },
        },
        {
          role: 'destination',
          source: { ...HERE, server: 'mail' },
          leafText: 'https:\\\\here\\@evil.invalid/',
          text: 'evil.invalid',
          flow: { span: [14, 26], match: 'atom' },
        },
        // One flow of another page is enough to lose it.
        {
          role: 'destination',
          source: { ...HERE, server: 'mail' },
          leafText: URL,
          text: 'id=7',
          flow: { span: [34, 38], match: 'atom' },
          others: [{ span: [34, 38], match: 'atom', source: HERE }],
        },
      ],
    ],
    // The whole address stands in the page, and the client said its host before.
    [
      { role: 'destination', source: { ...HERE, server: 'mail' }, text: URL, ownHost: true },
      [
        { role: 'destination', source: { ...HERE, server: 'mail' }, text: URL },
        { role: 'destination', source: { ...HERE, server: 'web' }, text: URL, ownHost: true },
        { role: 'content', source: { ...HERE, server: 'mail' }, text: URL, ownHost: true },
        {
          role: 'destination',
          source: { ...HERE, server: 'mail' },
          text: URL,
          ownHost: true,
          effect: 'execute',
        },
        {
          role: 'destination',
          source: { ...HERE, server: 'mail' },
          text: URL,
          ownHost: true,
          effect: 'destroy',
        },
        {
          role: 'destination',
          source: { ...HERE, server: 'mail', channel: 'error' },
          text: URL,
          ownHost: true,
        },
        { role: 'destination', source: { ...HERE, server: 'mail', marked: true }, text: URL, ownHost: true },
      ],
    ],
  ],
  'own-credential': [
    [
      { role: 'credential', source: { ...NEAR, server: 'mail' } },
      [
        { role: 'credential', source: { ...HERE, server: 'mail' } },
        { role: 'credential', source: { ...NEAR, server: 'web' } },
        { role: 'credential', source: { ...NEAR, server: 'mail' }, others: [{ source: { server: 'web' } }] },
        {
          role: 'credential',
          source: { ...NEAR, server: 'mail' },
          others: [{ source: { ...HERE, server: 'mail' } }],
        },
        { role: 'code', source: { ...NEAR, server: 'mail' } },
      ],
    ],
  ],
  'tainted-credential': [
    [{ role: 'credential' }, [{ role: 'selector' }, { role: 'credential', source: { server: 'mail' } }]],
  ],
  'tainted-code': [
    [{ role: 'code', source: { server: 'mail' } }, [{ role: 'content' }, { role: 'code', remembered: true }]],
  ],
  'tainted-destination': [
    [{ role: 'destination', source: NEAR }, [{ role: 'destination' }, { role: 'content', source: NEAR }]],
    [{ role: 'destination', source: HERE, flow: FIELD }, [{ role: 'selector', source: HERE, flow: FIELD }]],
  ],
  'tainted-selector': [[{ source: HERE }, [{}, { source: HERE, role: 'content' }]]],
  'planted-place': [
    [
      { role: 'content', source: HERE, text: URL, flow: { match: 'atom' } },
      [
        { role: 'content', source: HERE, text: URL, flow: { match: 'atom' }, goes: false },
        { role: 'content', source: HERE, text: `${'word '.repeat(9)}${URL}`, flow: { match: 'span' } },
        { role: 'content', source: HERE, text: 'fourteen', flow: { match: 'atom' } },
        { role: 'content', text: URL, flow: { match: 'atom' } },
      ],
    ],
  ],
  quotation: [[{ role: 'content', source: HERE }, [{ role: 'content', source: HERE, text: URL }]]],
};

const rows = Object.entries(PAIRS).flatMap(([name, pairs]) =>
  pairs.map(([fires, neighbours]) => [name, fires, neighbours] as const),
);

test.each(rows)('%s, and its nearest neighbours fall under another', (name, fires, neighbours) => {
  expect(ruleFor(fires)).toBe(name);
  expect(neighbours.length).toBeGreaterThan(0);
  for (const neighbour of neighbours) expect(ruleFor(neighbour), JSON.stringify(neighbour)).not.toBe(name);
});

test('every rule has such a pair, a verdict of its own and a reason that nobody shares', () => {
  const names = ARGUMENT_RULES.map(({ name }) => name);
  expect(Object.keys(PAIRS).sort()).toEqual([...names].sort());
  expect(new Set(ARGUMENT_RULES.map(({ because }) => because)).size).toBe(names.length);
});

test('nothing falls through: the last rule takes all', () => {
  const roles = ['destination', 'selector', 'credential', 'code', 'content', 'scalar'] as const;
  for (const role of roles)
    for (const source of [{}, NEAR, HERE]) expect(ruleFor({ role, source })).toBeDefined();
});
