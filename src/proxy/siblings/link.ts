import type { Socket } from 'node:net';
import { LineReader } from '../framing.ts';
import { LONGEST_LINE, lineOf, type Said, saidIn } from './protocol.ts';

/** A sibling that takes less than it is told has hung; what it is not told it cannot answer. */
const LONGEST_BACKLOG = LONGEST_LINE;

export interface LinkEvents {
  said(said: Said): void;
  /** Nothing comes any more: closed by the other side, broken, or ended for a line that means nothing. */
  closed(): void;
}

/** A socket between two siblings, on which both ask and answer. */
export class Link {
  readonly #socket: Socket;
  #isClosed = false;

  constructor(socket: Socket, events: LinkEvents) {
    this.#socket = socket;
    // A session ends when its client does, whatever siblings do.
    socket.unref();
    const reader = new LineReader(
      LONGEST_LINE,
      (line) => {
        if (this.#isClosed) return;
        const said = saidIn(line);
        if (said === undefined) this.close();
        else events.said(said);
      },
      () => this.close(),
    );
    socket.on('data', (chunk: Buffer) => reader.feed(chunk));
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#isClosed = true;
      events.closed();
    });
  }

  /** False if it cannot be said: too long, or the other side does not listen. */
  say(said: Said): boolean {
    if (this.#isClosed) return false;
    if (this.#socket.writableLength > LONGEST_BACKLOG) {
      this.close();
      return false;
    }
    const line = lineOf(said);
    if (line === undefined) return false;
    this.#socket.write(line);
    return true;
  }

  /** Says the last word and closes. */
  leave(): void {
    this.say({ kind: 'bye' });
    this.#socket.end();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }
}
