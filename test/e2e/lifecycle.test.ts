import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cordon, inFrontOf, inFrontOfAll, servers } from './support/launch.ts';
import { alive, descendants, ended, eventually, startTime } from './support/processes.ts';
import { Puppet } from './support/puppet.ts';
import { RawClient } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { words } from './support/wire.ts';

const base = sandbox();
const support = (name: string): string => fileURLToPath(new URL(`./support/${name}`, import.meta.url));

let count = 0;
function folder(): string {
  const path = join(base, String(count++));
  mkdirSync(path);
  return path;
}

/** Three servers behind one Cordon: one that honours the end of its input, one with a child, one that yields to nothing. */
async function family(): Promise<{
  command: string[];
  state: string;
  puppets: Puppet[];
  up: () => Promise<number[]>;
}> {
  const directory = folder();
  const state = join(directory, 'state');
  const puppets = await Promise.all([
    Puppet.listen(directory, { flags: ['node'] }),
    Puppet.listen(directory, { flags: ['family'] }),
    Puppet.listen(directory, { flags: ['family', 'stubborn'] }),
  ]);
  const config = writeConfig(directory, {
    mcpServers: Object.fromEntries(
      puppets.map(({ command: [command, ...args] }, index) => [`puppet${index}`, { command, args }]),
    ),
  });
  const processes = (): number[] => puppets.flatMap((puppet) => puppet.processes());
  const up = async (): Promise<number[]> => {
    // One and two with two processes each, and a child has to have come as far as to ignore what it will ignore.
    await eventually(
      () => processes().length === 5,
      () => `5 processes, there are ${processes().length}`,
    );
    await Promise.all(puppets.map((puppet) => puppet.got(({ message }) => message.method === 'initialize')));
    return processes();
  };
  return { command: inFrontOfAll(config, state), state, puppets, up };
}

function records(state: string): { path: string; value: unknown }[] {
  const directory = join(state, 'running');
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path, value: JSON.parse(readFileSync(path, 'utf8')) as unknown }));
}

/** Waits until a server is on record with its pid. Beside a record stands, for a moment, what will take its place. */
async function recordedAs(state: string, pid: number): Promise<void> {
  const directory = join(state, 'running');
  const texts = (): string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(directory, name), 'utf8'));
  await eventually(() => texts().some((text) => text.includes(`"pid":${pid},`)), `${pid} on record`);
}

describe.concurrent('no process is left, not even one that ignores EOF and SIGTERM, nor its child', () => {
  test('when the client closes the input', async () => {
    const { command, up } = await family();
    const client = new RawClient(command);
    await client.handshake();
    const processes = await up();
    expect(await client.end()).toEqual({ code: 0, signal: null });
    await ended(processes);
  });

  test('when the client is killed', async () => {
    const { command, up } = await family();
    const owner = new RawClient([process.execPath, support('owner.mjs'), ...command]);
    await owner.until(() => owner.received.find(({ message }) => 'started' in message), 'handshake');
    const processes = [...descendants(owner.pid), ...(await up())];
    owner.process.kill('SIGKILL');
    await ended(processes);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('when Cordon gets %s', async (signal) => {
    const { command, up } = await family();
    const client = new RawClient(command);
    await client.handshake();
    const processes = await up();
    client.process.kill(signal);
    await client.exit;
    await ended(processes);
  });

  test('when Cordon itself crashes', async () => {
    const { command, up } = await family();
    const [node, ...rest] = command;
    const client = new RawClient([node!, '--import', support('crash.mjs'), ...rest]);
    await client.handshake();
    const processes = await up();
    client.process.kill('SIGUSR2');
    const { code } = await client.exit;
    expect(code).not.toBe(0);
    expect(client.stderr).toContain('a crash that the test asked for');
    await ended(processes);
  });

  test('when the client goes before the servers have answered anything', async () => {
    const { command, puppets } = await family();
    const client = new RawClient(command);
    await client.end();
    await ended(puppets.flatMap((puppet) => puppet.processes()));
  });

  test('when Cordon is killed: what honours EOF ends, the rest is on record and ends with the next start', async () => {
    const { command, state, puppets, up } = await family();
    const client = new RawClient(command);
    await client.handshake();
    await up();
    const honest = puppets[0]!.processes();
    const stubborn = puppets[2]!.processes();
    expect(stubborn).toHaveLength(2);
    // What its servers came to is written once they are all up.
    await recordedAs(state, puppets[2]!.pid);

    client.process.kill('SIGKILL');
    await client.exit;
    await ended(honest);
    expect(stubborn.every(alive)).toBe(true);

    // What the killed session wrote is there, and said to be unsigned: neither sound (0) nor tampered with (1).
    const { code } = await new RawClient(cordon('log', 'verify', '--state', state)).end();
    expect(code).toBe(3);

    const recorded = JSON.stringify(records(state));
    expect(recorded).toContain(String(client.pid));
    expect(recorded).toContain(String(puppets[2]!.pid));

    const next = new RawClient(inFrontOf(servers.sequentialThinking, { state }));
    await next.handshake();
    // Even a start that does not last ends them.
    await next.end();
    await ended(stubborn);
    expect(records(state)).toEqual([]);
  });
});

test('a record of another start never ends a process that has got its pid', async () => {
  const directory = folder();
  const state = join(directory, 'state');
  const innocent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', directory], {
    detached: true,
  });
  try {
    const { command, puppets, up } = await family();
    const client = new RawClient(command.map((word) => (word.endsWith('/state') ? state : word)));
    await client.handshake();
    await up();
    const pid = puppets[2]!.pid;
    await recordedAs(state, pid);
    client.process.kill('SIGKILL');
    await client.exit;
    // The record as it is, with the pid of somebody else in the place of the server's.
    for (const { path, value } of records(state)) {
      writeFileSync(path, JSON.stringify(value).replaceAll(String(pid), String(innocent.pid)));
    }
    const next = new RawClient(inFrontOf(servers.sequentialThinking, { state }));
    await next.handshake();
    await next.end();
    expect(startTime(innocent.pid!)).not.toBe('');
    expect(alive(innocent.pid!)).toBe(true);
  } finally {
    innocent.kill('SIGKILL');
  }
});

test('starts in the root folder, with an empty PATH and no home, whether node is named or given by its path', async () => {
  const directory = folder();
  const [node, ...script] = servers.filesystem(directory);
  for (const command of [node!, 'node']) {
    const client = new RawClient(inFrontOf([command, ...script], { state: join(directory, 'state') }), {
      cwd: '/',
      env: { PATH: '' },
    });
    await client.handshake();
    const path = join(directory, `${command.length}.txt`);
    await client.call('write_file', { path, content: 'from the root' });
    expect(words((await client.call('read_text_file', { path })).message)).toBe('from the root');
    expect(await client.end()).toEqual({ code: 0, signal: null });
  }
});

test('several at the same moment share a fresh state directory, and every log of theirs verifies', async () => {
  const directory = folder();
  const state = join(directory, 'state');
  const clients = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const puppet = await Puppet.listen(directory, { tools: [{ name: 'get_note' }] });
      return new RawClient(inFrontOf(puppet.command, { state }));
    }),
  );
  await Promise.all(
    clients.map(async (client) => {
      await client.handshake();
      await client.request('tools/list', {});
    }),
  );
  for (const client of clients) expect(await client.end()).toEqual({ code: 0, signal: null });
  expect(await new RawClient(cordon('log', 'verify', '--state', state)).end()).toEqual({
    code: 0,
    signal: null,
  });
});
