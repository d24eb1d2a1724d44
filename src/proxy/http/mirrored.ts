import type { Message, Request } from '../message.ts';

/** An argument of a tool that its server wants in a header as well (2026-07-28, streamable-http, "Custom Headers"). */
interface MirroredArgument {
  /** Members that lead to it from `arguments`. */
  path: readonly string[];
  /** `mcp-param-` and the name that the schema gives it. */
  header: string;
}

const REVISION = 'io.modelcontextprotocol/protocolVersion';
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const PRIMITIVES = new Set(['string', 'integer', 'boolean']);
/** What a header can hold as it is: no line break, nothing that is trimmed. */
const PLAIN = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/;
/** Methods that name what they are about, and where. */
const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};
const MAX_DEPTH = 16;
const MAX_MIRRORED = 64;
const MAX_TOOLS = 10_000;

/** The revision that a request names itself, as stateless requests do (2026-07-28); undefined in a session. */
export function revisionOf(message: Message): string | undefined {
  if (message.kind === 'answer') return undefined;
  const meta = (message.params as { _meta?: unknown } | null | undefined)?._meta;
  const revision = (meta as Record<string, unknown> | null | undefined)?.[REVISION];
  return typeof revision === 'string' && PLAIN.test(revision) ? revision : undefined;
}

/** What a server wants said again in headers, as its lists of tools declare it. */
export class Mirror {
  #tools = new Map<string, readonly MirroredArgument[]>();

  /** Learns from the result of a `tools/list` request; its first page stands for a new list. */
  learn(request: Request, result: unknown): void {
    const isFirst = (request.params as { cursor?: unknown } | null | undefined)?.cursor === undefined;
    if (isFirst) this.#tools = new Map();
    for (const [tool, mirrored] of mirroredArguments(result)) {
      if (this.#tools.size < MAX_TOOLS) this.#tools.set(tool, mirrored);
    }
  }

  /** Headers that say again what stands in a stateless request. Servers refuse requests in which the two differ. */
  headers(request: Request): Record<string, string> {
    const { method } = request;
    const params = (request.params ?? {}) as Record<string, unknown>;
    const headers: Record<string, string> = {};
    if (PLAIN.test(method)) headers['mcp-method'] = method;
    const name = Object.hasOwn(NAMED, method) ? params[NAMED[method]!] : undefined;
    if (typeof name === 'string') headers['mcp-name'] = encoded(name);
    const mirrored = method === 'tools/call' ? this.#tools.get(String(name)) : undefined;
    for (const { path, header } of mirrored ?? []) {
      const text = textOf(valueAt(params['arguments'], path));
      if (text !== undefined) headers[header] = encoded(text);
    }
    return headers;
  }
}

/** Which arguments each tool of a list wants in headers; tools that want none are left out. */
function mirroredArguments(result: unknown): [tool: string, mirrored: MirroredArgument[]][] {
  const tools = (result as { tools?: unknown } | null | undefined)?.tools;
  return (Array.isArray(tools) ? tools : []).flatMap((tool): [string, MirroredArgument[]][] => {
    const { name, inputSchema } = (tool ?? {}) as { name?: unknown; inputSchema?: unknown };
    const mirrored = declared(inputSchema, []);
    // Two arguments in one header would have the server read one for the other: such a tool gets none.
    const isClear = new Set(mirrored.map(({ header }) => header)).size === mirrored.length;
    return typeof name === 'string' && mirrored.length > 0 && isClear ? [[name, mirrored]] : [];
  });
}

/** Declarations below `properties` alone, as the specification has it: elsewhere they name no one argument. */
function declared(schema: unknown, path: readonly string[]): MirroredArgument[] {
  const { type, properties } = (schema ?? {}) as { type?: unknown; properties?: unknown };
  const name = (schema as Record<string, unknown> | null | undefined)?.['x-mcp-header'];
  const found: MirroredArgument[] = [];
  if (typeof name === 'string' && TOKEN.test(name) && PRIMITIVES.has(String(type)) && path.length > 0) {
    found.push({ path, header: `mcp-param-${name.toLowerCase()}` });
  }
  if (typeof properties !== 'object' || properties === null || path.length === MAX_DEPTH) return found;
  for (const [key, inner] of Object.entries(properties)) {
    if (found.length >= MAX_MIRRORED) break;
    found.push(...declared(inner, [...path, key]));
  }
  return found;
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  return undefined;
}

function encoded(text: string): string {
  const isSentinel = text.startsWith('=?base64?') && text.endsWith('?=');
  return PLAIN.test(text) && !isSentinel ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}
