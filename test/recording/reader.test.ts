import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findSession, listSessions, readEntries } from '../../src/recording/reader.ts';
import { openRecorder, recordUpTo, temporaryFolder } from './support.ts';

const failing = (code: string) => expect.objectContaining({ code });

test('sessions are listed newest first, with how far they are signed', () => {
  const state = temporaryFolder();
  expect(listSessions(state)).toEqual([]);
  openRecorder(state, { sessionId: 'old', now: () => 1_000 }).close();
  const running = openRecorder(state, { sessionId: 'new', now: () => 2_000 });
  openRecorder(state, { sessionId: 'between', now: () => 1_500 }).close();
  expect(listSessions(state)).toMatchObject([
    { id: 'new', opened: 2_000, signed: 0, closed: false },
    { id: 'between', opened: 1_500, signed: 2, closed: true },
    { id: 'old', opened: 1_000, signed: 2, closed: true },
  ]);
  running.close();
});

test('what is no session is passed over, and a broken one is still listed', () => {
  const state = temporaryFolder();
  openRecorder(state).close();
  mkdirSync(join(state, 'sessions', '.two.tmp'));
  mkdirSync(join(state, 'sessions', 'broken'));
  writeFileSync(join(state, 'sessions', 'broken', 'wal'), 'no entry\n');
  expect(listSessions(state)).toMatchObject([
    { id: 'one' },
    { id: 'broken', opened: 0, signed: 0, closed: false },
  ]);
});

test('a session is found by its id, by the beginning of it, or as the newest', () => {
  const state = temporaryFolder();
  expect(() => findSession(state)).toThrow(failing('session-missing'));
  for (const [sessionId, time] of [
    ['ab', 3],
    ['abc', 1],
    ['abd', 2],
  ] as const) {
    openRecorder(state, { sessionId, now: () => time }).close();
  }
  expect(findSession(state).id).toBe('ab');
  expect(findSession(state, 'ab').id).toBe('ab');
  expect(findSession(state, 'abc').id).toBe('abc');
  expect(() => findSession(state, 'a')).toThrow(failing('session-ambiguous'));
  expect(() => findSession(state, 'x')).toThrow(failing('session-missing'));
});

test('a state directory that cannot be listed is an error', () => {
  const state = temporaryFolder();
  writeFileSync(join(state, 'sessions'), '');
  expect(() => listSessions(state)).toThrow(failing('state-unusable'));
});

test('entries are read while a session runs and after it, across bundles', () => {
  const recorder = openRecorder(temporaryFolder());
  recordUpTo(recorder, 600);
  const running = [...readEntries(recorder.directory)];
  recorder.close();
  const closed = [...readEntries(recorder.directory)];
  expect(running.map((entry) => entry.n)).toEqual(Array.from({ length: 600 }, (_, n) => n));
  expect(closed.slice(0, 600)).toEqual(running);
  expect(closed).toHaveLength(601);
});

test('reading ends where there is no entry', () => {
  const recorder = openRecorder(temporaryFolder());
  recordUpTo(recorder, 300);
  recorder.close();
  rmSync(join(recorder.directory, 'tile', 'entries', '001.p', '45'));
  expect([...readEntries(recorder.directory)]).toHaveLength(256);
});
