import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { command } from '../../src/cli/policy.ts';
import { loadConfig } from '../../src/config/config.ts';
import { readLock, updateLock } from '../../src/config/lock-file.ts';
import { describeAll } from '../../src/mediation/descriptors/descriptor.ts';
import { fromOutline } from '../../src/mediation/descriptors/outline.ts';
import { Pins } from '../../src/mediation/descriptors/pins.ts';
import { effectOfCall } from '../../src/mediation/effects/effects.ts';
import { outlookOf } from '../../src/mediation/policy/outlook.ts';
import { run } from './support/run.ts';

const NOW = '2026-01-31T12:00:00Z';
const tool = (name: string, properties: Record<string, object>, more: object = {}) => ({
  name,
  description: `Does ${name}.\nIn two lines: "name": x`,
  inputSchema: { type: 'object', properties, required: Object.keys(properties) },
  ...more,
});
const text = { type: 'string' };
const TOOLS = {
  files: [
    tool('directory_tree', { path: text }),
    tool('move_file', { source: text, destination: text }),
    tool('write_file', { path: text, content: text }),
  ],
  mail: [
    tool('send_email', { to: { type: 'array', items: text }, subject: text, body: text }),
    tool('get_page', { url: text }),
    tool('pay', { iban: text, amount: { type: 'number' }, date: text, pin: text }),
    tool('search', { query: text }, { annotations: { readOnlyHint: true } }),
    tool('drop', { id: text }, { annotations: { destructiveHint: true } }),
    tool('invite', { guests: { type: 'array', items: { properties: { email: text, note: text } } } }),
  ],
};

let folder: string;
let config: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
  config = join(folder, 'mcp.json');
  state = join(folder, 'state');
  const pins = new Pins(readLock(join(folder, 'cordon.lock')));
  for (const [server, tools] of Object.entries(TOOLS))
    for (const one of describeAll('tool', server, tools)) pins.check(one, [], NOW);
  const odd = describeAll('tool', 'mail', [tool('\x1b[2J*/', { to: text })])[0]!;
  pins.check(odd, [{ detector: 'ansi', path: '/name', span: [0, 4] }], NOW);
  updateLock(join(folder, 'cordon.lock'), () => pins.toLock());
  write();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(cordon: object = {}): void {
  const files = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '/'] };
  const mcpServers = { files, mail: { command: 'mail-server' }, empty: { command: 'x' } };
  writeFileSync(config, JSON.stringify({ mcpServers, cordon }));
}

const policy = (...argv: string[]) => run(command, ...argv, '--config', config, '--state', state);

interface Drafted {
  cordon: {
    servers: Record<string, { tools: Record<string, { effect?: string; roles?: Record<string, string> }> }>;
  };
}

async function drafted(): Promise<{ out: string; block: Drafted['cordon'] }> {
  const { code, out, err } = await policy('draft');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const errors: never[] = [];
  const { cordon: block } = parse(out, errors, { allowTrailingComma: true }) as Drafted;
  expect(errors).toEqual([]);
  return { out, block };
}

/** Effect and roles of every tool, and the effect of a call with an address, as a session under the configuration has them. */
async function opinions(): Promise<unknown> {
  const { config: loaded } = await loadConfig(config, state);
  return readLock(join(folder, 'cordon.lock')).pins.map(({ server, name, text: outline }) => {
    const { effect, arguments: args } = outlookOf(
      { server, name, descriptor: fromOutline(outline) },
      loaded.trust.get(server),
    );
    const address = [{ path: '/x', text: 'https://host.example.invalid', form: 'string' } as const];
    const sent = effectOfCall(effect, address).effect;
    // To the policy a write and a send are one.
    const gated = sent === 'read' ? sent : sent.replace('send', 'write');
    return [
      server,
      name,
      effect.effect,
      gated,
      args.map(({ pointer, role, byValue }) => [pointer, role, byValue]),
    ];
  });
}

test('a draft says what each tool does and what its arguments are for', async () => {
  const { out, block } = await drafted();
  expect(block.servers['files']!.tools).toEqual({
    move_file: { effect: 'destroy', roles: { '/destination': 'selector', '/source': 'selector' } },
    write_file: { effect: 'destroy', roles: { '/content': 'content', '/path': 'selector' } },
  });
  expect(out).toContain(
    '// "directory_tree": reads: the command starts a package of the profile "filesystem"',
  );
  expect(block.servers['mail']!.tools).toMatchObject({
    send_email: {
      effect: 'send',
      roles: { '/to': 'destination', '/subject': 'content', '/body': 'content' },
    },
    pay: { effect: 'write', roles: { '/iban': 'destination', '/pin': 'credential' } },
    drop: { effect: 'destroy', roles: { '/id': 'selector' } },
    invite: { roles: { '/guests/*/email': 'destination', '/guests/*/note': 'content' } },
  });
  expect(block.servers['mail']!.tools['pay']!.roles).not.toHaveProperty('/amount');
  expect(block.servers['mail']!.tools).not.toHaveProperty('get_page');
});

test('what nothing is pinned of, and what is withheld, is said', async () => {
  const { out, block } = await drafted();
  expect(out).toMatch(/\/\/ "empty": none of its tools is pinned: serve it once behind Cordon/);
  expect(block.servers).not.toHaveProperty('empty');
  expect(out).toMatch(/\/\/ "mail": withheld, see cordon pins diff: "\\u001b\[2J\*\/"/);
  expect(out).toMatch(/^[\x20-\x7e\n]*$/);
});

test('a draft that is pasted changes nothing', async () => {
  const before = await opinions();
  const { block } = await drafted();
  write(block);
  expect(await opinions()).toEqual(before);
  const again = await drafted();
  expect(again.block).toEqual(block);
});

test('a draft keeps what the configuration said', async () => {
  const servers = {
    mail: {
      trust: 'trusted',
      confidentiality: 'private',
      tools: {
        get_page: { effect: 'read', fields: { '/content': 'untrusted' } },
        search: { confidentiality: 'secret', roles: { '/query': 'destination' } },
        pay: { trust: 'untrusted', roles: { '/amount': 'selector' } },
      },
    },
  };
  write({ servers });
  const before = await opinions();
  const { block } = await drafted();
  expect(block.servers['mail']).toMatchObject(servers.mail);
  write(block);
  expect(await opinions()).toEqual(before);
});

test('explain says by what, and which rules could hold a call back', async () => {
  const { code, out } = await policy('explain', 'mail', 'pay');
  expect(code).toBe(0);
  expect(out).toMatch(
    /^mail\.pay\n {2}pinned {4}sha256:[0-9a-f]{64}\n {2}effect {4}write: nothing says that it does less\n/,
  );
  expect(out).toContain('  /iban  destination, by its name\n      deny  confidential: ');
  expect(out).toContain('      ask   tainted-destination: ');
  expect(out).toContain('  /pin  credential, by its name\n');
  expect(out).toContain('      ask   tainted-credential: ');
  expect(out).toContain('; scalar where it is only a number or a time\n');
});

test('explain says why an imitation is judged as it is', async () => {
  expect((await policy('explain', 'mail', 'send_email')).out).toContain(
    'effect    send: it looks like a tool of the profile "gmail", which is judged no less strictly',
  );
  expect((await policy('explain', 'files', 'directory_tree')).out).toContain(
    'effect    read: the command starts a package of the profile "filesystem"',
  );
  expect((await policy('explain', 'mail', 'drop')).out).toContain('destroy: its own annotations say so');
  expect((await policy('explain', 'mail', 'search')).out).toContain(
    'rules     none, unless an address among its arguments makes a send of it',
  );
});

test('explain shows what the configuration allows, and nothing to judge where it says read', async () => {
  write({
    servers: { mail: { tools: { get_page: { effect: 'read' } } } },
    allow: [
      { server: 'mail', tool: 'pay', argument: '/iban', from: 'files.read' },
      { server: 'mail', tool: 'drop' },
    ],
  });
  expect((await policy('explain', 'mail', 'pay')).out).toContain(
    'allowed   what comes from files.read into /iban',
  );
  expect((await policy('explain', 'mail', 'drop')).out).toContain('allowed   every call');
  const { out } = await policy('explain', 'mail', 'get_page');
  expect(out).toContain('rules     none: a read is not held back');
  expect(out).not.toContain('/url');
});

test('explain for programs', async () => {
  const { out } = await policy('explain', 'mail', 'send_email', '--json');
  expect(JSON.parse(out)).toMatchObject({
    server: 'mail',
    tool: 'send_email',
    effect: { effect: 'send', by: 'profile' },
    profile: 'gmail',
    arguments: expect.arrayContaining([
      {
        pointer: '/to',
        role: 'destination',
        by: 'profile',
        byValue: false,
        rules: ['confidential', 'poisoned-argument', 'tainted-destination'],
      },
    ]),
  });
});

test.each<[string, string[], number, RegExp]>([
  [
    'a tool that is not pinned',
    ['explain', 'mail', 'sendemail'],
    1,
    /no tool "sendemail" \(did you mean "send_email"\?\) is pinned/,
  ],
  [
    'a server of whose tools none is',
    ['explain', 'empty', 'x'],
    1,
    /no tool of empty is pinned: serve it once/,
  ],
  [
    'a server that is not there',
    ['explain', 'mial', 'pay'],
    2,
    /there is no server "mial" \(did you mean "mail"\?\)/,
  ],
  ['no verb', [], 2, /either draft, or explain SERVER TOOL[\s\S]*usage:/],
  ['too few words', ['explain', 'mail'], 2, /either draft/],
  ['too many words', ['draft', 'mail'], 2, /either draft/],
  ['an unknown option', ['draft', '--x'], 2, /--x/],
])('%s', async (_, argv, code, message) => {
  const said = await policy(...argv);
  expect(said.code).toBe(code);
  expect(said.out).toBe('');
  expect(said.err).toMatch(message);
});

test('a configuration that is not there', async () => {
  const { code, err } = await run(command, 'draft', '--config', join(folder, 'none.json'), '--state', state);
  expect(code).toBe(2);
  expect(err).toMatch(/no such file/);
});
