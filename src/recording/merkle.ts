import { hash } from 'node:crypto';
import { HASH_BYTES, MAX_ENTRY_BYTES } from './format.ts';

/** Used again and again: joining Buffers for each hash costs more than the hash. */
const leaf = Buffer.alloc(1 + MAX_ENTRY_BYTES);
const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** RFC 6962, section 2.1: SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Buffer {
  return Buffer.from(leafText(entry), 'latin1');
}

/** The same, as a string of 32 code units: node makes these four times faster than a Buffer. */
export function leafText(entry: Uint8Array): string {
  if (entry.length >= leaf.length) return hash('sha256', Buffer.concat([Buffer.of(0), entry]), 'binary');
  leaf.set(entry, 1);
  return hash('sha256', leaf.subarray(0, 1 + entry.length), 'binary');
}

/** RFC 6962, section 2.1: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return hash('sha256', node, 'buffer');
}

/**
 * The Merkle tree hash over `hashes`, 32 bytes each one after another: leaves, or the roots of equal complete
 * subtrees, of which the last may be incomplete. Over none it is the hash of nothing.
 */
export function treeHash(hashes: Buffer): Buffer {
  let count = hashes.length / HASH_BYTES;
  if (count === 0) return hash('sha256', '', 'buffer');
  // Level by level: of an odd number the last has no sibling yet, and goes up as it is (RFC 6962, section 2.1: each left
  // subtree is the largest complete one).
  const level = Buffer.allocUnsafe(Math.ceil(count / 2) * HASH_BYTES);
  for (let below = hashes; count > 1; below = level) {
    const pairs = count >> 1;
    for (let pair = 0; pair < pairs; pair++) {
      below.copy(node, 1, 2 * pair * HASH_BYTES, 2 * (pair + 1) * HASH_BYTES);
      level.write(hash('sha256', node, 'binary'), pair * HASH_BYTES, 'latin1');
    }
    if (count % 2 === 1) below.copy(level, pairs * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES);
    count = pairs + (count % 2);
  }
  return hashes.length === HASH_BYTES ? Buffer.from(hashes) : level.subarray(0, HASH_BYTES);
}
