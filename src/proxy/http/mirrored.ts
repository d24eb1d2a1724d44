import { applyEdits, removeItems } from '../../json/edit.ts';
import { elementsOf } from '../../json/spans.ts';
import { log } from '../log.ts';
import { innerOf, type Message, type Request } from '../message.ts';
import { answerIn } from './body.ts';

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
  readonly #server: string;
  readonly #depth: number;
  #tools = new Map<string, readonly MirroredArgument[]>();

  /** `server`: its name; `depth`: nesting of a message. */
  constructor(server: string, depth: number) {
    this.#server = server;
    this.#depth = depth;
  }

  /**
   * Learns from a line that may answer `tools/list`, where a first page stands for a new list. Returns it without tools that
   * say in a way that is not valid what they want: no client may offer them (2026-07-28, "Schema Extension").
   */
  learn(request: Request, line: Buffer): Buffer {
    const isFirst = (request.params as { cursor?: unknown } | null | undefined)?.cursor === undefined;
    const answer = answerIn(line, this.#depth, request.id);
    const list = answer && innerOf(answer, 'tools');
    if (isFirst && list !== undefined) this.#tools = new Map();
    if (list === undefined || !line.includes('x-mcp-header')) return line;
    const { tools } = answer!.payload as { tools: unknown };
    const unfit = new Map<number, string>();
    for (const [i, tool] of (Array.isArray(tools) ? tools : []).entries()) {
      const { name, inputSchema } = (tool ?? {}) as { name?: unknown; inputSchema?: unknown };
      const mirrored = declared(inputSchema);
      if (mirrored === undefined) unfit.set(i, String(name));
      else if (typeof name === 'string' && mirrored.length > 0 && this.#tools.size < MAX_TOOLS) {
        this.#tools.set(name, mirrored);
      }
    }
    if (unfit.size === 0) return line;
    const names = [...unfit.values()].slice(0, 10).join(', ');
    log('warn', `tools of server ${this.#server} are left out: their "x-mcp-header" is not valid`, { names });
    return applyEdits(
      line,
      removeItems(elementsOf(line, list.start), (i) => unfit.has(i)),
    );
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

/** Members of a schema that hold schemas under names of their own. */
const NAMED_SCHEMAS = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);
/** Members of a schema that hold values, which may look like schemas. */
const VALUES = new Set(['enum', 'const', 'default', 'examples']);

/**
 * Which arguments the server of a tool wants in headers; undefined if it says so in a way that is not valid, and the tool
 * may not be used: outside of `properties` alone a declaration names no one argument, and two of one name would have the
 * server read one for the other.
 */
function declared(inputSchema: unknown): MirroredArgument[] | undefined {
  const found: MirroredArgument[] = [];
  const isValid = collect(inputSchema, [], found);
  const names = new Set(found.map(({ header }) => header));
  return isValid && found.length <= MAX_MIRRORED && names.size === found.length ? found : undefined;
}

/** False for a schema that is not valid. `path` is undefined where no one argument can be meant. */
function collect(schema: unknown, path: readonly string[] | undefined, found: MirroredArgument[]): boolean {
  if (Array.isArray(schema)) return schema.every((one) => collect(one, undefined, found));
  if (typeof schema !== 'object' || schema === null) return true;
  const { 'x-mcp-header': name, type } = schema as Record<string, unknown>;
  if (name !== undefined) {
    const isFit = typeof name === 'string' && TOKEN.test(name) && PRIMITIVES.has(String(type));
    if (!isFit || path === undefined || path.length === 0) return false;
    found.push({ path, header: `mcp-param-${name.toLowerCase()}` });
  }
  return Object.entries(schema).every(([key, value]) => {
    if (VALUES.has(key)) return true;
    if (!NAMED_SCHEMAS.has(key)) return collect(value, undefined, found);
    if (typeof value !== 'object' || value === null) return true;
    return Object.entries(value).every(([inner, one]) =>
      collect(one, key === 'properties' && path !== undefined ? [...path, inner] : undefined, found),
    );
  });
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
