import { applyEdits, replaceValue } from '../../json/edit.ts';
import { type Answer, type Id, type Message, memberOf, parseMessage, type Request } from '../message.ts';
import { ownId } from '../upstream.ts';
import { answerIn } from './body.ts';
import type { Carrier } from './carrier.ts';
import { Post } from './post.ts';

/**
 * The session of a revision that has one (2025-03-26 to 2025-11-25): what every request of it has to say, and how it is
 * begun anew when the server has forgotten it.
 */
export class Handshake {
  readonly #carrier: Carrier;
  readonly #depth: number;
  readonly #onRenewed: (initialized: Message) => void;
  #initialize: Request | undefined;
  #initialized: Message | undefined;
  /** The result of `initialize`, as it came. */
  #result: Buffer | undefined;
  #revision: string | undefined;
  #session: string | undefined;
  #renewal: Promise<string | undefined> | undefined;

  /** `depth`: nesting of a message. `onRenewed` runs whenever a forgotten session was begun anew. */
  constructor(carrier: Carrier, depth: number, onRenewed: (initialized: Message) => void) {
    this.#carrier = carrier;
    this.#depth = depth;
    this.#onRenewed = onRenewed;
  }

  /** The client has greeted the server. */
  get isBegun(): boolean {
    return this.#initialize !== undefined;
  }

  headers(): Record<string, string> {
    return {
      ...(this.#session === undefined ? {} : { 'mcp-session-id': this.#session }),
      ...(this.#revision === undefined ? {} : { 'mcp-protocol-version': this.#revision }),
    };
  }

  /** The client greets the server, for the first time or again. */
  greet(request: Request): void {
    this.#initialize = request;
    this.#initialized = undefined;
    this.#session = undefined;
    this.#revision = undefined;
  }

  begun(session: string): void {
    this.#session = session;
  }

  /** What comes back for the client's greeting. */
  heard(line: Buffer, id: Id): void {
    const answer = answerIn(line, this.#depth, id);
    if (answer !== undefined && !answer.failed) this.#answered(answer);
  }

  #answered(answer: Answer): void {
    this.#result = resultOf(answer);
    const revision = (answer.payload as { protocolVersion?: unknown } | null)?.protocolVersion;
    if (typeof revision === 'string' && /^[\w.-]{1,64}$/.test(revision)) this.#revision = revision;
  }

  /** The client has accepted the server's answer. */
  settle(initialized: Message): void {
    if (this.#result !== undefined) this.#initialized = initialized;
  }

  /**
   * Begins a session in place of one that the server has forgotten (2025-11-25, transports, "Session Management"):
   * undefined once it stands, else why not. A server that says other things of itself than before is not the one that the
   * client knows, and is not taken for it.
   */
  renew(expired: string): Promise<string | undefined> {
    if (this.#renewal !== undefined) return this.#renewal;
    // Another request met the same, and has it behind it.
    if (this.#session !== expired) return Promise.resolve(undefined);
    this.#renewal = this.#again().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** Tells the server that the session is over; it gets so many ms to take note. */
  async end(ms: number): Promise<void> {
    if (this.#session === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const headers = this.#carrier.headers(undefined);
      this.#carrier.endpoint.request('DELETE', headers, undefined, { response: done, failed: done });
    });
  }

  async #again(): Promise<string | undefined> {
    const [initialize, initialized, before] = [this.#initialize, this.#initialized, this.#result];
    if (initialize === undefined || initialized === undefined || before === undefined) {
      return 'it forgot its session before that had begun';
    }
    this.greet(initialize);
    const id = ownId();
    const line = applyEdits(initialize.line, [replaceValue(memberOf(initialize, 'id')!, JSON.stringify(id))]);
    let answer: Answer | undefined;
    const failure = await this.#post(parseMessage(line, Number.POSITIVE_INFINITY), (received) => {
      answer ??= answerIn(received, this.#depth, id);
    });
    if (failure !== undefined) return `it forgot its session, and another could not be begun: ${failure}`;
    if (answer === undefined || answer.failed) return 'it forgot its session, and refuses another';
    if (!resultOf(answer).equals(before))
      return 'it forgot its session, and now says other things of itself than before';
    this.#answered(answer);
    await this.#post(initialized, () => {});
    this.#onRenewed(initialized);
    return undefined;
  }

  /** Resolves once the message was answered or accepted, or to why not. */
  #post(message: Message, take: (line: Buffer) => void): Promise<string | undefined> {
    return new Promise((resolve) => {
      new Post(this.#carrier, message, {
        message: take,
        taken: () => {},
        done: () => resolve(undefined),
        failed: resolve,
      });
    });
  }
}

function resultOf(answer: Answer): Buffer {
  const { start, end } = memberOf(answer, 'result')!;
  return Buffer.from(answer.line.subarray(start, end));
}
