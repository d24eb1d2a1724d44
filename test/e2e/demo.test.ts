import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../src/cli/demo/report.ts';
import { cordon } from './support/launch.ts';
import { ended, mentioning } from './support/processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const attacker = 'audit@evil.example.invalid';

let temp: string;
beforeAll(() => {
  temp = realpathSync(mkdtempSync(join(tmpdir(), 'cordon-demo-test-')));
});
afterAll(async () => {
  await ended(mentioning(temp));
  rmSync(temp, { recursive: true, force: true });
});

function run([program, ...args]: string[]) {
  return spawnSync(program!, args, { cwd: root, encoding: 'utf8', env: { ...process.env, TMPDIR: temp } });
}

test('the attack works without Cordon, not with it; honest work passes; the log verifies', () => {
  const state = join(temp, 'json');
  const { stdout, stderr, status } = run(cordon('demo', '--json', '--state', state));
  expect(stderr).toBe('');
  const outcome = JSON.parse(stdout) as Outcome;
  expect(status).toBe(0);
  expect(outcome.ok).toBe(true);

  // The world itself, not what the demo says of it.
  const outbox = (which: string) => readFileSync(join(state, 'demo', which, 'outbox.jsonl'), 'utf8');
  const script = (which: string) =>
    readFileSync(join(state, 'demo', which, 'repo/deploy/release.sh'), 'utf8');
  expect(outbox('without')).toContain(attacker);
  expect(outbox('without')).toContain('NOT-A-REAL-SECRET');
  expect(script('without')).toContain('stage2.sh');
  expect(outbox('with')).not.toContain(attacker);
  expect(outbox('with')).not.toContain('NOT-A-REAL-SECRET');
  expect(script('with')).not.toContain('stage2.sh');
  expect(outbox('with')).toContain('team@tides.example.invalid');
  expect(readdirSync(join(state, 'demo/with/repo/docs'))).toContain('review.md');

  const denied = outcome.steps.filter((step) => step.denial !== undefined);
  expect(denied.map((step) => step.tool)).toEqual(['mail__send_mail', 'repo__apply_patch']);
  for (const { denial } of denied) {
    expect(denial!.flows.some(({ from }) => from.includes('read_page'))).toBe(true);
    expect(run(cordon('why', denial!.id, '--state', state)).status).toBe(0);
  }
  expect(run(cordon('log', 'verify', '--state', state)).status).toBe(0);
  expect(mentioning(state)).toEqual([]);
});

test('the table: plain where there is no terminal, as README.md shows it, and it says where the state was left', () => {
  const { stdout, status } = run(cordon('demo'));
  expect(status).toBe(0);
  expect(stdout).not.toContain('\u001b');
  const [left] = readdirSync(temp).filter((name) => name.startsWith('cordon-demo-'));
  expect(stdout).toContain(join(temp, left!));

  const [, shown] = /^\$ npm run demo.*\n([^`]*)^```/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))!;
  const printed = stdout.replace(/^ /gm, '');
  expect(printed.split('\n').map(steady)).toEqual(shown!.split('\n').map(steady));
});

/** A line of the demo without what differs from run to run. */
function steady(line: string): string {
  return line
    .replace(/d-[0-9a-f]{8}/, 'ID')
    .replace(/\(e\d+\)/, '(EVENT)')
    .replace(/\d{8}T\d{6}-[0-9a-f]{8}: \d+/, 'SESSION: COUNT')
    .replace(/(--state |cat )\S*/, '$1STATE')
    .replace(/[\d.]+ s\.$/, 'SECONDS');
}

test('works from source', () => {
  const state = join(temp, 'source');
  const args = ['--import', 'tsx', 'src/cli/main.ts', 'demo', '--json', '--state', state];
  const outcome = JSON.parse(
    execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }),
  ) as Outcome;
  expect(outcome.ok).toBe(true);
});
