// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a configuration names variables
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type CommandEntry, configOf, loadConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/error.ts';
import { mark, markerPath } from '../../src/config/marker.ts';
import { VERSION } from '../../src/config/version.ts';

const root = mkdtempSync(join(tmpdir(), 'cordon-config-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let file: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  file = join(folder, 'mcp.json');
  state = join(folder, 'state');
});

function load(content: unknown, variables: Record<string, string> = {}) {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return loadConfig(file, state, variables);
}

async function refusal(content: unknown, variables: Record<string, string> = {}): Promise<string> {
  const error: unknown = await load(content, variables).then(
    () => 'it was accepted',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message.replaceAll(file, 'mcp.json');
}

const server = { command: 'node', args: ['server.js'] };
const withBlock = (cordon: unknown) => ({ mcpServers: { a: server }, cordon });

describe('a valid configuration', () => {
  test.each([
    [{ a: server }, false],
    [{ a: server, b: server }, true],
    [{ a: server, b: { ...server, disabled: true } }, true],
  ])('of %j names several servers: %j', async (mcpServers, several) => {
    expect((await load({ mcpServers })).config.several).toBe(several);
  });

  test('has every default', async () => {
    const { config, warnings } = await load({ mcpServers: { a: server } });
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      path: file,
      servers: [{ name: 'a', command: 'node', args: ['server.js'], env: {}, cwd: folder }],
      mode: 'guard',
      limits: {
        ...{ messageBytes: 67_108_864, depth: 128, taintBytes: 67_108_864 },
        ...{ samplingInFlight: 32, samplingPerSession: 1000 },
      },
      record: { sync: 'group', onFailure: 'deny', content: 'digests', rotateBytes: 1024 * 1024 * 1024 },
      allow: [],
    });
    expect(config.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect([...config.trust]).toEqual([
      ['a', { integrity: 'untrusted', confidentiality: 'public', tools: new Map() }],
    ]);
  });

  test('keeps what the cordon block says', async () => {
    const { config } = await load(`{
      // comments and trailing commas, as clients allow them
      "mcpServers": { "mail": { "command": "m" }, "crm": { "command": "c" }, },
      "cordon": {
        "mode": "lockdown",
        "limits": { "messageBytes": 2048, "depth": 16, "taintBytes": 1048576, "samplingInFlight": 0, "samplingPerSession": 7 },
        "record": { "sync": "always", "onFailure": "continue", "content": "full", "rotateBytes": 2097152 },
        "servers": { "crm": { "trust": "trusted", "confidentiality": "private", "tools": {
          "lookup": { "effect": "read", "trust": "untrusted", "confidentiality": "secret",
                      "roles": { "/mailboxes/*": "destination" },
                      "fields": { "/structuredContent/items/*/id": "trusted" } },
          "constructor": {} } } },
        "allow": [ { "server": "mail", "tool": "send", "argument": "/to", "from": "crm.lookup" },
                   { "server": "mail", "tool": "list" } ],
      },
    }`);
    expect(config).toMatchObject({
      mode: 'lockdown',
      limits: {
        ...{ messageBytes: 2048, depth: 16, taintBytes: 1_048_576 },
        ...{ samplingInFlight: 0, samplingPerSession: 7 },
      },
      record: { sync: 'always', onFailure: 'continue', content: 'full', rotateBytes: 2097152 },
      allow: [
        { server: 'mail', tool: 'send', argument: '/to', from: 'crm.lookup' },
        { server: 'mail', tool: 'list' },
      ],
    });
    const crm = config.trust.get('crm')!;
    expect(crm).toMatchObject({ integrity: 'trusted', confidentiality: 'private' });
    expect(crm.tools.get('lookup')).toEqual({
      effect: 'read',
      integrity: 'untrusted',
      confidentiality: 'secret',
      roles: new Map([['/mailboxes/*', 'destination']]),
      fields: new Map([['/structuredContent/items/*/id', 'trusted']]),
    });
    expect(crm.tools.get('constructor')).toEqual({ fields: new Map() });
    expect(config.trust.get('mail')).toMatchObject({ integrity: 'untrusted', confidentiality: 'public' });
  });

  test('knows the package that a command starts', async () => {
    const { config } = await load({
      mcpServers: { a: { command: 'npx', args: ['-y', '@scope/server@1.2.3', '/folder'] }, b: server },
    });
    expect(config.trust.get('a')?.package).toBe('npm/@scope/server');
    expect(config.trust.get('b')).not.toHaveProperty('package');
  });

  test("takes VS Code's key", async () => {
    const { config } = await load({ servers: { a: { type: 'stdio', ...server } }, inputs: [] });
    expect(config.servers.map(({ name }) => name)).toEqual(['a']);
  });

  test('takes a byte order mark', async () => {
    const { config } = await load(`\ufeff${JSON.stringify({ mcpServers: { a: server } })}`);
    expect(config.servers).toHaveLength(1);
  });

  test('reads relative folders from where the file lies, and expands variables', async () => {
    const { config } = await load(
      {
        mcpServers: {
          a: {
            command: '${BIN}/s',
            args: ['--key=${KEY:-none}', './x'],
            env: { T: '${env:KEY}' },
            cwd: '../w',
          },
        },
      },
      { BIN: '/opt', KEY: 'k' },
    );
    expect(config.servers[0]).toMatchObject({
      command: '/opt/s',
      args: ['--key=k', './x'],
      env: { T: 'k' },
      cwd: join(dirname(folder), 'w'),
    });
  });

  test('is told about what has no effect, without values', async () => {
    const { config, warnings } = await load({
      theme: 'dark',
      mcpServers: {
        a: { ...server, envFile: '.env', autoApprove: ['s3cret'] },
        old: { type: 'sse', url: 'https://example.invalid' },
        other: { httpUrl: 'https://example.invalid' },
        gone: { disabled: true, command: '${UNSET}' },
      },
    });
    expect(config.servers.map(({ name }) => name)).toEqual(['a']);
    expect(warnings).toEqual([
      'not used by Cordon: "theme"',
      'mcpServers.a: not used by Cordon: "envFile", "autoApprove"',
      expect.stringMatching(/^mcpServers\.old speaks "sse" and is not served: ask/),
      expect.stringMatching(/^mcpServers\.other is not served: .* not from "httpUrl"$/),
      'mcpServers.gone is disabled and not served',
    ]);
  });
});

describe('a wrong configuration is refused with place, finding and expectation', () => {
  test.each<[string, unknown, string | RegExp]>([
    ['nothing', '', 'mcp.json:1:1: not valid JSON: value expected'],
    ['a cut', '{"mcpServers": {', /^mcp\.json:1:\d+: not valid JSON: /],
    ['two values', '{} {}', 'mcp.json:1:4: not valid JSON: end of file expected'],
    ['an array', '[]', 'mcp.json:1:1: found an array, expected an object with "mcpServers"'],
    [
      'neither key',
      '{}',
      'mcp.json:1:1: found an object, expected either "mcpServers" or, as VS Code has it, "servers"',
    ],
    ['both keys', { mcpServers: { a: server }, servers: {} }, /expected either "mcpServers" or/],
    [
      'no server',
      '{"mcpServers": {}}',
      'mcp.json:1:16: mcpServers: there is no server here that Cordon can serve',
    ],
    [
      'a number for a command',
      '{\n "mcpServers": {\n  "a": {"command": 5}}}',
      'mcp.json:3:20: mcpServers.a.command: found 5, expected a string that is not empty',
    ],
    [
      'no command',
      '{"mcpServers":\n{"a": {}}}',
      'mcp.json:2:7: mcpServers.a: found no "command" and no "url", expected one',
    ],
    [
      'a secret of the wrong type',
      { mcpServers: { a: { command: 'x', env: { PIN: 4711 } } } },
      /mcpServers\.a\.env\.PIN: found a number, expected a string$/,
    ],
    [
      'a twin key',
      '{"mcpServers": {\n"a": {"command": "x"},\n"a": {"command": "y"}}}',
      'mcp.json:3:1: mcpServers.a: "a" is here twice: keep one of the two',
    ],
    [
      'an escaped twin',
      '{"mcpServers": {"a": {"command": "x", "comm\\u0061nd": "y"}}}',
      /^mcp\.json:1:39: mcpServers\.a\.command: "command" is here twice/,
    ],
    [
      '__proto__',
      '{"mcpServers": {"__proto__": {"command": "x"}}}',
      /^mcp\.json:1:17: mcpServers\.__proto__: /,
    ],
    [
      '__proto__ as a tool',
      '{"mcpServers": {"a": {"command": "x"}}, "cordon": {"servers": {"a": {"tools": {"__proto__": {"effect": "read"}}}}}}',
      /cordon\.servers\.a\.tools\.__proto__: /,
    ],
    ['deep nesting', `{"x": ${'['.repeat(10_000)}`, 'mcp.json:1:106: nested deeper than 100 levels'],
    [
      'a mode',
      '{"mcpServers": {"a": {"command": "x"}},\n"cordon": {"mode": "gaurd"}}',
      'mcp.json:2:20: cordon.mode: found "gaurd", expected one of "observe", "guard", "lockdown"',
    ],
    ['a limit', withBlock({ limits: { depth: 1000 } }), /found 1000, expected a whole number from 8 to 256$/],
    [
      'a fraction',
      withBlock({ limits: { depth: 9.5 } }),
      /found 9\.5, expected a whole number from 8 to 256$/,
    ],
    [
      'an endless number',
      '{"mcpServers":{"a":{"command":"x"}},"cordon":{"limits":{"depth":1e999}}}',
      /found Infinity/,
    ],
    [
      'a sync',
      withBlock({ record: { sync: true } }),
      /cordon\.record\.sync: found true, expected one of "group"/,
    ],
    [
      'an unknown key of the block',
      '{"mcpServers": {"a": {"command": "x"}},\n"cordon": {"serverz": {}}}',
      'mcp.json:2:12: cordon.serverz: this key is not known, expected one of mode, limits, record, servers, domains, allow; did you mean "servers"?',
    ],
    ...['Example.org', '.example.org', 'https://example.org', 'example.org/', '*.example.org', 'org', ''].map(
      (domain): [string, unknown, RegExp] => [
        `a domain ${domain}`,
        withBlock({ domains: [domain] }),
        /cordon\.domains\.0: found .*, expected a domain such as "example\.org", in lower case/,
      ],
    ),
    [
      'an unknown key of a tool',
      withBlock({ servers: { a: { tools: { t: { efect: 'read' } } } } }),
      /did you mean "effect"/,
    ],
    [
      'poisoned-suspect',
      withBlock({ servers: { a: { trust: 'poisoned-suspect' } } }),
      /one of "trusted", "untrusted"$/,
    ],
    [
      'settings of no server',
      withBlock({ servers: { b: {} } }),
      /cordon\.servers\.b: there is no server "b"; did you mean "a"\?$/,
    ],
    [
      'a field that is no pointer',
      withBlock({ servers: { a: { tools: { t: { fields: { x: 'trusted' } } } } } }),
      /found "x", expected a JSON pointer/,
    ],
    [
      'a role that is none',
      withBlock({ servers: { a: { tools: { t: { roles: { '/x': 'target' } } } } } }),
      /found "target", expected one of "destination", "selector"/,
    ],
    [
      'a role of no pointer',
      withBlock({ servers: { a: { tools: { t: { roles: { x: 'content' } } } } } }),
      /found "x", expected a JSON pointer/,
    ],
    [
      'half a rule',
      withBlock({ allow: [{ server: 'a', tool: 't', argument: '/to' }] }),
      /"argument" and "from" together, or neither/,
    ],
    [
      'a rule for no server',
      withBlock({ allow: [{ server: 'zzzz', tool: 't' }] }),
      /cordon\.allow\.0\.server: there is no server "zzzz"; expected one of "a"$/,
    ],
    [
      'a rule from nowhere',
      withBlock({ allow: [{ server: 'a', tool: 't', argument: '/x', from: 'b.c' }] }),
      /found "b\.c", expected "server\.tool"/,
    ],
    [
      'a rule from either of two',
      {
        mcpServers: { a: server, 'a.b': server },
        cordon: { allow: [{ server: 'a', tool: 't', argument: '/x', from: 'a.b.c' }] },
      },
      /could mean a tool of "a", "a\.b"/,
    ],
    [
      'command and url',
      { mcpServers: { a: { ...server, url: 'x' } } },
      /mcpServers\.a\.url: found beside "command"/,
    ],
    [
      'an unknown type',
      { mcpServers: { a: { ...server, type: 'carrier pigeon' } } },
      /found "carrier pigeon", expected "stdio" or "http"/,
    ],
    [
      'a name with a space',
      { mcpServers: { 'my server': server } },
      /mcpServers\."my server": found the name "my server", expected 1 to 40 .*; "my-server" would do$/,
    ],
    ['a name that hides the separator', { mcpServers: { a__b: server } }, /found the name "a__b"/],
    ['a name that ends in half of it', { mcpServers: { a_: server } }, /found the name "a_"/],
    [
      'two names that read alike',
      { mcpServers: { 'my.db': server, My_DB: server } },
      /mcpServers\.My_DB: too much like "my\.db"/,
    ],
    [
      'an unset variable',
      '{"mcpServers": {\n"a": {"command": "x", "args": [\n"${TOKEN}"]}}}',
      /^mcp\.json:3:1: mcpServers\.a\.args\.0: the environment variable TOKEN is not set/,
    ],
    [
      "a client's own variable",
      { mcpServers: { a: { command: '${input:key}' } } },
      /filled in by the client alone/,
    ],
    ['NUL', { mcpServers: { a: { command: 'x\0y' } } }, /NUL/],
    [
      'a variable name with =',
      { mcpServers: { a: { ...server, env: { 'A=B': 'c' } } } },
      /no environment variable can have/,
    ],
  ])('%s', async (_what, content, expected) => {
    const message = await refusal(content);
    if (typeof expected === 'string') expect(message).toBe(expected);
    else expect(message).toMatch(expected);
  });

  test('all problems at once, in the order of the file, ten in full', async () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`k${i}`, 1]));
    const lines = (
      await refusal(`{"mcpServers": {"a": {"command": 1}},\n"cordon": ${JSON.stringify(many)}}`)
    ).split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[0]).toMatch(/^mcp\.json:1:34: /);
    expect(lines[10]).toBe('and 3 more');
  });

  test('nothing of a terminal reaches the message, and no long value', async () => {
    const message = await refusal(withBlock({ mode: `\u001b[2J\u202e${'x'.repeat(500)}` }));
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(message.length).toBeLessThan(300);
  });

  test('what is not UTF-8', async () => {
    writeFileSync(file, Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(loadConfig(file, state)).rejects.toThrow(/not UTF-8/);
  });

  test('what is not there or not a file', async () => {
    await expect(loadConfig(join(folder, 'none.json'), state)).rejects.toThrow(/there is no such file/);
    await expect(loadConfig(folder, state)).rejects.toThrow(/this is not a file/);
    await expect(loadConfig(join(folder, 'a\0b'), state)).rejects.toBeInstanceOf(ConfigError);
  });

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('what may not be read', async () => {
    writeFileSync(file, '{}');
    chmodSync(file, 0);
    await expect(loadConfig(file, state)).rejects.toThrow(/cannot be read: EACCES/);
  });
});

describe('the marker of a validated configuration', () => {
  const content = { mcpServers: { a: server }, cordon: { mode: 'observe' } };

  test('is left once and holds only a version', async () => {
    await load(content);
    await load(content);
    const [name, ...others] = readdirSync(join(state, 'validated'));
    expect(others).toEqual([]);
    expect(readFileSync(join(state, 'validated', name!), 'utf8')).toBe(`${VERSION}\n`);
  });

  test('spares validation of the same bytes under the same version, and of no others', async () => {
    const wrong = JSON.stringify(withBlock({ mode: 'unheard of' }));
    mark(markerPath(state, Buffer.from(wrong), 'another version'), 'another version');
    await refusal(wrong);
    mark(markerPath(state, Buffer.from(wrong), VERSION), VERSION);
    expect((await load(wrong)).config.mode).toBe('unheard of');
    await refusal(`${wrong} `);
  });

  test('and so a start loads neither zod nor a second parser', async () => {
    const { metafile } = await esbuild({
      entryPoints: [fileURLToPath(new URL('../../src/config/config.ts', import.meta.url))],
      ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', mainFields: ['module', 'main'] },
      ...{ outdir: folder, write: false, metafile: true },
    });
    const loaded = new Set<string>();
    const follow = (name: string) => {
      if (loaded.has(name)) return;
      loaded.add(name);
      for (const { path, kind } of metafile.outputs[name]?.imports ?? []) {
        if (kind === 'import-statement') follow(path);
      }
    };
    follow(
      Object.keys(metafile.outputs).find((name) =>
        metafile.outputs[name]!.entryPoint?.endsWith('config.ts'),
      )!,
    );
    const sources = [...loaded].flatMap((name) => Object.keys(metafile.outputs[name]?.inputs ?? {}));
    expect(sources).toContain('src/config/build.ts');
    expect(sources.filter((source) => source.includes('node_modules'))).toEqual([]);
  });

  test('gives the same with comments', async () => {
    const text = `// why\n${JSON.stringify(content)}`;
    expect(await load(text)).toEqual(await load(text));
  });

  test('is not left for a wrong one', async () => {
    await refusal(withBlock({ mode: 'x' }));
    expect(() => readdirSync(join(state, 'validated'))).toThrow(/ENOENT/);
  });

  test('does not spare what depends on the environment', async () => {
    const needs = { mcpServers: { a: { command: '${CMD}' } } };
    expect((await load(needs, { CMD: 'x' })).config.servers[0]).toMatchObject({ command: 'x' });
    expect((await load(needs, { CMD: 'y' })).config.servers[0]).toMatchObject({ command: 'y' });
    expect(await refusal(needs)).toMatch(
      /^mcp\.json:1:\d+: mcpServers\.a\.command: the environment variable CMD/,
    );
  });

  test('is done without where it cannot be written', async () => {
    writeFileSync(state, 'a file where the folder should be');
    expect((await load(content)).config.mode).toBe('observe');
    expect((await load(content)).config.mode).toBe('observe');
  });

  test('leaves no temporary file where its name is taken', () => {
    const path = markerPath(state, Buffer.from('{}'), VERSION);
    mkdirSync(join(path, 'full'), { recursive: true });
    mark(path, VERSION);
    expect(readdirSync(join(state, 'validated'))).toHaveLength(1);
  });
});

describe('for any file', () => {
  async function outcome(): Promise<unknown> {
    return loadConfig(file, state, {}).then(
      (loaded) => loaded,
      (error: unknown) => {
        if (error instanceof ConfigError) return error.message;
        throw error;
      },
    );
  }

  test('of arbitrary bytes: a configuration or a ConfigError', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.string({ unit: 'binary' }), fc.json()),
        async (bytes) => {
          writeFileSync(file, bytes);
          await outcome();
        },
      ),
      { numRuns: 200 },
    );
  });

  test('of nearly the right shape: the same the second time, by the short way', async () => {
    const some = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.constantFrom('node', 'a', 'a.b', '/x', 'trusted', 'read', '${X}', '${X:-d}', 'guard'),
      },
      fc.jsonValue({ maxDepth: 2 }),
    );
    const key = fc.oneof(
      fc.constantFrom('a', 'b', 'a.b', '__proto__', 'constructor', 'toString'),
      fc.string({ maxLength: 4 }),
    );
    const entry = fc.record(
      {
        command: some,
        args: fc.oneof(fc.array(some, { maxLength: 2 }), some),
        env: fc.dictionary(key, some),
        cwd: some,
        url: some,
        disabled: fc.boolean(),
      },
      { requiredKeys: ['command'] },
    );
    const block = fc.record(
      {
        mode: some,
        servers: fc.dictionary(
          key,
          fc.record(
            { trust: some, tools: fc.dictionary(key, fc.record({ effect: some }, { requiredKeys: [] })) },
            { requiredKeys: [] },
          ),
        ),
        allow: fc.array(fc.record({ server: some, tool: some })),
      },
      { requiredKeys: [] },
    );
    const configuration = fc.record(
      { mcpServers: fc.dictionary(key, entry, { minKeys: 1, maxKeys: 3 }), cordon: block },
      { requiredKeys: ['mcpServers'] },
    );
    await fc.assert(
      fc.asyncProperty(configuration, async (value) => {
        writeFileSync(file, JSON.stringify(value));
        const first = await outcome();
        expect(await outcome()).toEqual(first);
      }),
      { numRuns: 200 },
    );
  });
});

test('one server of the command line gets the same defaults', async () => {
  const { config } = await load({ mcpServers: { a: server } });
  const { path: _, digest: __, ...rest } = config;
  expect(configOf(config.servers[0] as CommandEntry)).toEqual(rest);
});

test('the example of docs/configuration.md is valid, and shows the defaults', async () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const example = /```jsonc\n(.*?)```/s.exec(page)?.[1];
  const { config, warnings } = await load(example!);
  const { config: plain } = await load({ mcpServers: { a: server } });
  expect(warnings).toEqual(['mcpServers.old is disabled and not served']);
  for (const key of ['mode', 'limits', 'record'] as const) expect(config[key]).toEqual(plain[key]);
  expect((config.servers[0] as CommandEntry).args[2]).toBe('--account=default');
  expect(config.allow).toHaveLength(2);
  expect(config.domains).toEqual(['example.org']);
  expect(plain.domains).toEqual([]);
});
