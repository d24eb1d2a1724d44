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
  if (hashes.length === 0) return hash('sha256', '', 'buffer');
  return Buffer.from(treeText(hashes, 0, hashes.length / HASH_BYTES), 'latin1');
}

function treeText(hashes: Buffer, first: number, count: number): string {
  if (count === 1) return hashes.toString('latin1', first * HASH_BYTES, (first + 1) * HASH_BYTES);
  let left = 1;
  while (left * 2 < count) left *= 2;
  const one = treeText(hashes, first, left);
  const other = treeText(hashes, first + left, count - left);
  node.write(one, 1, 'latin1');
  node.write(other, 1 + HASH_BYTES, 'latin1');
  return hash('sha256', node, 'binary');
}
