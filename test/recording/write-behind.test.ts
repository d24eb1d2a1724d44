import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WriteBehind } from '../../src/recording/write-behind.ts';
import { temporaryFolder } from './support.ts';

function setting() {
  const folder = temporaryFolder();
  const written: string[] = [];
  const behind = new WriteBehind(folder, (path) => written.push(path));
  const path = (name: string) => join(folder, name);
  return { folder, behind, written, path, read: (name: string) => readFileSync(path(name), 'utf8') };
}

describe('files written behind', () => {
  test('are there once the promise resolves, in order, and told of', async () => {
    const { behind, written, path, read, folder } = setting();
    behind.add(path('a'), 'one');
    behind.add(path('b'), Buffer.from('two'));
    expect(readdirSync(folder)).toEqual([]);
    await behind.write();
    expect(written).toEqual([path('a'), path('b')]);
    expect([read('a'), read('b')]).toEqual(['one', 'two']);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
  });

  test('hold the bytes of the moment they were added', async () => {
    const { behind, path, read } = setting();
    const bytes = Buffer.from('before');
    behind.add(path('a'), bytes);
    bytes.write('after!');
    await behind.write();
    expect(read('a')).toBe('before');
  });

  test('count for the promise even if they come while it works', async () => {
    const { behind, path, read } = setting();
    behind.add(path('a'), 'one');
    const first = behind.write();
    behind.add(path('b'), 'two');
    await Promise.all([behind.write(), first]);
    expect(read('b')).toBe('two');
  });

  test('are there at once if need be, also the one that is under way, and no draft stays', async () => {
    const { behind, written, path, read, folder } = setting();
    behind.add(path('a'), 'one');
    behind.add(path('b'), 'two');
    const writing = behind.write();
    behind.writeNow();
    expect([read('a'), read('b')]).toEqual(['one', 'two']);
    await writing;
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(written).toEqual([path('a'), path('b')]);
  });

  test('that come while others are written are not waited for', async () => {
    const { behind, path, written } = setting();
    behind.add(path('a'), 'one');
    const first = behind.write();
    let more = 0;
    const timer = setInterval(() => behind.add(path(`more${more++}`), 'x'), 0);
    await first;
    clearInterval(timer);
    expect(written).toEqual([path('a')]);
  });

  test('of one name are one: the last', async () => {
    const { behind, path, read, folder } = setting();
    behind.add(path('a'), 'one');
    const writing = behind.write();
    behind.add(path('a'), 'two');
    await Promise.all([writing, behind.write()]);
    expect(read('a')).toBe('two');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  test('do not pile up without bound: what is too much is written on the spot', () => {
    const { behind, path } = setting();
    for (let i = 0; i < 9; i++) behind.add(path(`f${i}`), Buffer.alloc(1_000_000));
    expect(existsSync(path('f0'))).toBe(true);
  });

  test('that cannot be written reject, and are tried again', async () => {
    const { behind, folder, path, read } = setting();
    behind.add(path('a'), 'one');
    rmSync(folder, { recursive: true });
    await expect(behind.write()).rejects.toThrow('ENOENT');
    mkdirSync(folder);
    await behind.write();
    expect(read('a')).toBe('one');
  });
});
