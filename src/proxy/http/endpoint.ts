import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { shownUrl } from '../../config/remote.ts';

/** How long a connection may take to stand, in ms. Nothing else is timed: a call takes as long as it takes. */
const CONNECT_MS = 10_000;
/** An idle connection is closed before most servers close theirs, so that no call meets one that is just closing. */
const IDLE_MS = 4000;

export interface Told {
  /** The server has taken the whole body, or never will. Told once. */
  taken?(): void;
  response(response: IncomingMessage): void;
  /** There is no response. */
  failed(reason: string): void;
}

/**
 * One address, and requests to it. Node's own client and not fetch: fetch gives up on an answer after five minutes, and
 * follows redirects with the headers it was given unless it is told not to.
 */
export class Endpoint {
  readonly url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: HttpAgent;
  readonly #open = new Set<ClientRequest>();
  readonly #responses = new Set<IncomingMessage>();
  #isPaused = false;
  #isClosed = false;

  /** `headers` go with every request. */
  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.url = new URL(url);
    this.#headers = headers;
    // Not to be overruled by NODE_TLS_REJECT_UNAUTHORIZED.
    const options = { keepAlive: true, timeout: IDLE_MS, rejectUnauthorized: true };
    this.#agent = this.#isSecure ? new HttpsAgent(options) : new HttpAgent(options);
  }

  get #isSecure(): boolean {
    return this.url.protocol === 'https:';
  }

  /** Sends a request; returns what takes it back without telling anything more of it. */
  request(
    method: 'POST' | 'GET' | 'DELETE',
    headers: OutgoingHttpHeaders,
    body: Buffer | undefined,
    told: Told,
  ): () => void {
    let isOver = false;
    let taken = told.taken;
    const take = (): void => {
      taken?.();
      taken = undefined;
    };
    const send = this.#isSecure ? httpsRequest : httpRequest;
    const length = body === undefined ? {} : { 'content-length': body.length };
    const request = send(this.url, {
      method,
      agent: this.#agent,
      // What the transport says wins over the configuration, which may not set the same anyway.
      headers: { ...this.#headers, ...headers, ...length },
    });
    const fail = (reason: string): void => {
      take();
      if (isOver) return;
      isOver = true;
      told.failed(reason);
    };
    this.#open.add(request);
    const timer = setTimeout(() => {
      fail(`no connection to ${shownUrl(this.url.href)} within ${CONNECT_MS / 1000} s`);
      request.destroy();
    }, CONNECT_MS);
    request.once('socket', (socket) => {
      if (!socket.connecting) clearTimeout(timer);
      else socket.once(this.#isSecure ? 'secureConnect' : 'connect', () => clearTimeout(timer));
    });
    request.once('finish', take);
    request.once('response', (response) => {
      take();
      if (isOver) return response.destroy();
      isOver = true;
      this.#responses.add(response);
      response.once('close', () => this.#responses.delete(response));
      if (this.#isPaused) response.pause();
      told.response(response);
    });
    request.on('error', (error: NodeJS.ErrnoException) => fail(this.#why(error)));
    request.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(request);
      fail('it closed the connection without an answer');
    });
    request.end(body);
    if (this.#isClosed) request.destroy();
    return () => {
      isOver = true;
      request.destroy();
    };
  }

  /** Reads nothing of what comes until `resume`. */
  pause(): void {
    this.#isPaused = true;
    for (const response of this.#responses) response.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const response of this.#responses) response.resume();
  }

  /** Ends every connection at once, and lets no other begin. */
  close(): void {
    this.#isClosed = true;
    for (const request of this.#open) request.destroy();
    this.#agent.destroy();
  }

  /** By its code alone: messages of libraries can hold what was sent. */
  #why({ code = 'unknown' }: NodeJS.ErrnoException): string {
    const at = shownUrl(this.url.href);
    if (code === 'ECONNREFUSED') return `nothing listens at ${at} (${code})`;
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${at} was not found (${code})`;
    if (code === 'ECONNRESET' || code === 'EPIPE')
      return `it closed the connection without an answer (${code})`;
    if (code === 'EPROTO') return `what answers at ${at} does not speak TLS (${code})`;
    if (code.startsWith('HPE_')) return `what answers at ${at} does not speak HTTP (${code})`;
    if (/CERT|SSL|TLS|SELF_SIGNED|ISSUER/.test(code))
      return `the certificate of ${at} is not accepted (${code})`;
    return `${at} cannot be reached (${code})`;
  }
}
