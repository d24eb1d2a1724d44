import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFrontOfAll, servers } from './support/launch.ts';
import { RawClient, type Received } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { words } from './support/wire.ts';

/** Two of server-everything behind one Cordon: whatever the one uses of ids, names and addresses, the other does too. */
const base = sandbox();
const [command, ...args] = servers.everything;
const config = writeConfig(base, { mcpServers: { left: { command, args }, right: { command, args } } });
const CAPABILITIES = { sampling: {}, elicitation: {}, roots: { listChanged: true } };
const SIDES = ['left', 'right'] as const;

async function open(): Promise<RawClient> {
  const client = new RawClient(inFrontOfAll(config, join(base, 'state')));
  client.handle('sampling/createMessage', (params) => {
    const { messages } = params as { messages: { content: { text: string } }[] };
    return {
      model: 'none',
      role: 'assistant',
      content: { type: 'text', text: `Of: ${messages[0]!.content.text}` },
    };
  });
  client.handle('elicitation/create', () => ({ action: 'accept', content: { name: 'Sam', check: true } }));
  client.handle('roots/list', () => ({ roots: [{ uri: 'file:///home/me/garden', name: 'garden' }] }));
  await client.handshake(CAPABILITIES, '2025-11-25');
  await client.until(
    () => client.received.filter(({ line }) => line.includes('Roots updated')).length === 2 || undefined,
    'answers to roots/list that both servers took',
  );
  return client;
}

let client: RawClient;
beforeAll(async () => {
  // What servers can, Cordon knows from the run before.
  await (await open()).end();
  client = await open();
  await client.request('tools/list', {});
});
afterAll(() => client.end());

const both = (act: (side: string) => Promise<Received>): Promise<Received[]> => Promise.all(SIDES.map(act));

test('the union of what they can is said at once', () => {
  const { capabilities } = client.received.find(({ message }) => message.id === 0)!.message.result;
  expect(capabilities).toMatchObject({
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true },
    logging: {},
    completions: {},
    tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
  });
});

describe('both at once', () => {
  test('have the client sample, and each gets what it asked for', async () => {
    const answers = await both((side) =>
      client.call(`${side}__trigger-sampling-request`, { prompt: `a fence on the ${side}`, maxTokens: 20 }),
    );
    for (const [i, { message }] of answers.entries()) {
      expect(words(message)).toContain(`a fence on the ${SIDES[i]}`);
      expect(words(message)).not.toContain(`a fence on the ${SIDES[1 - i]}`);
    }
  });

  test('ask the user, and tell what was answered', async () => {
    const answers = await both((side) => client.call(`${side}__trigger-elicitation-request`));
    for (const { message } of answers) expect(words(message)).toContain('Sam');
  });

  test('report progress, each under the token of its own call, in order and before its answer', async () => {
    const from = client.received.length;
    await both((side) =>
      client.request(
        'tools/call',
        {
          name: `${side}__trigger-long-running-operation`,
          arguments: { duration: 0.4, steps: 4 },
          _meta: { progressToken: `of ${side}` },
        },
        `call ${side}`,
      ),
    );
    for (const side of SIDES) {
      const told = client.received
        .slice(from)
        .filter(
          ({ message }) => message.params?.progressToken === `of ${side}` || message.id === `call ${side}`,
        );
      expect(told.map(({ message }) => message.params?.progress)).toEqual([1, 2, 3, 4, undefined]);
    }
  });

  test('run a task each, and list them beside each other', async () => {
    const created = await both((side) =>
      client.request('tools/call', {
        name: `${side}__simulate-research-query`,
        arguments: { topic: `the ${side} hedge` },
        task: { ttl: 60_000 },
      }),
    );
    const ids = created.map(({ message }) => message.result.task.taskId as string);
    expect(ids.map((id) => id.split('__')[0])).toEqual(SIDES);
    const listed = (await client.request('tasks/list', {})).message.result.tasks;
    expect(listed.map(({ taskId }: { taskId: string }) => taskId)).toEqual(expect.arrayContaining(ids));
    const results = await Promise.all(ids.map((taskId) => client.request('tasks/result', { taskId })));
    for (const [i, { message }] of results.entries())
      expect(words(message)).toContain(`the ${SIDES[i]} hedge`);
    for (const taskId of ids) {
      const { message } = await client.request('tasks/get', { taskId });
      expect(message.result).toMatchObject({ taskId, status: 'completed' });
    }
  });

  test('complete arguments of their prompts, and log at the level that was set', async () => {
    const { message } = await client.request('prompts/list', {});
    const names = message.result.prompts.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['left__completable-prompt', 'right__completable-prompt']));
    const answers = await both((side) =>
      client.request('completion/complete', {
        ref: { type: 'ref/prompt', name: `${side}__completable-prompt` },
        argument: { name: 'department', value: 'E' },
      }),
    );
    for (const answer of answers) expect(answer.message.result.completion.values).toEqual(['Engineering']);

    await client.request('logging/setLevel', { level: 'debug' });
    const logged = client.next((one) => one.message.method === 'notifications/message', 'a log message');
    await client.call('right__toggle-simulated-logging');
    await logged;
    await client.call('right__toggle-simulated-logging');
  });
});

test('resources that both have are those of the first, which alone says that they were updated', async () => {
  const { message } = await client.request('resources/list', {});
  const uris = message.result.resources.map(({ uri }: { uri: string }) => uri);
  expect(new Set(uris).size).toBe(uris.length);
  const uri = 'demo://resource/dynamic/text/7';
  await client.request('resources/templates/list', {});
  await client.request('resources/subscribe', { uri });
  const updated = client.next((one) => one.message.method === 'notifications/resources/updated', 'an update');
  await client.call('left__toggle-subscriber-updates');
  expect((await updated).message.params.uri).toBe(uri);
  await client.call('left__toggle-subscriber-updates');
  await client.request('resources/unsubscribe', { uri });
  const told = /left out: a resource of server right, since server left has the same/;
  await client.until(() => told.test(client.stderr), 'word of what is left out');
  expect(client.junk).toEqual([]);
});
