import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { command } from '../../src/cli/print-config.ts';

const cordon = fileURLToPath(new URL('../../dist/cordon.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cordon-print-'));
const file = join(folder, 'mcp.json');
writeFileSync(file, '{}');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  return { code: await command(argv), out, err };
}

test.each([
  ['claude-desktop', 'mcpServers', {}, /claude_desktop_config\.json.*Quit Claude Desktop/s],
  ['claude-code', 'mcpServers', {}, /\.claude\.json .*\.mcp\.json/],
  ['cursor', 'mcpServers', {}, /\.cursor.mcp\.json/],
  ['vscode', 'servers', { type: 'stdio' }, /Code.User.mcp\.json.*under "servers"/],
])('%s: the entry on standard output, the file on standard error', async (client, key, extra, where) => {
  const { code, out, err } = await run(
    '--client',
    client,
    '--',
    process.execPath,
    '-y',
    'files.mjs',
    'a b',
    '--client',
  );
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    [key]: {
      files: {
        ...extra,
        command: process.execPath,
        args: [
          cordon,
          'run',
          '--name',
          'files',
          '--',
          process.execPath,
          '-y',
          'files.mjs',
          'a b',
          '--client',
        ],
      },
    },
  });
  expect(err).toMatch(where);
});

test('options are carried over', async () => {
  const { out } = await run(
    ...[
      '--client',
      'cursor',
      '--name',
      'x',
      '--mode',
      'observe',
      '--env',
      'A',
      '--env',
      'B',
      '--',
      process.execPath,
    ],
  );
  expect(JSON.parse(out).mcpServers.x.args.slice(1)).toEqual([
    'run',
    '--mode',
    'observe',
    '--name',
    'x',
    '--env',
    'A',
    '--env',
    'B',
    '--',
    process.execPath,
  ]);
});

test.skipIf(process.platform === 'win32')(
  'a command on PATH becomes an absolute path, another stays with a note',
  async () => {
    const found = await run('--client', 'cursor', '--', 'sh');
    expect(JSON.parse(found.out).mcpServers.sh.args.at(-1)).toMatch(/^\/.*\/sh$/);
    const missing = await run('--client', 'cursor', '--', 'no-such-program');
    expect(missing.code).toBe(0);
    expect(JSON.parse(missing.out).mcpServers['no-such-program'].args.at(-1)).toBe('no-such-program');
    expect(missing.err).toMatch(/"no-such-program" was not found/);
  },
);

test('an argument that is a file only from here gets a note', async () => {
  const { err } = await run('--client', 'cursor', '--', process.execPath, 'package.json');
  expect(err).toMatch(/Note: "package\.json" is relative/);
});

test('a configuration is named by its absolute path', async () => {
  const { out } = await run('--client', 'claude-code', '--config', file);
  expect(JSON.parse(out)).toEqual({
    mcpServers: { cordon: { command: process.execPath, args: [cordon, 'run', '--config', file] } },
  });
});

test.each<[string[], RegExp]>([
  [[], /--client must be one of claude-desktop, claude-code, cursor, vscode/],
  [['--client', 'emacs', '--', 'x'], /--client must be one of/],
  [['--client', 'cursor'], /give either -- COMMAND/],
  [['--client', 'cursor', '--'], /give either -- COMMAND/],
  [['--client', 'cursor', '--config', file, '--', 'x'], /give either -- COMMAND/],
  [['--client', 'cursor', '--config', '/none.json'], /there is no file "\/none\.json"/],
  [['--client', 'cursor', '--config', file, '--env', 'A'], /--env goes with -- COMMAND/],
  [
    ['--client', 'cursor', '--mode', 'gaurd', '--', 'x'],
    /--mode must be one of observe, guard, lockdown, found "gaurd"/,
  ],
  [['--client', 'cursor', '--name', 'a__b', '--', 'x'], /--name must be 1 to 40/],
  [['--client', 'cursor', '--colour', '--', 'x'], /--colour/],
  [['--client', 'cursor', 'x'], /positional/],
])('%j is answered with the usage and exit code 2', async (argv, expected) => {
  const { code, out, err } = await run(...argv);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err).toMatch(expected);
  expect(err).toMatch(/usage: cordon print-config/);
});

test('--help prints the usage', async () => {
  const { code, out } = await run('--help');
  expect(code).toBe(0);
  expect(out).toMatch(/^usage: cordon print-config/);
});
