import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mentioning } from '../e2e/support/processes.ts';

const COMMAND = `
  import { spawn } from 'node:child_process';
  import { writeFileSync } from 'node:fs';
  import { scratch } from ${JSON.stringify(join(import.meta.dirname, 'scratch.ts'))};
  const folder = scratch('scratch');
  writeFileSync(folder + '/left', '');
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', folder], { stdio: 'ignore', detached: true }).unref();
  process.stdout.write(folder);
  if (process.argv.at(-1) === 'stays') setInterval(() => {}, 1000);
`;

test.each([
  ['that ends by itself', 'leaves', undefined, 0],
  ['that is told to end', 'stays', 'SIGTERM', 143],
] as const)('a command %s leaves neither its folder nor what it started', async (_, how, signal, code) => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', COMMAND, how];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const [folder] = await once(child.stdout.setEncoding('utf8'), 'data');
  expect(folder).toContain('cordon-scratch-');
  if (signal !== undefined) child.kill(signal);
  expect((await closed)[0]).toBe(code);
  expect(existsSync(folder)).toBe(false);
  // A process that was just killed may not have been cleared away; one that lives on stays.
  await expect.poll(() => mentioning(folder), { timeout: 60_000 }).toEqual([]);
});
