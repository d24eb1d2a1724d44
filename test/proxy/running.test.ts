import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { signalGroup, startTimeOf } from '../../src/proxy/process-group.ts';
import { putOnRecord, type RunningRecord, reapLeftovers } from '../../src/proxy/running.ts';
import { patiently } from '../support/patiently.ts';

vi.mock('../../src/proxy/process-group.ts', async (original) => {
  const actual = await original<typeof import('../../src/proxy/process-group.ts')>();
  return { ...actual, signalGroup: vi.fn(actual.signalGroup) };
});

let state: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  vi.mocked(signalGroup).mockClear();
  state = mkdtempSync(join(tmpdir(), 'cordon-running-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  rmSync(state, { recursive: true, force: true });
});

/** A server that ends with SIGTERM and with nothing else; in a group of its own, as servers are. */
async function server(): Promise<{
  child: ChildProcess;
  pid: number;
  startTime: string;
  gone: Promise<unknown>;
}> {
  const script = 'setInterval(() => {}, 60_000); console.log("up")';
  const child = spawn(process.execPath, ['-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  await once(child.stdout!, 'data');
  return { child, pid: child.pid!, startTime: startTimeOf(child.pid!)!, gone: once(child, 'exit') };
}

function record(more: Partial<RunningRecord> = {}): RunningRecord {
  const startTime = startTimeOf(process.pid)!;
  return { pid: process.pid, startTime, session: 's', mode: 'guard', lock: '/l', servers: [], ...more };
}

const files = (): string[] => readdirSync(join(state, 'running'));

describe('a record', () => {
  test('is there while the proxy runs, for its user alone, and goes with it', () => {
    const one = record({ servers: [{ name: 'web', pid: 1, startTime: 'x', state: 'up' }] });
    const takeOff = putOnRecord(state, one);
    expect(files()).toEqual([`${process.pid}.json`]);
    const path = join(state, 'running', files()[0]!);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(one);
    if (process.platform !== 'win32') {
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(join(state, 'running')).mode & 0o777).toBe(0o700);
    }
    takeOff();
    takeOff();
    expect(files()).toEqual([]);
  });
});

describe('what a killed proxy left', () => {
  test('is ended, and its record removed', async () => {
    const left = await server();
    putOnRecord(
      state,
      record({
        pid: 2 ** 30,
        servers: [{ name: 'web', pid: left.pid, startTime: left.startTime, state: 'up' }],
      }),
    );
    reapLeftovers(state);
    await left.gone;
    expect(left.child.signalCode).toBe('SIGTERM');
    await patiently(() => expect(files()).toEqual([]));
  });

  test('is left alone where the process is another one by now', async () => {
    const stranger = await server();
    putOnRecord(
      state,
      record({
        startTime: 'earlier',
        servers: [{ name: 'web', pid: stranger.pid, startTime: 'earlier', state: 'up' }],
      }),
    );
    reapLeftovers(state);
    expect(files()).toEqual([]);
    expect(signalGroup).not.toHaveBeenCalled();
  });

  test('is left alone while its proxy runs', async () => {
    const inUse = await server();
    putOnRecord(
      state,
      record({ servers: [{ name: 'web', pid: inUse.pid, startTime: inUse.startTime, state: 'up' }] }),
    );
    reapLeftovers(state);
    expect(files()).toEqual([`${process.pid}.json`]);
    expect(signalGroup).not.toHaveBeenCalled();
  });
});

describe('a broken record', () => {
  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"servers":5}',
    '{"pid":1073741824,"startTime":"x","servers":[{"pid":1,"startTime":"x"}]}',
    '{"pid":1073741824,"startTime":"x","servers":[{"pid":-1},{"pid":0},{"pid":"1"},{}]}',
  ])('%s is removed and ends nothing', (text) => {
    mkdirSync(join(state, 'running'));
    writeFileSync(join(state, 'running', '7.json'), text);
    writeFileSync(join(state, 'running', 'note.txt'), 'no record');
    reapLeftovers(state);
    expect(files()).toEqual(['note.txt']);
    expect(signalGroup).not.toHaveBeenCalled();
  });

  test('with null for a server does not end the proxy', () => {
    mkdirSync(join(state, 'running'));
    writeFileSync(join(state, 'running', '7.json'), '{"pid":1073741824,"startTime":"x","servers":[null]}');
    reapLeftovers(state);
    expect(files()).toEqual([]);
  });

  test('without a proxy is removed too', () => {
    mkdirSync(join(state, 'running'));
    writeFileSync(join(state, 'running', '7.json'), '{"servers":[]}');
    reapLeftovers(state);
    expect(files()).toEqual([]);
  });
});

test('without a folder there is nothing to do', () => {
  reapLeftovers(state);
  expect(existsSync(join(state, 'running'))).toBe(false);
});
