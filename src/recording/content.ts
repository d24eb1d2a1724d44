import { createHmac, hash } from 'node:crypto';

/** What stands in the log for content that is not written there. */
export interface ContentDigest {
  /** `hmac-sha256:` and 64 hex digits, under the salt of the entry. */
  digest: string;
  /** Length in bytes, as UTF-8. */
  bytes: number;
}

const BLOCK = 64;
const HASH = 32;
/** Up to here one-shot hashing over a scratch buffer wins; beyond, a streaming HMAC that copies nothing. */
const SMALL = 16_384;

/**
 * Digests content under a salt of its entry: HMAC-SHA256(HMAC-SHA256(master, decimal index), content).
 * Without the master a four-digit code cannot be found by trying; with one entry's salt handed over, that entry
 * can be opened and no other. HMAC is spelled out (RFC 2104) because node's `createHmac` costs more than the two
 * hashes when content is small, and this runs on the path of every call.
 */
export class ContentDigester {
  readonly #inner = Buffer.alloc(BLOCK + 20);
  readonly #outer = Buffer.alloc(BLOCK + HASH);
  readonly #salt = Buffer.alloc(HASH);
  readonly #contentInner = Buffer.alloc(BLOCK + SMALL);
  readonly #contentOuter = Buffer.alloc(BLOCK + HASH);

  /** `master`: 32 random bytes. */
  constructor(master: Uint8Array) {
    setKey(this.#inner, this.#outer, master);
  }

  /** Digests of everything in `content`, by name. A string is taken as UTF-8. */
  digest(
    index: number,
    content: Readonly<Record<string, string | Uint8Array>>,
  ): Record<string, ContentDigest> {
    const length = this.#inner.write(String(index), BLOCK, 'latin1');
    const inner = hash('sha256', this.#inner.subarray(0, BLOCK + length), 'binary');
    this.#outer.write(inner, BLOCK, 'latin1');
    this.#salt.write(hash('sha256', this.#outer, 'binary'), 0, 'latin1');
    setKey(this.#contentInner, this.#contentOuter, this.#salt);
    const digests: Record<string, ContentDigest> = {};
    for (const name of Object.keys(content)) digests[name] = this.#one(content[name]!);
    return digests;
  }

  #one(content: string | Uint8Array): ContentDigest {
    const text = typeof content === 'string';
    // A UTF-16 code unit is at most three bytes of UTF-8.
    if ((text ? content.length * 3 : content.length) > SMALL) {
      const bytes = text ? Buffer.byteLength(content) : content.length;
      return {
        digest: `hmac-sha256:${createHmac('sha256', this.#salt).update(content).digest('hex')}`,
        bytes,
      };
    }
    let bytes = content.length;
    if (text) bytes = this.#contentInner.write(content, BLOCK, 'utf8');
    else this.#contentInner.set(content, BLOCK);
    const inner = hash('sha256', this.#contentInner.subarray(0, BLOCK + bytes), 'binary');
    this.#contentOuter.write(inner, BLOCK, 'latin1');
    return { digest: `hmac-sha256:${hash('sha256', this.#contentOuter, 'hex')}`, bytes };
  }
}

/** Fills the first block of both buffers with the padded key, for a key of at most one block. */
function setKey(inner: Buffer, outer: Buffer, key: Uint8Array): void {
  for (let i = 0; i < BLOCK; i++) {
    const byte = i < key.length ? key[i]! : 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
}
