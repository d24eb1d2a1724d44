import { isAbsolute, resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { makeStateDirectory, stateDirectory } from '../../src/config/state.ts';

afterEach(() => vi.unstubAllEnvs());

test('CORDON_STATE wins and may be relative', () => {
  vi.stubEnv('CORDON_STATE', 'here');
  expect(stateDirectory()).toBe(resolve('here'));
});

test('an empty one counts as unset', () => {
  vi.stubEnv('CORDON_STATE', '');
  expect(isAbsolute(stateDirectory())).toBe(true);
  expect(stateDirectory()).not.toBe(process.cwd());
});

test.skipIf(process.platform !== 'linux')('on Linux it is where the XDG specification keeps state', () => {
  vi.stubEnv('CORDON_STATE', undefined);
  vi.stubEnv('XDG_STATE_HOME', '/xdg');
  expect(stateDirectory()).toBe('/xdg/cordon');
  vi.stubEnv('XDG_STATE_HOME', undefined);
  expect(stateDirectory()).toMatch(/\/\.local\/state\/cordon$/);
});

test.runIf(process.platform === 'linux')('a state directory that cannot be is refused, at once', () => {
  expect(() => makeStateDirectory('/proc/nowhere/cordon')).toThrow(/cannot be made.*--state/);
});
