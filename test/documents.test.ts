import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (name: string) => readFileSync(join(root, name), 'utf8');

test.each([
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/configuration.md',
  'docs/eras.md',
  'docs/gateway.md',
  'docs/log-format.md',
  'docs/replay.md',
  'docs/siblings.md',
  'docs/policy.md',
  'docs/taint.md',
  'docs/transparency.md',
])('%s names only files that exist, and nothing is left to fill in', (name) => {
  const text = read(name);
  expect(text).not.toMatch(/^[A-Z_]{8,}$/m);
  const quoted = [...text.matchAll(/`((?:test|fixtures|docs|src)\/[\w./-]*)`/g)].map(([, path]) =>
    join(root, path!),
  );
  const linked = [...text.matchAll(/\]\((?!https?:)([\w./-]+)/g)].map(([, path]) =>
    join(root, dirname(name), path!),
  );
  expect([...quoted, ...linked].filter((path) => !existsSync(path))).toEqual([]);
});

test('SECURITY.md has a verdict for each of the sixty attacks, and a test for each that is implemented', () => {
  const rows = [...read('SECURITY.md').matchAll(/^\| (\d+) \| .* \| ([a-z ]+) \| (.*) \|$/gm)];
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  for (const [row, , status, held] of rows) {
    expect(['implemented', 'implemented in part', 'planned', 'cannot'], row).toContain(status);
    expect(held !== '', row).toBe(status!.startsWith('implemented'));
  }
});

test.each(['claude-desktop', 'claude-code', 'cursor', 'vscode'])(
  'README.md shows what print-config prints for %s',
  (client) => {
    const server = ['/usr/bin/npx', '-y', '@modelcontextprotocol/server-filesystem', '/home/me/notes'];
    const args = [
      join(root, 'dist/cordon.js'),
      'print-config',
      '--client',
      client,
      '--name',
      'files',
      '--',
      ...server,
    ];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const printed = stdout.replaceAll(process.execPath, '/usr/bin/node').replaceAll(root, '/path/to/cordon/');
    const shown = [...read('README.md').matchAll(/^```json\n([^`]*)^```/gm)].map(([, json]) =>
      JSON.parse(json!),
    );
    expect(shown).toContainEqual(JSON.parse(printed));
  },
);
