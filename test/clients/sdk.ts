/** What a program that uses a client of the SDK gets to see of a server. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Scenario, Step } from '../e2e/support/scenarios.ts';
import { LABELS } from '../e2e/support/wire.ts';

export interface Launch {
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
}

/** The calls that both versions of the client have in common. */
interface SdkClient {
  getServerCapabilities(): unknown;
  getServerVersion(): unknown;
  getInstructions(): unknown;
  listTools(): Promise<unknown>;
  listResources(params: object): Promise<unknown>;
  listResourceTemplates(params: object): Promise<unknown>;
  listPrompts(params: object): Promise<unknown>;
  callTool(params: object): Promise<unknown>;
  readResource(params: object): Promise<unknown>;
  getPrompt(params: object): Promise<unknown>;
  complete(params: object): Promise<unknown>;
  setLoggingLevel(level: unknown): Promise<unknown>;
  ping(): Promise<unknown>;
  close(): Promise<void>;
}

export interface Sdk {
  name: string;
  connect(launch: Launch): Promise<SdkClient>;
}

const INFO = { name: 'real-client', version: '1' };
const CAPABILITIES = { roots: { listChanged: true }, sampling: {}, elicitation: {} };

/** What a person and a model answer. */
const REPLIES = {
  'roots/list': { roots: [{ uri: 'file:///home/me/garden', name: 'garden' }] },
  'elicitation/create': { action: 'accept' as const, content: { name: 'Sam', check: true } },
  'sampling/createMessage': {
    model: 'none',
    role: 'assistant' as const,
    content: { type: 'text' as const, text: 'A haiku about the fence.' },
  },
};

const parameters = ({ command: [command, ...args], cwd, env }: Launch) => ({
  command: command!,
  args,
  cwd,
  env: { PATH: process.env['PATH'] ?? '', ...env },
  stderr: 'ignore' as const,
});

/** The client of the handshake revisions, as it is installed. */
export async function sdk1(): Promise<Sdk> {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  const types = await import('@modelcontextprotocol/sdk/types.js');
  return {
    name: 'SDK 1.32',
    connect: async (launch) => {
      const client = new Client(INFO, { capabilities: CAPABILITIES });
      client.setRequestHandler(types.ListRootsRequestSchema, () => REPLIES['roots/list']);
      client.setRequestHandler(types.ElicitRequestSchema, () => REPLIES['elicitation/create']);
      client.setRequestHandler(types.CreateMessageRequestSchema, () => REPLIES['sampling/createMessage']);
      await client.connect(new StdioClientTransport(parameters(launch)));
      return client as unknown as SdkClient;
    },
  };
}

/** The client of both eras, from a folder that has it: `auto` asks the server first whether it is stateless. */
export async function sdk2(packages: string, mode: 'legacy' | 'auto'): Promise<Sdk> {
  const folder = join(packages, 'node_modules/@modelcontextprotocol/client/dist');
  const load = (file: string) => import(pathToFileURL(join(folder, file)).href);
  const [{ Client }, { StdioClientTransport }] = await Promise.all([load('index.mjs'), load('stdio.mjs')]);
  return {
    name: `SDK 2.4, ${mode}`,
    connect: async (launch) => {
      const options = {
        capabilities: CAPABILITIES,
        versionNegotiation: { mode, probe: { timeoutMs: 5000 } },
      };
      const client = new Client(INFO, options);
      for (const [method, reply] of Object.entries(REPLIES)) client.setRequestHandler(method, () => reply);
      await client.connect(new StdioClientTransport(parameters(launch)));
      return client;
    },
  };
}

/** Everything that the client sees in the scenario, as text that can be compared. */
export async function seenBy(
  sdk: Sdk,
  launch: Launch,
  scenario: Scenario,
  more: readonly Step[] = [],
): Promise<string[]> {
  const client = await sdk.connect(launch);
  const seen: unknown[] = [
    client.getServerCapabilities(),
    client.getServerVersion(),
    client.getInstructions(),
  ];
  seen.push(await client.listTools());
  for (const step of [...scenario.steps(launch.cwd), ...more]) {
    try {
      seen.push(withoutOurs(await perform(client, step)));
    } catch (error) {
      const { message, code, data } = error as Error & { code?: unknown; data?: unknown };
      seen.push({ message, code, data });
    }
  }
  await client.close();
  return seen.map((one) => {
    const text = JSON.stringify(one ?? null).replaceAll(launch.cwd, 'FOLDER');
    return scenario.settle?.(text) ?? text;
  });
}

function perform(client: SdkClient, { method, params }: Step): Promise<unknown> {
  switch (method) {
    case 'tools/call':
      return client.callTool(params);
    case 'resources/list':
      return client.listResources(params);
    case 'resources/templates/list':
      return client.listResourceTemplates(params);
    case 'resources/read':
      return client.readResource(params);
    case 'prompts/list':
      return client.listPrompts(params);
    case 'prompts/get':
      return client.getPrompt(params);
    case 'completion/complete':
      return client.complete(params);
    case 'logging/setLevel':
      return client.setLoggingLevel(params['level']);
    case 'ping':
      return client.ping();
    default:
      throw new Error(`a scenario has the method ${method}, which this does not know`);
  }
}

/** A result without what Cordon added to it. */
export function withoutOurs(result: unknown): unknown {
  const { _meta, ...rest } = result as { _meta?: Record<string, unknown> };
  const kept = Object.entries(_meta ?? {}).filter(([key]) => !(LABELS as readonly string[]).includes(key));
  return kept.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(kept) };
}
