import type { Writable } from 'node:stream';

const NEWLINE = Buffer.from('\n');
/** Up to here lines are joined into one write; beyond it copying costs more than a gathered write. */
const JOIN_BYTES = 64 * 1024;

/** A line in more pieces than this is joined first. */
const MAX_PIECES = 16;

/** The lines of one turn for one stream, sent in one write: a system call costs more than a small message. */
export class Outbox {
  readonly #stream: Writable;
  #lines: Buffer[] = [];
  #bytes = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Queues a line, which may come in pieces; it takes no newline of its own and must not change any more. */
  add(line: Buffer | readonly Buffer[]): void {
    if (Buffer.isBuffer(line)) this.#push(line);
    else if (line.length > MAX_PIECES) this.#push(Buffer.concat(line));
    else for (const piece of line) this.#push(piece);
    this.#push(NEWLINE);
  }

  #push(piece: Buffer): void {
    this.#lines.push(piece);
    this.#bytes += piece.length;
  }

  /** Bytes that the other side has not taken yet. */
  get backlogBytes(): number {
    return this.#stream.writableLength;
  }

  /** Drops what was queued in this turn. */
  clear(): void {
    this.#lines = [];
    this.#bytes = 0;
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const lines = this.#lines;
    const bytes = this.#bytes;
    this.clear();
    if (!this.#stream.writable) return;
    if (bytes <= JOIN_BYTES) {
      this.#stream.write(Buffer.concat(lines, bytes));
      return;
    }
    this.#stream.cork();
    for (const line of lines) this.#stream.write(line);
    this.#stream.uncork();
  }
}
