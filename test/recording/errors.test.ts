import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSigningKey } from '../../src/recording/keys/keys.ts';
import { formatConsistency } from '../../src/recording/proofs/proof-file.ts';
import { cosign, requireWitnesses } from '../../src/recording/proofs/witness.ts';
import { WriteAhead } from '../../src/recording/wal.ts';
import { openRecorder, temporaryFolder } from './support.ts';

const failing = (code: string) => expect.objectContaining({ code });

test('a file that cannot be synced: sync-failed', () => {
  const path = join(temporaryFolder(), 'wal');
  const wal = new WriteAhead(path, 0);
  wal.close();
  expect(() => wal.sync()).toThrow(failing('sync-failed'));
});

test('a witness that saw another size, and too few of them: witness-conflict, witnesses-missing', () => {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  recorder.close();
  const checkpoint = readFileSync(join(recorder.directory, 'checkpoint'), 'utf8');
  const request = Buffer.from(formatConsistency({ oldSize: 1, path: [], checkpoint }));
  expect(() => cosign(request, [openSigningKey(state)], temporaryFolder(), 0)).toThrow(
    failing('witness-conflict'),
  );
  expect(() => requireWitnesses(Buffer.from(checkpoint), { keys: [], atLeast: 1 })).toThrow(
    failing('witnesses-missing'),
  );
});

/** The members of a union of texts in a source file. */
function codesOf(file: string, type: string): string[] {
  const source = readFileSync(new URL(`../../src/recording/${file}`, import.meta.url), 'utf8');
  const union = new RegExp(`export type ${type} =([^;]*);`).exec(source)![1]!;
  return [...union.matchAll(/'([a-z-]+)'/g)].map(([, code]) => code!);
}

test('the lists of codes are closed, and each of them is tested', () => {
  const room = import.meta.dirname;
  const tests = [room, join(room, '../cli')].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );
  const codes = [...codesOf('errors.ts', 'RecordingCode'), ...codesOf('files.ts', 'FaultCode')];
  expect(codes.length).toBeGreaterThan(30);
  for (const code of codes)
    expect(
      tests.some((text) => text.includes(`'${code}'`)),
      code,
    ).toBe(true);
});
