import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Answer, CallTool } from './agent.ts';
import type { Launch } from './servers.ts';

export interface Session {
  call: CallTool;
  /** Every server has ended. */
  close(): Promise<void>;
}

/** Talks to each server itself, as a client without Cordon does, and names its tools `server__tool`. */
export async function connectDirectly(servers: Record<string, Launch>, stderr: number): Promise<Session> {
  const opened = await Promise.allSettled(
    Object.entries(servers).map(async ([name, launch]) => [name, await connect(launch, stderr)] as const),
  );
  const clients = new Map(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  const close = async () => {
    await Promise.all([...clients.values()].map((client) => client.close()));
  };
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return {
    call: (name, args) => {
      const [server = '', tool = ''] = name.split('__', 2);
      return callTool(clients.get(server)!, tool, args);
    },
    close,
  };
}

/** Talks to one server that stands for all: Cordon. */
export async function connectThrough(cordon: Launch, stderr: number): Promise<Session> {
  const client = await connect(cordon, stderr);
  return { call: (name, args) => callTool(client, name, args), close: () => client.close() };
}

async function connect(launch: Launch, stderr: number): Promise<Client> {
  const client = new Client({ name: 'cordon-demo', version: '1.0.0' });
  await client.connect(new StdioClientTransport({ ...launch, stderr }));
  return client;
}

async function callTool(client: Client, name: string, args: Record<string, string>): Promise<Answer> {
  const result = await client.callTool({ name, arguments: args });
  const content = result.content as { type: string; text?: string }[];
  return {
    text: content.map((block) => block.text ?? '').join('\n'),
    structured: result.structuredContent,
    isError: result.isError === true,
  };
}
