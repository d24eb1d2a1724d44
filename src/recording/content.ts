import { createHash, hash } from 'node:crypto';

/** What stands in the log for content that is not written there. */
export interface ContentDigest {
  /** `salted-sha256:` and 64 hex digits, under the salt of the entry. */
  digest: string;
  /** Length in bytes, as UTF-8. */
  bytes: number;
}

const SALT = 32;
/** Salts are derived so many at a time: one costs as much as all of them. */
const SALTS = 32;
/** Up to here one-shot hashing over a scratch buffer wins; beyond, a stream that copies nothing. */
const SMALL = 16_384;

/**
 * Digests content under a salt of its entry: SHA-256(salt, content), where the salts of 32 entries are
 * SHAKE256(master, block number in decimal). Without the master a four-digit code cannot be found by trying; with one
 * entry's salt handed over, that entry can be opened and no other. This runs on the path of every call.
 */
export class ContentDigester {
  readonly #master: Uint8Array;
  readonly #salted = Buffer.alloc(SALT + SMALL);
  #block = -1;
  #salts = Buffer.alloc(0);

  /** `master`: 32 random bytes. */
  constructor(master: Uint8Array) {
    this.#master = master;
  }

  /** Digests of everything in `content`, by name. A string is taken as UTF-8. */
  digest(
    index: number,
    content: Readonly<Record<string, string | Uint8Array>>,
  ): Record<string, ContentDigest> {
    this.#placeSalt(index);
    const digests: Record<string, ContentDigest> = {};
    for (const name of Object.keys(content)) digests[name] = this.#one(content[name]!);
    return digests;
  }

  #placeSalt(index: number): void {
    const block = Math.floor(index / SALTS);
    if (block !== this.#block) {
      const shake = createHash('shake256', { outputLength: SALT * SALTS });
      this.#salts = shake.update(this.#master).update(String(block)).digest();
      this.#block = block;
    }
    const at = (index % SALTS) * SALT;
    this.#salts.copy(this.#salted, 0, at, at + SALT);
  }

  #one(content: string | Uint8Array): ContentDigest {
    const text = typeof content === 'string';
    // A UTF-16 code unit is at most three bytes of UTF-8.
    if ((text ? content.length * 3 : content.length) > SMALL) {
      const salt = this.#salted.subarray(0, SALT);
      const digest = createHash('sha256').update(salt).update(content).digest('hex');
      return { bytes: text ? Buffer.byteLength(content) : content.length, digest: `salted-sha256:${digest}` };
    }
    let bytes = content.length;
    if (text) bytes = this.#salted.write(content, SALT, 'utf8');
    else this.#salted.set(content, SALT);
    return {
      bytes,
      digest: `salted-sha256:${hash('sha256', this.#salted.subarray(0, SALT + bytes), 'hex')}`,
    };
  }
}
