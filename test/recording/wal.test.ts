import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WriteAhead } from '../../src/recording/wal.ts';
import { openRecorder, temporaryFolder } from './support.ts';

/** Syncs that the disk was asked for, and how each of those that do not block is answered. */
const disk = vi.hoisted(() => ({ syncs: [] as string[], answers: [] as (() => void)[] }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fdatasync = (_: number, done: (error: null) => void) => {
    disk.syncs.push('later');
    disk.answers.push(() => done(null));
  };
  const fdatasyncSync = () => void disk.syncs.push('now');
  return { ...fs, fdatasync, fdatasyncSync };
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  disk.syncs.length = 0;
  disk.answers.length = 0;
});
afterEach(() => void vi.useRealTimers());

test('what is written is synced within 50 ms, all of that time at once, and again once more was written', () => {
  const path = join(temporaryFolder(), 'wal');
  writeFileSync(path, '');
  const wal = new WriteAhead(path, 0);
  const failed = vi.fn();
  const say = (line: string) => {
    wal.write(Buffer.from(line));
    wal.syncSoon(failed);
  };
  say('a\n');
  say('b\n');
  vi.advanceTimersByTime(49);
  expect(disk.syncs).toEqual(['later']);
  say('c\n');
  disk.answers.shift()!();
  vi.advanceTimersByTime(49);
  expect(disk.syncs).toEqual(['later', 'later']);
  disk.answers.shift()!();
  vi.advanceTimersByTime(1000);
  expect(disk.syncs).toEqual(['later', 'later']);
  expect(failed).not.toHaveBeenCalled();
  wal.close();
  expect(readFileSync(path, 'utf8')).toBe('a\nb\nc\n');
});

test.each([
  ['always', ['now']],
  ['group', []],
  ['never', []],
] as const)('what is committed is on the disk when commit returns: %s', (sync, expected) => {
  const recorder = openRecorder(temporaryFolder(), { sync });
  disk.syncs.length = 0;
  recorder.append('tool.invoke', {});
  recorder.commit();
  expect(disk.syncs).toEqual(expected);
  vi.advanceTimersByTime(49);
  expect(disk.syncs).toEqual(sync === 'group' ? ['later'] : expected);
  for (const answer of disk.answers) answer();
  recorder.close();
});
