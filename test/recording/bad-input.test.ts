import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSigningKey, ownSigners } from '../../src/recording/keys/keys.ts';
import { signCheckpoint } from '../../src/recording/note.ts';
import { proofOfEntry } from '../../src/recording/proofs/evidence.ts';
import { verifyLog } from '../../src/recording/verify.ts';
import { openRecorder, recordUpTo, temporaryFolder } from './support.ts';

/** A closed log of 300 entries in a state directory of its own. */
function log(version = '0.1.0') {
  const state = temporaryFolder();
  const recorder = openRecorder(state, { head: { version } });
  recordUpTo(recorder, 299);
  recorder.close();
  const { directory } = recorder;
  const key = openSigningKey(state);
  const at = (file: string) => join(directory, file);
  return {
    directory,
    key,
    at,
    read: (file: string) => readFileSync(at(file)),
    write: (file: string, bytes: Buffer | string) => writeFileSync(at(file), bytes),
    sign: (size: number, origin = `cordon/${key.hostId}/one`, root = Buffer.alloc(32)) =>
      writeFileSync(at('checkpoint'), signCheckpoint({ origin, size, root }, key)),
    verify: () => verifyLog(directory, ownSigners(state)),
  };
}

/** As large as it says, without taking the room. */
function hollow(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, bytes);
  closeSync(fd);
}

const MIB = 1024 * 1024;

type Log = ReturnType<typeof log>;
const cases: [string, string, (log: Log) => void][] = [
  [
    'a truncated tile',
    'file-malformed',
    ({ read, write }) => write('tile/0/000', read('tile/0/000').subarray(0, -32)),
  ],
  ['a tile of no bytes', 'file-malformed', ({ write }) => write('tile/0/001.p/44', '')],
  [
    'a tile from another log',
    'tile-mismatch',
    ({ write }) => write('tile/0/000', log('other').read('tile/0/000')),
  ],
  [
    'a truncated bundle',
    'file-malformed',
    ({ read, write }) => write('tile/entries/000', read('tile/entries/000').subarray(0, -1)),
  ],
  [
    'a bundle with bytes after it',
    'file-malformed',
    ({ read, write }) => write('tile/entries/000', Buffer.concat([read('tile/entries/000'), Buffer.of(0)])),
  ],
  ['a wrong origin', 'checkpoint-origin', ({ sign }) => sign(300, 'cordon/0000000000000000/one')],
  [
    'the origin of another session',
    'checkpoint-origin',
    ({ sign, key }) => sign(300, `cordon/${key.hostId}/two`),
  ],
  [
    'a signature by another key',
    'checkpoint-signature',
    ({ write, key }) => {
      const other = openSigningKey(temporaryFolder());
      write(
        'checkpoint',
        signCheckpoint({ origin: `cordon/${key.hostId}/one`, size: 300, root: Buffer.alloc(32) }, other),
      );
    },
  ],
  [
    'a wrong key id',
    'checkpoint-signature',
    ({ read, write }) => {
      const note = read('checkpoint').toString();
      const at = note.lastIndexOf(' ') + 1;
      write('checkpoint', `${note.slice(0, at)}AAAA${note.slice(at + 4)}`);
    },
  ],
  ['a checkpoint of more than there is', 'file-missing', ({ sign }) => sign(301)],
  ['a checkpoint of far more', 'file-missing', ({ sign }) => sign(2 ** 53 - 1)],
  ['a fork: another root of the same size', 'root-mismatch', ({ sign }) => sign(300)],
  ['a negative size', 'checkpoint-malformed', ({ sign }) => sign(-1)],
  [
    'a size past 2^53',
    'checkpoint-malformed',
    ({ read, write }) =>
      write('checkpoint', read('checkpoint').toString().replace('\n300\n', '\n9007199254740993\n')),
  ],
  [
    'a size with a sign',
    'checkpoint-malformed',
    ({ read, write }) => write('checkpoint', read('checkpoint').toString().replace('\n300\n', '\n+300\n')),
  ],
  ['a checkpoint of 64 MiB', 'file-malformed', ({ at }) => hollow(at('checkpoint'), 64 * MIB)],
  ['a tile of 64 MiB', 'file-malformed', ({ at }) => hollow(at('tile/0/000'), 64 * MIB)],
  ['a bundle of 64 MiB', 'file-malformed', ({ at }) => hollow(at('tile/entries/000'), 64 * MIB)],
  ['an entry of 64 MiB in the write-ahead file', 'entry-malformed', ({ at }) => hollow(at('wal'), 64 * MIB)],
  [
    'a link in place of a tile',
    'file-malformed',
    ({ at, read, write }) => {
      write('tile.tmp', read('tile/0/000'));
      rmSync(at('tile/0/000'));
      symlinkSync(at('tile.tmp'), at('tile/0/000'));
    },
  ],
  [
    'a link in place of the checkpoint',
    'file-malformed',
    ({ at, read, write }) => {
      write('checkpoint.tmp', read('checkpoint'));
      rmSync(at('checkpoint'));
      symlinkSync(at('checkpoint.tmp'), at('checkpoint'));
    },
  ],
  [
    'what was cosigned, of another history',
    'cosigned-mismatch',
    ({ write, key }) =>
      write(
        'cosigned',
        signCheckpoint({ origin: `cordon/${key.hostId}/one`, size: 9, root: Buffer.alloc(32) }, key),
      ),
  ],
  ['a file that is no file of a log', 'file-unexpected', ({ write }) => write('notes', 'x')],
];

describe.each(cases)('%s', (_, code, spoil) => {
  test(`is refused as ${code}`, () => {
    const spoiled = log();
    spoil(spoiled);
    expect(spoiled.verify()).toMatchObject({ status: 'tampered', fault: { code } });
  });
});

test('no proof is made of what does not exist, however large the checkpoint says the log is', () => {
  const { directory, sign, key } = log();
  for (const size of [301, 2 ** 40, 2 ** 53 - 1]) {
    sign(size);
    for (const entry of [0, 299, size - 1]) {
      expect(() => proofOfEntry(directory, [key], entry, false)).toThrow(
        expect.objectContaining({ code: 'proof-wrong' }),
      );
    }
  }
});
