import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, expect, test, vi } from 'vitest';
import { exclusively } from '../../src/recording/exclusive.ts';
import { temporaryFolder } from './support.ts';

let module: string;
beforeAll(async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../../src/recording/exclusive.ts', import.meta.url))],
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  module = result.outputFiles[0]!.text;
});

/** Runs `script` in a process of its own; `exclusively` and the folder are at hand there. */
function scriptIn(folder: string, script: string): string[] {
  const path = join(folder, 'exclusive.mjs');
  if (!existsSync(path)) writeFileSync(path, module);
  const source = `
    import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
    import { exclusively } from ${JSON.stringify(pathToFileURL(path).href)};
    const folder = ${JSON.stringify(folder)};
    ${script}`;
  return ['--input-type=module', '-e', source];
}

test('what a step returns or throws comes through, and the lock is gone after both', () => {
  const lock = join(temporaryFolder(), 'not', 'there', 'lock');
  expect(exclusively(lock, () => 5)).toBe(5);
  expect(() =>
    exclusively(lock, () => {
      throw new Error('step');
    }),
  ).toThrow('step');
  expect(readdirSync(join(lock, '..'))).toEqual([]);
});

test('no count is lost among eight processes, of which some are killed while they hold the lock', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'count'), '0');
  const counting = `
    for (let i = 0; i < 40; i++) exclusively(folder + '/lock', () => {
      const count = Number(readFileSync(folder + '/count', 'utf8'));
      writeFileSync(folder + '/count', String(count + 1));
    });`;
  const dying = `
    exclusively(folder + '/lock', () => {
      appendFileSync(folder + '/deaths', 'x');
      process.kill(process.pid, 'SIGKILL');
    });`;
  const run = (script: string) =>
    new Promise<void>((resolve) => {
      spawn(process.execPath, scriptIn(folder, script), { stdio: 'inherit' }).once('exit', () => resolve());
    });
  await Promise.all([counting, dying, counting, dying, counting, dying, counting, counting].map(run));
  expect(readFileSync(join(folder, 'deaths'), 'utf8')).toBe('xxx');
  expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('200');
});

test('a holder that lives is waited for, and named when patience ends', () => {
  const folder = temporaryFolder();
  const lock = join(folder, 'lock');
  let now = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => (now += 8_000));
  expect(() => exclusively(lock, () => exclusively(lock, () => 0))).toThrow(
    expect.objectContaining({ code: 'state-locked', message: expect.stringContaining(` ${process.pid} `) }),
  );
  vi.restoreAllMocks();
});

test('a pid that now is another process, and one of before the last boot, hold nothing', () => {
  const folder = temporaryFolder();
  const lock = join(folder, 'lock');
  spawnSync(
    process.execPath,
    scriptIn(folder, `exclusively(folder + '/lock', () => process.kill(process.pid, 'SIGKILL'));`),
  );
  const [boot, space] = readFileSync(lock, 'utf8').split(' ');
  for (const holder of [`${boot} ${space} ${process.pid} 1 ab`, `another ${space} ${process.pid} 1 ab`, '']) {
    writeFileSync(lock, holder);
    expect(exclusively(lock, () => 'in')).toBe('in');
  }
});

test('a holder in another container is waited for, and given up after five minutes', () => {
  const folder = temporaryFolder();
  const lock = join(folder, 'lock');
  spawnSync(
    process.execPath,
    scriptIn(folder, `exclusively(folder + '/lock', () => process.kill(process.pid, 'SIGKILL'));`),
  );
  const [boot] = readFileSync(lock, 'utf8').split(' ');
  writeFileSync(lock, `${boot} pid:[1] 1 1 ab\n`);
  const old = Date.now() / 1000 - 299;
  utimesSync(lock, old, old);
  let now = Date.now();
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now);
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    now += 300;
    return 'timed-out';
  });
  expect(exclusively(lock, () => 'in')).toBe('in');
  expect(now - old * 1000).toBeGreaterThanOrEqual(300_000);
  clock.mockRestore();
  vi.restoreAllMocks();
});
