import { expect, test } from 'vitest';
import type { Log } from '../../src/proxy/journal.ts';
import { TapedLog, tapedLock } from '../../src/proxy/taped-log.ts';
import { TapeWriter } from '../../src/recording/tape/tape.ts';
import { temporaryFolder } from '../recording/support.ts';

/** A log in memory, and a tape that fails once told to. */
function setting(onFailure: 'deny' | 'continue') {
  const said: unknown[][] = [];
  const log: Log = {
    append: (...entry) => void said.push(['append', ...entry]),
    keep: (...text) => void said.push(['keep', ...text]),
    commit: () => void said.push(['commit']),
    close: (body) => void said.push(['close', body]),
  };
  const tape = new TapeWriter(temporaryFolder(), 'one', Buffer.alloc(32, 1));
  const fail = () => {
    tape.flush = () => {
      throw new Error('no space left');
    };
  };
  return { said, taped: new TapedLog(log, tape, onFailure), fail };
}

test('what is not on the tape is not committed', () => {
  const { said, taped, fail } = setting('deny');
  fail();
  taped.append('tool.invoke', {});
  taped.note({ step: 'learn', event: 'e1' });
  expect(() => taped.commit()).toThrow('no space left');
  expect(said).toEqual([['append', 'tool.invoke', {}]]);
});

test('where calls go on whatever fails, the log says that there is no tape any more, once', () => {
  const { said, taped, fail } = setting('continue');
  fail();
  taped.commit();
  taped.commit();
  taped.close({ reason: 'x' });
  expect(said).toEqual([
    ['append', 'tape.lost', { reason: 'no space left' }],
    ['commit'],
    ['commit'],
    ['close', { reason: 'x' }],
  ]);
});

test('the last entry holds the digest of the tape, and a second end says nothing', () => {
  const { said, taped } = setting('deny');
  taped.note({ step: 'learn', event: 'e1' });
  taped.keep('a', 'b');
  taped.close({ reason: 'x' });
  taped.close();
  expect(said).toEqual([
    ['keep', 'a', 'b'],
    [
      'close',
      {
        reason: 'x',
        tape: { bytes: expect.any(Number), digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      },
    ],
    ['close', {}],
  ]);
});

test('a lock that is taken over is told before it counts', () => {
  const told: unknown[] = [];
  const disk = { version: 1 as const, pins: [], pending: [] };
  const store = tapedLock(
    { version: () => '7', read: () => disk, update: (mutate) => told.push(mutate(disk)), now: () => 5 },
    (step) => told.push(step),
  );
  expect([store.version(), store.now()]).toEqual(['7', 5]);
  expect(store.read()).toBe(disk);
  store.update((lock) => ({ ...lock, pending: [] }));
  expect(told).toEqual([
    { step: 'lock', lock: disk, merged: false },
    { step: 'lock', lock: disk, merged: true },
    disk,
  ]);
});

test('what no text can hold counts as not written', () => {
  const { taped } = setting('deny');
  const huge = {
    get step(): 'prompt' {
      throw new RangeError('Invalid string length');
    },
    text: '',
  };
  taped.note(huge);
  expect(() => taped.commit()).toThrow('Invalid string length');
});
