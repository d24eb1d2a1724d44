import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { command } from '../../src/cli/pins.ts';
import { readLock, updateLock } from '../../src/config/lock-file.ts';
import { describeAll } from '../../src/mediation/descriptors/descriptor.ts';
import { Pins } from '../../src/mediation/descriptors/pins.ts';

const NOW = '2026-01-31T12:00:00Z';
const tool = (name: string, description: string) => describeAll('tool', 'calc', [{ name, description }])[0]!;

let folder: string;
let config: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pins-'));
  config = join(folder, 'mcp.json');
  path = join(folder, 'cordon.lock');
  const pins = new Pins({ version: 1, pins: [], pending: [] });
  pins.check(tool('add', 'Adds.'), [], NOW);
  pins.check(
    tool('add', 'Adds.\x1b[2J\u200b'),
    [{ detector: 'ansi', path: '/description', span: [5, 6] }],
    NOW,
  );
  pins.check(tool('sub', 'Subtracts.'), [], NOW);
  for (const one of describeAll('tool', 'mail', [
    { name: 'send', a: 1 },
    { name: 'send', a: 2 },
  ]))
    pins.check(one, [], NOW);
  updateLock(path, () => pins.toLock());
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  const code = await command(argv);
  vi.restoreAllMocks();
  return { code, out, err };
}

const isPlain = (text: string) => /^[\x20-\x7e\n]*$/.test(text);

test('of a configuration that is not there nothing is said', async () => {
  const { code, err } = await run('diff', '--config', join(folder, 'elsewhere', 'mcp.json'));
  expect([code, err]).toEqual([2, expect.stringContaining('there is no ')]);
});

test('list shows pins and what is withheld, and why', async () => {
  const { code, out } = await run('list', '--config', config);
  expect(code).toBe(0);
  expect(out).toMatch(/drifted {2}calc\.add \(tool\) {2}sha256:[0-9a-f]{64}: ansi at \/description/);
  expect(out).toMatch(/pinned {3}calc\.sub \(tool\) .*2026-01-31T12:00:00Z by first-contact/);
  expect(out).toContain('duplicate-name');
});

test('what programs read hides nothing at a terminal either', async () => {
  const pins = new Pins(readLock(path));
  pins.check(tool('add', 'Adds \u202e\u009b31m'), [], NOW);
  updateLock(path, () => pins.toLock());
  for (const verb of ['list', 'diff']) {
    const { out } = await run(verb, '--config', config, '--json');
    expect(isPlain(out)).toBe(true);
    expect(out).toContain('\\u202e');
  }
});

test('list of one server, for programs', async () => {
  const { out } = await run('list', '--lock', path, '--json', 'calc');
  const [lock] = JSON.parse(out);
  expect(lock.pins).toHaveLength(2);
  expect(lock.pending).toHaveLength(1);
});

test('diff shows old and new without a character that hides', async () => {
  const { code, out } = await run('diff', '--config', config, 'calc.add');
  expect(code).toBe(0);
  expect(out).toContain('  - Adds.\n');
  expect(out).toContain('  + Adds.\\u{1b}[2J\\u{200b}\n');
  expect(isPlain(out)).toBe(true);
});

test('the command that diff prints approves just what it showed', async () => {
  const { out } = await run('diff', '--config', config, 'calc.add');
  const words = /cordon pins (approve .*)/.exec(out)![1]!.split(' ');
  const { code, out: said } = await run(...words);
  expect(said).toContain('approved calc.add (tool)');
  expect(code).toBe(0);
  expect(readLock(path).pins.find(({ name }) => name === 'add')).toMatchObject({ approvedBy: 'person' });
  expect((await run('diff', '--config', config, 'calc.add')).out).toBe('nothing is withheld\n');
  expect((await run(...words)).code).toBe(1);
});

test('a digest that is no longer withheld approves nothing', async () => {
  const { code, err } = await run('approve', '--lock', path, '--digest', '0'.repeat(64), 'calc.add');
  expect(code).toBe(1);
  expect(err).toContain('look again');
  expect(readLock(path).pending).toHaveLength(2);
});

test('two descriptors of one name cannot be approved', async () => {
  const { code, err } = await run('approve', '--lock', path, 'mail');
  expect(code).toBe(1);
  expect(err).toContain('mail.send (tool) cannot be approved: duplicate-name');
});

test('approve --all does what can be done', async () => {
  const { code } = await run('approve', '--lock', path, '--all');
  expect(code).toBe(1);
  expect(readLock(path).pending.map(({ server }) => server)).toEqual(['mail']);
});

test('revoke withholds', async () => {
  const { code, out } = await run('revoke', '--config', config, '--json', 'calc.sub');
  expect(code).toBe(0);
  expect(JSON.parse(out).revoked).toMatchObject([{ server: 'calc', name: 'sub' }]);
  expect(readLock(path).pending.map(({ name }) => name)).toContain('sub');
  expect((await run('approve', '--config', config, 'calc.sub')).code).toBe(0);
});

test('--state means every lock of the state directory', async () => {
  const state = join(folder, 'state');
  updateLock(join(state, 'pins', 'a-0.lock'), () => readLock(path));
  const { out } = await run('list', '--state', state);
  expect(out).toContain('a-0.lock');
  expect((await run('list', '--state', join(folder, 'none'))).out).toBe('nothing is pinned\n');
});

describe('a wrong command line', () => {
  test.each([
    [[], 'one of list, diff, approve, revoke'],
    [['frobnicate'], 'one of list, diff, approve, revoke'],
    [['approve'], 'name what to approve, or give --all'],
    [['revoke', '--all', 'calc'], 'name what to revoke, or give --all'],
    [['list', 'a', 'b'], 'at a time'],
    [['list', '--nonsense'], 'nonsense'],
  ])('%j', async (argv, message) => {
    const { code, err, out } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(out).toBe('');
  });
});

test('a broken lock is named', async () => {
  writeFileSync(path, '{');
  const { code, err } = await run('list', '--lock', path);
  expect(code).toBe(2);
  expect(err).toContain(`${path}: is not valid JSON`);
});
