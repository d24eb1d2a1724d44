import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Conversation, type Exchange, LABELLED, type Line } from './conversation.ts';

const folder = fileURLToPath(new URL('../../../fixtures/conversations/', import.meta.url));

/** What fixtures/conversations/record.ts recorded, by name. */
export const recorded: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.jsonl'))
  .map((file) => file.replace('.jsonl', ''));

/** A recorded conversation: each line of the client is a round of its own, as it was said. */
export function readRecorded(name: string): Conversation {
  const exchanges: Exchange[] = [];
  /** Methods of the client's requests, by id. */
  const asked = new Map<unknown, string>();
  /** Lists that the client was told have changed, and has not asked for since. */
  const changed = new Set<string>();
  for (const text of readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .split('\n')
    .slice(0, -1)) {
    const said = JSON.parse(text) as { client: string } | { server: string };
    if ('client' in said) {
      const { id, method } = JSON.parse(said.client);
      if (method !== undefined) asked.set(id, method);
      changed.delete(`notifications/${String(method).replace('/list', '')}/list_changed`);
      exchanges.push({ client: { text: said.client }, server: [] });
      continue;
    }
    const { id, method, result, params } = JSON.parse(said.server);
    const line: Line = { text: said.server };
    const answers = asked.get(id) ?? '';
    // The state of a task that is over holds the result of its tool.
    if (result !== undefined && (LABELLED.has(answers) || (answers === 'tasks/get' && result.result))) {
      line.labelled = true;
    }
    if (String(method).endsWith('/list_changed') && params?._meta === undefined) {
      if (changed.has(method)) line.dropped = true;
      changed.add(method);
    }
    exchanges.at(-1)!.server.push(line);
  }
  return { rounds: exchanges.map((exchange) => [exchange]), lists: {} };
}
