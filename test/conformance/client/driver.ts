/**
 * A client of Cordon, as the suite's scenarios start it: with the address of the server under whose eyes it is as its
 * last argument. It does what a client with a model would: lists tools, resources and prompts and uses each once, answers
 * what it is asked, and opens addresses that Cordon prints for a person.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lines } from '../../e2e/support/lines.ts';

// biome-ignore lint/suspicious/noExplicitAny: scenarios say things of many shapes
type Json = any;

const url = process.argv.at(-1)!;
const { CORDON = '', WORK = '', REVISION = '', MCP_CONFORMANCE_CONTEXT = '{}' } = process.env;
const isStateless = REVISION === '2026-07-28';
/** An answer that has not come by then does not come: the scenario says what was wrong with that. */
const PATIENCE_MS = 12_000;
/** How long a person takes to agree, and how often a call is made again meanwhile. */
const PERSON_MS = 800;
const ATTEMPTS = 4;

const folder = mkdtempSync(join(WORK, 'client-'));
const oauth = await registered();
writeFileSync(
  join(folder, 'mcp.json'),
  JSON.stringify({ mcpServers: { far: { type: 'http', url, oauth } } }),
);
const cordon = spawn(
  process.execPath,
  [
    CORDON,
    'run',
    '--config',
    join(folder, 'mcp.json'),
    '--state',
    join(folder, 'state'),
    '--mode',
    'observe',
  ],
  { stdio: ['pipe', 'pipe', 'pipe'] },
);

/** What a person who has registered a client by hand writes down of it, and at which authorization server he did. */
async function registered(): Promise<object | undefined> {
  const { client_id: clientId, client_secret: clientSecret } = JSON.parse(MCP_CONFORMANCE_CONTEXT) as Json;
  if (clientId === undefined) return undefined;
  const { origin, pathname } = new URL(url);
  const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  const [issuer] = ((await metadata.json()) as Json).authorization_servers;
  return { clientId, clientSecret, issuer };
}

let said = '';
const opened = new Set<string>();
cordon.stderr.on('data', (chunk: Buffer) => {
  said += chunk.toString('utf8');
  for (const [, address] of said.matchAll(/^ {2}(http\S+)\n/gm)) {
    if (opened.has(address!)) continue;
    opened.add(address!);
    fetch(address!).catch(() => {});
  }
});

const waiting = new Map<number, (answer: Json) => void>();
const lines = new Lines((line) => {
  const { id, method, params, ...answer } = JSON.parse(line) as Json;
  if (method === undefined) waiting.get(id)?.(answer);
  else if (id !== undefined) send({ id, result: replyTo(method, params) });
});
cordon.stdout.on('data', (chunk: Buffer) => lines.push(chunk));

function send(message: object): void {
  cordon.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const _meta = {
  'io.modelcontextprotocol/protocolVersion': REVISION,
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, roots: {} },
  'io.modelcontextprotocol/clientInfo': { name: 'driver', version: '1' },
};
let last = 0;

function once(method: string, params: object): Promise<Json> {
  return new Promise((resolve) => {
    const id = ++last;
    const timer = setTimeout(() => resolve({ error: {} }), PATIENCE_MS);
    waiting.set(id, (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    send({ id, method, params: isStateless ? { ...params, _meta } : params });
  });
}

/** Asks, and again while a person is still to agree. */
async function ask(method: string, params: object = {}): Promise<Json> {
  for (let attempt = 1; ; attempt++) {
    const answer = await once(method, params);
    const isWaiting = /asks for authorization/.test(answer.error?.message ?? '');
    if (!isWaiting || attempt === ATTEMPTS) return answer.result ?? {};
    await sleep(PERSON_MS);
  }
}

/** What a person or a model would answer: what the form proposes, else something of the right type. */
function replyTo(method: string, params: Json): object {
  if (method === 'roots/list') return { roots: [] };
  if (method !== 'elicitation/create') return {};
  const fields: [string, Json][] = Object.entries(params?.requestedSchema?.properties ?? {});
  const content = Object.fromEntries(
    fields.map(([name, schema]) => [name, schema.default ?? sample(schema)]),
  );
  return { action: 'accept', content };
}

function sample(schema: Json): Json {
  if (schema?.enum !== undefined) return schema.enum[0];
  if (schema?.type === 'number' || schema?.type === 'integer') return 3;
  if (schema?.type === 'boolean') return true;
  if (schema?.type === 'array') return [];
  if (schema?.type === 'string') return 'value';
  const members: [string, Json][] = Object.entries(schema?.properties ?? {});
  return Object.fromEntries(members.map(([name, inner]) => [name, sample(inner)]));
}

/** Calls a tool, and answers what it wants to know first, with its state as it came. */
async function call(name: string, args: object): Promise<void> {
  let result = await ask('tools/call', { name, arguments: args });
  for (let round = 0; round < 3 && result.resultType === 'input_required'; round++) {
    const asked: [string, Json][] = Object.entries(result.inputRequests ?? {});
    const inputResponses = Object.fromEntries(
      asked.map(([key, { method, params }]) => [key, replyTo(method, params)]),
    );
    result = await ask('tools/call', {
      ...{ name, arguments: args },
      ...(result.inputRequests === undefined ? {} : { inputResponses }),
      ...(result.requestState === undefined ? {} : { requestState: result.requestState }),
    });
  }
}

if (isStateless) await ask('server/discover');
else {
  const capabilities = { elicitation: { applyDefaults: true }, sampling: {}, roots: {} };
  await ask('initialize', {
    protocolVersion: REVISION,
    capabilities,
    clientInfo: { name: 'driver', version: '1' },
  });
  send({ method: 'notifications/initialized' });
}
const { tools = [] } = await ask('tools/list');
const { toolCalls } = JSON.parse(MCP_CONFORMANCE_CONTEXT) as Json;
if (toolCalls !== undefined) for (const { name, arguments: args } of toolCalls) await call(name, args);
else for (const { name, inputSchema } of tools) await call(name, sample(inputSchema));
for (const { uri } of (await ask('resources/list')).resources ?? []) await ask('resources/read', { uri });
for (const { name } of (await ask('prompts/list')).prompts ?? []) await ask('prompts/get', { name });
cordon.stdin.end();
await new Promise((resolve) => cordon.once('exit', resolve));
