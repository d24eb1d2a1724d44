import { type Id, type Message, parseMessage, type Request, WireFault } from '../message.ts';
import type { Translation } from './era.ts';
import { StatelessClient } from './stateless-client.ts';

/**
 * A client of the stateless revision before several servers: they are one server that shakes hands, which is Cordon, so
 * what stands between it and the client is what stands between such a client and any server of that kind.
 */
export class ClientEdge {
  readonly #toClient: (line: Buffer) => void;
  readonly #begin: (first: Message) => Translation;
  readonly #tasks: (() => void)[] = [];
  #running = false;
  #translation: Translation | undefined;

  /** `isOf` tells whether a question, by its id on the client's wire, can belong to a request of the client's. */
  constructor(
    toSession: (line: Buffer) => void,
    toClient: (line: Buffer) => void,
    isOf: (question: Id, request: Id) => boolean,
  ) {
    this.#toClient = toClient;
    const ends = { up: toClient, down: (line: Buffer) => this.#run(() => toSession(line)) };
    this.#begin = (first) => new StatelessClient(ends, first as Request, isOf);
  }

  /** Takes a message of the client's; the first has to be a request of the stateless revision. */
  fromClient(message: Message): void {
    this.#run(() => {
      this.#translation ??= this.#begin(message);
      this.#translation.fromClient(message);
    });
  }

  /** Takes a line that the session has for a client that shook hands. */
  fromSession(line: Buffer): void {
    let message: Message;
    try {
      message = parseMessage(line, Infinity);
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      // A refusal of something that had no id.
      return this.#toClient(line);
    }
    this.#run(() => this.#translation!.fromServer(message));
  }

  /** One after the other: the session answers some requests before it returns from them. */
  #run(task: () => void): void {
    this.#tasks.push(task);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#tasks.shift(); next !== undefined; next = this.#tasks.shift()) next();
    } finally {
      this.#running = false;
    }
  }
}
