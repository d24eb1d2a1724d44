/** Usual entries of some hundred calls. */
const USUAL_BYTES = 131_072;

/**
 * Entries on their way: appended, then committed, then taken. One buffer for all of them, used again and again; it
 * grows for what does not fit and shrinks once that was taken.
 */
export class Lines {
  #bytes = Buffer.allocUnsafe(USUAL_BYTES);
  #committed = 0;
  #end = 0;

  /** Appends an entry and its newline. */
  add(entry: string): void {
    // A UTF-16 code unit is at most three bytes of UTF-8.
    const most = this.#end + 3 * entry.length + 1;
    if (most > this.#bytes.length) this.#resize(2 * most);
    this.#end += this.#bytes.write(entry, this.#end);
    this.#bytes[this.#end++] = NEWLINE;
  }

  /** What was appended and not committed yet; valid until the next call of anything here. */
  get pending(): Buffer {
    return this.#bytes.subarray(this.#committed, this.#end);
  }

  /** What is pending has been written. */
  commit(): void {
    this.#committed = this.#end;
  }

  /** Bytes that were committed and not taken yet. */
  get committedBytes(): number {
    return this.#committed;
  }

  /** Hands out everything committed, for good; valid during the call only. */
  take(taker: (lines: Buffer) => void): void {
    taker(this.#bytes.subarray(0, this.#committed));
    this.#bytes.copyWithin(0, this.#committed, this.#end);
    this.#end -= this.#committed;
    this.#committed = 0;
    if (this.#bytes.length > USUAL_BYTES && this.#end < USUAL_BYTES / 2) this.#resize(USUAL_BYTES);
  }

  #resize(bytes: number): void {
    const other = Buffer.allocUnsafe(bytes);
    this.#bytes.copy(other, 0, 0, this.#end);
    this.#bytes = other;
  }
}

const NEWLINE = 0x0a;
