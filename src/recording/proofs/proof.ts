import { HASH_BYTES } from '../format.ts';
import { nodeHash, treeHash } from '../merkle.ts';

/** The root of the complete subtree over the leaves from `index * 2^height` to below `(index + 1) * 2^height`. */
export type Subtrees = (height: number, index: number) => Buffer;

/**
 * The hashes that lead from the leaf `index` to the root of a tree of `size` leaves, from its sibling upwards.
 * RFC 6962, section 2.1.1. `index` is below `size`.
 */
export function proveInclusion(subtrees: Subtrees, index: number, size: number): Buffer[] {
  const path: Buffer[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    path.push(index < middle ? rangeHash(subtrees, middle, to) : rangeHash(subtrees, from, middle));
    if (index < middle) to = middle;
    else from = middle;
  }
  return path.reverse();
}

/**
 * The hashes that show that the tree of `size` leaves begins with the tree of its first `oldSize` leaves; none if
 * `oldSize` is 0 or `size`. RFC 6962, section 2.1.2.
 */
export function proveConsistency(subtrees: Subtrees, oldSize: number, size: number): Buffer[] {
  if (oldSize === 0) return [];
  const path: Buffer[] = [];
  let [from, to] = [0, size];
  let isOldRoot = true;
  while (oldSize !== to) {
    const middle = from + largestPowerBelow(to - from);
    if (oldSize <= middle) {
      path.push(rangeHash(subtrees, middle, to));
      to = middle;
    } else {
      path.push(rangeHash(subtrees, from, middle));
      from = middle;
      isOldRoot = false;
    }
  }
  // Whoever verifies has the old root already.
  if (!isOldRoot) path.push(rangeHash(subtrees, from, to));
  return path.reverse();
}

/** The root over all leaves of a tree. RFC 6962, section 2.1. */
export function rootHash(subtrees: Subtrees, size: number): Buffer {
  return size === 0 ? treeHash(Buffer.alloc(0)) : rangeHash(subtrees, 0, size);
}

/** The root that a proof of inclusion leads to; undefined if no tree of `size` has such a path. RFC 9162, 2.1.3.2. */
export function rootFromInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | undefined {
  if (index >= size) return undefined;
  let node = index;
  let last = size - 1;
  let root = leaf;
  for (const hash of path) {
    if (last === 0) return undefined;
    if (isRight(node) || node === last) {
      root = nodeHash(hash, root);
      while (!isRight(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      root = nodeHash(root, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? root : undefined;
}

/** A tree as a checkpoint states it. */
export interface TreeHead {
  size: number;
  root: Buffer;
}

/** Whether `path` proves that the tree `now` begins with the tree `old`. RFC 9162, section 2.1.4.2. */
export function isConsistent(old: TreeHead, now: TreeHead, path: readonly Buffer[]): boolean {
  if (old.size > now.size) return false;
  if (old.size === 0) return path.length === 0 && old.root.equals(treeHash(Buffer.alloc(0)));
  if (old.size === now.size) return path.length === 0 && old.root.equals(now.root);
  const [first, ...others] = isPowerOfTwo(old.size) ? [old.root, ...path] : path;
  if (first?.length !== HASH_BYTES) return false;
  let node = old.size - 1;
  let last = now.size - 1;
  while (isRight(node)) [node, last] = [half(node), half(last)];
  let oldRoot = first;
  let root = first;
  for (const hash of others) {
    if (last === 0) return false;
    if (isRight(node) || node === last) {
      oldRoot = nodeHash(hash, oldRoot);
      root = nodeHash(hash, root);
      while (!isRight(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      root = nodeHash(root, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && oldRoot.equals(old.root) && root.equals(now.root);
}

function rangeHash(subtrees: Subtrees, from: number, to: number): Buffer {
  const count = to - from;
  if (isPowerOfTwo(count)) return subtrees(Math.log2(count), from / count);
  const middle = from + largestPowerBelow(count);
  return nodeHash(rangeHash(subtrees, from, middle), rangeHash(subtrees, middle, to));
}

/** Sizes reach 2^53, past what JavaScript's bit operators hold; doubling is exact. */
function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function isPowerOfTwo(count: number): boolean {
  return count === 1 || largestPowerBelow(count) * 2 === count;
}

function isRight(node: number): boolean {
  return node % 2 === 1;
}

function half(node: number): number {
  return Math.floor(node / 2);
}
