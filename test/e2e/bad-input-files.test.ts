import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cordon, inFrontOf, inFrontOfAll } from './support/launch.ts';
import { Puppet } from './support/puppet.ts';
import { RawClient } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { words } from './support/wire.ts';

const base = sandbox();

const TOOLS = [{ name: 'write_note', description: 'Keeps a note.' }];

let count = 0;
function folder(): string {
  const path = join(base, String(count++));
  mkdirSync(path);
  return path;
}

/** A server that starts fast and says nothing: enough where Cordon is to refuse before it asks anything. */
const SILENT = [process.execPath, '-e', 'process.stdin.resume()', base];
const entry = { command: SILENT[0], args: SILENT.slice(1) };

/** A configuration that works, and a state directory that it was used with once. */
async function used(): Promise<{ directory: string; state: string }> {
  const directory = folder();
  const puppet = await Puppet.listen(directory, { tools: TOOLS });
  const [command, ...args] = puppet.command;
  const config = writeConfig(directory, { mcpServers: { puppet: { command, args } } });
  const state = join(directory, 'state');
  const client = new RawClient(inFrontOfAll(config, state));
  await client.handshake();
  await client.request('tools/list', {});
  await client.end();
  return { directory, state };
}

/** Ends with 2, names all that is given on stderr, has printed nothing on stdout, and no stack or code of ours. */
async function expectRefusal(command: readonly string[], ...said: readonly string[]): Promise<string> {
  const client = new RawClient(command);
  client.send(
    '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}',
  );
  const { code } = await client.exit;
  expect(
    { code, stdout: [...client.junk, ...client.received.map(({ line }) => line)] },
    client.stderr,
  ).toEqual({
    code: 2,
    stdout: [],
  });
  for (const part of said) expect(client.stderr).toContain(part);
  expect(client.stderr).not.toMatch(/^\s+at /m);
  return client.stderr;
}

describe.concurrent('a configuration', () => {
  const refused = (text: string): { config: string; command: string[] } => {
    const directory = folder();
    const config = writeConfig(directory, text);
    return { config, command: inFrontOfAll(config, join(directory, 'state')) };
  };

  test('that is missing', async () => {
    const directory = folder();
    const config = join(directory, 'none.json');
    await expectRefusal(inFrontOfAll(config, join(directory, 'state')), config, '--config');
  });

  test('that is a folder', async () => {
    const directory = folder();
    await expectRefusal(inFrontOfAll(directory, join(directory, 'state')), directory);
  });

  test('that is empty, or no JSON: with the line', async () => {
    const empty = refused('');
    await expectRefusal(empty.command, empty.config);
    const { config, command } = refused('{\n  "mcpServers": {\n    "a": oops\n  }\n}');
    await expectRefusal(command, `${config}:3:`);
  });

  test('with a wrong value: its line, what it is and what was expected', async () => {
    const value = { mcpServers: { silent: entry }, cordon: { mode: 'gaurd' } };
    const { config, command } = refused(JSON.stringify(value, null, 2));
    const line =
      JSON.stringify(value, null, 2)
        .split('\n')
        .findIndex((text) => text.includes('gaurd')) + 1;
    await expectRefusal(command, `${config}:${line}:`, 'gaurd', 'guard');
  });

  test('with two servers of one name, or with none', async () => {
    const text = JSON.stringify(entry);
    const { config, command } = refused(`{"mcpServers":{"a":${text},"a":${text}}}`);
    await expectRefusal(command, config, 'twice');
    const none = refused('{"mcpServers":{}}');
    await expectRefusal(none.command, none.config);
  });
});

describe.concurrent('a command line', () => {
  test.each<[string, readonly string[], string]>([
    ['without a command', [], 'run'],
    ['with an unknown command', ['rnu'], 'rnu'],
    ['with an unknown option', ['run', '--modus', 'guard', '--', 'node'], '--modus'],
    ['with an unknown mode', ['run', '--mode', 'gaurd', '--', 'node'], 'gaurd'],
    ['with an option that lacks its value', ['run', '--state'], '--state'],
    ['with no server after --', ['run', '--'], '--'],
    ['with both a configuration and a server', ['run', '--config', 'x.json', '--', 'node'], '--config'],
  ])('%s', async (_what, line, said) => {
    await expectRefusal(cordon(...line), said);
  });
});

describe.concurrent('a state directory', () => {
  test('that is a file', async () => {
    const directory = folder();
    const state = join(directory, 'state');
    writeFileSync(state, 'not a folder');
    await expectRefusal(inFrontOf(SILENT, { state }), state);
    expect(readFileSync(state, 'utf8')).toBe('not a folder');
  });

  test('that lies below a file', async () => {
    const directory = folder();
    writeFileSync(join(directory, 'file'), '');
    const state = join(directory, 'file', 'state');
    await expectRefusal(inFrontOf(SILENT, { state }), state);
  });

  test.each(['sessions', 'keys'])('in which %s is a file', async (name) => {
    const directory = folder();
    const state = join(directory, 'state');
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, name), '');
    await expectRefusal(inFrontOf(SILENT, { state }), join(state, name));
  });
});

test('where nothing can be put on record that would end servers after a kill, that is said and the rest works', async () => {
  const directory = folder();
  const state = join(directory, 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'running'), '');
  const puppet = await Puppet.listen(directory);
  const client = new RawClient(inFrontOf(puppet.command, { state }));
  await client.handshake();
  await client.until(() => client.stderr.includes(join(state, 'running')), 'warning that names the file');
  expect((await client.end()).code).toBe(0);
});

describe.concurrent('a signing key', () => {
  let keys: string;

  beforeAll(async () => {
    keys = join((await used()).state, 'keys');
  });

  test.each<[string, (path: string) => void]>([
    ['is empty', (path) => writeFileSync(path, '')],
    ['is cut off', (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 60))],
    ['is something else', (path) => writeFileSync(path, 'no key at all\n')],
    [
      'is a folder',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('that %s', async (_what, harm) => {
    const directory = folder();
    const config = writeConfig(directory, { mcpServers: { silent: entry } });
    const state = join(directory, 'state');
    cpSync(keys, join(state, 'keys'), { recursive: true });
    const path = join(state, 'keys', 'signing.key');
    harm(path);
    const said = await expectRefusal(inFrontOfAll(config, state), join(state, 'keys'));
    expect(said).not.toContain('BEGIN PRIVATE KEY');
  });
});

// Every shape that is refused: test/config/lock-file.test.ts.
describe.concurrent('cordon.lock', () => {
  let good: string;

  beforeAll(async () => {
    const { directory } = await used();
    good = readFileSync(join(directory, 'cordon.lock'), 'utf8');
  });

  test.each<[string, (good: string) => string]>([
    ['is cut off', (text) => text.slice(0, text.length / 2)],
    ['has conflict marks of git', (text) => `<<<<<<< ours\n${text}=======\n${text}>>>>>>> theirs\n`],
  ])('that %s', async (_what, harm) => {
    const directory = folder();
    const config = writeConfig(directory, { mcpServers: { silent: entry } });
    const path = join(directory, 'cordon.lock');
    const harmed = harm(good);
    expect(harmed).not.toBe(good);
    writeFileSync(path, harmed);
    await expectRefusal(inFrontOfAll(config, join(directory, 'state')), path);
    // What a person may still want to repair is not overwritten.
    expect(readFileSync(path, 'utf8')).toBe(harmed);
  });

  test('that is a folder', async () => {
    const directory = folder();
    const config = writeConfig(directory, { mcpServers: { silent: entry } });
    mkdirSync(join(directory, 'cordon.lock'));
    await expectRefusal(inFrontOfAll(config, join(directory, 'state')), join(directory, 'cordon.lock'));
  });

  test('of a server given on the command line lies in the state directory and is checked as well', async () => {
    const directory = folder();
    const state = join(directory, 'state');
    const puppet = await Puppet.listen(directory, { tools: TOOLS });
    const command = inFrontOf(puppet.command, { state });
    const client = new RawClient(command);
    await client.handshake();
    await client.request('tools/list', {});
    await client.end();
    const lock = readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && file.name.endsWith('.lock'))
      .map((file) => join(file.parentPath, file.name))[0]!;
    expect(dirname(lock).startsWith(state)).toBe(true);
    writeFileSync(lock, '{');
    await expectRefusal(command, lock);
  });
});

describe.concurrent('a log that can no longer be written: no call passes unrecorded, and the client is told why', () => {
  /** Calls until one is refused: that one, and whether the server got it. */
  async function firstRefused(
    client: RawClient,
    puppet: Puppet,
  ): Promise<{ told: string; reached: boolean }> {
    for (let attempt = 0; attempt < 500; attempt++) {
      const id = `call-${attempt}`;
      const { message } = await client.request(
        'tools/call',
        { name: 'write_note', arguments: { word: `my own ${attempt}` } },
        id,
      );
      if (message.error === undefined && message.result.isError !== true) continue;
      const reached = puppet.received.some((received) => received.message.id === id);
      return { told: message.error?.message ?? words(message), reached };
    }
    throw new Error('every call passed');
  }

  async function open(
    launcher: readonly string[] = [],
  ): Promise<{ client: RawClient; puppet: Puppet; state: string }> {
    const directory = folder();
    const state = join(directory, 'state');
    const puppet = await Puppet.listen(directory, {
      tools: TOOLS,
      strings: ({ message: { id, method } }) =>
        method === 'tools/call' ? JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }) : undefined,
    });
    const client = new RawClient([...launcher, ...inFrontOf(puppet.command, { state })]);
    await client.handshake();
    await client.request('tools/list', {});
    return { client, puppet, state };
  }

  test('because the disk takes no more', async () => {
    // The system refuses to make a file longer than this, as a full disk would: EFBIG for ENOSPC.
    const limited = ['/bin/sh', '-c', 'ulimit -f 32; exec "$@"', 'sh'];
    const { client, puppet } = await open(limited);
    const { told, reached } = await firstRefused(client, puppet);
    expect(told).toMatch(/record|log/);
    expect(reached).toBe(false);
    await client.until(() => client.stderr.includes('sessions'), 'word about where the log lies');
    expect((await client.end()).code).toBe(1);
  });

  test('because it was removed', async () => {
    const { client, puppet, state } = await open();
    rmSync(join(state, 'sessions'), { recursive: true });
    const { told, reached } = await firstRefused(client, puppet);
    expect(told).toMatch(/record|log/);
    expect(reached).toBe(false);
    expect((await client.end()).code).toBe(1);
  });
});
