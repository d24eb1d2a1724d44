import type { IncomingMessage } from 'node:http';
import { CUT, challengeOf, mediaType, readAnswer } from './answer.ts';
import type { Carrier } from './carrier.ts';

/** How long is waited before a stream is opened again, in ms: where the server does not say, and at least and most. */
const DELAY_MS = { first: 1000, least: 100, most: 30_000 };

export interface ListenerEvents {
  message(line: Buffer): void;
  /** The server offers no such stream, or it broke too often. */
  over(reason: string, wasOpen: boolean): void;
}

/**
 * A stream of events that a session has beside its requests (up to 2025-11-25, transports, "Listening for Messages" and
 * "Resumability"): opened by GET, and opened again behind its last event when it breaks.
 */
export class Listener {
  readonly #carrier: Carrier;
  readonly #events: ListenerEvents;
  /** So many times in a row it may break without an event. */
  readonly #patience: number;
  #failures = 0;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wasOpen = false;
  #isOver = false;
  #cancel: () => void = () => {};

  constructor(carrier: Carrier, patience: number, events: ListenerEvents) {
    this.#carrier = carrier;
    this.#patience = patience;
    this.#events = events;
  }

  start(): void {
    this.#open();
  }

  /** Opens the stream behind an event, once the server's time is over. */
  resume(lastEventId: string, retryMs: number | undefined): void {
    this.#lastEventId = lastEventId;
    this.#retryMs = retryMs;
    this.#later();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#cancel();
  }

  #open(): void {
    const headers = this.#carrier.headers(undefined);
    const behind = this.#lastEventId === undefined ? {} : { 'last-event-id': this.#lastEventId };
    this.#cancel = this.#carrier.endpoint.request(
      'GET',
      { ...headers, ...behind, accept: 'text/event-stream' },
      undefined,
      {
        response: (response) => this.#response(response, headers['authorization']),
        failed: (reason) => this.#broke(reason),
      },
    );
  }

  #response(response: IncomingMessage, sent: string | undefined): void {
    const status = response.statusCode ?? 0;
    if (status === 401) {
      const retry = this.#carrier.credentials.obtain(challengeOf(response), sent, false);
      response.destroy();
      return void retry.then((problem) => this.#broke(problem ?? 'it asked for authorization'));
    }
    if (status !== 200 || mediaType(response) !== 'text/event-stream') {
      response.destroy();
      // Its own trouble may pass; what it says of the request will not.
      return status >= 500 ? this.#broke(`HTTP ${status}`) : this.#end(`HTTP ${status}`);
    }
    this.#wasOpen = true;
    const progress = (): void => {
      this.#failures = 0;
    };
    readAnswer(response, this.#carrier.limitBytes, {
      message: (line) => {
        progress();
        if (!this.#isOver) this.#events.message(line);
      },
      turn: () => this.#carrier.turn(),
      id: (id) => {
        if (id !== this.#lastEventId) progress();
        this.#lastEventId = id;
      },
      retry: (ms) => {
        this.#retryMs = ms;
      },
      end: (fault) => {
        if (this.#isOver) return;
        // What is too long, say, would be so again.
        if (fault !== undefined && fault !== CUT) this.#end(fault);
        else this.#broke(fault ?? 'it ended the stream');
      },
    });
  }

  #broke(reason: string): void {
    if (this.#isOver) return;
    this.#failures++;
    if (this.#failures > this.#patience) this.#end(reason);
    else this.#later();
  }

  #later(): void {
    const grown = DELAY_MS.first * 1.5 ** Math.max(0, this.#failures - 1);
    const wanted = this.#failures > 1 ? Math.max(grown, this.#retryMs ?? 0) : (this.#retryMs ?? grown);
    const delay = Math.min(Math.max(wanted, DELAY_MS.least), DELAY_MS.most);
    this.#timer = setTimeout(() => this.#open(), delay).unref();
  }

  #end(reason: string): void {
    this.#isOver = true;
    this.#events.over(reason, this.#wasOpen);
    this.#carrier.turn();
  }
}
