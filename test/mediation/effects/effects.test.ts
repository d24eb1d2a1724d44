import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Effect, Leaf, ServerTrust } from '../../../src/event.ts';
import { isNetworkUri } from '../../../src/mediation/effects/addresses.ts';
import { type EffectOpinion, effectOfCall, effectOfTool } from '../../../src/mediation/effects/effects.ts';

const leaf = (text: string, form: Leaf['form'] = 'string'): Leaf => ({ path: '/a', text, form });
interface Given {
  annotations?: Record<string, unknown>;
  texts?: string[];
  server?: string;
  configured?: Effect;
  trust?: Partial<ServerTrust>;
}

const trustIn = (
  name: string,
  effect: Effect | undefined,
  trust: Partial<ServerTrust> = {},
): ServerTrust => ({
  integrity: 'untrusted',
  confidentiality: 'public',
  tools: new Map(effect === undefined ? [] : [[name, { effect, fields: new Map() }]]),
  ...trust,
});

const of = (
  name: string,
  { annotations = {}, texts = [], server = 'srv', configured, trust }: Given = {},
): EffectOpinion =>
  effectOfCall(
    effectOfTool(name, server, { name, annotations }, trustIn(name, configured, trust)),
    texts.map((text) => leaf(text)),
  );

test.each([
  ['get_page', 'read'],
  ['list', 'read'],
  ['readFile', 'read'],
  ['READ-file', 'read'],
  ['search.issues', 'read'],
  ['findUser', 'read'],
  ['lookup', 'read'],
  ['count_rows', 'read'],
  ['getaway', 'write'],
  ['lists', 'write'],
  ['reader', 'write'],
  ['send_and_get', 'write'],
  ['fetch', 'read'],
  ['sendPage', 'write'],
  ['echo', 'write'],
  ['', 'write'],
  ['___', 'write'],
  ['获取', 'write'],
])('%j is a %s by its name', (name, effect) => {
  expect(of(name)).toEqual({ effect, by: effect === 'read' ? 'verb' : 'default' });
});

test.each(['delete', 'removeUser', 'drop_table', 'cancel-order', 'close', 'rm'])(
  '%s ends something',
  (name) => {
    const ends = { effect: 'destroy', by: 'verb' };
    expect(of(name)).toEqual(ends);
    expect(of(name, { annotations: { destructiveHint: false, readOnlyHint: true } })).toEqual(ends);
    expect(
      of(name, { annotations: { destructiveHint: false }, trust: { integrity: 'trusted' } }).effect,
    ).toBe('write');
    expect(of(name, { configured: 'write' }).effect).toBe('write');
  },
);

test.each(['removal', 'deleted_list', 'closest', 'rms'])('%s does not', (name) => {
  expect(of(name).effect).toBe('write');
});

test.each([
  ['git_log', 'git', 'write'],
  ['git_status', 'git', 'read'],
  ['git-status', 'my-git', 'read'],
  ['git_status', 'github', 'write'],
  ['listing_get', 'listing', 'read'],
  ['get', 'get', 'read'],
])("%s of server %s: the server's own name is left aside", (name, server, effect) => {
  expect(of(name, { server }).effect).toBe(effect);
});

test.each([
  'https://host.example.invalid/x',
  'HTTP://host',
  '  https://host',
  '\u200bhttps://host',
  'wss://host',
  'ftp://host',
  'mailto:eve@attacker.example.invalid',
  'ssh://host',
  'file:///etc/passwd',
  'git://host',
])('a reading tool sends when an argument is %j', (url) => {
  expect(isNetworkUri(url)).toBe(true);
  expect(of('get_page', { texts: ['x', url] })).toEqual({ effect: 'send', by: 'url' });
});

test.each([
  'host.example.invalid',
  '/etc/passwd',
  'see file:///etc/passwd',
  'see ://host',
  '12://host',
  'urn:isbn:0451450523',
  'https',
  'x:y',
  '',
])('it reads when its argument is %j', (text) => {
  expect(isNetworkUri(text)).toBe(false);
  expect(of('get_page', { texts: [text] }).effect).toBe('read');
});

test('a member name that is an address sends too', () => {
  expect(effectOfCall(of('get'), [leaf('https://host', 'key')]).effect).toBe('send');
});

test('an address of any length sends', () => {
  expect(isNetworkUri(`https://attacker.example.invalid/?${'x'.repeat(100_000)}`)).toBe(true);
});

test.each([
  ['spaces in front', `${' '.repeat(300)}https://host.example.invalid`],
  ['a control character in front', '\u0001https://host.example.invalid'],
  ['a tab in the scheme', 'ht\ttps://host.example.invalid'],
  ['a line break in the scheme', 'https\n://host.example.invalid'],
  ['back slashes', 'https:\\\\host.example.invalid'],
])('what a URL parser overlooks is overlooked here too: %s', (_, text) => {
  expect(new URL(text).href).toBe('https://host.example.invalid/');
  expect(isNetworkUri(text)).toBe(true);
});

test.each([
  '//host.example.invalid/x',
  '\\\\host\\share',
  '\t/\n/host/x',
  'view-source:https://host',
  'VIEW-SOURCE: https://host',
  'blob:https://host/x',
  'smb://host/share',
  ...['s3', 'git+ssh', 'svn', 'redis', 'postgresql', 'rsync', 'webdavs', 'X-1.y'].map(
    (scheme) => `${scheme}://host/x`,
  ),
  '<https://host/x>',
  'see https://host',
  'see file://host/x',
  'jdbc:postgresql://host/x',
  `${'x'.repeat(100)}://host`,
  'a file:///x and s3://host',
  '/https://host',
])('%j reaches a host too', (text) => {
  expect(isNetworkUri(text)).toBe(true);
});

test.each(['//', '// a comment', '///x', '/x', '\\x', 'view-source:', 'view-source:x:y', '-https:'])(
  '%j does not',
  (text) => {
    expect(isNetworkUri(text)).toBe(false);
  },
);

test('whatever a URL parser reads as an address on the network is one', () => {
  const noise = fc.stringMatching(/^[\t\n\r]{0,2}$/);
  const front = fc.string({ unit: fc.integer({ min: 0, max: 32 }).map((c) => String.fromCharCode(c)) });
  const schemes = fc.constantFrom('https:', 'HTTP:', 'wss:', 'ftp:', 'mailto:', 'file:');
  fc.assert(
    fc.property(front, schemes, fc.array(noise), fc.string(), (spaces, scheme, between, rest) => {
      const text = spaces + [...scheme].map((c, i) => c + (between[i] ?? '')).join('') + rest;
      const url = URL.parse(text);
      fc.pre(url !== null);
      expect(isNetworkUri(text)).toBe(true);
    }),
  );
});

test('annotations raise', () => {
  expect(of('get_x', { annotations: { destructiveHint: true } })).toEqual({
    effect: 'destroy',
    by: 'annotation',
  });
  expect(of('run', { annotations: { destructiveHint: true } })).toEqual({
    effect: 'destroy',
    by: 'annotation',
  });
  expect(of('get_x', { annotations: { readOnlyHint: true, destructiveHint: true } }).effect).toBe('destroy');
  expect(of('get_x', { annotations: { readOnlyHint: false } })).toEqual({
    effect: 'write',
    by: 'annotation',
  });
});

test('annotations lower where the user trusts the server, and only there', () => {
  const annotations = { readOnlyHint: true };
  expect(of('send', { annotations, trust: { integrity: 'trusted' } })).toEqual({
    effect: 'read',
    by: 'annotation',
  });
  expect(of('send', { annotations }).effect).toBe('write');
  expect(of('send', { annotations: { readOnlyHint: 'true' }, trust: { integrity: 'trusted' } }).effect).toBe(
    'write',
  );
  expect(
    of('send', { annotations: { ...annotations, destructiveHint: true }, trust: { integrity: 'trusted' } })
      .effect,
  ).toBe('destroy');
});

test('an address makes a send of what would read or write, and nothing milder of what destroys', () => {
  const texts = ['https://host'];
  expect(of('post', { texts })).toEqual({ effect: 'send', by: 'url' });
  expect(of('remove', { texts, annotations: { destructiveHint: true } }).effect).toBe('destroy');
});

test('annotations never lower otherwise', () => {
  expect(of('send', { annotations: { readOnlyHint: true } }).effect).toBe('write');
  expect(of('send', { annotations: { readOnlyHint: true, destructiveHint: false } }).effect).toBe('write');
  expect(of('get', { annotations: { readOnlyHint: true }, texts: ['https://host'] }).effect).toBe('send');
});

test('what is no hint changes nothing', () => {
  for (const annotations of [{ destructiveHint: 'true' }, { readOnlyHint: 0 }, { destructiveHint: null }]) {
    expect(of('get_x', { annotations }).effect).toBe('read');
  }
  for (const descriptor of [undefined, null, 5, 'x', [], { annotations: 5 }, { annotations: null }]) {
    expect(effectOfTool('get_x', 'srv', descriptor, undefined).effect).toBe('read');
  }
});

test('the configuration decides, whatever else speaks', () => {
  const effects = fc.constantFrom<Effect>('read', 'write', 'send', 'execute', 'destroy');
  fc.assert(
    fc.property(
      effects,
      fc.string(),
      fc.array(fc.string()),
      fc.boolean(),
      (configured, name, texts, hint) => {
        const annotations = { destructiveHint: hint, readOnlyHint: !hint };
        expect(of(name, { annotations, texts: [...texts, 'https://host'], configured })).toEqual({
          effect: configured,
          by: 'configuration',
        });
      },
    ),
  );
});

test('no descriptor makes a tool that is no reading verb a read', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (descriptor) => {
      expect(effectOfTool('send', 'srv', descriptor, undefined).effect).not.toBe('read');
      expect(effectOfTool('send', 'srv', { annotations: descriptor }, undefined).effect).not.toBe('read');
    }),
  );
});
