import { hash } from 'node:crypto';
import { HASH_BYTES } from './format.ts';

/** RFC 6962, section 2.1: SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([LEAF, entry]), 'buffer');
}

/** RFC 6962, section 2.1: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}

/**
 * The Merkle tree hash over `hashes`, 32 bytes each one after another: leaves, or the roots of equal complete
 * subtrees, of which the last may be incomplete. Over none it is the hash of nothing.
 */
export function treeHash(hashes: Buffer): Buffer {
  const count = hashes.length / HASH_BYTES;
  if (count === 0) return hash('sha256', '', 'buffer');
  if (count === 1) return hashes;
  let left = 1;
  while (left * 2 < count) left *= 2;
  return nodeHash(
    treeHash(hashes.subarray(0, left * HASH_BYTES)),
    treeHash(hashes.subarray(left * HASH_BYTES)),
  );
}

const LEAF = Buffer.of(0x00);
const NODE = Buffer.of(0x01);
