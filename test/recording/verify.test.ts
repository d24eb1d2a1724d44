import {
  closeSync,
  constants,
  cpSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSigningKey, ownSigners, readPublicKey } from '../../src/recording/keys/keys.ts';
import { signCheckpoint } from '../../src/recording/note.ts';
import { type Verification, verifyLog } from '../../src/recording/verify.ts';
import { checkpointed, filesOf, openRecorder, recordUpTo, temporaryFolder } from './support.ts';

/** A log on disk whose files a test may change; each `check` starts from the files as they were recorded. */
class Specimen {
  readonly state: string;
  readonly directory: string;
  readonly files: ReadonlyMap<string, Buffer>;

  constructor(state: string, directory: string) {
    this.state = state;
    this.directory = directory;
    this.files = filesOf(directory);
  }

  verify(): Verification {
    return verifyLog(this.directory, ownSigners(this.state));
  }

  /** Verifies with one file replaced, or removed. */
  check(file: string, bytes: Buffer | undefined): Verification {
    const path = join(this.directory, file);
    if (bytes === undefined) rmSync(path);
    else {
      mkdirSync(dirname(path), { recursive: true });
      overwrite(path, bytes);
    }
    const result = this.verify();
    const original = this.files.get(file);
    if (original === undefined) rmSync(path);
    else overwrite(path, original);
    return result;
  }
}

/** In place: some file systems flush a file that was cut to nothing and written anew, and that takes a while. */
function overwrite(path: string, bytes: Buffer): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT);
  writeSync(fd, bytes);
  ftruncateSync(fd, bytes.length);
  closeSync(fd);
}

/** A session of `size` entries that ended well. */
function closedLog(size: number): Specimen {
  const state = temporaryFolder();
  const recorder = openRecorder(state);
  if (size > 2) recordUpTo(recorder, size - 1);
  recorder.close();
  return new Specimen(state, recorder.directory);
}

/** A session that died, in `folder`: `signed` entries under its last checkpoint, `unsigned` after it. */
async function brokenLog(folder: string, signed: number, unsigned: number): Promise<Specimen> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const recorder = openRecorder(folder);
  recordUpTo(recorder, signed);
  await checkpointed(recorder, signed);
  recordUpTo(recorder, signed + unsigned);
  vi.useRealTimers();
  const directory = join(folder, 'copy', 'one');
  cpSync(recorder.directory, directory, { recursive: true });
  recorder.close();
  return new Specimen(folder, directory);
}

/** The salt lies beside the log: no entry's wording depends on it. */
const isLog = (file: string) => file !== 'salt';

/** One byte changed, removed or inserted. */
function mutate(bytes: Buffer, at: number, how: 'change' | 'remove' | 'insert', value: number): Buffer {
  const before = bytes.subarray(0, at);
  if (how === 'insert') return Buffer.concat([before, Buffer.of(value), bytes.subarray(at)]);
  if (how === 'remove') return Buffer.concat([before, bytes.subarray(at + 1)]);
  return Buffer.concat([before, Buffer.of(bytes[at]! ^ (value || 1)), bytes.subarray(at + 1)]);
}

const hows = fc.constantFrom('change' as const, 'remove' as const, 'insert' as const);

test('a golden log verifies, and says with which key', () => {
  const state = fileURLToPath(new URL('../../fixtures/vectors/state', import.meta.url));
  const result = verifyLog(join(state, 'sessions', 'golden'), ownSigners(state));
  expect(result).toEqual({
    session: 'golden',
    checkpoint: readFileSync(join(state, 'sessions', 'golden', 'checkpoint'), 'utf8'),
    status: 'ok',
    key: 'cordon/00112233aabbccdd/golden+013601f0+AaYY/7a0mqzWo+bZuSPYZrPHhlvXEUIeDEjBp7pxqvu/',
    signed: 5,
    unsigned: 0,
    tornBytes: 0,
    closed: true,
  });
});

describe('a closed log', () => {
  test('every single byte of every file counts', () => {
    const log = closedLog(2);
    expect(log.verify().status).toBe('ok');
    for (const [file, bytes] of log.files) {
      if (!isLog(file)) continue;
      for (let at = 0; at < bytes.length; at++) {
        for (const mutated of [mutate(bytes, at, 'change', 1), mutate(bytes, at, 'remove', 0)]) {
          expect([file, at, log.check(file, mutated).status]).toEqual([file, at, 'tampered']);
        }
      }
      expect([file, log.check(file, Buffer.concat([bytes, Buffer.of(10)])).status]).toEqual([
        file,
        'tampered',
      ]);
      expect([file, log.check(file, undefined).status]).toEqual([file, 'tampered']);
    }
  });

  test('so it does where there are several tiles', () => {
    const log = closedLog(515);
    const names = [...log.files.keys()].filter(isLog);
    expect(names.sort()).toEqual([
      'checkpoint',
      ...['0/000', '0/001', '0/002.p/3', '1/000.p/2'].map((path) => `tile/${path}`),
      ...['000', '001', '002.p/3'].map((path) => `tile/entries/${path}`),
    ]);
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        hows,
        fc.integer({ min: 0, max: 255 }),
        (file, nat, how, value) => {
          const bytes = log.files.get(file)!;
          const mutated = mutate(bytes, nat % bytes.length, how, value);
          return log.check(file, mutated).status === 'tampered';
        },
      ),
      { numRuns: 150 },
    );
    expect(log.verify().status).toBe('ok');
  });

  test.each([
    [0, 'tile/entries/000'],
    [255, 'tile/entries/000'],
    [256, 'tile/entries/001'],
    [300, 'tile/entries/001.p/45'],
  ])('the first bad entry is named: %i', (n, file) => {
    const log = closedLog(file.endsWith('.p/45') ? 301 : 513);
    const bytes = Buffer.from(log.files.get(file)!);
    // The time of an entry stays a time: nothing but its hash gives the change away.
    const entry = bytes.indexOf(`"n":${n},`);
    bytes[bytes.indexOf('"time":', entry) + 10] = 0x39;
    expect(log.check(file, bytes).fault).toMatchObject({ entry: n });
  });

  test('two entries that changed places are found', () => {
    const log = closedLog(4);
    const bundle = log.files.get('tile/entries/000.p/4')!.toString('latin1');
    const swapped = bundle
      .replace('"n":1,', '"n":x,')
      .replace('"n":2,', '"n":1,')
      .replace('"n":x,', '"n":2,');
    expect(log.check('tile/entries/000.p/4', Buffer.from(swapped, 'latin1')).fault).toMatchObject({
      code: 'entry-malformed',
      entry: 1,
    });
  });

  test.each([
    ['added', 'tile/entries/007', 'file-unexpected'],
    ['of no level', 'tile/0/0', 'file-unexpected'],
    ['beside the tiles', 'notes.txt', 'file-unexpected'],
    ['an older part that contradicts', 'tile/0/000.p/2', 'file-malformed'],
    ['an older bundle that contradicts', 'tile/entries/000.p/2', 'file-malformed'],
    ['a write-ahead file of other entries', 'wal', 'entry-mismatch'],
  ])('a file %s', (_, file, code) => {
    expect(closedLog(5).check(file, Buffer.from('{}\n')).fault).toMatchObject({ code });
  });

  test('what a dead process leaves behind is no fault: unfinished files, older parts, the write-ahead file', () => {
    const log = closedLog(5);
    const entries = log.files.get('tile/entries/000.p/5')!;
    const first = entries.subarray(0, 2 + entries.readUInt16BE(0));
    expect(log.check('checkpoint.tmp', Buffer.from('half')).status).toBe('ok');
    expect(log.check('tile/0/000.p/2', log.files.get('tile/0/000.p/5')!.subarray(0, 64)).status).toBe('ok');
    expect(log.check('tile/entries/000.p/1', first).status).toBe('ok');
    const lines: string[] = [];
    for (let at = 0; at < entries.length; at += 2 + entries.readUInt16BE(at)) {
      lines.push(entries.toString('utf8', at + 2, at + 2 + entries.readUInt16BE(at)));
    }
    expect(log.check('wal', Buffer.from(`${lines.join('\n')}\n`)).status).toBe('ok');
  });

  test('older parts count too, byte by byte', () => {
    const log = closedLog(5);
    const tile = Buffer.from(log.files.get('tile/0/000.p/5')!.subarray(0, 64));
    tile[40]! ^= 1;
    expect(log.check('tile/0/000.p/2', tile).fault).toMatchObject({ code: 'file-malformed' });
    const bundle = log.files.get('tile/entries/000.p/5')!;
    const part = Buffer.from(bundle.subarray(0, 2 + bundle.readUInt16BE(0)));
    part[20]! ^= 1;
    expect(log.check('tile/entries/000.p/1', part).fault).toMatchObject({ code: 'file-malformed' });
  });

  test('a link in place of a tile is refused, though it leads to the same bytes', () => {
    const log = closedLog(5);
    const elsewhere = join(log.state, 'elsewhere');
    renameSync(join(log.directory, 'tile/0/000.p/5'), elsewhere);
    symlinkSync(elsewhere, join(log.directory, 'tile/0/000.p/5'));
    expect(log.verify().fault).toMatchObject({ code: 'file-malformed', message: 'it is a link' });
    rmSync(join(log.directory, 'tile/0/000.p/5'));
    renameSync(elsewhere, join(log.directory, 'tile/0/000.p/5'));
    renameSync(join(log.directory, 'tile'), join(log.state, 'tile'));
    symlinkSync(join(log.state, 'tile'), join(log.directory, 'tile'));
    expect(log.verify().status).toBe('tampered');
  });

  test('a whole log under another name, or of another machine, is not this one', () => {
    const log = closedLog(5);
    const moved = join(dirname(log.directory), 'two');
    cpSync(log.directory, moved, { recursive: true });
    expect(verifyLog(moved, ownSigners(log.state)).fault).toMatchObject({ code: 'checkpoint-origin' });
    const other = temporaryFolder();
    openSigningKey(other);
    const { hostId } = readPublicKey(log.state);
    const { publicKey } = readPublicKey(other);
    expect(verifyLog(log.directory, [{ hostId, publicKey }]).fault).toMatchObject({
      code: 'checkpoint-signature',
    });
  });

  test('a signed checkpoint of another root, or of more than there is', () => {
    const log = closedLog(5);
    const key = openSigningKey(log.state);
    const origin = `cordon/${key.hostId}/one`;
    const signed = (size: number) =>
      Buffer.from(signCheckpoint({ origin, size, root: Buffer.alloc(32) }, key));
    expect(log.check('checkpoint', signed(5)).fault).toMatchObject({ code: 'root-mismatch' });
    expect(log.check('checkpoint', signed(6)).fault).toMatchObject({ code: 'file-missing', entry: 0 });
    expect(log.check('checkpoint', signed(4)).status).toBe('tampered');
    expect(log.check('checkpoint', signed(2 ** 50)).fault).toMatchObject({ code: 'file-missing', entry: 0 });
  });
});

describe('a session that died', () => {
  let log: Specimen;
  let wal: Buffer;
  /** Where in the write-ahead file the signed entries end. */
  let border: number;
  const folder = mkdtempSync(join(tmpdir(), 'cordon-recording-'));
  beforeAll(async () => {
    log = await brokenLog(folder, 4, 3);
    wal = log.files.get('wal')!;
    border = wal.indexOf('{"event":"e7"');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has its signed entries intact and the others reported', () => {
    expect(log.verify()).toMatchObject({
      status: 'unsigned',
      signed: 4,
      unsigned: 3,
      tornBytes: 0,
      closed: false,
    });
  });

  test('cut off at any byte: whole entries are unsigned, torn bytes are torn, and a signed entry is missed', () => {
    for (let length = 0; length <= wal.length; length++) {
      const result = log.check('wal', wal.subarray(0, length));
      if (length < border) {
        expect([length, result.status]).toEqual([length, 'tampered']);
        const whole = wal.subarray(0, length).toString().split('\n').length - 1;
        expect(result.fault).toMatchObject({ code: 'entry-mismatch', file: 'wal', entry: whole });
        continue;
      }
      const tail = wal.subarray(border, length).toString();
      const torn = Buffer.byteLength(tail.slice(tail.lastIndexOf('\n') + 1));
      const unsigned = tail.split('\n').length - 1;
      expect([length, result]).toMatchObject([
        length,
        {
          status: unsigned + torn > 0 ? 'unsigned' : 'ok',
          signed: 4,
          unsigned,
          tornBytes: torn,
          closed: false,
        },
      ]);
    }
  });

  test('any byte changed, removed or inserted is found in what is signed, and nothing after it reads as signed', () => {
    const names = [...log.files.keys()].filter(isLog);
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        hows,
        fc.integer({ min: 0, max: 255 }),
        (file, nat, how, value) => {
          const bytes = log.files.get(file)!;
          const at = nat % bytes.length;
          const mutated = mutate(bytes, at, how, value);
          const { status } = log.check(file, mutated);
          return file === 'wal' && at >= border - 1 ? status !== 'ok' : status === 'tampered';
        },
      ),
      { numRuns: 400 },
    );
  });

  test('any file removed is missed', () => {
    for (const file of log.files.keys()) {
      if (isLog(file)) expect([file, log.check(file, undefined).status]).toEqual([file, 'tampered']);
    }
  });

  test('tiles that reach past its checkpoint prove nothing', () => {
    expect(log.check('tile/0/000.p/6', Buffer.alloc(192)).status).toBe('unsigned');
    const signedOnly = wal.subarray(0, border);
    writeFileSync(join(log.directory, 'wal'), signedOnly);
    expect(log.verify().status).toBe('ok');
    expect(log.check('tile/0/000.p/6', Buffer.alloc(192)).status).toBe('unsigned');
    writeFileSync(join(log.directory, 'wal'), wal);
  });

  test.each([
    ['not JSON', '{"v":1'],
    ['not canonical', '{"v":1,"kind":"x","n":7,"time":1}'],
    ['another number', '{"kind":"x","n":9,"time":1,"v":1}'],
    ['no number', '{"kind":"x","n":"7","time":1,"v":1}'],
    ['no time', '{"kind":"x","n":7,"time":"1","v":1}'],
    ['a time with a fraction', '{"kind":"x","n":7,"time":1.5,"v":1}'],
    ['a time before 1970', '{"kind":"x","n":7,"time":-1,"v":1}'],
    ['no kind', '{"n":7,"time":1,"v":1}'],
    ['a second opening', '{"kind":"session.open","n":7,"time":1,"v":1}'],
    ['another version', '{"kind":"x","n":7,"time":1,"v":2}'],
    ['null', 'null'],
    ['a list', '[]'],
    ['nothing', ''],
    ['nesting', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['an endless line', 'x'.repeat(300_000)],
  ])('an unsigned line that is no entry: %s', (_, line) => {
    expect(log.check('wal', Buffer.concat([wal, Buffer.from(`${line}\n`)])).fault).toMatchObject({
      code: 'entry-malformed',
    });
  });
});

test('arbitrary bytes in any file end in a verdict, never in a crash', () => {
  const log = closedLog(4);
  fc.assert(
    fc.property(
      fc.constantFrom(...log.files.keys(), 'wal'),
      fc.uint8Array({ maxLength: 300 }),
      (file, bytes) => {
        const { status } = log.check(file, Buffer.from(bytes));
        return isLog(file) ? status === 'tampered' : status === 'ok';
      },
    ),
    { numRuns: 150 },
  );
});
