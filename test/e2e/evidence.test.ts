import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cordon, honest, inFrontOf } from './support/launch.ts';
import { eventually } from './support/processes.ts';
import { RawClient } from './support/raw-client.ts';
import { sandbox } from './support/sandbox.ts';

const mail = honest('mail.mjs');
const base = sandbox();
let count = 0;

function folder(): string {
  const path = join(base, String(count++));
  mkdirSync(path);
  return path;
}

function say(...args: string[]): { status: number | null; out: string } {
  const [program, ...rest] = cordon(...args) as [string, ...string[]];
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
  return { status, out: stdout + stderr };
}

/** A proxy in front of a mail server that has forwarded one call. */
async function session(state: string, env: NodeJS.ProcessEnv = {}): Promise<RawClient> {
  const client = new RawClient(inFrontOf([process.execPath, mail, join(folder(), 'outbox')], { state }), {
    env: { ...process.env, ...env },
  });
  await client.handshake();
  const { message } = await client.call('send_mail', {
    to: 'a@example.invalid',
    subject: 'Hello',
    body: 'Mine.',
  });
  expect(message.result.isError).toBeFalsy();
  return client;
}

const sessionsIn = (state: string) => readdirSync(join(state, 'sessions')).sort();
const callIn = (state: string, id: string) =>
  say('log', 'show', id, '--state', state, '--json')
    .out.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .find(({ tool, verdict }) => tool === 'send_mail' && verdict === 'allow');

test('a session leaves evidence that anybody can check with its public key', async () => {
  const state = join(folder(), 'state');
  await (await session(state)).end();
  const [id] = sessionsIn(state) as [string];
  const trusted = join(folder(), 'trusted');
  writeFileSync(trusted, say('keys', 'show', '--state', state).out);

  expect(say('log', 'index', '--state', state)).toMatchObject({ status: 0 });
  const { n } = callIn(state, id);
  const receipt = join(folder(), 'receipt.tlog-proof');
  writeFileSync(receipt, say('receipt', 'make', id, '--entry', String(n), '--state', state).out);
  const request = join(folder(), 'request');
  writeFileSync(request, say('log', 'consistency', '0', '.index', '--state', state).out);

  // Another machine, to which the state directory is not known.
  const elsewhere = join(folder(), 'state');
  const verified = say('receipt', 'verify', receipt, '--trusted-keys', trusted, '--state', elsewhere);
  expect(verified).toMatchObject({ status: 0, out: expect.stringContaining('.send_mail') });
  const cosigned = say('log', 'witness', request, '--trusted-keys', trusted, '--state', elsewhere);
  expect(cosigned).toMatchObject({ status: 0, out: expect.stringMatching(/^\u2014 cordon-witness\//) });

  // Another session, by another key. The witness goes on from what it saw.
  expect(say('keys', 'rotate', '--state', state).status).toBe(0);
  await (await session(state)).end();
  for (const one of sessionsIn(state)) expect(say('log', 'verify', one, '--state', state).status).toBe(0);
  // Ids of sessions of one second are in no order.
  const later = sessionsIn(state).find((one) => one !== id)!;
  expect(say('log', 'verify', later, '--state', state, '--trusted-keys', trusted)).toMatchObject({
    status: 1,
  });
  writeFileSync(trusted, say('keys', 'show', '--state', state).out);
  expect(say('log', 'verify', later, '--state', state, '--trusted-keys', trusted)).toMatchObject({
    status: 0,
  });
  writeFileSync(request, say('log', 'consistency', '3', '.index', '--state', state).out);
  expect(say('log', 'witness', request, '--trusted-keys', trusted, '--state', elsewhere)).toMatchObject({
    status: 0,
  });

  rmSync(join(state, 'sessions', id), { recursive: true });
  expect(say('log', 'index', '--state', state)).toMatchObject({
    status: 1,
    out: expect.stringContaining(`${id}  VANISHED`),
  });
});

test.skipIf(process.platform === 'win32')('what a killed proxy left is sealed', async () => {
  const state = join(folder(), 'state');
  const client = await session(state);
  const [id] = sessionsIn(state) as [string];
  await eventually(
    () => existsSync(join(state, 'index', 'checkpoint')),
    () => 'the session to be in the index',
  );
  expect(say('log', 'seal', id, '--state', state)).toMatchObject({
    status: 2,
    out: expect.stringContaining('running'),
  });
  await client.call('send_mail', { to: 'b@example.invalid', subject: 'Again', body: 'Mine.' });
  client.process.kill('SIGKILL');
  await client.exit;
  expect(say('log', 'verify', id, '--state', state).status).toBe(3);
  expect(say('log', 'seal', id, '--state', state)).toMatchObject({
    status: 0,
    out: expect.stringContaining('sealed'),
  });
  expect(say('log', 'verify', id, '--state', state).status).toBe(0);
  expect(say('log', 'index', '--state', state)).toMatchObject({
    status: 0,
    out: expect.stringContaining('closed'),
  });
});

test('a key that is kept elsewhere signs, and a start without it is refused', async () => {
  const state = join(folder(), 'state');
  const file = join(folder(), 'private.pem');
  const env = { CORDON_SIGNING_KEY_FILE: file };
  const init = spawnSync(cordon()[0]!, cordon('keys', 'init', '--state', state).slice(1), {
    env: { ...process.env, ...env },
  });
  expect(init.status).toBe(0);
  await (await session(state, env)).end();
  expect(say('log', 'verify', '--state', state).status).toBe(0);
  expect(existsSync(join(state, 'keys', 'signing.key'))).toBe(false);
  const without = new RawClient(inFrontOf([process.execPath, mail, join(folder(), 'outbox')], { state }));
  expect((await without.exit).code).toBe(2);
  expect(without.stderr).toContain('name its file in CORDON_SIGNING_KEY_FILE');
});

test('with --require-key nothing starts that only the automatic key would sign', async () => {
  const state = join(folder(), 'state');
  const command = [process.execPath, mail, join(folder(), 'outbox')];
  const required = () => inFrontOf(command, { state, options: ['--require-key'] });
  const without = new RawClient(required());
  expect((await without.exit).code).toBe(2);
  expect(without.stderr).toContain('only the automatic key would sign');
  expect(existsSync(join(state, 'keys'))).toBe(false);

  const env = { ...process.env, CORDON_SIGNING_KEY_FILE: join(folder(), 'private.pem') };
  spawnSync(cordon()[0]!, cordon('keys', 'init', '--state', state).slice(1), { env });
  const chosen = new RawClient(required(), { env });
  await chosen.handshake();
  expect((await chosen.end()).code).toBe(0);
});

test.skipIf(!existsSync('/dev/full'))('what could not be printed is an error: it may be a proof', () => {
  const into = (sink: string) =>
    spawnSync('/bin/sh', ['-c', `"$@" ${sink}`, 'sh', ...cordon('log', '--help')], { encoding: 'utf8' });
  const full = into('>/dev/full');
  expect([full.status, full.stderr]).toEqual([2, expect.stringContaining('cannot be written: ENOSPC')]);
  expect(into('| head -n 1').stderr).toBe('');
});
