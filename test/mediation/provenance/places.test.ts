import { expect, test } from 'vitest';
import { mix } from '../../../src/mediation/provenance/hash.ts';
import { Places } from '../../../src/mediation/provenance/places.ts';

const LIMIT = 1 << 20;

function session() {
  const texts = { tail: 0, head: 0, limit: LIMIT };
  const places = new Places(texts);
  return {
    texts,
    places,
    add(keys: readonly number[], kind: number, position: number, again = keys.length): void {
      texts.head = Math.max(texts.head, position + 1);
      const numbers = Int32Array.from(keys.flatMap((key) => [mix(key), mix(~key), position]));
      places.reserve(keys.length, position);
      places.add(numbers, keys.length, kind, again);
    },
    find(key: number, full = 0): number[] {
      return [...places.positions.subarray(0, places.find(mix(key), mix(~key), full))];
    },
  };
}

test('a key is found at its first position in each class', () => {
  const { add, find, places } = session();
  add([1, 2], 3, 10);
  add([1], 3, 20);
  add([1], 5, 30);
  expect(find(1)).toEqual([10, 30]);
  expect(places.kinds).toBe((1 << 3) | (1 << 5));
  expect(find(2)).toEqual([10]);
  expect(find(3)).toEqual([]);
});

test('a key that is added again is found at both places of its class', () => {
  const { add, find } = session();
  add([1], 3, 10);
  add([1], 3, 20, 0);
  add([1], 3, 30);
  expect(find(1)).toEqual([10, 20]);
});

test('full classes are passed over, but told', () => {
  const { add, find, places } = session();
  add([1], 3, 10);
  add([1], 5, 30);
  expect(find(1, 1 << 3)).toEqual([30]);
  expect(find(1, (1 << 3) | (1 << 5))).toEqual([]);
  expect(places.kinds & (1 << 3)).not.toBe(0);
});

test('many keys are all found, however many tables they fill, and forgotten with their texts', () => {
  const { add, find, places, texts } = session();
  const block = 200;
  for (let i = 0; i < 1000; i++) {
    add(
      Array.from({ length: block }, (_, k) => i * block + k + 1),
      1,
      i * 1000,
    );
  }
  for (let key = 1; key <= 1000 * block; key += 97)
    expect(find(key)).toEqual([Math.floor((key - 1) / block) * 1000]);
  expect(places.overflowed).toBe(false);
  const before = places.bytes;
  texts.tail = 900_000;
  places.evict(texts.tail);
  expect(places.bytes).toBeLessThan(before / 2);
  expect(find(1)).toEqual([]);
  expect(find(950 * block + 1)).toEqual([950_000]);
});

test('a key that keeps coming is found though its first text is forgotten', () => {
  const { add, find, places, texts } = session();
  for (let at = 0; at < 3 * LIMIT; at += 1000) {
    add([7], 1, at);
    texts.tail = Math.max(0, at - LIMIT);
    places.evict(texts.tail);
  }
  expect(find(7).length).toBeGreaterThan(0);
  expect(places.bytes).toBeLessThan(8 * LIMIT);
});
