import type { IncomingMessage } from 'node:http';
import { quote } from '../../config/error.ts';
import { shownUrl } from '../../config/remote.ts';
import { errorLine } from '../answers.ts';
import { METHOD_NOT_FOUND, type Message } from '../message.ts';
import { CUT, challengeOf, mediaType, readAnswer, readBody } from './answer.ts';
import { errorFor, isAnswerTo, linesOf } from './body.ts';
import type { Carrier } from './carrier.ts';
import { Listener } from './listener.ts';

/** A stream that broke off before the answer is resumed so often in a row without getting any further. */
const RESUMPTIONS = 5;
/** A body that nobody reads is let through up to here, so that its connection can be used again. */
const UNREAD_BYTES = 64 * 1024;
/** An error is told in a body that is no longer than this. */
const ERROR_BYTES = 1024 * 1024;
/** A stream that has nothing more to bring is closed by then, in ms: a server could leave one open for each call. */
const LINGER_MS = 2000;
/** The identifier of a session (2025-11-25, transports, "Session Management"). */
const SESSION = /^[\x21-\x7e]{1,1024}$/;

export interface PostEvents {
  message(line: Buffer): void;
  /** The server has taken the whole message, or never will. Told once. */
  taken(): void;
  /** A request was answered; anything else was accepted. */
  done(): void;
  /** It was not, and never will be. */
  failed(reason: string): void;
}

/** One message on its way to the server, and what comes back for it (2025-11-25 and 2026-07-28, Streamable HTTP). */
export class Post {
  readonly #carrier: Carrier;
  readonly #message: Message;
  readonly #events: PostEvents;
  /** It may wait until a person has authorized it. */
  readonly #patient: boolean;
  #session: string | undefined;
  #authorization: string | undefined;
  #isTaken = false;
  #isRetried = false;
  #isAnswered = false;
  #lingering: NodeJS.Timeout | undefined;
  #isOver = false;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  #cancel: () => void = () => {};

  constructor(carrier: Carrier, message: Message, events: PostEvents, patient = false) {
    this.#carrier = carrier;
    this.#message = message;
    this.#events = events;
    this.#patient = patient;
    this.#send();
  }

  /** Closes the stream, which takes a stateless request back (2026-07-28, "Cancellation"); nothing more is told. */
  abort(): void {
    this.#isOver = true;
    clearTimeout(this.#lingering);
    this.#cancel();
  }

  /** Closes the stream soon, if the server does not. */
  linger(): void {
    this.#lingering ??= setTimeout(() => this.abort(), LINGER_MS).unref();
  }

  #send(): void {
    const headers = this.#carrier.headers(this.#message);
    this.#session = headers['mcp-session-id'];
    this.#authorization = headers['authorization'];
    const all = {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    this.#cancel = this.#carrier.endpoint.request('POST', all, this.#message.line, {
      taken: () => {
        if (!this.#isTaken) this.#events.taken();
        this.#isTaken = true;
      },
      response: (response) => this.#response(response),
      failed: (reason) => this.#fail(reason),
    });
  }

  #response(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return this.#accepted(response, status);
    if (status >= 300 && status < 400) {
      response.destroy();
      return this.#fail(redirected(response, this.#carrier.endpoint.url));
    }
    const challenge = challengeOf(response);
    if (status === 401 || (status === 403 && challenge?.includes('insufficient_scope'))) {
      const retry = this.#carrier.credentials.obtain(challenge, this.#authorization, this.#patient);
      response.destroy();
      return this.#again(retry, `it does not accept the authorization that it was given (HTTP ${status})`);
    }
    if (status === 404 && this.#session !== undefined) {
      response.destroy();
      return this.#again(
        this.#carrier.renew(this.#session),
        'it knows no session of its own making (HTTP 404)',
      );
    }
    this.#refused(response, status);
  }

  #accepted(response: IncomingMessage, status: number): void {
    const { kind } = this.#message;
    if (kind === 'request' && this.#message.method === 'initialize') {
      const session = response.headers['mcp-session-id'];
      if (typeof session === 'string') {
        if (!SESSION.test(session)) {
          response.destroy();
          return this.#fail('it names its session in a way that the protocol does not allow');
        }
        this.#carrier.begun(session);
      }
    }
    if (kind !== 'request') {
      discard(response);
      return this.#finish();
    }
    if (status === 202 || status === 204) {
      discard(response);
      return this.#fail(`it took the request and gives no answer (HTTP ${status})`);
    }
    readAnswer(response, this.#carrier.limitBytes, {
      message: (line) => this.#take(line),
      turn: () => this.#carrier.turn(),
      id: (id) => {
        this.#lastEventId = id;
      },
      retry: (ms) => {
        this.#retryMs = ms;
      },
      end: (fault) => this.#ended(fault),
    });
  }

  #take(line: Buffer): void {
    if (this.#isOver) return;
    this.#events.message(line);
    if (this.#isAnswered || this.#message.kind !== 'request' || !isAnswerTo(this.#message.id, line)) return;
    this.#isAnswered = true;
    this.#events.done();
    this.linger();
  }

  #ended(fault: string | undefined): void {
    clearTimeout(this.#lingering);
    if (this.#isOver || this.#isAnswered) return;
    const reason = fault ?? 'it ended its answer without a response';
    const mayResume = fault === undefined || fault === CUT;
    if (!mayResume || this.#lastEventId === undefined) return this.#fail(reason);
    const listener = new Listener(this.#carrier, RESUMPTIONS, {
      message: (line) => {
        this.#take(line);
        if (this.#isAnswered) listener.stop();
      },
      over: (why) => {
        if (!this.#isAnswered) this.#fail(`${reason}, and did not go on with it (${why})`);
      },
    });
    this.#cancel = () => listener.stop();
    listener.resume(this.#lastEventId, this.#retryMs);
  }

  /** The error of an HTTP error, if it holds one for the client; else that it is one. */
  #refused(response: IncomingMessage, status: number): void {
    const plain = `it answered with HTTP ${status}`;
    const fail = (): void => {
      // Whoever asks a server of its era takes this for the other one (2026-07-28, "Backward Compatibility").
      const isProbe = this.#message.kind === 'request' && this.#message.method === 'server/discover';
      if (!isProbe || status < 400 || status >= 500) return this.#fail(plain);
      this.#take(errorLine(this.#message.id, METHOD_NOT_FOUND, plain));
      this.#carrier.turn();
    };
    if (this.#message.kind !== 'request' || mediaType(response) !== 'application/json') {
      discard(response);
      return fail();
    }
    const { id } = this.#message;
    readBody(response, ERROR_BYTES, (body) => {
      if (this.#isOver) return;
      const [line] = (body && linesOf(body)) ?? [];
      const error = line && errorFor(id, line);
      if (error === undefined) return fail();
      this.#take(error);
      this.#carrier.turn();
    });
  }

  /** Sends the message once more when what it waits for has come. */
  #again(event: Promise<string | undefined>, inVain: string): void {
    if (this.#isRetried) return this.#fail(inVain);
    this.#isRetried = true;
    void event.then((problem) => {
      if (this.#isOver) return;
      if (problem === undefined) this.#send();
      else this.#fail(problem);
    });
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.done();
    this.#carrier.turn();
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.failed(reason);
    this.#carrier.turn();
  }
}

/** Headers are for the address that they were configured for, and a body that was judged goes nowhere else. */
function redirected(response: IncomingMessage, from: URL): string {
  const { location = '' } = response.headers;
  const to = URL.canParse(location, from.href)
    ? quote(shownUrl(new URL(location, from).href), 200)
    : 'nowhere';
  return `it redirects to ${to} (HTTP ${response.statusCode}), and Cordon follows no redirects: if that is right, write it as "url"`;
}

function discard(response: IncomingMessage): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > UNREAD_BYTES) response.destroy();
  });
  response.on('error', () => {});
}
