import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Outbox } from '../../src/proxy/outbox.ts';
import { Pressure } from '../../src/proxy/pressure.ts';
import { Upstream } from '../../src/proxy/upstream.ts';
import { NO_WIRE, type Wire } from '../../src/proxy/wire.ts';

const said: string[] = [];
vi.mock('../../src/proxy/log.ts', () => ({ log: (_: string, text: string) => void said.push(text) }));

beforeEach(() => {
  vi.useFakeTimers();
  said.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const MB = 1024 * 1024;

/** Servers whose wires are as far behind as a test says; who is read. */
function scene(names: string[]) {
  const input = new PassThrough().resume();
  const client = { backlogBytes: 0 };
  const reads = new Map<string, boolean>();
  const wires = names.map((name) => {
    reads.set(name, true);
    const pause = () => void reads.set(name, false);
    const resume = () => void reads.set(name, true);
    return { ...NO_WIRE, backlogBytes: 0, pause, resume } as { -readonly [K in keyof Wire]: Wire[K] };
  });
  const gone: string[] = [];
  const events = {
    line: () => {},
    oversize: () => {},
    failed: () => {},
    turn: () => {},
    drained: () => {},
    gone: ({ name }: Upstream, reason: string) => void gone.push(`${name}: ${reason}`),
  };
  const upstreams = names.map((name, i) => new Upstream(name, () => wires[i]!, 1, events));
  for (const upstream of upstreams) upstream.start();
  const pressure = new Pressure(input, client as unknown as Outbox, upstreams, { waitingBytes: 0 });
  return { pressure, client, wires, gone, reads: () => [!input.isPaused(), ...reads.values()] };
}

describe('one server alone', () => {
  test('that is behind has the client wait, as long as it takes', () => {
    const on = scene(['a']);
    on.wires[0]!.backlogBytes = 2 * MB + 1;
    on.pressure.holdBack();
    expect(on.reads()).toEqual([false, true]);
    vi.advanceTimersByTime(600_000);
    on.pressure.readOn();
    expect(on.reads()).toEqual([false, true]);
    on.wires[0]!.backlogBytes = 2 * MB;
    on.pressure.readOn();
    expect(on.reads()).toEqual([true, true]);
    expect(on.gone).toEqual([]);
  });
});

describe('a client that does not read', () => {
  test('is not read either, nor is any server, until it has caught up', () => {
    const on = scene(['a', 'b']);
    on.client.backlogBytes = 2 * MB + 1;
    on.pressure.holdBack();
    expect(on.reads()).toEqual([false, false, false]);
    on.pressure.readOn();
    expect(on.reads()).toEqual([false, false, false]);
    on.client.backlogBytes = 0;
    on.pressure.readOn();
    expect(on.reads()).toEqual([true, true, true]);
  });
});

describe('who keeps everything waiting', () => {
  test.each<['client' | 'server', RegExp]>([
    ['client', /^the client does not read .*no server is read/],
    ['server', /^server a does not read .*the client is not read/],
  ])('is named after five seconds, once until it has caught up: the %s', (side, expected) => {
    const on = scene(['a']);
    const slow = side === 'client' ? on.client : on.wires[0]!;
    const behind = (bytes: number): void => {
      slow.backlogBytes = bytes;
      on.pressure.holdBack();
      on.pressure.readOn();
    };
    behind(3 * MB);
    vi.advanceTimersByTime(4999);
    behind(4 * MB);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(said).toEqual([expect.stringMatching(expected)]);
    behind(5 * MB);
    vi.advanceTimersByTime(60_000);
    expect(said).toHaveLength(1);
    behind(0);
    behind(3 * MB);
    behind(0);
    vi.advanceTimersByTime(60_000);
    expect(said).toHaveLength(1);
    behind(3 * MB);
    vi.advanceTimersByTime(5000);
    expect(said).toHaveLength(2);
  });
});

describe('one of several servers', () => {
  test('that is behind holds nobody up before it is far behind', () => {
    const on = scene(['a', 'b']);
    on.wires[0]!.backlogBytes = 64 * MB;
    on.pressure.holdBack();
    expect(on.reads()).toEqual([true, true, true]);
    on.wires[0]!.backlogBytes++;
    on.pressure.holdBack();
    expect(on.reads()).toEqual([false, true, true]);
  });

  test('counts as gone when it reads nothing for half a minute, and the others go on', () => {
    const on = scene(['a', 'b']);
    on.wires[0]!.backlogBytes = 65 * MB;
    on.pressure.holdBack();
    vi.advanceTimersByTime(29_999);
    on.pressure.holdBack();
    expect(on.gone).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(on.gone).toEqual(['a: it has not read what it was sent for 30 s']);
    on.pressure.readOn();
    expect(on.reads()).toEqual([true, true, true]);
  });

  test('that catches up in time stays', () => {
    const on = scene(['a', 'b']);
    on.wires[0]!.backlogBytes = 65 * MB;
    on.pressure.holdBack();
    vi.advanceTimersByTime(20_000);
    on.wires[0]!.backlogBytes = 0;
    on.pressure.readOn();
    vi.advanceTimersByTime(60_000);
    expect(on.gone).toEqual([]);
    expect(on.reads()).toEqual([true, true, true]);
  });
});
