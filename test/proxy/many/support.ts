import { greet, type Json, listTools, type Scene, scene, TOOL } from '../support.ts';

export const FULL = {
  tools: {},
  prompts: {},
  resources: { subscribe: true },
  logging: {},
  tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
};

export const tool = (name: string): Json => ({ ...TOOL, name });
export const text = (words: string): Json => ({ content: [{ type: 'text', text: words }] });
export const parsed = (lines: readonly string[]): Json[] => lines.map((line) => JSON.parse(line) as Json);

export function forget(on: Scene): Scene {
  on.toClient.length = 0;
  for (const lines of Object.values(on.sent)) lines.length = 0;
  return on;
}

/** Two servers that were greeted; what was said so far is forgotten. */
export function two(
  options: Parameters<typeof scene>[0] = {},
  capabilities: Record<string, Json> = { a: FULL, b: FULL },
): Scene {
  const on = scene({ servers: ['a', 'b'], ...options });
  greet(on, capabilities);
  return forget(on);
}

/** Two servers whose tools the client knows: `fetch` and `send` of each. */
export function listed(options: Parameters<typeof scene>[0] = {}): Scene {
  const on = two(options);
  const tools = [tool('fetch'), tool('send')];
  listTools(on, { a: tools, b: tools });
  return forget(on);
}

/** Answers the last request of a method that a server got. */
export function answer(on: Scene, name: string, method: string, result: Json): void {
  on.server(name, { id: on.asked(name, method)['id'], result });
}

/** The methods of what a server got, in order. */
export const methods = (on: Scene, name: string): unknown[] =>
  parsed(on.sent[name]!).map((one) => one['method']);

/** A call of a tool that is in flight, as its server sees it. */
export function calling(on: Scene, name: string, params: Json = {}, id: string | number = 1): Json {
  on.client({ id, method: 'tools/call', params: { name, ...params } });
  return on.asked(name.split('__')[0]!, 'tools/call');
}
