import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inFrontOf, inFrontOfAll } from './support/launch.ts';
import { Puppet, type Strings } from './support/puppet.ts';
import { type Message, RawClient, type Received } from './support/raw-client.ts';
import { sandbox, writeConfig } from './support/sandbox.ts';
import { labelsOf, words } from './support/wire.ts';

const base = sandbox();
const ADDRESS = 'tables@harbour.example.invalid';
const URI = 'note://harbour/tides';
const TOOLS = [
  { name: 'get_page', description: 'Returns a page.' },
  { name: 'get_form', description: 'Asks for a day.' },
  { name: 'send_mail', description: 'Sends an e-mail.' },
];
const QUESTION = { mode: 'form', message: 'Which day?', requestedSchema: { type: 'object', properties: {} } };
const CAPABILITIES = { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} };
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const ENVELOPE = {
  [VERSION]: '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
};

const json = (value: object): string => JSON.stringify({ jsonrpc: '2.0', ...value });
const text = (value: string): object => ({ content: [{ type: 'text', text: value }] });

let count = 0;
function folder(): string {
  const path = join(base, String(count++));
  mkdirSync(path);
  return path;
}

/** A server of the stateless revision and of no other. It refuses whatever does not say who asks. */
const stateless: Strings = ({ message: { id, method, params } }) => {
  if (id === undefined || method === undefined) return [];
  const result = (value: object): string => json({ id, result: value });
  const complete = (value: object): string => result({ resultType: 'complete', ...value });
  if (params?._meta?.[VERSION] !== '2026-07-28') {
    return json({ id, error: { code: -32022, message: 'unsupported', data: { supported: ['2026-07-28'] } } });
  }
  switch (method) {
    case 'server/discover':
      return complete({
        supportedVersions: ['2026-07-28'],
        capabilities: CAPABILITIES,
        ttlMs: 1,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'modern', version: '7' } },
      });
    case 'tools/list':
      return complete({
        tools: TOOLS.map((tool) => ({ ...tool, inputSchema: { type: 'object' } })),
        ttlMs: 0,
      });
    case 'resources/list':
      return complete({ resources: [{ uri: URI, name: 'tides' }], ttlMs: 0 });
    case 'subscriptions/listen':
      return json({
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications: params.notifications, _meta: { [SUBSCRIPTION]: id } },
      });
    case 'tools/call':
      if (params.name === 'get_page') return complete(text(`Write to ${ADDRESS}.`));
      if (params.name !== 'get_form') return complete(text('sent'));
      if (params.inputResponses === undefined) {
        const inputRequests = { day: { method: 'elicitation/create', params: QUESTION } };
        return result({ resultType: 'input_required', inputRequests, requestState: 'opaque " \u00e9 state' });
      }
      return complete(text(JSON.stringify([params.requestState, params.inputResponses])));
    default:
      return json({ id, error: { code: -32601, message: `no ${method} here` } });
  }
};

/** A server that shakes hands and knows nothing else. */
function handshake(): Strings {
  let form: Message['id'];
  return ({ message: { id, method, params, result: answered } }) => {
    if (method === undefined && id === 'q')
      return json({ id: form!, result: text(JSON.stringify(answered)) });
    const result = (value: object): string => json({ id, result: value });
    switch (method) {
      case 'initialize':
        return result({
          protocolVersion: params.protocolVersion,
          capabilities: CAPABILITIES,
          serverInfo: { name: 'old', version: '1' },
          instructions: 'Read the tables first.',
        });
      case 'resources/list':
        return result({ resources: [{ uri: URI, name: 'tides' }] });
      case 'tools/list':
        return undefined;
      case 'tools/call':
        if (params.name === 'get_page') return result(text(`Write to ${ADDRESS}.`));
        if (params.name !== 'get_form') return result(text('sent'));
        form = id;
        return json({ id: 'q', method: 'elicitation/create', params: QUESTION });
      case 'resources/subscribe':
      case 'logging/setLevel':
        return result({});
      default:
        return id === undefined ? [] : json({ id, error: { code: -32601, message: `no ${method} here` } });
    }
  };
}

async function puppetOf(strings: Strings): Promise<Puppet> {
  return Puppet.listen(folder(), { tools: TOOLS, strings });
}

const oldPuppet = (): Promise<Puppet> => puppetOf(handshake());

function alone(puppet: Puppet, state = join(folder(), 'state')): RawClient {
  return new RawClient(inFrontOf(puppet.command, { state, options: ['--name', 'one'] }));
}

function together(puppets: Record<string, Puppet>, block: object = {}): RawClient {
  const directory = folder();
  const config = writeConfig(directory, {
    cordon: block,
    mcpServers: Object.fromEntries(
      Object.entries(puppets).map(([name, { command }]) => [
        name,
        { command: command[0], args: command.slice(1) },
      ]),
    ),
  });
  return new RawClient(inFrontOfAll(config, join(directory, 'state')));
}

const ask = (client: RawClient, method: string, params: object = {}): Promise<Received> =>
  client.request(method, { ...params, _meta: ENVELOPE });

describe.concurrent('a client that shakes hands, before a server of the stateless revision', () => {
  async function open(): Promise<{ client: RawClient; puppet: Puppet; greeting: Message }> {
    const puppet = await puppetOf(stateless);
    const client = alone(puppet);
    const greeting = (await client.handshake({ elicitation: {} })).message;
    return { client, puppet, greeting };
  }

  test('is greeted as by any server, and its calls say who asks', async () => {
    const { client, puppet, greeting } = await open();
    expect(greeting.result).toMatchObject({
      protocolVersion: '2025-06-18',
      capabilities: CAPABILITIES,
      serverInfo: { name: 'modern', version: '7' },
    });
    expect((await client.request('ping')).message.result).toEqual({});
    expect((await client.request('tools/list', {})).message.result.tools).toHaveLength(TOOLS.length);
    const { message } = await client.call('get_page', { page: 1 });
    expect(words(message)).toContain(ADDRESS);
    expect(message.result.resultType).toBeUndefined();
    expect(labelsOf(message)).toBeDefined();
    const call = await puppet.got((received) => received.message.method === 'tools/call');
    expect(call.message.params).toMatchObject({ arguments: { page: 1 }, _meta: { [VERSION]: '2026-07-28' } });
    const refused = await client.call('send_mail', { to: ADDRESS, body: 'Hello.' });
    expect(words(refused.message)).toMatch(/^Cordon held back/);
    await client.end();
  });

  test('is asked what the server needs, and the server gets its own state back as it was', async () => {
    const { client } = await open();
    client.handle('elicitation/create', (params) => ({
      action: 'accept',
      content: { day: 'Monday', params },
    }));
    const { message } = await client.call('get_form');
    const [state, responses] = JSON.parse(words(message)) as [
      string,
      { day: { content: { params: unknown } } },
    ];
    expect(state).toBe('opaque " \u00e9 state');
    expect(responses.day.content).toEqual({ day: 'Monday', params: QUESTION });
    await client.end();
  });

  test('that cannot be asked, or does not answer, gets an error for its call', async () => {
    const { client } = await open();
    const refusing = client.call('get_form');
    const asked = await client.next(({ message }) => message.method === 'elicitation/create', 'question');
    client.send(json({ id: asked.message.id!, error: { code: -1, message: 'not today' } }));
    expect((await refusing).message.error!.message).toContain('not today');
    await client.end();

    const mute = alone(await puppetOf(stateless));
    await mute.handshake();
    expect((await mute.call('get_form')).message.error!.message).toContain('elicitation/create');
    await mute.end();
  });

  test('hears of lists and of resources that it subscribed to, under no subscription', async () => {
    const { client, puppet } = await open();
    const listens = (): Received[] =>
      puppet.received.filter(({ message }) => message.method === 'subscriptions/listen');
    await puppet.got(({ message }) => message.method === 'subscriptions/listen');
    await client.request('resources/subscribe', { uri: URI });
    expect(listens().at(-1)!.message.params.notifications).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: [URI],
    });
    await puppet.got(({ message }) => message.params?.requestId === listens()[0]!.message.id);
    const _meta = { [SUBSCRIPTION]: listens().at(-1)!.message.id };
    const heard = client.next(
      ({ message }) => message.method === 'notifications/resources/updated',
      'notice',
    );
    puppet.send(json({ method: 'notifications/resources/updated', params: { uri: URI, _meta } }));
    expect(JSON.stringify((await heard).message.params)).not.toContain('subscriptionId');
    const changed = client.next(
      ({ message }) => message.method === 'notifications/tools/list_changed',
      'notice',
    );
    puppet.send(json({ method: 'notifications/tools/list_changed', params: { _meta } }));
    await changed;
    await client.end();
  });
});

describe.concurrent('a client of the stateless revision, before a server that shakes hands', () => {
  test('gets the refusal of a server that it asks first, and is served when it goes on', async () => {
    const puppet = await oldPuppet();
    const client = alone(puppet);
    const refusal = (await ask(client, 'server/discover')).message;
    expect(refusal.error).toEqual({ code: -32601, message: 'no server/discover here' });
    const { result } = (await ask(client, 'tools/list')).message;
    expect(result).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
    expect(result.tools).toHaveLength(TOOLS.length);
    const { message } = await ask(client, 'server/discover');
    expect(message.result).toMatchObject({
      supportedVersions: ['2026-07-28'],
      capabilities: CAPABILITIES,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'old' } },
    });
    await client.end();
  });

  test('that calls at once is served, and its server knows nothing of the other era', async () => {
    const puppet = await oldPuppet();
    const client = alone(puppet);
    const { message } = await ask(client, 'tools/call', { name: 'get_page', arguments: {} });
    expect(words(message)).toContain(ADDRESS);
    expect(message.result.resultType).toBe('complete');
    expect(labelsOf(message)).toBeDefined();
    const call = await puppet.got((received) => received.message.method === 'tools/call');
    expect(call.line).not.toContain('io.modelcontextprotocol/');
    const refused = await ask(client, 'tools/call', { name: 'send_mail', arguments: { to: ADDRESS } });
    expect(words(refused.message)).toMatch(/^Cordon held back/);
    await client.end();
  });

  test('is asked in a result, and what it answers is judged on its way to the server', async () => {
    const puppet = await oldPuppet();
    const client = alone(puppet);
    const call = { name: 'get_form', arguments: {} };
    const round = (await ask(client, 'tools/call', call)).message.result;
    const [key, question] = Object.entries(round.inputRequests)[0]!;
    expect(round.resultType).toBe('input_required');
    expect(question).toEqual({ method: 'elicitation/create', params: QUESTION });
    const { requestState } = round;
    const other = await ask(client, 'tools/call', {
      ...call,
      name: 'get_page',
      requestState,
      inputResponses: {},
    });
    expect(other.message.error!.message).toContain('requestState');
    const responses = { [key]: { action: 'accept', content: { day: 'Monday' } } };
    const { message } = await ask(client, 'tools/call', { ...call, requestState, inputResponses: responses });
    expect(JSON.parse(words(message))).toEqual(responses[key]);
    const twice = await ask(client, 'tools/call', { ...call, requestState, inputResponses: responses });
    expect(twice.message.error!.message).toContain('requestState');
    await client.end();
  });

  test('with two calls in flight cannot be asked: the server is told why', async () => {
    const puppet = await oldPuppet();
    const answer = puppet.strings;
    puppet.strings = (received) => (received.message.method === 'tools/call' ? [] : answer(received));
    const client = alone(puppet);
    await ask(client, 'tools/list');
    for (const id of ['a', 'b'])
      client.send(json({ id, method: 'tools/call', params: { name: 'get_page', _meta: ENVELOPE } }));
    await puppet.got(({ message }) => message.id === 'b');
    puppet.send(json({ id: 5, method: 'elicitation/create', params: QUESTION }));
    const { message } = await puppet.got((received) => received.message.id === 5);
    expect(message.error!.message).toContain('2 answers');
    for (const id of ['a', 'b']) puppet.send(json({ id, result: text('done') }));
    await client.end();
  });

  test('hears under each of its subscriptions what that is for', async () => {
    const puppet = await oldPuppet();
    const client = alone(puppet);
    await ask(client, 'tools/list');
    const acknowledged = client.next(({ line }) => line.includes('acknowledged'), 'acknowledgement');
    const notifications = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: [URI] };
    client.send(
      json({ id: 'l', method: 'subscriptions/listen', params: { notifications, _meta: ENVELOPE } }),
    );
    expect((await acknowledged).message.params).toEqual({
      notifications: { toolsListChanged: true, resourceSubscriptions: [URI] },
      _meta: { [SUBSCRIPTION]: 'l' },
    });
    await puppet.got(({ message }) => message.method === 'resources/subscribe');
    for (const method of ['notifications/tools/list_changed', 'notifications/resources/updated']) {
      const heard = client.next(({ message }) => message.method === method, method);
      puppet.send(json({ method, params: { uri: URI } }));
      expect((await heard).message.params._meta).toEqual({ [SUBSCRIPTION]: 'l' });
    }
    await client.end();
  });
});

describe.concurrent('a server that does not survive being asked', () => {
  test('is started again, is not asked again in the next run, and serves clients of both eras', async () => {
    const puppet: Puppet = await oldPuppet();
    const answer = puppet.strings;
    let probes = 0;
    puppet.strings = (received) => {
      if (received.message.method !== 'server/discover') return answer(received);
      probes++;
      puppet.leave();
      return [];
    };
    const state = join(folder(), 'state');
    const first = alone(puppet, state);
    expect((await ask(first, 'server/discover')).message.error!.code).toBe(-32601);
    expect((await first.handshake()).message.result.serverInfo.name).toBe('old');
    await first.end();
    const second = alone(puppet, state);
    const { message } = await ask(second, 'tools/call', { name: 'get_page', arguments: {} });
    expect(words(message)).toContain(ADDRESS);
    expect(probes).toBe(1);
    await second.end();
  });
});

test('several servers, each of its own era, serve a client that shakes hands', async () => {
  const puppets = { new: await puppetOf(stateless), old: await oldPuppet() };
  const client = together(puppets);
  client.handle('elicitation/create', () => ({ action: 'accept', content: { day: 'Monday' } }));
  await client.handshake({ elicitation: {} });
  expect((await client.request('tools/list', {})).message.result.tools).toHaveLength(2 * TOOLS.length);
  for (const name of ['new', 'old']) {
    expect(words((await client.call(`${name}__get_page`)).message)).toContain(ADDRESS);
    expect(words((await client.call(`${name}__get_form`)).message)).toContain('Monday');
  }
  const refused = await client.call('old__send_mail', { to: ADDRESS });
  expect(words(refused.message)).toMatch(/^Cordon held back/);
  await client.end();
});

describe('batches', () => {
  test('are taken apart and answered as one, in the revision that has them', async () => {
    const puppet = await oldPuppet();
    const client = alone(puppet);
    await client.handshake({}, '2025-03-26');
    await client.request('tools/list', {});
    const call = (id: unknown, name: string): object => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: { to: ADDRESS } },
    });
    const batch = [
      call('a', 'get_page'),
      call(2, 'send_mail'),
      { jsonrpc: '2.0', method: 'notifications/x' },
    ];
    client.send(`[ ${[...batch.map((one) => JSON.stringify(one)), '{"id":3}'].join(' , ')} ] `);
    await client.until(() => client.junk[0], 'batch');
    const answers = JSON.parse(client.junk[0]!) as Message[];
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set(['a', 2, 3]));
    expect(words(answers.find(({ id }) => id === 'a')!)).toContain(ADDRESS);
    expect(answers.find(({ id }) => id === 3)!.error!.code).toBe(-32600);
    expect(puppet.received.every(({ line }) => !line.startsWith('['))).toBe(true);
    const notice = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'hi' } };
    const heard = client.next(({ line }) => line.includes('"hi"'), 'notice');
    puppet.send(JSON.stringify([notice]));
    await heard;
    await client.end();
  });

  test('are refused in every other, and so is what is no list of messages', async () => {
    const client = alone(await oldPuppet());
    await client.handshake();
    const refused = client.next(({ message }) => message.id === null, 'refusal');
    client.send('[{"jsonrpc":"2.0","id":1,"method":"ping"}]');
    expect((await refused).message.error!.code).toBe(-32600);
    await client.end();
  });
});

test('several servers, each of its own era, serve a client of the stateless revision', async () => {
  const puppets = { new: await puppetOf(stateless), old: await oldPuppet() };
  const client = together(puppets);
  expect((await ask(client, 'server/discover')).message.result).toMatchObject({
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'cordon' } },
  });
  const { result } = (await ask(client, 'tools/list')).message;
  expect(result).toMatchObject({ resultType: 'complete', ttlMs: 0 });
  expect(result.tools).toHaveLength(2 * TOOLS.length);
  const forms = ['new__get_form', 'old__get_form'].map((name) => ({ name, arguments: {} }));
  // Both wait for the client at the same time, and neither server gets what is for the other.
  const rounds = await Promise.all(forms.map((form) => ask(client, 'tools/call', form)));
  for (const [i, { message }] of rounds.entries()) {
    const { resultType, inputRequests, requestState } = message.result;
    expect(resultType).toBe('input_required');
    const inputResponses = {
      [Object.keys(inputRequests)[0]!]: { action: 'accept', content: { day: `day ${i}` } },
    };
    const done = await ask(client, 'tools/call', { ...forms[i], requestState, inputResponses });
    expect(done.message.result.resultType).toBe('complete');
    expect(words(done.message)).toContain(`day ${i}`);
  }
  const acknowledged = client.next(({ line }) => line.includes('acknowledged'), 'acknowledgement');
  const notifications = { toolsListChanged: true };
  client.send(json({ id: 'l', method: 'subscriptions/listen', params: { notifications, _meta: ENVELOPE } }));
  expect((await acknowledged).message.params.notifications).toEqual(notifications);
  const changed = client.next(
    ({ message }) => message.method === 'notifications/tools/list_changed',
    'notice',
  );
  puppets.old.send(json({ method: 'notifications/tools/list_changed' }));
  expect((await changed).message.params._meta).toEqual({ [SUBSCRIPTION]: 'l' });
  await ask(client, 'tools/call', { name: 'new__get_page', arguments: {} });
  const refused = await ask(client, 'tools/call', { name: 'old__send_mail', arguments: { to: ADDRESS } });
  expect(refused.message.result.resultType).toBe('complete');
  expect(words(refused.message)).toMatch(/^Cordon held back/);
  client.process.kill('SIGTERM');
  await client.exit;
});

test('a client that asks for a version that the server does not have may ask again, and nothing is translated', async () => {
  const puppet = await puppetOf(stateless);
  const client = alone(puppet);
  const wrong = { ...ENVELOPE, [VERSION]: '2099-01-01' };
  const { message } = await client.request('server/discover', { _meta: wrong });
  expect(message.error?.code).toBe(-32022);
  expect((await ask(client, 'tools/list')).message.result).toMatchObject({
    resultType: 'complete',
    ttlMs: 0,
  });
  expect(puppet.received.map((received) => received.message.method)).not.toContain('initialize');
  await client.end();
});

describe('what is private to one server', () => {
  test.each([
    ['handshake', 'handshake'],
    ['stateless', 'handshake'],
    ['handshake', 'stateless'],
    ['stateless', 'stateless'],
  ])('is not told another that asks for it: a %s client, a %s server', async (era, other) => {
    const puppets = {
      reader: await oldPuppet(),
      asker: await (other === 'handshake' ? oldPuppet() : puppetOf(stateless)),
    };
    // As a person has said of it.
    const client = together(puppets, { servers: { reader: { confidentiality: 'private' } } });
    const secret = 'sk-live-4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a';
    const { strings } = puppets.reader;
    puppets.reader.strings = (received) =>
      received.message.method === 'tools/call'
        ? json({ id: received.message.id!, result: text(`The key is ${secret} and nobody is to have it.`) })
        : strings(received);
    const answer = { action: 'accept', content: { day: secret } };
    const form = { name: 'asker__get_form', arguments: {} };
    if (era === 'handshake') {
      client.handle('elicitation/create', () => answer);
      await client.handshake({ elicitation: {} });
      await client.request('tools/list', {});
      await client.call('reader__get_page');
      await client.call('asker__get_form');
    } else {
      await ask(client, 'tools/list');
      await ask(client, 'tools/call', { name: 'reader__get_page', arguments: {} });
      const { inputRequests, requestState } = (await ask(client, 'tools/call', form)).message.result;
      const inputResponses = { [Object.keys(inputRequests)[0]!]: answer };
      await ask(client, 'tools/call', { ...form, requestState, inputResponses });
    }
    // It was told that it gets no answer, or not asked again for what it would need one for.
    const refused = puppets.asker.received.some(({ message }) => message.id === 'q' && message.error);
    expect(refused).toBe(other === 'handshake');
    expect(puppets.asker.received.some(({ line }) => line.includes(secret))).toBe(false);
    client.process.kill('SIGTERM');
    await client.exit;
  });
});
