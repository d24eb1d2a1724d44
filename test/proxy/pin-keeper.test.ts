import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from 'vitest';
import type { Lock, Remembered, RememberedFlow } from '../../src/event.ts';
import { describeAll } from '../../src/mediation/descriptors/descriptor.ts';
import { Pins } from '../../src/mediation/descriptors/pins.ts';
import { log } from '../../src/proxy/log.ts';
import { type LockStore, PinKeeper } from '../../src/proxy/pin-keeper.ts';
import { EMPTY } from './support.ts';

vi.mock('../../src/proxy/log.ts', () => ({ log: vi.fn() }));

const NOW = '2026-01-31T12:00:00Z';
const SUSPICION = [{ detector: 'ansi', path: '', span: [0, 1] as const }];

/** A lock file in memory, that others may write too. */
class Store implements LockStore {
  lock: Lock = EMPTY;
  writes = 0;
  broken = false;
  /** Every look comes this much later than the one before, in ms. */
  pace = 1000;
  #version = 0;
  #now = 0;

  now(): number {
    this.#now += this.pace;
    return this.#now;
  }

  version(): string {
    return String(this.#version);
  }

  read(): Lock {
    if (this.broken) throw new Error('broken lock');
    return structuredClone(this.lock);
  }

  update(mutate: (disk: Lock) => Lock): void {
    if (this.broken) throw new Error('broken lock');
    this.put(mutate(this.read()));
    this.writes++;
  }

  put(lock: Lock): void {
    this.lock = structuredClone(lock);
    this.#version++;
  }
}

function setting(): {
  pins: Pins;
  store: Store;
  keeper: PinKeeper;
  remember: Mock<(flows: readonly RememberedFlow[]) => void>;
  see: (name: string, suspicious?: boolean) => unknown;
} {
  const pins = new Pins(EMPTY);
  const store = new Store();
  const remember = vi.fn();
  const see = (name: string, suspicious = false) =>
    pins.check(
      describeAll('tool', 's', [{ name, description: 'Adds.' }])[0]!,
      suspicious ? SUSPICION : [],
      NOW,
    );
  return { pins, store, keeper: new PinKeeper(pins, store, remember), remember, see };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.mocked(log).mockClear();
});
afterEach(() => {
  vi.useRealTimers();
});

const names = (lock: Lock): string[] => lock.pins.map((pin) => pin.name);

describe('new pins', () => {
  test('are written together, soon', () => {
    const { store, keeper, see } = setting();
    see('a');
    keeper.keep();
    see('b');
    keeper.keep();
    expect(store.writes).toBe(0);
    vi.runAllTimers();
    expect(store.writes).toBe(1);
    expect(names(store.lock)).toEqual(['a', 'b']);
  });

  test('are written at once by flush, and only then', () => {
    const { store, keeper, see } = setting();
    see('a');
    keeper.keep();
    keeper.flush();
    keeper.flush();
    keeper.keep();
    vi.runAllTimers();
    expect(store.writes).toBe(1);
  });

  test("leave another process's in place", () => {
    const { store, keeper, see, pins } = setting();
    const other = setting();
    other.see('theirs');
    store.put(other.pins.toLock());
    see('ours');
    keeper.flush();
    expect(names(store.lock)).toEqual(['ours', 'theirs']);
    expect(pins.changed).toBe(false);
  });
});

describe('refresh', () => {
  test('takes over what a person approved meanwhile', () => {
    const { store, keeper, see, pins } = setting();
    see('a', true);
    keeper.flush();
    expect(pins.state('s', 'tool', 'a')).toBe('suspect');
    const person = new Pins(store.read());
    person.approve('s', 'tool', 'a');
    keeper.refresh();
    expect(pins.state('s', 'tool', 'a')).toBe('suspect');
    store.put(person.toLock());
    keeper.refresh();
    expect(pins.state('s', 'tool', 'a')).toBe('pinned');
  });

  test('reads nothing where nothing was written', () => {
    const { store, keeper, see } = setting();
    see('a');
    keeper.flush();
    const read = vi.spyOn(store, 'read');
    keeper.refresh();
    expect(read).not.toHaveBeenCalled();
  });

  test('does not look at the file twice within some milliseconds', () => {
    const { store, keeper } = setting();
    const version = vi.spyOn(store, 'version');
    keeper.refresh();
    expect(version).toHaveBeenCalledTimes(1);
    store.pace = 4;
    keeper.refresh();
    keeper.refresh();
    expect(version).toHaveBeenCalledTimes(1);
    keeper.refresh();
    expect(version).toHaveBeenCalledTimes(2);
  });

  test('does not lose pins that were not written yet', () => {
    const { store, keeper, see } = setting();
    see('ours');
    keeper.keep();
    const other = setting();
    other.see('theirs');
    store.put(other.pins.toLock());
    keeper.refresh();
    vi.runAllTimers();
    keeper.flush();
    expect(names(store.lock)).toEqual(['ours', 'theirs']);
  });
});

describe('remembered flows', () => {
  const YES: Remembered = {
    server: 'bank',
    tool: 'pay',
    argument: '/iban',
    from: 'mail',
    value: `sha256:${'0'.repeat(64)}`,
    since: NOW,
    approvedBy: 'person',
    question: 'd-0123abcd',
  };

  test('are handed on when a person adds one or takes one back', () => {
    const { store, keeper, remember } = setting();
    keeper.refresh();
    expect(remember).not.toHaveBeenCalled();
    store.put({ ...EMPTY, remembered: [YES] });
    keeper.refresh();
    expect(remember).toHaveBeenLastCalledWith([YES]);
    store.put(EMPTY);
    keeper.refresh();
    expect(remember).toHaveBeenLastCalledWith([]);
  });

  test('stay in the lock when pins are written, and are noticed then', () => {
    const { store, keeper, see, remember } = setting();
    store.put({ ...EMPTY, remembered: [YES] });
    see('a');
    keeper.flush();
    expect(store.lock.remembered).toEqual([YES]);
    expect(names(store.lock)).toEqual(['a']);
    expect(remember).toHaveBeenLastCalledWith([YES]);
  });

  test('hold no longer where the lock cannot be read: one may have been taken back', () => {
    const { store, keeper, remember } = setting();
    store.put({ ...EMPTY, remembered: [YES] });
    store.broken = true;
    keeper.refresh();
    expect(remember).toHaveBeenLastCalledWith([]);
  });
});

describe('digest', () => {
  test('is that of a pin that stands', () => {
    const { keeper, see, pins } = setting();
    expect(keeper.digest('s', 'tool', 'a')).toBeUndefined();
    see('a');
    expect(keeper.digest('s', 'tool', 'a')).toMatch(/^sha256:/);
    pins.check(describeAll('tool', 's', [{ name: 'a', description: 'Steals.' }])[0]!, [], NOW);
    expect(keeper.digest('s', 'tool', 'a')).toBeUndefined();
  });
});

test('a lock that cannot be used is told once, and pins hold all the same', () => {
  const { store, keeper, see, pins } = setting();
  store.broken = true;
  see('a');
  keeper.flush();
  see('b');
  keeper.flush();
  store.put(EMPTY);
  keeper.refresh();
  expect(vi.mocked(log).mock.calls).toEqual([['error', 'the pins cannot be kept: broken lock']]);
  expect(pins.state('s', 'tool', 'a')).toBe('pinned');
  store.broken = false;
  keeper.flush();
  expect(names(store.lock)).toEqual(['a', 'b']);
});
