import { expect, test } from 'vitest';
import type { Effect, ServerTrust } from '../../../src/event.ts';
import { effectOfTool } from '../../../src/mediation/effects/effects.ts';
import { profileOf } from '../../../src/mediation/effects/profile.ts';
import { PROFILES } from '../../../src/mediation/effects/profiles.ts';
import { givenRole, givenRoles } from '../../../src/mediation/policy/given.ts';

const EFFECTS = ['read', 'write', 'send', 'execute', 'destroy'];
const ROLES = ['destination', 'selector', 'credential', 'code', 'content', 'scalar'];
const FILES = 'npm/@modelcontextprotocol/server-filesystem';

const tool = (
  name: string,
  args: readonly string[],
  more: { required?: string[]; annotations?: object } = {},
) => ({
  name,
  inputSchema: {
    type: 'object',
    properties: Object.fromEntries(args.map((one) => [one, { type: 'string' }])),
    required: more.required ?? args,
  },
  annotations: more.annotations ?? {},
});

const trust = (more: Partial<ServerTrust> = {}): ServerTrust => ({
  integrity: 'untrusted',
  confidentiality: 'public',
  tools: new Map(),
  ...more,
});

const effect = (descriptor: { name: string }, more: Partial<ServerTrust> = {}) =>
  effectOfTool(descriptor.name, 'srv', descriptor, trust(more));

test('the table holds nothing that is no effect, no role, no name, and no tool twice in one profile', () => {
  for (const { name, packages, tools } of PROFILES) {
    expect(
      packages.every((one) => /^(?:npm|pypi)\/[@a-z]/.test(one)),
      name,
    ).toBe(true);
    const lines = tools
      .trim()
      .split('\n')
      .map((line) => line.trim().split(' '));
    expect(new Set(lines.map(([, one]) => one)).size, name).toBe(lines.length);
    for (const [first, called, ...words] of lines) {
      expect(EFFECTS, `${name}: ${called}`).toContain(first);
      for (const word of words) {
        const [, , role] = /^(\/?[A-Za-z_*][\w/*]*)!?(?:=([a-z]+))?$/.exec(word) ?? [];
        expect(word, `${name}: ${called}`).toMatch(/^\/?[A-Za-z_*][\w/*]*!?(?:=[a-z]+)?$/);
        if (role !== undefined) expect(ROLES, `${name}: ${called}`).toContain(role);
      }
    }
  }
});

test('the package that the configuration starts is believed: its tool only reads, whatever it is called', () => {
  const tree = tool('directory_tree', ['path']);
  expect(effect(tree, { package: FILES })).toEqual({ effect: 'read', by: 'profile' });
  expect(effect(tool('move_file', ['source', 'destination']), { package: FILES }).effect).toBe('destroy');
});

test.each<[string, Partial<ServerTrust>]>([
  ['nothing says what is started', {}],
  ['another package is started', { package: 'npm/@attacker/server-filesystem' }],
  ['the name is from another registry', { package: 'pypi/@modelcontextprotocol/server-filesystem' }],
])('an imitation lowers nothing where %s', (_, more) => {
  expect(effect(tool('directory_tree', ['path']), more)).toEqual({ effect: 'write', by: 'default' });
});

test('an imitation can raise: what looks like a tool that overwrites is taken for one', () => {
  expect(effect(tool('get_or_create_label', ['name']))).toEqual({ effect: 'write', by: 'profile' });
  expect(effect(tool('write_file', ['path', 'content']))).toEqual({ effect: 'destroy', by: 'profile' });
});

test('no profile lowers what other tools of the same name and arguments are by themselves', () => {
  for (const { tools } of PROFILES) {
    for (const line of tools.trim().split('\n')) {
      const [, name, ...words] = line.trim().split(' ');
      const args = words.filter((one) => !one.startsWith('/')).map((one) => one.replace(/!|=.*/g, ''));
      const strict = effect(tool(name!, args, { annotations: { destructiveHint: true } }));
      expect(strict.effect, name).toBe('destroy');
      const plain = effect({ name: name! });
      const profiled = effect(tool(name!, args));
      const order = (one: Effect) => EFFECTS.indexOf(one);
      expect(order(profiled.effect), name).toBeGreaterThanOrEqual(order(plain.effect));
    }
  }
});

test.each([
  ['an argument is missing', tool('write_file', ['path'])],
  ['one is called otherwise', tool('write_file', ['path', 'contents'])],
  ['it requires one that the profile does not know', tool('write_file', ['path', 'content', 'token'])],
  ['its name differs by a letter', tool('write_files', ['path', 'content'])],
  ['it has no schema', { name: 'write_file' }],
  ['its schema is none', { name: 'write_file', inputSchema: { properties: 5, required: 'path' } }],
])('no profile fits where %s', (_, descriptor) => {
  expect(profileOf(descriptor.name, descriptor, FILES)).toBeUndefined();
});

test('an argument that a newer version adds does not matter', () => {
  const descriptor = tool('write_file', ['path', 'content', 'mode'], { required: ['path', 'content'] });
  expect(profileOf('write_file', descriptor, undefined)?.of).toBe('filesystem');
});

test('of two that fit, the one whose package is started, else the strictest', () => {
  const both = tool('git_reset', ['path', 'mode', 'target', 'paths', 'repo_path'], { required: [] });
  expect(profileOf('git_reset', both, 'pypi/mcp-server-git')?.of).toBe('git');
  expect(profileOf('git_reset', both, 'npm/@cyanheads/git-mcp-server')?.of).toBe('git-mcp-server');
  const merge = tool('git_branch', ['repo_path', 'branch_type'], { required: ['repo_path', 'branch_type'] });
  expect(profileOf('git_branch', merge, undefined)?.of).toBe('git');
});

test('members of every object are no tools', () => {
  for (const name of ['constructor', '__proto__', 'toString'])
    expect(profileOf(name, tool(name, []), undefined)).toBeUndefined();
  const inherits = { name: 'write_file', inputSchema: { properties: { path: {} }, required: ['__proto__'] } };
  expect(profileOf('write_file', inherits, undefined)).toBeUndefined();
});

test('a profile says what an argument is for, and the configuration above it', () => {
  const descriptor = tool('move_file', ['source', 'destination']);
  const leaf = { path: '/destination', text: '/x', form: 'string' } as const;
  const own = givenRoles('move_file', descriptor, trust());
  expect(givenRole(leaf, own)).toEqual({ role: 'selector', by: 'profile' });
  const roles = new Map([['/destination', 'destination']] as const);
  const told = givenRoles(
    'move_file',
    descriptor,
    trust({ tools: new Map([['move_file', { roles, fields: new Map() }]]) }),
  );
  expect(givenRole(leaf, told)).toEqual({ role: 'destination', by: 'configuration' });
  expect(givenRole({ ...leaf, path: '/other' }, told)).toBeUndefined();
});

test('a pointer covers all below it; the longest decides, and a name before a star', () => {
  const roles = new Map([
    ['/guests', 'content'],
    ['/guests/*/email', 'destination'],
    ['/guests/0/email', 'selector'],
    ['/*/0', 'code'],
  ] as const);
  const given = { configured: roles, profiled: new Map() };
  const at = (path: string, form: 'string' | 'key' = 'string') =>
    givenRole({ path, text: 'x', form }, given)?.role;
  expect(at('/guests/1/name')).toBe('content');
  expect(at('/guests/1/email')).toBe('destination');
  expect(at('/guests/0/email')).toBe('selector');
  expect(at('/guests/0/name')).toBe('code');
  expect(at('/hosts/0')).toBe('code');
  expect(at('/guestsx')).toBeUndefined();
  expect(at('')).toBeUndefined();
  expect(at('/guests/1/email/x', 'key')).toBe('destination');
  expect(at('/guests/1/x', 'key')).toBeUndefined();
});
