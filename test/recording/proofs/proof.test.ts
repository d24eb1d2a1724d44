import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tilePath } from '../../../src/recording/format.ts';
import { leafHash, nodeHash, treeHash } from '../../../src/recording/merkle.ts';
import {
  isConsistent,
  proveConsistency,
  proveInclusion,
  rootFromInclusion,
  rootHash,
  type Subtrees,
} from '../../../src/recording/proofs/proof.ts';
import { StoredTree } from '../../../src/recording/proofs/stored-tree.ts';
import { openRecorder, recordUpTo, temporaryFolder } from '../support.ts';

const leaf = (index: number) => leafHash(Buffer.from(`entry ${index}`));
const leaves = (from: number, to: number) =>
  Buffer.concat(Array.from({ length: to - from }, (_, i) => leaf(from + i)));
/** By the definition, from the leaves, each time anew. */
const subtrees: Subtrees = (height, index) =>
  treeHash(leaves(index * 2 ** height, (index + 1) * 2 ** height));
const head = (size: number) => ({ size, root: treeHash(leaves(0, size)) });

/** RFC 6962, section 2.1.3: the tree of seven leaves and what its proofs consist of. */
test('the example of RFC 6962', () => {
  const range = (from: number, to: number) => treeHash(leaves(from, to));
  expect(proveInclusion(subtrees, 0, 7)).toEqual([leaf(1), range(2, 4), range(4, 7)]);
  expect(proveInclusion(subtrees, 3, 7)).toEqual([leaf(2), range(0, 2), range(4, 7)]);
  expect(proveInclusion(subtrees, 4, 7)).toEqual([leaf(5), leaf(6), range(0, 4)]);
  expect(proveInclusion(subtrees, 6, 7)).toEqual([range(4, 6), range(0, 4)]);
  expect(proveConsistency(subtrees, 3, 7)).toEqual([leaf(2), leaf(3), range(0, 2), range(4, 7)]);
  expect(proveConsistency(subtrees, 4, 7)).toEqual([range(4, 7)]);
  expect(proveConsistency(subtrees, 6, 7)).toEqual([range(4, 6), leaf(6), range(0, 4)]);
});

test('every leaf of every tree of up to 40 leaves is proved, and nothing else by that proof', () => {
  for (let size = 1; size <= 40; size++) {
    expect(rootHash(subtrees, size)).toEqual(head(size).root);
    for (let index = 0; index < size; index++) {
      const path = proveInclusion(subtrees, index, size);
      expect(rootFromInclusion(leaf(index), index, size, path)).toEqual(head(size).root);
      const other = rootFromInclusion(leaf(index), (index + 1) % size, size, path);
      if (size > 1) expect(other?.equals(head(size).root) ?? false).toBe(false);
    }
  }
});

test('every tree of up to 40 leaves extends every smaller one, and no other', () => {
  for (let size = 0; size <= 40; size++) {
    for (let old = 0; old <= size; old++) {
      const path = proveConsistency(subtrees, old, size);
      expect(isConsistent(head(old), head(size), path)).toBe(true);
      expect(isConsistent({ size: old, root: leaf(99) }, head(size), path)).toBe(false);
      if (old > 0) expect(isConsistent(head(old), { size, root: leaf(99) }, path)).toBe(false);
      expect(isConsistent(head(old), head(size), [...path, leaf(0)])).toBe(false);
      if (path.length > 0) expect(isConsistent(head(old), head(size), path.slice(1))).toBe(false);
      if (old < size) expect(isConsistent(head(size), head(old), path)).toBe(false);
    }
  }
});

test('no path of arbitrary hashes proves anything, at any size', () => {
  const size = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
  const path = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(Buffer.from), { maxLength: 70 });
  fc.assert(
    fc.property(size, size, path, (one, other, hashes) => {
      const root = hash('sha256', 'no root', 'buffer');
      const found = rootFromInclusion(leaf(0), one, other, hashes);
      expect(found?.equals(root) ?? false).toBe(false);
      expect(isConsistent({ size: one, root: leaf(1) }, { size: other, root }, hashes)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

describe('hashes read from tiles', () => {
  test.each([2, 255, 256, 257, 511, 70_000])('are those of a log of %i entries', (size) => {
    const recorder = openRecorder(temporaryFolder());
    if (size > 2) recordUpTo(recorder, size - 1);
    recorder.close();
    const { subtree } = new StoredTree(recorder.directory, size);
    const root = rootHash(subtree, size);
    for (const index of [0, 1, size >> 1, size - 2, size - 1]) {
      const path = proveInclusion(subtree, index, size);
      expect(rootFromInclusion(subtree(0, index), index, size, path)).toEqual(root);
    }
    for (const old of [1, size >> 1, size - 1]) {
      const was = { size: old, root: rootHash(subtree, old) };
      expect(isConsistent(was, { size, root }, proveConsistency(subtree, old, size))).toBe(true);
    }
  });
});

/** Every entry the same, so that all subtrees of a height are, and only the tiles that are read have to be there. */
test('a proof of one entry out of ten million reads less than 64 KiB', () => {
  const size = 10_000_000;
  const index = 7_654_321;
  const roots = [leafHash(Buffer.from('same'))];
  const equal: Subtrees = (height) => {
    for (let h = roots.length; h <= height; h++) roots.push(nodeHash(roots[h - 1]!, roots[h - 1]!));
    return roots[height]!;
  };
  const folder = temporaryFolder();
  let bytes = 0;
  for (let level = 0; 256 ** level <= size; level++) {
    const count = Math.floor(size / 256 ** level);
    for (const at of new Set([Math.floor(index / 256 ** (level + 1)), Math.floor((count - 1) / 256)])) {
      const width = Math.min(256, count - 256 * at);
      if (width <= 0) continue;
      const file = join(folder, tilePath(level, at, width));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.concat(Array(width).fill(equal(8 * level, 0))));
      bytes += width * 32;
    }
  }
  const root = rootHash(equal, size);
  const { subtree } = new StoredTree(folder, size);
  const path = proveInclusion(subtree, index, size);
  expect(rootFromInclusion(subtree(0, index), index, size, path)).toEqual(root);
  expect(bytes).toBeLessThan(65_536);
});
