const NEWLINE = 0x0a;
/** What is kept of an oversized line: enough to find the id of the request that it was. */
const HEAD_BYTES = 4096;

/**
 * Cuts a byte stream into lines, in time linear in its bytes and in memory of one line: chunks are kept as they
 * come and joined once (the SDK's reader joins on every chunk, which is quadratic).
 *
 * A line is handed out without its newline, its other bytes untouched. One longer than `limitBytes` is reported
 * once, as soon as it is known to be too long, with its first bytes; the rest of it is dropped unread.
 */
export class LineReader {
  readonly #limitBytes: number;
  readonly #onLine: (line: Buffer) => void;
  readonly #onOversize: (head: Buffer) => void;
  #parts: Buffer[] = [];
  #size = 0;
  #skipping = false;

  constructor(limitBytes: number, onLine: (line: Buffer) => void, onOversize: (head: Buffer) => void) {
    this.#limitBytes = limitBytes;
    this.#onLine = onLine;
    this.#onOversize = onOversize;
  }

  feed(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#take(chunk.subarray(from, at), true);
      from = at + 1;
    }
    if (from < chunk.length) this.#take(from === 0 ? chunk : chunk.subarray(from), false);
  }

  /** The stream has ended: what stands without a newline is a line too. */
  end(): void {
    if (this.#size > 0) this.#take(Buffer.alloc(0), true);
  }

  #take(piece: Buffer, complete: boolean): void {
    if (this.#skipping) {
      if (complete) this.#skipping = false;
      return;
    }
    const size = this.#size + piece.length;
    if (size > this.#limitBytes) {
      const head = Buffer.concat([...this.#parts, piece], Math.min(size, HEAD_BYTES));
      this.#reset();
      this.#skipping = !complete;
      this.#onOversize(head);
      return;
    }
    if (!complete) {
      this.#parts.push(piece);
      this.#size = size;
      return;
    }
    const line = this.#parts.length === 0 ? piece : Buffer.concat([...this.#parts, piece], size);
    this.#reset();
    if (!isBlank(line)) this.#onLine(line);
  }

  #reset(): void {
    this.#parts = [];
    this.#size = 0;
  }
}

function isBlank(line: Buffer): boolean {
  for (const byte of line.subarray(0, 64)) if (byte > 0x20) return false;
  return line.length <= 64 || line.toString('latin1').trim() === '';
}
