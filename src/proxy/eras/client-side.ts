import {
  type Id,
  INVALID_REQUEST,
  idIn,
  type Message,
  parseMessage,
  type Request,
  WireFault,
} from '../message.ts';
import { BATCHED, Batches, messagesOf } from './batches.ts';
import { isStateless, type Translation } from './era.ts';
import { StatelessClient } from './stateless-client.ts';

/** What the session does for the client's side of it. */
export interface Host {
  /** The revision that was agreed on with the client, once it shook hands. */
  revision(): string | undefined;
  /** @throws WireFault */
  parse(line: Buffer): Message;
  take(message: Message): void;
  refuse(fault: WireFault): void;
  send(line: Buffer): void;
  /** Whether a question, by its id on the client's wire, can belong to a request of the client's. */
  isOf(question: Id, request: Id): boolean;
}

/**
 * What stands between the client and the session where the client speaks otherwise: batches (2025-03-26) are taken apart
 * and put together. Several servers are one that shakes hands, which is Cordon, so a client of the stateless revision has
 * before it what it has before any server of that kind.
 */
export class ClientSide {
  readonly #host: Host;
  readonly #isGateway: boolean;
  readonly #batches: Batches;
  readonly #tasks: (() => void)[] = [];
  #isRunning = false;
  #isTranslated = false;
  #translation: Translation | undefined;

  /** `isGateway`: several servers are behind the session, or may be. */
  constructor(host: Host, isGateway: boolean) {
    this.#host = host;
    this.#isGateway = isGateway;
    this.#batches = new Batches((line) => host.send(line));
  }

  /** Lines to the client go out as they are. */
  get isPlain(): boolean {
    return !this.#isTranslated && !this.#batches.isOpen;
  }

  fromClient(line: Buffer): void {
    const batch = this.#host.revision() === BATCHED ? messagesOf(line) : undefined;
    if (batch === undefined) return this.#one(line);
    if (this.#batches.take(batch, (one) => this.#one(one))) return;
    this.#host.refuse(
      new WireFault(INVALID_REQUEST, 'batches', 'too many batches are not answered yet', null),
    );
  }

  toClient(line: Buffer): void {
    if (!this.#isTranslated) {
      if (!this.#batches.keep(line)) this.#host.send(line);
      return;
    }
    let message: Message;
    try {
      message = parseMessage(line, Infinity);
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      // A refusal of something that had no id.
      return this.#host.send(line);
    }
    this.#run(() => this.#translation!.fromServer(message));
  }

  #one(line: Buffer): void {
    let message: Message;
    try {
      message = this.#host.parse(line);
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      return this.#host.refuse(error);
    }
    if (this.#batches.isOpen && message.kind === 'notification') {
      const id = message.method === 'notifications/cancelled' ? idIn(message.params, 'requestId') : undefined;
      if (id !== undefined) this.#batches.forget(id);
    }
    if (message.kind === 'request') this.#note(message);
    if (!this.#isTranslated) return this.#host.take(message);
    this.#run(() => {
      this.#translation ??= this.#begin(message as Request);
      this.#translation.fromClient(message);
    });
  }

  /** Whether the client has to be translated is told by the requests that say of which era they are. */
  #note({ method, params }: Request): void {
    // What it was told as a client of the other era did not suit it.
    if (method === 'initialize') this.#isTranslated = false;
    else if (this.#isGateway && !this.#isTranslated && isStateless(params)) {
      this.#isTranslated = true;
      this.#translation = undefined;
    }
  }

  #begin(first: Request): Translation {
    const up = (line: Buffer): void => this.#host.send(line);
    const down = (line: Buffer): void => this.#run(() => this.#host.take(this.#host.parse(line)));
    return new StatelessClient({ up, down }, first, (question, request) =>
      this.#host.isOf(question, request),
    );
  }

  /** One after the other: the session answers some requests before it returns from them. */
  #run(task: () => void): void {
    this.#tasks.push(task);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#tasks.shift(); next !== undefined; next = this.#tasks.shift()) next();
    } finally {
      this.#isRunning = false;
    }
  }
}
