import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSigningKey, ownSigners } from '../../../src/recording/keys/keys.ts';
import { checkInclusion, proofOfEntry } from '../../../src/recording/proofs/evidence.ts';
import { listSessions, readEntries } from '../../../src/recording/reader.ts';
import { pruneLog } from '../../../src/recording/upkeep/prune.ts';
import { verifyLog } from '../../../src/recording/verify.ts';
import { filesOf, openRecorder, recordUpTo, temporaryFolder } from '../support.ts';

/** The clock of `openRecorder`. */
const ENDED = 1_700_000_000_000;
const NOW = ENDED + 1000;

function closed(size: number, sessionId = 'one') {
  const state = temporaryFolder();
  const recorder = openRecorder(state, { sessionId });
  if (size > 2) recordUpTo(recorder, size - 1);
  recorder.close();
  const { directory } = recorder;
  const signers = ownSigners(state);
  return {
    state,
    directory,
    signers,
    prune: (before = NOW) => pruneLog(directory, openSigningKey(state), signers, before, NOW),
    verify: () => verifyLog(directory, signers),
  };
}

test.each([2, 255, 256, 257, 700])('a pruned log of %i entries verifies, and so do proofs', (size) => {
  const { state, directory, signers, prune, verify } = closed(size);
  const receipt = Buffer.from(proofOfEntry(directory, signers, 1, true));
  expect(prune()).toBe(true);
  expect(
    [...filesOf(directory).keys()].filter((file) => file.includes('entries') || file === 'salt'),
  ).toEqual([]);
  expect(verify()).toMatchObject({ status: 'ok', signed: size, closed: true, pruned: NOW });
  expect(checkInclusion(receipt, signers, undefined).index).toBe(1);
  const proof = Buffer.from(proofOfEntry(directory, signers, 1, false));
  expect(checkInclusion(proof, signers, checkInclusion(receipt, signers, undefined).entry).index).toBe(1);
  expect(listSessions(state)).toMatchObject([{ id: 'one', opened: ENDED, signed: size, pruned: NOW }]);
  expect([...readEntries(directory)]).toEqual([]);
  expect(prune()).toBe(false);
});

test('every byte of what a pruned log has left counts', () => {
  const { directory, prune, verify } = closed(300);
  prune();
  for (const [name, bytes] of filesOf(directory)) {
    for (let at = 0; at < bytes.length; at += name.startsWith('tile') ? 13 : 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 + (at % 255);
      writeFileSync(join(directory, name), changed);
      expect(verify().status, `byte ${at} of ${name}`).toBe('tampered');
    }
    rmSync(join(directory, name));
    expect(verify().status, name).toBe('tampered');
    writeFileSync(join(directory, name), bytes);
  }
  expect(verify().status).toBe('ok');
});

test('entries that vanish without the statement, or with that of another log, are missed', () => {
  const one = closed(300);
  const two = closed(300);
  two.prune();
  rmSync(join(one.directory, 'tile', 'entries'), { recursive: true });
  expect(one.verify()).toMatchObject({ status: 'tampered', fault: { code: 'file-missing' } });
  cpSync(join(two.directory, 'pruned'), join(one.directory, 'pruned'));
  expect(one.verify()).toMatchObject({ status: 'tampered', fault: { code: 'pruning-malformed' } });
});

test('what is young, running, broken off or not intact is kept', () => {
  const young = closed(5);
  expect(young.prune(ENDED)).toBe(false);
  // Somebody else's statement does not make it old.
  writeFileSync(join(young.directory, 'pruned'), 'x');
  expect(young.prune(ENDED)).toBe(false);
  expect(existsSync(join(young.directory, 'tile', 'entries'))).toBe(true);

  const state = temporaryFolder();
  const running = openRecorder(state);
  expect(pruneLog(running.directory, openSigningKey(state), ownSigners(state), NOW, NOW)).toBe(false);
  running.close();

  const bad = closed(300);
  const tile = join(bad.directory, 'tile/0/000');
  const bytes = readFileSync(tile);
  bytes[7]! ^= 1;
  writeFileSync(tile, bytes);
  const before = filesOf(bad.directory);
  expect(() => bad.prune()).toThrow(expect.objectContaining({ code: 'log-tampered' }));
  expect(filesOf(bad.directory)).toEqual(before);
});

test('a pruning that was cut short is finished by the next', () => {
  const { directory, prune, verify } = closed(300);
  const whole = join(temporaryFolder(), 'whole');
  cpSync(directory, whole, { recursive: true });
  prune();
  // After the statement: the entries are still there, and still checked.
  cpSync(join(whole, 'tile', 'entries'), join(directory, 'tile', 'entries'), { recursive: true });
  expect(verify()).toMatchObject({ status: 'ok', closed: true });
  expect(verify().pruned).toBeUndefined();
  expect(prune()).toBe(true);
  expect(verify()).toMatchObject({ status: 'ok', pruned: NOW });
  // After the entries were put aside.
  mkdirSync(join(directory, 'entries.tmp'));
  renameSync(join(whole, 'salt'), join(directory, 'salt'));
  expect(verify()).toMatchObject({ status: 'ok', pruned: NOW });
  expect(prune()).toBe(false);
  expect(existsSync(join(directory, 'entries.tmp')) || existsSync(join(directory, 'salt'))).toBe(false);
});
