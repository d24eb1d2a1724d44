// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a configuration names variables
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSigned } from '../proxy/http/certificate.ts';
import { guarded } from '../proxy/http/guarded.ts';
import { json, serve } from '../proxy/http/support.ts';
import { patiently } from '../support/patiently.ts';
import { cordon, inFrontOf, inFrontOfAll, servers } from './support/launch.ts';
import { RawClient, type Received } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { scenarios } from './support/scenarios.ts';
import { labelsOf, withoutLabels, words } from './support/wire.ts';

const SECRET = 'tok-5d41402abc4b2a76';
const base = sandbox();
const folder = (name: string): string => {
  const path = join(base, name);
  mkdirSync(path, { recursive: true });
  return path;
};

const started: ChildProcess[] = [];
let url: string;

/** What every request of revision 2026-07-28 says of its client, there being no handshake. */
const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
};

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a server that says on its standard error that it listens. */
async function listening(command: readonly string[], more: Record<string, string> = {}): Promise<void> {
  const child = spawn(command[0]!, command.slice(1), {
    env: { PATH: process.env['PATH'], SANDBOX: base, ...more },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let said = '';
  for await (const chunk of child.stderr!) {
    said += chunk;
    if (/listening on port|running on HTTP/.test(said)) return;
  }
  throw new Error(`it does not listen: ${said}`);
}

beforeAll(async () => {
  const port = await freePort();
  await listening([...servers.everything, 'streamableHttp'], { PORT: String(port) });
  url = `http://127.0.0.1:${port}/mcp?key=${SECRET}`;
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

const entry = () => ({
  type: 'http',
  url: url.replace(SECRET, '${KEY}'),
  headers: { Authorization: 'Bearer ${KEY}', 'X-Team': 'a' },
});
const env = { PATH: process.env['PATH'], HOME: base, KEY: SECRET };

/** Everything that Cordon wrote below a folder. */
function written(path: string): string {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile())
    .map((name) => readFileSync(name, 'latin1'))
    .join('\n');
}

describe('the published server over HTTP', () => {
  test('alone answers as it does over its pipes, and its secrets are nowhere', async () => {
    const home = folder('alone');
    const state = join(home, 'state');
    const config = writeConfig(home, { mcpServers: { everything: entry() } });
    const [scenario] = scenarios;
    const ask = async (client: RawClient): Promise<Received[]> => {
      await client.handshake();
      const answers = [await client.request('tools/list', {})];
      for (const { method, params } of scenario!.steps(home))
        answers.push(await client.request(method, params));
      return answers;
    };
    const direct = new RawClient(servers.everything, { env: { PATH: process.env['PATH'] } });
    const through = new RawClient(inFrontOfAll(config, state), { env });
    const [plain, proxied] = await Promise.all([ask(direct), ask(through)]);
    await direct.end();
    expect(proxied).toHaveLength(18);
    expect(proxied.map(({ line }) => withoutLabels(line))).toEqual(plain.map(({ line }) => line));
    expect(labelsOf(proxied.at(4)!.message)).toMatchObject({ integrity: 'untrusted' });

    const status = execFileSync(process.execPath, cordon('status', '--state', state).slice(1), {
      env,
      cwd: home,
      encoding: 'utf8',
    });
    expect(status).toContain(`  everything  ${url.replace(`?key=${SECRET}`, '?...')}\n`);
    const printed = execFileSync(
      process.execPath,
      cordon('print-config', '--client', 'cursor', '--config', config).slice(1),
      { env, encoding: 'utf8' },
    );
    expect((await through.end()).code).toBe(0);
    expect(through.junk).toEqual([]);
    const everywhere = [
      status,
      printed,
      through.stderr,
      written(home),
      proxied.map(({ line }) => line).join('\n'),
    ];
    for (const text of everywhere) expect(text).not.toContain(SECRET);
  });

  test('asks the client, tells its progress in order and takes a cancellation', async () => {
    const home = folder('dialogue');
    const config = writeConfig(home, { mcpServers: { everything: entry() } });
    const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env });
    client.handle('sampling/createMessage', () => ({
      role: 'assistant',
      model: 'm',
      content: { type: 'text', text: 'a sampled sentence' },
    }));
    await client.handshake({ sampling: {} });
    await client.request('tools/list', {});
    const sampled = await client.call('trigger-sampling-request', { prompt: 'say something', maxTokens: 10 });
    expect(words(sampled.message)).toContain('a sampled sentence');

    const long = { name: 'trigger-long-running-operation', arguments: { duration: 0.4, steps: 4 } };
    const done = await client.request('tools/call', { ...long, _meta: { progressToken: 'p' } });
    expect(words(done.message)).toContain('completed');
    const progress = client.received.filter(({ message }) => message.method === 'notifications/progress');
    expect(progress.map(({ message }) => message.params.progress)).toEqual([1, 2, 3, 4]);

    client.send(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 'gone',
        method: 'tools/call',
        params: { ...long, arguments: { duration: 60, steps: 1 } },
      }),
    );
    client.notify('notifications/cancelled', { requestId: 'gone' });
    expect((await client.call('echo', { message: 'still here' })).message.result.content[0].text).toBe(
      'Echo: still here',
    );
    client.process.kill('SIGTERM');
    await client.exit;
  });

  test('beside one that is a process is one of two, and where one is down the other is not', async () => {
    const home = folder('beside');
    const state = join(home, 'state');
    const [command, ...args] = servers.memory;
    const config = writeConfig(home, {
      mcpServers: {
        far: entry(),
        memory: { command, args, env: { MEMORY_FILE_PATH: join(home, 'memory.jsonl') } },
        down: { url: 'http://127.0.0.1:1/mcp' },
      },
    });
    const client = new RawClient(inFrontOfAll(config, state), { env });
    await client.handshake();
    const names = async (): Promise<string[]> =>
      (await client.request('tools/list', {})).message.result.tools.map(({ name }: { name: string }) => name);
    await patiently(async () =>
      expect(await names()).toEqual(expect.arrayContaining(['far__echo', 'memory__read_graph'])),
    );
    expect(words((await client.call('far__echo', { message: 'hi' })).message)).toBe('Echo: hi');
    expect((await client.call('memory__read_graph')).message.result.isError).toBeFalsy();
    const none = await client.call('down__anything');
    expect(JSON.stringify(none.message)).toMatch(/down|not running|no server/);
    await client.until(
      () => client.stderr.includes('nothing listens at http://127.0.0.1:1/mcp (ECONNREFUSED)'),
      'why it is down',
    );
    expect((await client.end()).code).toBe(0);
    for (const text of [client.stderr, written(home)]) expect(text).not.toContain(SECRET);
  });
});

test('a published server without a handshake answers as it does over its pipes, and takes a handshake, too', async () => {
  const home = folder('stateless');
  const port = await freePort();
  await listening([...servers.context7, '--transport', 'http', '--port', String(port)]);
  const config = writeConfig(home, { mcpServers: { docs: { url: `http://127.0.0.1:${port}/mcp` } } });
  const ask = async (client: RawClient): Promise<string[]> => {
    const answers = [
      await client.request('tools/call', { name: 'query-docs', arguments: {}, _meta }),
      await client.request('server/discover', { _meta }),
      await client.request('tools/list', { _meta }),
      await client.request('tools/call', {
        name: 'resolve-library-id',
        arguments: { libraryName: 7 },
        _meta,
      }),
      await client.request('resources/list', { _meta }),
    ];
    await client.end();
    return answers.map(({ line }) => withoutLabels(line));
  };
  const [plain, proxied] = await Promise.all([
    ask(new RawClient(servers.context7)),
    ask(new RawClient(inFrontOfAll(config, join(home, 'state')), { env })),
  ]);
  expect(proxied).toEqual(plain);

  const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env });
  expect((await client.handshake()).message.result.serverInfo.name).toBe('Context7');
  expect((await client.request('tools/list', {})).message.result.tools).toHaveLength(2);
  await client.end();
});

test('only a certificate that holds is spoken to, whatever the environment says', async () => {
  const { key, cert } = selfSigned();
  const home = folder('tls');
  const authority = join(home, 'authority.pem');
  writeFileSync(authority, cert);
  const server = createSecureServer({ key, cert }, (request, response) => {
    request.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{}}}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  const config = writeConfig(home, { mcpServers: { far: { url: `https://localhost:${port}/mcp` } } });
  const greet = async (more: Record<string, string>): Promise<Received> => {
    const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env: { ...env, ...more } });
    const answer = await client.handshake();
    await client.end();
    return answer;
  };
  expect((await greet({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).message.error!.message).toContain(
    `the certificate of https://localhost:${port}/mcp is not accepted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
  );
  expect((await greet({ NODE_EXTRA_CA_CERTS: authority })).message.result.protocolVersion).toBe('2025-06-18');
  server.closeAllConnections();
  server.close();
});

describe('a client and a server of different eras', () => {
  test('understand each other: a client without a handshake, a server with one', async () => {
    const home = folder('new-before-old');
    const config = writeConfig(home, { mcpServers: { everything: entry() } });
    const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env });
    const { message } = await client.request('tools/call', {
      name: 'echo',
      arguments: { message: 'hi' },
      _meta,
    });
    expect(message.result.resultType).toBe('complete');
    expect(words(message)).toBe('Echo: hi');
    expect((await client.end()).code).toBe(0);
  });

  test('understand each other: a client with a handshake, a server without one', async () => {
    const far = await serve(({ body }, response) => {
      const answer = (what: object, status = 200): void =>
        json(response, JSON.stringify({ jsonrpc: '2.0', id: body.id, ...what }), {}, status);
      const complete = (result: object): void => answer({ result: { resultType: 'complete', ...result } });
      const capabilities = { tools: {} };
      if (body.method === 'server/discover')
        return complete({ supportedVersions: ['2026-07-28'], capabilities });
      if (body.method === 'tools/list')
        return complete({ tools: [{ name: 'get', inputSchema: { type: 'object' } }] });
      if (body.method === 'tools/call') return complete({ content: [{ type: 'text', text: 'ok' }] });
      answer({ error: { code: -32022, message: 'Unsupported', data: { supported: ['2026-07-28'] } } }, 400);
    });
    const home = folder('old-before-new');
    const config = writeConfig(home, { mcpServers: { far: { url: far.url } } });
    const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env });
    expect((await client.handshake()).message.result.capabilities).toHaveProperty('tools');
    expect(words((await client.call('get')).message)).toBe('ok');
    expect(far.got.at(-1)!.headers).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-name': 'get' });
    expect((await client.end()).code).toBe(0);
  });

  test('find out nothing while the server is down, and try again', async () => {
    const port = await freePort();
    const home = folder('down');
    const config = writeConfig(home, { mcpServers: { far: { url: `http://127.0.0.1:${port}/mcp` } } });
    const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env });
    for (const method of ['server/discover', 'tools/list', 'tools/list']) {
      const { message } = await client.request(method, { _meta });
      expect(message.error!.message).toContain('nothing listens at');
    }
    await listening([...servers.everything, 'streamableHttp'], { PORT: String(port) });
    const { message } = await client.request('tools/call', {
      name: 'echo',
      arguments: { message: 'hi' },
      _meta,
    });
    expect(words(message)).toBe('Echo: hi');
    await client.end();
  });
});

test('a server that asks for authorization is served once a person has let it be', async () => {
  const issuer = await guarded();
  const home = folder('oauth');
  const config = writeConfig(home, { mcpServers: { far: { type: 'http', url: issuer.url } } });
  const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env });
  const greeted = client.handshake();
  const address = await client.until(() => /^ {2}(http:\S+)$/m.exec(client.stderr)?.[1], 'an address');
  expect((await fetch(address)).status).toBe(200);
  expect((await greeted).message.result.serverInfo.name).toBe('far');
  expect(client.junk).toEqual([]);
  expect((await client.end()).code).toBe(0);
});

test('one that asks for authorization beside another holds up nothing, and joins once it has it', async () => {
  const issuer = await guarded();
  const home = folder('oauth-beside');
  const [command, ...args] = servers.memory;
  const config = writeConfig(home, {
    mcpServers: {
      far: { url: issuer.url },
      memory: { command, args, env: { MEMORY_FILE_PATH: join(home, 'memory.jsonl') } },
    },
  });
  const client = new RawClient(inFrontOfAll(config, join(home, 'state')), { env });
  await client.handshake();
  const address = await client.until(() => /^ {2}(http:\S+)$/m.exec(client.stderr)?.[1], 'an address');
  const names = async (): Promise<string[]> =>
    (await client.request('tools/list', {})).message.result.tools.map(({ name }: { name: string }) => name);
  expect(await names()).toContain('memory__read_graph');
  const refused = await client.call('far__echo');
  expect(JSON.stringify(refused.message)).toContain('a person has to open the address that Cordon printed');

  const changed = client.next(
    ({ message }) => message.method === 'notifications/tools/list_changed',
    'a notice',
  );
  expect((await fetch(address)).status).toBe(200);
  await changed;
  expect(await names()).toContain('far__echo');
  expect(words((await client.call('far__echo')).message)).toBe('ok');
  expect((await client.end()).code).toBe(0);
});

test('where every server is a process, nothing of HTTP is loaded', async () => {
  const home = folder('lazy');
  const loaded = join(home, 'loaded.txt');
  const hook = join(home, 'hook.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module');
     const { appendFileSync } = require('node:fs');
     const load = Module._load;
     Module._load = function (name, ...rest) {
       appendFileSync(process.env.LOADED, name + '\\n');
       return load.call(this, name, ...rest);
     };`,
  );
  const [node, ...command] = inFrontOf(servers.memory, { state: join(home, 'state') });
  const client = new RawClient([node!, '--require', hook, ...command], { env: { ...env, LOADED: loaded } });
  await client.handshake();
  await client.request('tools/list', {});
  await client.end();
  const names = readFileSync(loaded, 'utf8').split('\n');
  expect(names).toContain('node:child_process');
  expect(names.filter((name) => /^(node:)?https?$|modelcontextprotocol|sdk/.test(name))).toEqual([]);
});
