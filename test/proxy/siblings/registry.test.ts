import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTimeOf } from '../../../src/proxy/process-group.ts';
import { isOurSocket, type Registration, Registry } from '../../../src/proxy/siblings/registry.ts';

let state: string;
let registry: Registry;
const servers: Server[] = [];
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'cordon-registry-'));
  registry = new Registry(state);
  vi.stubEnv('XDG_RUNTIME_DIR', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
  rmSync(state, { recursive: true, force: true });
});

async function listen(): Promise<string> {
  const socket = registry.makeSocketPath();
  const server = createServer().listen(socket);
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return socket;
}

async function registered(more: Partial<Registration> = {}): Promise<Registration> {
  const pid = more.pid ?? process.ppid;
  const one = { pid, startTime: startTimeOf(pid) ?? 'none', session: 's1', keys: ['a', 'b'], servers: {} };
  const registration = { ...one, socket: await listen(), ...more };
  registry.add(registration);
  return registration;
}

const SELF = { pid: process.pid, keys: ['b', 'c'] };
const fileOf = (pid: number) => join(state, 'siblings', `${pid}.json`);

test('a proxy that shares a key is found; folder, socket and file are for this account alone', async () => {
  const one = await registered();
  expect(registry.siblings(SELF)).toEqual([one]);
  expect(registry.siblings({ pid: process.pid, keys: ['c'] })).toEqual([]);
  expect(registry.siblings({ pid: one.pid, keys: ['a'] })).toEqual([]);
  expect(statSync(one.socket).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(one.socket)).mode & 0o777).toBe(0o700);
  expect(statSync(fileOf(one.pid)).mode & 0o777).toBe(0o600);
  expect(isOurSocket(one.socket)).toBe(true);
  registry.remove(one);
  expect(registry.siblings(SELF)).toEqual([]);
  expect(existsSync(dirname(one.socket))).toBe(false);
});

test('a proxy that is gone, or whose pid another process has, is taken off the record', async () => {
  const reused = await registered({ startTime: 'long ago' });
  expect(registry.siblings(SELF)).toEqual([]);
  expect(existsSync(fileOf(reused.pid))).toBe(false);
  expect(existsSync(dirname(reused.socket))).toBe(false);
});

test('one that ended and began again is another', async () => {
  const one = await registered();
  expect(registry.isRunning(one)).toBe(true);
  await registered({ session: 's2' });
  expect(registry.isRunning(one)).toBe(false);
  expect(registry.isRunning({ ...one, startTime: 'long ago' })).toBe(false);
  expect(registry.siblings(SELF)).toMatchObject([{ session: 's2' }]);
});

test.each<[string, (path: string) => void]>([
  ['that others can read', (path) => chmodSync(path, 0o644)],
  ['of another account', (path) => chownSync(path, 12345, 12345)],
  ['that is no JSON', (path) => writeFileSync(path, '{')],
  ['that is nothing', (path) => writeFileSync(path, 'null')],
  ['of another pid', (path) => writeFileSync(path, JSON.stringify({ pid: 2 }))],
  ['that never ends', (path) => writeFileSync(path, ' '.repeat(100_000))],
  [
    'that leads elsewhere',
    (path) => {
      rmSync(path);
      symlinkSync('/etc/passwd', path);
    },
  ],
])('a registration %s is not believed', async (name, spoil) => {
  if (name.includes('account') && process.getuid?.() !== 0) return;
  const one = await registered();
  spoil(fileOf(one.pid));
  expect(registry.siblings(SELF)).toEqual([]);
});

test.each<[string, (socket: string) => void]>([
  ['in a folder that others can enter', (socket) => chmodSync(dirname(socket), 0o711)],
  ['that others can write to', (socket) => chmodSync(socket, 0o666)],
  [
    'that is a file',
    (socket) => {
      rmSync(socket);
      writeFileSync(socket, '', { mode: 0o600 });
    },
  ],
  ['that is gone', (socket) => rmSync(socket)],
])('a socket %s is not connected to', async (_name, spoil) => {
  const { socket } = await registered();
  spoil(socket);
  expect(isOurSocket(socket)).toBe(false);
});

test('a registry that others can enter tells of nobody', async () => {
  await registered();
  chmodSync(join(state, 'siblings'), 0o755);
  expect(registry.siblings(SELF)).toEqual([]);
  expect(() => registry.makeSocketPath()).toThrow('mode 0700');
});

test('the runtime folder comes first, the state directory next, and a path that is too long for a socket is passed over', () => {
  const runtime = join(state, 'run');
  mkdirSync(runtime);
  vi.stubEnv('XDG_RUNTIME_DIR', runtime);
  expect(dirname(dirname(registry.makeSocketPath()))).toBe(runtime);
  vi.stubEnv('XDG_RUNTIME_DIR', 'relative');
  expect(dirname(dirname(registry.makeSocketPath()))).toBe(join(state, 'siblings'));
  const long = new Registry(join(state, 'x'.repeat(100)));
  const path = long.makeSocketPath();
  expect(dirname(dirname(path))).toBe(tmpdir());
  rmSync(dirname(path), { recursive: true });
});

test('nothing is removed but what was made for a socket', async () => {
  const kept = join(state, 'cordon-kept');
  mkdirSync(kept, { mode: 0o700 });
  writeFileSync(join(kept, 'other'), '');
  const one = await registered({ socket: join(kept, 's') }).catch(() => undefined);
  expect(one).toBeUndefined();
  registry.remove({ pid: 1, socket: join(kept, 's') });
  registry.remove({ pid: 1, socket: join(kept, 'other') });
  registry.remove({ pid: 1, socket: '/etc/passwd' });
  expect(existsSync(join(kept, 'other'))).toBe(true);
});
