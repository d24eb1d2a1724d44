import { expect, test } from 'vitest';
import { foldersOf } from '../../src/mediation/folders.ts';

const of = (text: string): string[] => foldersOf({ path: '/a', text, form: 'string' }).map((one) => one.text);

test.each<[text: string, folders: string[]]>([
  ['/srv/data/x/note.txt', ['/srv/data/x', '/srv/data']],
  ['/srv/data/', ['/srv/data']],
  ['/srv//data//note.txt', ['/srv//data']],
  ['C:\\Users\\ann\\note.txt', ['C:\\Users\\ann']],
  ['C:/Users/ann/note.txt', ['C:/Users/ann']],
  ['/home/note.txt', []],
  ['/note.txt', []],
  ['/', []],
  ['', []],
  ['srv/data/note.txt', []],
  ['https://host.example.invalid/a/b', []],
  ['/a/b/c\nand more', []],
  [`/${'x/'.repeat(600)}`, []],
])('the folders on the way of %j', (text, folders) => {
  expect(of(text)).toEqual(folders);
});

test('stand in the place of the path, sixteen at most', () => {
  expect(foldersOf({ path: '/to', text: '/a/b/c', form: 'string' })).toEqual([
    { path: '/to', text: '/a/b', form: 'string' },
  ]);
  const deep = of(`/${'x/'.repeat(100)}y`);
  expect(deep).toHaveLength(16);
  expect(deep[0]).toBe(`/${'x/'.repeat(99)}x`);
});
