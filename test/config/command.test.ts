import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CommandError, resolveCommand, withoutShell } from '../../src/config/command.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'cordon-command-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function program(path: string, mode = 0o755): string {
  const file = join(root, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, mode);
  return file;
}

const first = program('first/tool');
program('second/tool');
const only = program('second/only');
program('first/only', 0o644);
mkdirSync(join(root, 'first', 'folder'));
const PATH = `${join(root, 'first')}:${join(root, 'second')}`;

describe.skipIf(process.platform === 'win32')('on PATH', () => {
  test('the first program of that name is found', () => {
    expect(resolveCommand('tool', { PATH }, root)).toBe(first);
  });

  test('what cannot be run is passed over', () => {
    expect(resolveCommand('only', { PATH }, root)).toBe(only);
    expect(() => resolveCommand('folder', { PATH }, root)).toThrow(CommandError);
  });

  test('a file where a folder should be, and a folder that is not there, are passed over', () => {
    expect(resolveCommand('tool', { PATH: `${first}:/nonexistent:${PATH}` }, root)).toBe(first);
  });

  test('the working directory is not searched', () => {
    for (const path of ['', '.', ':', 'first', './first:']) {
      expect(() => resolveCommand('tool', { PATH: path }, join(root, 'first'))).toThrow(/was not found/);
    }
  });

  test('it is the PATH of the child that counts', () => {
    expect(() => resolveCommand('sh', { PATH }, root)).toThrow(
      /"sh" was not found: not on its PATH, ".*first:.*second"/,
    );
    expect(() => resolveCommand('sh', {}, root)).toThrow(
      /its PATH is empty\. Install it, or give its absolute path/,
    );
  });

  test('node is the running one where there is none, npx the one beside it', () => {
    expect(resolveCommand('node', { PATH }, root)).toBe(process.execPath);
    const own = program('own/node');
    expect(resolveCommand('node', { PATH: join(root, 'own') }, root)).toBe(own);
    expect(resolveCommand('npx', { PATH }, root)).toBe(join(process.execPath, '..', 'npx'));
  });
});

describe.skipIf(process.platform === 'win32')('a path', () => {
  test('is absolute, or relative to the working directory of the child', () => {
    expect(resolveCommand(first, {}, '/')).toBe(first);
    expect(resolveCommand('./tool', {}, join(root, 'first'))).toBe(first);
    expect(resolveCommand('first/tool', { PATH: '' }, root)).toBe(first);
  });

  test.each([
    ['./first/only', /is not executable/],
    ['./first', /is not a file/],
    ['./none', /is not a file/],
    ['./first/tool/none', /is not a file/],
    ['./\u001b[2J', /^"[^\u001b]*" is not a file/],
  ])('%j is refused', (command, expected) => {
    expect(() => resolveCommand(command, { PATH }, root)).toThrow(CommandError);
    expect(() => resolveCommand(command, { PATH }, root)).toThrow(expected);
  });
});

describe('without a shell', () => {
  test('a program is started as it is', () => {
    expect(withoutShell('/bin/x.cmd', ['a'], 'linux')).toEqual({ file: '/bin/x.cmd', args: ['a'] });
    expect(withoutShell('C:\\x.exe', ['a'], 'win32')).toEqual({ file: 'C:\\x.exe', args: ['a'] });
  });

  test('on Windows the script behind npx.cmd is run by node, and other batch files are refused', () => {
    const script = program('npm/node_modules/npm/bin/npx-cli.js');
    expect(withoutShell(join(root, 'npm', 'npx.CMD'), ['-y', 'a&b'], 'win32')).toEqual({
      file: process.execPath,
      args: [script, '-y', 'a&b'],
    });
    expect(() => withoutShell(join(root, 'npm', 'npm.cmd'), [], 'win32')).toThrow(CommandError);
    expect(() => withoutShell('C:\\tool.bat', [], 'win32')).toThrow(/is a batch file, which needs a shell/);
  });
});
