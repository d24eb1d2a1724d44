import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attack } from '../../fixtures/attacks/01-tool-poisoning.ts';
import { nextDay } from '../../fixtures/attacks/03-rug-pull.ts';
import { evidence, tamperings } from '../../fixtures/attacks/55-log-tampering.ts';
import { Relay } from '../../fixtures/lib/relay.ts';
import { play } from '../../fixtures/lib/stage.ts';

const cordon = resolve('dist/cordon.js');
let dir = '';
let relay: Relay;
let state = '';

const verify = (stateDir: string): Promise<number | null> =>
  new Promise((done) => {
    spawn(process.execPath, [cordon, 'log', 'verify', '--state', stateDir], { stdio: 'ignore' }).on(
      'exit',
      done,
    );
  });

const sessionOf = (stateDir: string) => {
  const [session, ...more] = readdirSync(join(stateDir, 'sessions'));
  expect(more).toEqual([]);
  return join(stateDir, 'sessions', session!);
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cordon-aftermath-'));
  state = join(dir, 'stage', 'state');
  relay = await Relay.listen();
  await play(attack, 'honest', 'guard', { relay, cordon, dir: join(dir, 'stage') });
});

afterAll(() => {
  relay.close();
  rmSync(dir, { recursive: true, force: true });
});

test('55-log-tampering: the untouched log verifies', async () => {
  expect(await verify(state)).toBe(0);
});

test('03-rug-pull-next-day: a person who approves the change has the tool back', async () => {
  const approval = join(dir, 'approval');
  const again = { relay, cordon, dir: approval };
  const withheld = await play(nextDay, 'hostile', 'guard', again);
  expect(withheld.model.tools).toEqual([]);
  const { status } = spawnSync(process.execPath, [
    cordon,
    ...['pins', 'approve', '--config', join(approval, 'mcp.json'), 'calc.add'],
  ]);
  expect(status).toBe(0);
  const approved = await play({ ...nextDay, acquainted: false }, 'hostile', 'guard', again);
  expect(nextDay.attacked(approved)).toBe(true);
});

test.each(tamperings)('55-log-tampering: $name is found, in every file', async ({ name, apply }) => {
  const files = evidence(sessionOf(state)).map((path) => relative(state, path));
  expect(files).not.toEqual([]);
  let tampered = 0;
  for (const [i, file] of files.entries()) {
    const copy = join(dir, `${name}-${i}`);
    cpSync(state, copy, { recursive: true });
    if (!apply(join(copy, file))) continue;
    tampered++;
    expect(await verify(copy), `${name}: ${file}`).toBe(1);
  }
  expect(tampered).toBeGreaterThan(0);
});
