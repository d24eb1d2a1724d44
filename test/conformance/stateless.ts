import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Child, Id, Message } from './child.ts';

export const STATELESS = '2026-07-28';
const META = 'io.modelcontextprotocol/';

/** The HTTP status that an error is answered with (2026-07-28, transports); any other is told in a stream. */
const STATUS = new Map([
  [-32601, 404],
  [-32602, 400],
  [-32020, 400],
  [-32021, 400],
  [-32022, 400],
]);

/** The parameter that `Mcp-Name` repeats. */
const NAMED_BY = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** The one parameter of the fixture that a header repeats (SEP-2243). */
const HEADER_PARAMETER = { tool: 'test_header_parameter', argument: 'region', header: 'mcp-param-region' };

export function claimOf({ params }: Message): string | undefined {
  return params?._meta?.[`${META}protocolVersion`];
}

/** What a header says otherwise than the body does; undefined if they agree. */
export function headerFault(headers: IncomingHttpHeaders, body: Message): string | undefined {
  const { method, params } = body;
  const claim = claimOf(body);
  if (claim !== undefined && headers['mcp-protocol-version'] !== claim) return 'MCP-Protocol-Version';
  if (headers['mcp-method']?.toString().trim() !== method) return 'Mcp-Method';
  const by = NAMED_BY.get(method ?? '');
  if (by !== undefined && headers['mcp-name']?.toString().trim() !== params?.[by]) return 'Mcp-Name';
  const { tool, argument, header } = HEADER_PARAMETER;
  if (params?.name === tool && decoded(headers[header]) !== params.arguments?.[argument]) return header;
  return undefined;
}

function decoded(value: string | string[] | undefined): string | undefined {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(String(value))?.[1];
  if (encoded === undefined) return value?.toString();
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64') === encoded ? bytes.toString() : undefined;
}

interface Post {
  id: Id;
  progressToken: Id | undefined;
  response: ServerResponse;
}

/** Requests of any number of clients to one server process: ids and tokens are theirs alone on each side. */
export class Stateless {
  readonly #child: Child;
  readonly #posts = new Map<Id, Post>();
  #count = 0;

  constructor(start: (take: (message: Message) => void) => Child) {
    this.#child = start((message) => this.#take(message));
  }

  post({ id, ...message }: Message, response: ServerResponse): void {
    if (id === undefined) {
      this.#child.send(message);
      response.writeHead(202).end();
      return;
    }
    const own = `post-${++this.#count}`;
    const progressToken = message.params?._meta?.progressToken;
    this.#posts.set(own, { id, progressToken, response });
    response.on('close', () => {
      if (!this.#posts.delete(own)) return;
      // A client that closes its stream takes its request back.
      this.#child.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: own } });
    });
    const params =
      progressToken === undefined
        ? message.params
        : { ...message.params, _meta: { ...message.params._meta, progressToken: own } };
    this.#child.send({ ...message, id: own, ...(params === undefined ? {} : { params }) });
  }

  #take(message: Message): void {
    const isAnswer = message.method === undefined;
    const subscription = message.params?._meta?.[`${META}subscriptionId`] as Id | undefined;
    const own = isAnswer ? message.id! : (subscription ?? this.#child.relatedTo(message));
    const post = own === undefined ? undefined : this.#posts.get(own);
    if (post === undefined) return;
    const { id, progressToken, response } = post;
    let line = JSON.stringify(isAnswer ? { ...message, id } : message);
    if (message.method === 'notifications/progress') {
      line = JSON.stringify({ ...message, params: { ...message.params, progressToken } });
    } else if (subscription !== undefined) {
      const _meta = { ...message.params._meta, [`${META}subscriptionId`]: id };
      line = JSON.stringify({ ...message, params: { ...message.params, _meta } });
    }
    const status = isAnswer && message.error !== undefined ? STATUS.get(message.error.code) : undefined;
    if (isAnswer) this.#posts.delete(own!);
    if (status !== undefined && !response.headersSent) {
      response.writeHead(status, { 'content-type': 'application/json' }).end(line);
      return;
    }
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${line}\n\n`);
    if (isAnswer) response.end();
  }
}
