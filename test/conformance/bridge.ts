/**
 * A bridge from Streamable HTTP to a stdio server, for tests alone: the conformance suite speaks HTTP only. It is the
 * same with Cordon between it and the server and without, so what differs is Cordon's doing.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { Child, type Message } from './child.ts';
import { EventLog } from './event-log.ts';
import { claimOf, headerFault, STATELESS, Stateless } from './stateless.ts';

/** The tool whose stream is closed mid-call, so that the client has to take it up again (SEP-1699). */
const RECONNECTS = 'test_reconnection';

interface Session {
  transport: StreamableHTTPServerTransport;
  child: Child;
}

export class Bridge {
  readonly #command: () => readonly string[];
  readonly #server: Server;
  readonly #sessions = new Map<string, Session>();
  /** Every child, so that none is left. */
  readonly #children = new Set<Child>();
  #stateless: Stateless | undefined;

  private constructor(command: () => readonly string[]) {
    this.#command = command;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: Error) => {
        if (!response.headersSent) response.writeHead(500);
        response.end(error.message);
      });
    });
    // A connection that is closed for idleness as the suite sends its next request on it is a check lost to nobody's fault.
    this.#server.keepAliveTimeout = 0;
  }

  /** Serves the stdio server that `command` starts, a process for every session: it is asked for each. */
  static async listen(command: () => readonly string[]): Promise<Bridge> {
    const bridge = new Bridge(command);
    await new Promise<void>((resolve) => bridge.#server.listen(0, '127.0.0.1', resolve));
    return bridge;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    for (const child of this.#children) child.end();
    // Time to end in order; whatever needs longer is not what is measured here.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    for (const child of this.#children) child.kill();
  }

  #child(take: (message: Message) => void): Child {
    const child = new Child(this.#command(), take);
    this.#children.add(child);
    return child;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isLocal(request.headers.host) || !isLocal(request.headers.origin)) {
      response.writeHead(403).end('only for this machine');
      return;
    }
    const body = request.method === 'POST' ? ((await json(request)) as Message) : undefined;
    const id = request.headers['mcp-session-id'];
    if (id !== undefined) {
      const session = this.#sessions.get(String(id));
      if (session === undefined) response.writeHead(404).end('no such session');
      else await this.#inSession(session, request, response, body);
    } else if (body === undefined) {
      response.writeHead(405).end();
    } else if (claimOf(body) !== undefined || request.headers['mcp-protocol-version'] === STATELESS) {
      this.#statelessly(request, response, body);
    } else {
      await this.#inSession(await this.#session(), request, response, body);
    }
  }

  #statelessly(request: IncomingMessage, response: ServerResponse, body: Message): void {
    const fault = headerFault(request.headers, body);
    if (fault !== undefined) {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, error: { code: -32020, message: fault } }));
      return;
    }
    // What claims no revision could be the beginning of a handshake, so it gets a process that has seen nothing yet.
    if (claimOf(body) === undefined) new Stateless((take) => this.#child(take)).post(body, response);
    else {
      this.#stateless ??= new Stateless((take) => this.#child(take));
      this.#stateless.post(body, response);
    }
  }

  async #session(): Promise<Session> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: new EventLog(),
      retryInterval: 50,
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
      onsessionclosed: (id) => {
        child.end();
        this.#sessions.delete(id);
      },
    });
    const child = this.#child((message) => {
      const relatedRequestId = message.method === undefined ? undefined : child.relatedTo(message);
      const options = relatedRequestId === undefined ? {} : { relatedRequestId };
      transport.send(message as Parameters<typeof transport.send>[0], options).catch(() => {
        // The stream that it belonged to is closed: HTTP loses it with Cordon and without.
      });
    });
    const session: Session = { transport, child };
    transport.onmessage = (message) => child.send(message as Message);
    await transport.start();
    return session;
  }

  async #inSession(
    { transport }: Session,
    request: IncomingMessage,
    response: ServerResponse,
    body: Message | undefined,
  ): Promise<void> {
    await transport.handleRequest(request, response, body);
    if (body?.method === 'tools/call' && body.params?.name === RECONNECTS) transport.closeSSEStream(body.id!);
  }
}

function isLocal(value: string | undefined): boolean {
  if (value === undefined) return true;
  const host = value.replace(/^https?:\/\//, '').replace(/:[0-9]+$/, '');
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]';
}
