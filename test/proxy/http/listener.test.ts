import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Carrier } from '../../../src/proxy/http/carrier.ts';
import { Listener } from '../../../src/proxy/http/listener.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A listener whose stream never opens, and when it was tried. */
function neverOpened(patience: number) {
  const from = Date.now();
  const tried: number[] = [];
  const over: string[] = [];
  const endpoint = {
    request: (_: string, __: object, ___: undefined, told: { failed(reason: string): void }) => {
      tried.push(Date.now() - from);
      told.failed('it is down');
      return () => {};
    },
  };
  const carrier = { endpoint, headers: () => ({}), turn: () => {} } as unknown as Carrier;
  const listener = new Listener(carrier, patience, {
    message: () => {},
    over: (reason) => over.push(reason),
  });
  return { listener, tried, over };
}

test('a stream that does not open is tried again ever more seldom, and given up after so many times', () => {
  const { listener, tried, over } = neverOpened(5);
  listener.start();
  vi.advanceTimersByTime(600_000);
  expect(tried).toEqual([0, 1000, 2500, 4750, 8125, 13_187].map((ms) => expect.closeTo(ms, -1)));
  expect(over).toEqual(['it is down']);
});

test('one that a session has for itself is never given up, and never tried in haste', () => {
  const { listener, tried, over } = neverOpened(Number.POSITIVE_INFINITY);
  listener.start();
  vi.advanceTimersByTime(3_600_000);
  expect(over).toEqual([]);
  const pauses = tried.map((at, i) => at - (tried[i - 1] ?? 0)).slice(20);
  expect(new Set(pauses)).toEqual(new Set([30_000]));
});

test.each([
  [0, 100],
  [250, 250],
  [999_999_999, 30_000],
  [undefined, 1000],
])('where the server wants %s ms, it waits %s', (wanted, waited) => {
  const { listener, tried } = neverOpened(5);
  listener.resume('e1', wanted);
  vi.advanceTimersByTime(waited - 1);
  expect(tried).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(tried).toEqual([waited]);
});

test('once stopped, nothing is tried any more', () => {
  const { listener, tried, over } = neverOpened(5);
  listener.start();
  listener.stop();
  vi.advanceTimersByTime(600_000);
  expect([tried, over]).toEqual([[0], []]);
});
