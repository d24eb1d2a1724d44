import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkFormer } from '../../src/recording/former.ts';
import { openSigningKey, ownSigners } from '../../src/recording/keys/keys.ts';
import { readEntries } from '../../src/recording/reader.ts';
import type { Recorder } from '../../src/recording/recorder.ts';
import { type Gap, SessionLog, type SessionLogOptions } from '../../src/recording/session-log.ts';
import { verifyLog } from '../../src/recording/verify.ts';
import { patiently } from '../support/patiently.ts';
import { openRecorder, temporaryFolder } from './support.ts';

/** A log whose parts can be made to fail: no file can be made while `blocked`. */
class Setting {
  readonly state = temporaryFolder();
  readonly gaps: (Gap | undefined)[] = [];
  broken = false;
  readonly log: SessionLog;

  constructor(options: Partial<SessionLogOptions> = {}) {
    const key = openSigningKey(this.state);
    this.log = new SessionLog({
      ...{ rotateBytes: 1e9, onFailure: 'continue', now: () => 1_700_000_000_000 },
      open: (part, former) => {
        if (this.broken) throw new Error('disk full');
        const recorder = openRecorder(this.state, {
          key,
          sessionId: part === 1 ? 'one' : `one.${part}`,
          head: { continues: former },
        });
        const commit = recorder.commit.bind(recorder);
        recorder.commit = () => {
          if (this.broken) throw new Error('disk full');
          commit();
        };
        return recorder;
      },
      onGap: (gap) => this.gaps.push(gap && { ...gap, missing: { ...gap.missing } }),
      ...options,
    });
  }

  say(kind: string): void {
    this.log.append(kind, {});
    this.log.commit();
  }

  entries(session = 'one'): Record<string, unknown>[] {
    return [...readEntries(join(this.state, 'sessions', session))];
  }

  verified(session: string): string {
    return verifyLog(join(this.state, 'sessions', session), ownSigners(this.state)).status;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a log that cannot be written', () => {
  test('deny: the first failure is the last word', () => {
    const setting = new Setting({ onFailure: 'deny' });
    setting.say('a');
    setting.broken = true;
    expect(() => setting.say('b')).toThrow('disk full');
    setting.broken = false;
    expect(() => setting.say('c')).toThrow('disk full');
    expect(() => setting.log.close()).toThrow('disk full');
    expect(setting.gaps).toEqual([]);
  });

  test('continue: a next part that cannot be written either is let go of', () => {
    const state = temporaryFolder();
    const opened: Recorder[] = [];
    const log = new SessionLog({
      ...{ rotateBytes: 1e9, onFailure: 'continue', now: () => 1_700_000_000_000 },
      open: (part) => {
        const recorder = openRecorder(state, { sessionId: `one.${part}` });
        recorder.commit = () => {
          throw new Error('disk full');
        };
        vi.spyOn(recorder, 'abandon');
        opened.push(recorder);
        return recorder;
      },
    });
    log.append('a', {});
    log.commit();
    vi.advanceTimersByTime(3 * 2_000);
    expect(opened.map((one) => vi.mocked(one.abandon).mock.calls.length)).toEqual([0, 1, 1, 1]);
  });

  test('continue: what is missing is told at once, counted, and recorded in the next part', async () => {
    const setting = new Setting();
    setting.say('a');
    setting.broken = true;
    setting.log.append('b', {});
    setting.say('tool.invoke');
    setting.say('tool.response');
    setting.say('tool.invoke');
    expect(setting.gaps).toMatchObject([{ reason: 'disk full', missing: { b: 1, 'tool.invoke': 1 } }]);
    await vi.advanceTimersByTimeAsync(10_000);
    await patiently(() => expect(setting.verified('one')).toBe('ok'));
    expect(readdirSync(join(setting.state, 'sessions'))).toEqual(['one']);
    setting.broken = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(setting.gaps.at(-1)).toBeUndefined();
    setting.say('c');
    setting.log.close();
    const [opening, gap, ...rest] = setting.entries('one.2');
    expect(opening).toMatchObject({ kind: 'session.open', continues: { session: 'one' } });
    expect(gap).toMatchObject({
      kind: 'record.gap',
      since: 1_700_000_000_000,
      missing: { b: 1, 'tool.invoke': 2, 'tool.response': 1 },
    });
    expect(rest.map(({ kind }) => kind)).toEqual(['c', 'session.close']);
    expect(setting.verified('one.2')).toBe('ok');
    expect(setting.entries().map(({ kind }) => kind)).toEqual(['session.open', 'a']);
    expect(setting.verified('one')).toBe('ok');
  });

  test('continue: a session that ends meanwhile tries once more, and then says what stands nowhere', () => {
    const recovered = new Setting();
    recovered.broken = true;
    recovered.say('a');
    recovered.broken = false;
    recovered.log.close();
    expect(recovered.entries('one.2').map(({ kind }) => kind)).toEqual([
      'session.open',
      'record.gap',
      'session.close',
    ]);
    const lost = new Setting();
    lost.broken = true;
    lost.say('a');
    lost.say('a');
    expect(() => lost.log.close()).toThrow('2 a were not recorded: disk full');
  });

  test('continue: an entry that is no JSON is a gap in the log, which goes on', () => {
    const setting = new Setting();
    setting.log.append('odd', { value: 1n });
    setting.say('a');
    setting.log.close();
    expect(setting.entries().map(({ kind }) => kind)).toEqual([
      'session.open',
      'record.gap',
      'a',
      'session.close',
    ]);
    expect(setting.entries()[1]).toMatchObject({ missing: { odd: 1 } });
  });

  test.each(['a vanished state directory', 'a file in its place'])('continue: %s', async (what) => {
    const setting = new Setting();
    setting.say('a');
    rmSync(setting.state, { recursive: true });
    if (what.startsWith('a file')) writeFileSync(setting.state, '');
    setting.say('b');
    await vi.advanceTimersByTimeAsync(4_100);
    setting.say('c');
    if (what.startsWith('a file')) {
      expect(setting.gaps.at(-1)).toMatchObject({ missing: expect.anything() });
      rmSync(setting.state);
      mkdirSync(setting.state);
    }
    await vi.advanceTimersByTimeAsync(6_000);
    setting.say('d');
    setting.log.close();
    const kinds = setting.entries('one.2').map(({ kind }) => kind);
    expect(kinds.slice(0, 2)).toEqual(['session.open', 'record.gap']);
    expect(kinds.slice(-2)).toEqual(['d', 'session.close']);
  });

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('continue: read-only', async () => {
    const setting = new Setting({ rotateBytes: 1 });
    const sessions = join(setting.state, 'sessions');
    chmodSync(sessions, 0o500);
    setting.say('a');
    await vi.advanceTimersByTimeAsync(2_100);
    setting.say('b');
    expect(setting.gaps).toHaveLength(1);
    chmodSync(sessions, 0o700);
    await vi.advanceTimersByTimeAsync(2_100);
    setting.log.close();
    expect(setting.entries('one.2')[1]).toMatchObject({ kind: 'record.gap', missing: { b: 1 } });
  });
});

describe('a log that has become long', () => {
  test('goes on in another one, which names its last checkpoint', async () => {
    const setting = new Setting({ rotateBytes: 1_000 });
    for (let i = 0; i < 100; i++) {
      setting.say('a');
      await vi.advanceTimersByTimeAsync(1);
    }
    setting.log.close();
    const parts = readdirSync(join(setting.state, 'sessions')).sort();
    expect(parts.length).toBeGreaterThan(2);
    const kinds = parts.flatMap((part) => setting.entries(part).map(({ kind }) => kind));
    expect(kinds.filter((kind) => kind === 'a')).toHaveLength(100);
    expect(parts.map((part) => setting.verified(part))).toEqual(parts.map(() => 'ok'));
    expect(setting.entries().at(-1)).toMatchObject({ kind: 'session.close', reason: 'rotated' });
    const directory = join(setting.state, 'sessions', 'one.2');
    expect(checkFormer(directory)).toEqual({ session: 'one', state: 'extended' });
    expect(checkFormer(join(setting.state, 'sessions', 'one'))).toBeUndefined();
  });

  test('what it continues must be there, and be what was continued', async () => {
    const setting = new Setting({ rotateBytes: 1 });
    setting.say('a');
    await vi.advanceTimersByTimeAsync(1);
    setting.log.close();
    const directory = join(setting.state, 'sessions', 'one.2');
    rmSync(join(setting.state, 'sessions', 'one'), { recursive: true });
    expect(checkFormer(directory)).toEqual({ session: 'one', state: 'missing' });
    openRecorder(setting.state).close();
    expect(checkFormer(directory)).toEqual({ session: 'one', state: 'forked' });
  });

  test('what comes while it is closed goes to the next', async () => {
    const setting = new Setting({ rotateBytes: 1 });
    setting.say('a');
    setting.log.append('b', {});
    await vi.advanceTimersByTimeAsync(1);
    setting.log.append('c', {});
    setting.log.close();
    expect(setting.entries('one').map(({ kind }) => kind)).toEqual([
      'session.open',
      'a',
      'b',
      'session.close',
    ]);
    expect(setting.entries('one.2').map(({ kind }) => kind)).toEqual(['session.open', 'c', 'session.close']);
  });
});
