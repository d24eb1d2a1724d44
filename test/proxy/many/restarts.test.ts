import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DELAYS_MS, Restarts } from '../../../src/proxy/many/restarts.ts';
import type { Upstream } from '../../../src/proxy/upstream.ts';

vi.mock('../../../src/proxy/log.ts', () => ({ log: () => {} }));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function scene(): { restarts: Restarts; upstream: Upstream; started: () => number; ended: () => void } {
  let count = 0;
  let ended = (): void => {};
  const end = () =>
    new Promise<void>((resolve) => {
      ended = resolve;
    });
  const upstream = { name: 'a', remedy: '', wire: { end }, leave: () => {} } as unknown as Upstream;
  const restarts = new Restarts(() => {
    count++;
  });
  return { restarts, upstream, started: () => count, ended: () => ended() };
}

/** Lets it fail once more and waits for its next start. */
async function fail(on: ReturnType<typeof scene>, delay: number): Promise<void> {
  const before = on.started();
  expect(on.restarts.lost(on.upstream)).toBe(true);
  on.ended();
  await vi.advanceTimersByTimeAsync(delay - 1);
  expect(on.started()).toBe(before);
  await vi.advanceTimersByTimeAsync(1);
  expect(on.started()).toBe(before + 1);
}

describe('a server that ended', () => {
  test('is started again, later each time, and stays down after the last', async () => {
    const on = scene();
    for (const delay of DELAYS_MS) await fail(on, delay);
    expect(on.restarts.lost(on.upstream)).toBe(false);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(on.started()).toBe(DELAYS_MS.length);
    expect(on.upstream.remedy).toContain('not started again');
  });

  test('begins anew once it was up for a minute, not before', async () => {
    const on = scene();
    await fail(on, 500);
    on.restarts.up(on.upstream);
    await vi.advanceTimersByTimeAsync(59_999);
    await fail(on, 1000);
    on.restarts.up(on.upstream);
    await vi.advanceTimersByTimeAsync(60_000);
    await fail(on, 500);
  });

  test('is started again for ever where it is not here: it may be out of reach for long', async () => {
    const on = scene();
    Object.assign(on.upstream.wire, { address: 'https://far.example.invalid/' });
    for (const delay of DELAYS_MS) await fail(on, delay);
    for (let i = 0; i < 5; i++) await fail(on, 60_000);
  });

  test('and would do no better before something else has happened is started again then, and at once', async () => {
    const on = scene();
    let happen = (): void => {};
    on.upstream.until = new Promise<void>((resolve) => {
      happen = resolve;
    });
    expect(on.restarts.lost(on.upstream)).toBe(true);
    on.ended();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect([on.started(), on.upstream.remedy]).toEqual([0, 'It is asked again once that is done']);
    happen();
    await vi.advanceTimersByTimeAsync(0);
    expect(on.started()).toBe(1);
  });

  test('is not started beside what is left of it', async () => {
    const on = scene();
    on.restarts.lost(on.upstream);
    await vi.advanceTimersByTimeAsync(5000);
    expect(on.started()).toBe(0);
    on.ended();
    await vi.advanceTimersByTimeAsync(0);
    expect(on.started()).toBe(1);
  });

  test('stays down once the session ends', async () => {
    const on = scene();
    on.restarts.lost(on.upstream);
    on.ended();
    on.restarts.close();
    await vi.advanceTimersByTimeAsync(5000);
    expect(on.started()).toBe(0);
  });

  test('stays down where it was given up', async () => {
    const on = scene();
    on.restarts.giveUp(on.upstream, 'it refused');
    expect(on.restarts.lost(on.upstream)).toBe(false);
    await vi.advanceTimersByTimeAsync(5000);
    expect(on.started()).toBe(0);
  });
});
