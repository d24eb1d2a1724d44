import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/error.ts';
import { formatLock, lockPath, lockVersion, readLock, updateLock } from '../../src/config/lock-file.ts';
import { parseLock } from '../../src/config/lock-shape.ts';
import type { Lock, PendingPin, Pin, Remembered } from '../../src/event.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const NOW = '2026-01-31T12:00:00.000Z';
const EMPTY: Lock = { version: 1, pins: [], pending: [] };
const pin = (name: string, text = 'Adds.'): Pin => ({
  server: 's',
  kind: 'tool',
  name,
  digest: DIGEST,
  text,
  firstSeen: NOW,
  approvedBy: 'first-contact',
});
const pending = (name: string): PendingPin => {
  const { approvedBy: _, ...rest } = pin(name);
  return {
    ...rest,
    state: 'drifted',
    findings: [{ detector: 'ansi', path: '/a', span: [1, 2] }],
    descriptor: '{}',
  };
};

const yes: Remembered = {
  server: 'bank',
  tool: 'pay',
  argument: '/iban',
  from: 'mail',
  value: DIGEST,
  since: NOW,
  approvedBy: 'person',
  question: 'd-0123abcd',
};
const { value: _, ...anyValue } = yes;
const open: Remembered = {
  ...anyValue,
  from: 'mail.read',
  field: '/structuredContent/*/note',
  form: 'prose',
};

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'cordon.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a lock file', () => {
  test('that does not exist is empty', () => {
    expect(readLock(path)).toEqual(EMPTY);
    expect(lockVersion(path)).toBeUndefined();
  });

  test('reads back as it was written', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '\n', '\\', '\u200b', '\ud800', '\u{e0041}', '\x1b'),
    });
    fc.assert(
      fc.property(text, text, text, (name, words, descriptor) => {
        const lock: Lock = {
          version: 1,
          pins: [pin(name, words)],
          pending: [{ ...pending(name), descriptor }],
          remembered: [yes, { ...open, tool: name, field: words }],
        };
        expect(parseLock(formatLock(lock), 'cordon.lock')).toEqual(lock);
      }),
    );
  });

  test('from before anything was remembered reads as it did, and is written as it was', () => {
    const text = '{\n  "version": 1,\n  "pins": [],\n  "pending": []\n}\n';
    expect(parseLock(text, 'cordon.lock')).toEqual(EMPTY);
    expect(formatLock({ ...EMPTY, remembered: [] })).toBe(text);
  });

  test('shows a text line by line and hides no character', () => {
    const text = formatLock({ ...EMPTY, pins: [pin('add', 'one\ntwo\u200b\u{e0041}\x1b[8m')] });
    expect(text).toContain('"one",\n');
    expect(text).toContain('"two\\u200b\\udb40\\udc41\\u001b[8m"');
  });

  test.each<[string, string, string]>([
    ['an unresolved merge', '{\n<<<<<<< ours\n}', 'merge conflict'],
    ['half a file', formatLock({ ...EMPTY, pins: [pin('add')] }).slice(0, 100), 'not valid JSON'],
    ['an empty file', '', 'not valid JSON'],
    ['another version', '{"version":2,"pins":[],"pending":[]}', 'version: expected 1'],
    ['no pins', '{"version":1,"pending":[]}', 'pins: expected an array'],
    [
      'a short digest',
      formatLock({ ...EMPTY, pins: [{ ...pin('a'), digest: 'sha256:00' }] }),
      'pins.0.digest',
    ],
    [
      'an unknown approver',
      formatLock({ ...EMPTY, pins: [pin('a')] }).replace('first-contact', 'x'),
      'pins.0.approvedBy',
    ],
    ['an unknown kind', formatLock({ ...EMPTY, pins: [pin('a')] }).replace('"tool"', '"tol"'), 'pins.0.kind'],
    ['an entry twice', formatLock({ ...EMPTY, pins: [pin('a'), pin('a')] }), 'pins.1: the same server'],
    [
      'an unknown state',
      formatLock({ ...EMPTY, pending: [pending('a')] }).replace('drifted', 'ok'),
      'pending.0.state',
    ],
    [
      'a yes to everything',
      formatLock({ ...EMPTY, remembered: [anyValue] }),
      'remembered.0.form: expected a string',
    ],
    [
      'a yes to one value and to any',
      formatLock({ ...EMPTY, remembered: [{ ...open, value: DIGEST }] }),
      'remembered.0: expected either',
    ],
    [
      'a yes of nobody',
      formatLock({ ...EMPTY, remembered: [yes] }).replace('person', 'x'),
      'remembered.0.approvedBy',
    ],
    [
      'a span of words',
      formatLock({ ...EMPTY, pending: [pending('a')] }).replace(/1,\s+2/, '"a"'),
      'findings.0.span',
    ],
  ])('with %s is refused, with file and place', (_, text, message) => {
    writeFileSync(path, text);
    expect(() => readLock(path)).toThrow(ConfigError);
    expect(() => readLock(path)).toThrow(message);
    expect(() => readLock(path)).toThrow(path);
    expect(() => updateLock(path, () => EMPTY)).toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('that is a folder is refused', () => {
    mkdirSync(path);
    expect(() => readLock(path)).toThrow(/cordon\.lock: cannot be read \(EISDIR\)/);
  });
});

describe('an update', () => {
  test('is on disk, and nothing else is', () => {
    const before = lockVersion(path);
    updateLock(path, (lock) => ({ ...lock, pins: [pin('add')] }));
    expect(readLock(path).pins).toEqual([pin('add')]);
    expect(readdirSync(folder)).toEqual(['cordon.lock']);
    expect(lockVersion(path)).not.toBe(before);
  });

  test('that changes nothing writes nothing', () => {
    updateLock(path, () => EMPTY);
    expect(readdirSync(folder)).toEqual([]);
    updateLock(path, () => ({ ...EMPTY, pins: [pin('a')] }));
    const version = lockVersion(path);
    updateLock(path, (lock) => ({ ...lock }));
    expect(lockVersion(path)).toBe(version);
  });

  test('creates the folder of a lock in the state directory', () => {
    const deep = join(folder, 'state', 'pins', 'a.lock');
    updateLock(deep, () => ({ ...EMPTY, pins: [pin('a')] }));
    expect(readLock(deep).pins).toHaveLength(1);
  });

  test('that fails leaves the file and no guard', () => {
    updateLock(path, () => ({ ...EMPTY, pins: [pin('a')] }));
    const fail = () => {
      throw new Error('no');
    };
    expect(() => updateLock(path, fail)).toThrow('no');
    expect(readdirSync(folder)).toEqual(['cordon.lock']);
    expect(readLock(path).pins).toHaveLength(1);
  });

  test('takes over the guard of a process that died', () => {
    writeFileSync(`${path}.guard`, '');
    utimesSync(`${path}.guard`, 1, 1);
    updateLock(path, () => ({ ...EMPTY, pins: [pin('a')] }));
    expect(readdirSync(folder)).toEqual(['cordon.lock']);
  });

  // Root may write everywhere.
  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'that is not permitted says so',
    () => {
      chmodSync(folder, 0o500);
      expect(() => updateLock(path, () => ({ ...EMPTY, pins: [pin('a')] }))).toThrow(
        /cannot be written \(EACCES\)/,
      );
      chmodSync(folder, 0o700);
    },
  );

  test('into a place that is no folder says so', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => updateLock(join(folder, 'file', 'cordon.lock'), () => EMPTY)).toThrow(/cannot be written/);
  });

  test('of several processes at once loses none', async () => {
    const script = join(folder, 'writer.ts');
    const source = new URL('../../src/config/lock-file.ts', import.meta.url).href;
    writeFileSync(
      script,
      `import { updateLock } from ${JSON.stringify(source)};
      const pin = ${JSON.stringify(pin('x'))};
      for (let i = 0; i < 10; i++) {
        updateLock(${JSON.stringify(path)}, (lock) => ({ ...lock, pins: [...lock.pins, { ...pin, name: process.argv[2] + i }] }));
      }`,
    );
    const writers = ['a', 'b'].map((name) =>
      spawn(process.execPath, ['--import', 'tsx', script, name], { stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0]));
    expect(codes).toEqual([0, 0]);
    expect(readLock(path).pins).toHaveLength(20);
  });
});

test('the path is beside the configuration or in the state directory', () => {
  expect(lockPath({ configPath: join('a', 'mcp.json') })).toBe(join('a', 'cordon.lock'));
  const commandDigest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  expect(lockPath({ stateDir: 'state', name: 'my/../server', commandDigest })).toBe(
    join('state', 'pins', 'my_.._server-0123456789abcdef.lock'),
  );
});
