import { expect, test } from 'vitest';
import type { Effect, Role, ServerTrust } from '../../../src/event.ts';
import { outlookOf } from '../../../src/mediation/policy/outlook.ts';
import { ARGUMENT_RULES } from '../../../src/mediation/policy/rules.ts';

const text = { type: 'string' };
const of = (properties: object, trust?: ServerTrust, name = 'send_note') =>
  outlookOf({ server: 's', name, descriptor: { name, inputSchema: { type: 'object', properties } } }, trust);
const pointers = (properties: object) => of(properties).arguments.map(({ pointer }) => pointer);
/** The rules for an argument of a role, in a call that also says where it goes or does not. */
function names(role: Role, effect: Effect = 'send', goes = true): string[] {
  const roles = new Map<string, Role>([['/x', role], ...(goes ? [['/y', 'destination'] as const] : [])]);
  const trust: ServerTrust = {
    integrity: 'untrusted',
    confidentiality: 'public',
    tools: new Map([['send_note', { effect, roles, fields: new Map() }]]),
  };
  return of({ x: text, ...(goes && { y: text }) }, trust).arguments[0]!.rules.map(({ name }) => name);
}

test('every argument that can carry something is there, by pointer', () => {
  expect(
    pointers({
      to: text,
      'a/b': text,
      guests: { type: 'array', items: { type: 'object', properties: { email: text, note: text } } },
      tags: { type: 'array', items: text },
      where: { type: 'object', properties: { city: text } },
      silent: { type: 'boolean' },
      free: { type: 'object' },
    }),
  ).toEqual(['/a~1b', '/free', '/guests/*/email', '/guests/*/note', '/tags', '/to', '/where/city']);
});

test('a schema that nests without end or announces without end is cut short', () => {
  const nested = { properties: {} as Record<string, unknown> };
  nested.properties['x'] = nested;
  expect(pointers({ x: nested })).toEqual([`${'/x'.repeat(8)}`]);
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, text]));
  expect(pointers(wide)).toHaveLength(256);
  expect(pointers({ x: { items: { properties: 5 } }, y: 5, z: null })).toEqual(['/x/*', '/y', '/z']);
});

test('says by what a role is told', () => {
  const trust: ServerTrust = {
    integrity: 'untrusted',
    confidentiality: 'public',
    tools: new Map([
      ['send_note', { roles: new Map([['/who', 'destination']] as const), fields: new Map() }],
    ]),
  };
  const args = of(
    { who: text, home: { type: 'string', format: 'uri' }, body: text, when: text, date: text },
    trust,
  );
  expect(args.arguments.map(({ pointer, role, by, byValue }) => [pointer, role, by, byValue])).toEqual([
    ['/body', 'content', 'name', false],
    ['/date', 'content', 'name', true],
    ['/home', 'destination', 'schema', false],
    ['/when', 'selector', 'name', false],
    ['/who', 'destination', 'configuration', false],
  ]);
});

test('the rules are those that the table itself applies', () => {
  expect(names('destination')).toEqual(['confidential', 'poisoned-argument', 'tainted-destination']);
  expect(names('credential')).toEqual(['confidential', 'poisoned-argument', 'tainted-credential']);
  expect(names('code')).toEqual(['confidential', 'poisoned-argument', 'tainted-code']);
  expect(names('selector')).toContain('tainted-selector');
  expect(names('content')).toEqual(['confidential', 'poisoned-argument', 'planted-place']);
  expect(names('content', 'send', false)).toEqual(['confidential', 'poisoned-argument']);
  expect(names('scalar')).toEqual(['confidential']);
});

test('every rule of the table that holds back can be named for some role', () => {
  const roles: Role[] = ['destination', 'selector', 'credential', 'code', 'content', 'scalar'];
  const effects: Effect[] = ['read', 'write', 'send', 'execute', 'destroy'];
  const named = new Set(roles.flatMap((role) => effects.flatMap((effect) => names(role, effect))));
  expect([...named].sort()).toEqual(
    ARGUMENT_RULES.filter(({ verdict }) => verdict !== 'allow')
      .map(({ name }) => name)
      .sort(),
  );
});
