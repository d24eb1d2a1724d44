import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { OAuthClient } from '../../../src/config/remote.ts';
import { overHttp } from '../../../src/proxy/http/connect.ts';
import type { Id } from '../../../src/proxy/message.ts';
import type { Wire } from '../../../src/proxy/wire.ts';

/** A request as a test's server got it. */
export interface Got {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test states the shape that it expects
  body: any;
}

export interface TestServer {
  url: string;
  port: number;
  server: Server;
  /** Everything it was asked, in order of arrival. */
  got: Got[];
}

/** A server on this machine that does as a test says. */
export async function serve(
  handler: (got: Got, response: ServerResponse, request: IncomingMessage) => void,
): Promise<TestServer> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
      got.push(one);
      handler(one, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp`, port, server, got };
}

/** Answers with JSON as it is written. */
export function json(
  response: ServerResponse,
  text: string,
  headers: Record<string, string> = {},
  status = 200,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text);
}

/** Begins a stream of events, some of them at once. */
export function events(response: ServerResponse, ...written: string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const one of written) response.write(one);
}

/** Breaks the connection, once what was written is on its way. */
export function cut(response: ServerResponse): void {
  setTimeout(() => response.destroy(), 30);
}

export const event = (text: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${text}\n\n`;

/** What the wire told, in order. */
export interface Told {
  lines: string[];
  failed: { id: Id; reason: string }[];
  gone: string[];
  /** What each of these is to be tried again after. */
  untils: (Promise<unknown> | undefined)[];
  /** Names of events, without repeated turns. */
  order: string[];
  drained: number;
}

export interface Under extends Told {
  wire: Wire;
  /** Sends lines as one turn. */
  send(...messages: (object | string)[]): void;
  /** Resolves as soon as `look` finds something. */
  until<T>(look: () => T | undefined | false, what?: string): Promise<T>;
}

/** No state directory: nobody is asked for anything in these tests. */
const NOWHERE = '/nonexistent';

export function wireTo(
  url: string,
  options: {
    headers?: Record<string, string>;
    limitBytes?: number;
    alone?: boolean;
    state?: string;
    oauth?: OAuthClient;
  } = {},
): Under {
  const told: Told = { lines: [], failed: [], gone: [], untils: [], order: [], drained: 0 };
  const waiting = new Set<() => void>();
  const look = () => {
    for (const one of waiting) one();
  };
  const note = (name: string) => {
    if (name !== 'turn' || told.order.at(-1) !== 'turn') told.order.push(name);
    // What is told is taken in at the end of a turn, or of the session.
    if (name !== 'line' && name !== 'failed') look();
  };
  const { headers = {}, limitBytes = 1 << 20, alone = true, state = NOWHERE, oauth } = options;
  const connect = overHttp(
    { name: 'far', url, headers, ...(oauth && { oauth }) },
    { stateDir: state, depth: 64, alone },
  );
  const wire = connect(limitBytes, {
    line: (line) => {
      told.lines.push(line.toString('utf8'));
      note('line');
    },
    oversize: () => note('oversize'),
    failed: (id, reason) => {
      told.failed.push({ id, reason });
      note('failed');
    },
    turn: () => note('turn'),
    drained: () => {
      told.drained++;
      note('drained');
    },
    gone: (reason, until) => {
      told.gone.push(reason);
      told.untils.push(until);
      note('gone');
    },
  });
  onTestFinished(() => wire.kill());
  return Object.assign(told, {
    wire,
    send: (...messages: (object | string)[]) => {
      for (const message of messages) {
        wire.send(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));
      }
      wire.flush();
    },
    until: <T>(find: () => T | undefined | false, what = 'what was waited for') =>
      new Promise<T>((resolve, reject) => {
        const once = () => {
          const found = find();
          if (found === undefined || found === false) return;
          waiting.delete(once);
          clearTimeout(timer);
          clearInterval(poll);
          resolve(found);
        };
        const timer = setTimeout(() => {
          clearInterval(poll);
          reject(new Error(`${what} did not come: ${JSON.stringify(told).slice(0, 2000)}`));
        }, 60_000);
        // What the server notes is not told here.
        const poll = setInterval(once, 5);
        waiting.add(once);
        once();
      }),
  });
}

export const initialize = (id: Id = 0, revision = '2025-11-25') => ({
  jsonrpc: '2.0',
  id,
  method: 'initialize',
  params: { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
});
export const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
export const call = (id: Id, name = 'echo', more: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {}, ...more },
});
/** What a stateless request says of itself (2026-07-28). */
export const stateless = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  },
};

export const introduction = (id: Id, more: object = {}): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    result: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'far', version: '1' },
      ...more,
    },
  });

export const result = (id: Id, text = 'ok'): string =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } });
