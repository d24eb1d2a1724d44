import { expect, test } from 'vitest';
import { packageOf } from '../../src/config/package.ts';

test.each<[string, string[], string]>([
  ['npx', ['-y', '@modelcontextprotocol/server-memory'], 'npm/@modelcontextprotocol/server-memory'],
  ['npx', ['@scope/name@2026.8.31', '--flag'], 'npm/@scope/name'],
  ['npx.cmd', ['--yes', 'name@latest'], 'npm/name'],
  ['bunx', ['-y', 'name'], 'npm/name'],
  ['pnpm', ['dlx', 'name@^1.2'], 'npm/name'],
  ['uvx', ['mcp-server-git', '--repository', '/r'], 'pypi/mcp-server-git'],
  ['uvx', ['mcp-server-git==1.2.3'], 'pypi/mcp-server-git'],
])('%s %j starts %s', (command, args, name) => {
  expect(packageOf(command, args)).toBe(name);
});

test.each<[string, string[]]>([
  ['npx', ['name@npm:other']],
  ['npx', ['name@file:../evil']],
  ['npx', ['name@git+https://host.example.invalid/x']],
  ['npx', ['name@https://host.example.invalid/x.tgz']],
  ['npx', ['owner/name']],
  ['npx', ['./name']],
  ['npx', ['../@scope/name']],
  ['npx', ['@scope/name/../../other']],
  ['npx', ['-p', 'other', 'name']],
  ['npx', ['--package=other', 'name']],
  ['npx', ['--registry=https://host.example.invalid', 'name']],
  ['npx', ['-c', 'name']],
  ['npx', []],
  ['npx', ['']],
  ['npx', ['name ; other']],
  ['pnpm', ['exec', 'name']],
  ['uvx', ['--from', 'other', 'name']],
  ['uvx', ['--index-url', 'https://host.example.invalid', 'name']],
  ['./npx', ['name']],
  ['/tmp/npx', ['name']],
  ['node', ['name']],
  ['constructor', ['name']],
  ['__proto__', ['name']],
])('%s %j does not say', (command, args) => {
  expect(packageOf(command, args)).toBeUndefined();
});

// Where time grew with the square of the length, this would not end within the test's limit.
test('a name of any length is read at once', () => {
  expect(packageOf('npx', [`${'a.'.repeat(2_000_000)}@`])).toBeUndefined();
});
