import { expect, test } from 'vitest';
import { mix } from '../../../src/mediation/provenance/hash.ts';
import { Presence } from '../../../src/mediation/provenance/presence.ts';

test('what was added may stand somewhere; of the rest hardly anything may', () => {
  const presence = new Presence();
  const keys = Array.from({ length: 100_000 }, (_, i) => mix(i));
  for (const [i, key] of keys.entries()) {
    if (presence.isCrowded) {
      presence.restart(i);
      for (const known of keys.slice(0, i)) presence.add(known);
    }
    presence.add(key);
  }
  expect(keys.every((key) => presence.may(key))).toBe(true);
  const others = Array.from({ length: 10_000 }, (_, i) => mix(~i));
  expect(others.filter((key) => presence.may(key)).length).toBeLessThan(1500);
  presence.restart(0);
  expect(keys.some((key) => presence.may(key))).toBe(false);
});
