import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RawClient } from '../support/raw-client.ts';

/** A line, and whether Cordon drops it, as docs/transparency.md says. */
export interface Line {
  text: string;
  dropped?: true;
  /** Cordon adds labels to it. */
  labelled?: true;
}

/** A line of the client and what the server prints once it has read it. */
export interface Exchange {
  client: Line;
  server: Line[];
}

/** Lines of each round are sent together; the next round begins when all that the server says has arrived. */
export interface Conversation {
  rounds: Exchange[][];
  /** Results that the server gives to lists that Cordon asks for itself, by method. */
  lists: Record<string, string>;
}

/** What each side got, in order. */
export interface Transcript {
  client: string[];
  server: string[];
}

/** Methods whose results get labels. */
export const LABELLED = new Set(['tools/call', 'prompts/get', 'resources/read', 'tasks/result']);

const SCRIPTED = fileURLToPath(new URL('./scripted.mjs', import.meta.url));

/**
 * Has a conversation with the scripted server: directly, where nothing is dropped, or through what `before` puts before
 * the server's command.
 */
export async function converse(
  { rounds, lists }: Conversation,
  folder: string,
  name: string,
  before?: (server: readonly string[]) => string[],
): Promise<Transcript> {
  const arrives = (line: Line): boolean => before === undefined || line.dropped === undefined;
  const reactions = rounds
    .flat()
    .filter(({ client }) => arrives(client))
    .map(({ server }) => server.map(({ text }) => text));
  const script = join(folder, `${name}.json`);
  const log = join(folder, `${name}.log`);
  writeFileSync(script, JSON.stringify({ reactions, lists }));
  const server = [process.execPath, SCRIPTED, script, log];
  const client = new RawClient(before === undefined ? server : before(server));
  let expected = 0;
  for (const [index, round] of rounds.entries()) {
    expected += round.flatMap((exchange) => exchange.server).filter(arrives).length;
    client.send(round.map((exchange) => exchange.client.text).join('\n'));
    await client.until(
      () => client.received.length >= expected || undefined,
      `all lines of round ${index}: ${client.received.length} of ${expected} in ${name}`,
    );
  }
  const { code } = await client.end();
  if (code !== 0 || client.junk.length > 0) {
    throw new Error(`${name} ended with ${code}, junk ${JSON.stringify(client.junk)}: ${client.stderr}`);
  }
  return {
    client: client.received.map(({ line }) => line),
    server: readFileSync(log, 'utf8').split('\n').slice(0, -1),
  };
}

/** What each side gets to read, by the script alone: everything, or what Cordon lets through. */
export function scriptOf(
  { rounds }: Conversation,
  keepsDropped: boolean,
): { client: Line[]; server: Line[] } {
  const kept = (lines: Line[]): Line[] =>
    lines.filter(({ dropped }) => keepsDropped || dropped === undefined);
  const all = rounds.flat();
  return { client: kept(all.flatMap(({ server }) => server)), server: kept(all.map(({ client }) => client)) };
}
