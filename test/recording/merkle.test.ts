import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leafHash, nodeHash, treeHash } from '../../src/recording/merkle.ts';
import { type LogFile, TreeWriter } from '../../src/recording/tree.ts';

/** Leaves and roots of the reference implementation of RFC 6962. */
const vectors: { leaves: string[]; roots: string[] } = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/merkle.json', import.meta.url), 'utf8'),
);

test.each(vectors.roots.map((root, size) => ({ size, root })))(
  'the root of $size leaves',
  ({ size, root }) => {
    const entries = vectors.leaves.slice(0, size).map((leaf) => Buffer.from(leaf, 'hex'));
    expect(treeHash(Buffer.concat(entries.map(leafHash))).toString('hex')).toBe(root);

    const writer = new TreeWriter(() => {});
    for (const entry of entries) writer.push(entry);
    expect(writer.root().toString('hex')).toBe(root);
  },
);

/** RFC 6962, section 2.1, word for word, on another implementation of SHA-256. */
function portableRoot(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256(new Uint8Array());
  if (entries.length === 1) return sha256(Buffer.concat([Buffer.of(0), entries[0]!]));
  let left = 1;
  while (left * 2 < entries.length) left *= 2;
  return sha256(
    Buffer.concat([Buffer.of(1), portableRoot(entries.slice(0, left)), portableRoot(entries.slice(left))]),
  );
}

test('writer, verifier and a portable SHA-256 agree on every root', () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(255, 256, 257, 511, 512, 513, 600));
  fc.assert(
    fc.property(sizes, fc.uint8Array({ maxLength: 80 }), (size, noise) => {
      const entries = Array.from({ length: size }, (_, i) => Buffer.concat([Buffer.from(`${i}`), noise]));
      const writer = new TreeWriter(() => {});
      for (const entry of entries) writer.push(entry);
      const root = Buffer.from(portableRoot(entries)).toString('hex');
      expect(writer.root().toString('hex')).toBe(root);
      expect(treeHash(Buffer.concat(entries.map(leafHash))).toString('hex')).toBe(root);
    }),
    { numRuns: 40 },
  );
});

test('tiles hold the roots of subtrees 256 wide, level by level', () => {
  const files = new Map<string, Buffer>();
  const keep = ({ path, bytes }: LogFile) => files.set(path, Buffer.from(bytes));
  const writer = new TreeWriter(keep);
  const size = 65_536 + 256 + 3;
  const leaves: Buffer[] = [];
  for (let i = 0; i < size; i++) {
    const entry = Buffer.from(String(i));
    leaves.push(leafHash(entry));
    writer.push(entry);
  }
  writer.partials().forEach(keep);
  const first = Buffer.concat(leaves.slice(0, 256));
  expect(files.get('tile/0/000')).toEqual(first);
  expect(files.get('tile/0/257.p/3')).toEqual(Buffer.concat(leaves.slice(-3)));
  expect(files.get('tile/1/000')!.subarray(0, 32)).toEqual(treeHash(first));
  expect(files.get('tile/1/001.p/1')).toEqual(treeHash(Buffer.concat(leaves.slice(65_536, 65_792))));
  expect(files.get('tile/2/000.p/1')).toEqual(treeHash(files.get('tile/1/000')!));
  expect(files.get('tile/entries/257.p/3')!.toString('latin1')).toBe('\0\x0565792\0\x0565793\0\x0565794');
  const last = nodeHash(nodeHash(leaves[size - 3]!, leaves[size - 2]!), leaves[size - 1]!);
  expect(writer.root()).toEqual(
    nodeHash(files.get('tile/2/000.p/1')!, nodeHash(files.get('tile/1/001.p/1')!, last)),
  );
  expect(files.size).toBe(257 + 1 + 1 + 1 + 1 + 257 + 1);
});
