import type { Message } from '../message.ts';

/**
 * Messages on their way to a server, each by a connection of its own, in the order they have to arrive in: nothing is
 * sent while something is held.
 */
export class Outgoing {
  readonly #send: (message: Message) => void;
  readonly #drained: () => void;
  readonly #queue: Message[] = [];
  #holds = 0;
  #backlogBytes = 0;

  constructor(send: (message: Message) => void, drained: () => void) {
    this.#send = send;
    this.#drained = drained;
  }

  /** Bytes that the server has not taken yet. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  add(message: Message): void {
    this.#backlogBytes += message.line.length;
    this.#queue.push(message);
  }

  flush(): void {
    while (this.#holds === 0 && this.#queue.length > 0) this.#send(this.#queue.shift()!);
  }

  /** The server has taken a message, or never will. */
  taken(message: Message): void {
    this.#backlogBytes -= message.line.length;
    if (this.#backlogBytes === 0) this.#drained();
  }

  /** Holds back what comes next, for at most `ms`; returns what lets it go. */
  hold(ms?: number): () => void {
    let isHeld = true;
    this.#holds++;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      clearTimeout(timer);
      this.#holds--;
      this.flush();
    };
    const timer = ms === undefined ? undefined : setTimeout(release, ms).unref();
    return release;
  }

  /** Drops what was not sent. */
  clear(): void {
    this.#queue.length = 0;
  }
}
