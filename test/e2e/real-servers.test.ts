import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inFrontOf, inFrontOfAll, servers } from './support/launch.ts';
import { RawClient } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { type Scenario, scenarios } from './support/scenarios.ts';
import { labelsOf, withoutLabels, words } from './support/wire.ts';

const base = sandbox();
const LABELLED = ['tools/call', 'resources/read', 'prompts/get'];

interface Session {
  client: RawClient;
  /** Methods in the order of their requests, so that the answer with id n is that of methods[n]. */
  methods: string[];
}

/** Plays the scenario in a folder of its own, directly or through Cordon, to the end of the process. */
async function play(scenario: Scenario, side: 'direct' | 'cordon'): Promise<Session> {
  const directory = join(base, side, scenario.server);
  mkdirSync(directory, { recursive: true });
  scenario.prepare?.(directory);
  const server = scenario.command(directory);
  const command =
    side === 'direct' ? server : inFrontOf(server, { state: join(base, 'state', scenario.server) });
  const client = new RawClient(command, {
    cwd: directory,
    env: { ...process.env, ...scenario.env?.(directory) },
  });
  await client.handshake();
  const steps = [{ method: 'tools/list', params: {} }, ...scenario.steps(directory)];
  for (const { method, params } of steps) await client.request(method, params);
  await client.end();
  return { client, methods: ['initialize', ...steps.map(({ method }) => method)] };
}

/** The wire as it must be the same on both sides. */
function wire({ client }: Session, scenario: Scenario, side: string): string[] {
  const directory = join(base, side);
  return client.received.map(({ line }) => {
    const plain = withoutLabels(line).replaceAll(directory, 'FOLDER');
    return scenario.settle?.(plain) ?? plain;
  });
}

describe.each(scenarios.map((scenario) => [scenario.server, scenario] as const))(
  '%s',
  (_server, scenario) => {
    test('answers the same bytes with Cordon in front, except for the labels', async () => {
      const [direct, through] = await Promise.all([play(scenario, 'direct'), play(scenario, 'cordon')]);

      expect(wire(through, scenario, 'cordon')).toEqual(wire(direct, scenario, 'direct'));
      expect(through.client.junk).toEqual([]);
      for (const line of direct.client.junk) {
        expect(through.client.stderr).toContain(line.replaceAll(join(base, 'direct'), join(base, 'cordon')));
      }

      const list = through.client.received.find(({ message }) => message.id === 1);
      expect(list?.message.result.tools).toHaveLength(scenario.tools);

      for (const { message } of through.client.received) {
        const labelled =
          message.result !== undefined && LABELLED.includes(through.methods[message.id as number]!);
        expect(labelsOf(message) !== undefined, JSON.stringify(message).slice(0, 200)).toBe(labelled);
      }
    });
  },
);

describe("a server's environment", () => {
  const SECRETS = { ANTHROPIC_API_KEY: 'not-for-servers-1', OPENAI_API_KEY: 'not-for-servers-2' };
  const OTHERS = { GARDEN_TOKEN: 'for-the-server', PATH: process.env['PATH'] ?? '' };

  async function environmentBehind(command: readonly string[]): Promise<{ text: string; stderr: string }> {
    const client = new RawClient(command, { env: { ...SECRETS, ...OTHERS } });
    await client.handshake();
    const { message } = await client.call('get-env');
    await client.end();
    return { text: words(message), stderr: client.stderr };
  }

  test("on the command line: the client's, without what is known to be the client's own", async () => {
    const state = join(base, 'state', 'environment');
    const { text, stderr } = await environmentBehind(inFrontOf(servers.everything, { state }));
    expect(text).toContain('for-the-server');
    for (const [name, value] of Object.entries(SECRETS)) {
      expect(text).not.toContain(value);
      expect(stderr).toContain(name);
      expect(stderr).not.toContain(value);
    }
  });

  test('in a configuration: what it says, and a small safe set', async () => {
    const directory = join(base, 'environment');
    mkdirSync(directory);
    const [command, ...args] = servers.everything;
    const config = writeConfig(directory, {
      mcpServers: {
        everything: {
          command,
          args,
          env: {
            // biome-ignore lint/suspicious/noTemplateCurlyInString: Cordon expands it
            FENCE: 'green ${GARDEN_TOKEN}',
            // biome-ignore lint/suspicious/noTemplateCurlyInString: Cordon expands it
            GATE: '${NO_GATE:-open}',
          },
        },
      },
    });
    const { text } = await environmentBehind(inFrontOfAll(config, join(directory, 'state')));
    expect(text).toContain('green for-the-server');
    expect(text).toContain('"GATE": "open"');
    expect(text).not.toContain('GARDEN_TOKEN');
    for (const value of Object.values(SECRETS)) expect(text).not.toContain(value);
  });
});
