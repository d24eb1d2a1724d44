import { expect, test } from 'vitest';
import { sha256 } from '../../src/json/digest.ts';

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
])('FIPS 180-4: %j', (data, hex) => {
  expect(sha256(data)).toBe(`sha256:${hex}`);
  expect(sha256(Buffer.from(data))).toBe(`sha256:${hex}`);
});

test('a string counts as UTF-8', () => {
  expect(sha256('ö€😀')).toBe(sha256(Buffer.from('ö€😀', 'utf8')));
  expect(sha256('ö')).not.toBe(sha256(Buffer.from('ö', 'latin1')));
});
