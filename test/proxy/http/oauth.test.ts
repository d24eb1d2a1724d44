import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Authorization } from '../../../src/proxy/http/oauth/authorization.ts';
import { Callback } from '../../../src/proxy/http/oauth/callback.ts';
import { boundedFetch } from '../../../src/proxy/http/oauth/fetch.ts';
import { TokenStore } from '../../../src/proxy/http/oauth/store.ts';
import { patiently } from '../../support/patiently.ts';
import { guarded } from './guarded.ts';
import { call, initialize, json, result, serve, wireTo } from './support.ts';

const root = mkdtempSync(join(tmpdir(), 'cordon-oauth-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let state: string;
beforeEach(() => {
  state = mkdtempSync(join(root, 'state-'));
});

/** What Cordon prints for a person, from now on. */
function printed(): { address(): Promise<string>; text(): string } {
  const spy = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => void spy.mockRestore());
  const text = (): string => spy.mock.calls.map(([written]) => String(written)).join('');
  return {
    text,
    address: () => patiently(() => /^ {2}(http\S+)$/m.exec(text())?.[1] ?? expect.fail('no address')),
  };
}

/** The status of a request whose target goes out as it is written here. */
function askedFor({ port }: URL, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once('error', reject);
  });
}

const files = (): string[] => readdirSync(join(state, 'tokens'));

describe('a server that asks for authorization', () => {
  test('gets a token that a person has let Cordon have, for the greeting that waited for it', async () => {
    const issuer = await guarded();
    const screen = printed();
    const { send, lines, until } = wireTo(issuer.url, {
      state,
    });
    send(initialize());
    const address = await screen.address();
    expect(screen.text()).toContain('cordon: server far asks for authorization');
    const page = await fetch(address);
    expect([page.status, await page.text()]).toEqual([200, 'Done: you can close this page.\n']);
    await until(() => lines.length === 1);
    expect(JSON.parse(lines[0]!).result.serverInfo.name).toBe('far');
    expect(issuer.grants).toEqual(['authorization_code']);
    // Nobody else reads the tokens, and no token is shown.
    expect(statSync(join(state, 'tokens')).mode & 0o777).toBe(0o700);
    expect(files()).toHaveLength(1);
    expect(statSync(join(state, 'tokens', files()[0]!)).mode & 0o777).toBe(0o600);
    expect(screen.text()).not.toMatch(/access-1|refresh-1|the-code/);
  });

  test('among others fails calls at once, with what to do, and asks a person once', async () => {
    const issuer = await guarded();
    const screen = printed();
    const { send, failed, lines, until } = wireTo(issuer.url, {
      alone: false,
      state,
    });
    send(call(1), call(2));
    await until(() => failed.length === 2);
    expect(failed[0]!.reason).toMatch(
      /^it asks for authorization: a person has to open the address that Cordon/,
    );
    await fetch(await screen.address());
    await patiently(() => expect(issuer.valid.size).toBe(1));
    send(call(3));
    await until(() => lines.length === 1);
    expect(screen.text().match(/asks for authorization/g)).toHaveLength(1);
    expect(issuer.registered).toHaveLength(1);
  });

  test('among others is gone until a person has answered', async () => {
    const issuer = await guarded();
    const screen = printed();
    const { send, gone, until, untils } = wireTo(issuer.url, {
      alone: false,
      state,
    });
    send(initialize());
    await until(() => gone.length === 1);
    expect(gone[0]).toMatch(/^it asks for authorization/);
    const settled = vi.fn();
    void untils[0]!.then(settled);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(settled).not.toHaveBeenCalled();
    await fetch(await screen.address());
    await patiently(() => expect(settled).toHaveBeenCalledOnce());
  });

  test('is not asked again in the next run, and a token that ran out is renewed without a person', async () => {
    const issuer = await guarded();
    const screen = printed();
    const first = wireTo(issuer.url, { state });
    first.send(initialize());
    await fetch(await screen.address());
    await first.until(() => first.lines.length === 1);

    const { send, lines, until } = wireTo(issuer.url, {
      state,
    });
    send(call(1));
    await until(() => lines.length === 1);
    expect(issuer.grants).toEqual(['authorization_code']);
    issuer.valid.clear();
    send(call(2), call(3));
    await until(() => lines.length === 3);
    expect(issuer.grants).toEqual(['authorization_code', 'refresh_token']);
    expect(screen.text().match(/asks for authorization/g)).toHaveLength(1);
  });

  test('for more than it was let have asks a person again, for both', async () => {
    const issuer = await guarded();
    const screen = printed();
    const { send, failed, lines, until } = wireTo(issuer.url, { state });
    send(initialize());
    await fetch(await screen.address());
    await until(() => lines.length === 1);
    issuer.wants = 'files:write';
    send(call(1));
    await until(() => failed.length === 1);
    expect(failed[0]!.reason).toMatch(/^it asks for authorization/);
    await patiently(() => expect(screen.text().match(/^ {2}http/gm)).toHaveLength(2));
    const again = [...screen.text().matchAll(/^ {2}(http\S+)$/gm)].at(-1)![1]!;
    expect(new URL(again).searchParams.get('scope')).toBe('files:read files:write');
    issuer.wants = undefined;
    await fetch(again);
    send(call(2));
    await until(() => lines.length === 2);
    expect(issuer.grants).toEqual(['authorization_code', 'authorization_code']);
  });

  test('for more again and again is not listened to for ever', async () => {
    const issuer = await guarded();
    const screen = printed();
    const { send, failed, lines, until } = wireTo(issuer.url, { state });
    send(initialize());
    await fetch(await screen.address());
    await until(() => lines.length === 1);
    issuer.wants = 'all';
    for (let i = 1; i <= 5; i++) {
      send(call(i));
      await until(() => failed.length === i);
      const asked = [...screen.text().matchAll(/^ {2}(http\S+)$/gm)];
      if (i <= 2) await fetch(asked.at(-1)![1]!);
      await patiently(() => expect(issuer.grants).toHaveLength(Math.min(i, 2) + 1));
    }
    expect(failed.at(-1)!.reason).toMatch(/^it asks for authorization, which failed/);
    expect(screen.text().match(/^ {2}http/gm)).toHaveLength(3);
  });

  test('is sent no token of another server, nor of the same name at another address', async () => {
    const one = await guarded();
    const other = await serve(({ body }, response) => json(response, result(body.id)));
    const screen = printed();
    const first = wireTo(one.url, { state });
    first.send(initialize());
    await fetch(await screen.address());
    await first.until(() => first.lines.length === 1);
    for (const [name, url] of [
      ['far', other.url],
      ['near', one.url],
    ] as const) {
      expect(new Authorization({ name, url }, state).header).toBeUndefined();
    }
    expect(new Authorization({ name: 'far', url: one.url }, state).header).toBe('Bearer access-1');
  });

  test('keeps the address that browsers come back to, where it can', async () => {
    const issuer = await guarded();
    const screen = printed();
    const authorize = async (): Promise<void> => {
      const under = wireTo(issuer.url, { state });
      const addresses = () => [...screen.text().matchAll(/^ {2}(http\S+)$/gm)].map(([, address]) => address!);
      const before = addresses().length;
      under.send(initialize());
      await patiently(() => expect(addresses().length).toBeGreaterThan(before));
      await fetch(addresses().at(-1)!);
      await under.until(() => under.lines.length === 1);
    };
    await authorize();
    issuer.valid.clear();
    // Nothing to renew it with: a person is asked again, at the same address and with the same registration.
    const path = join(state, 'tokens', files()[0]!);
    const { client } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ client }));
    await authorize();
    expect(issuer.registered).toHaveLength(1);
  });
});

describe('a server whose authorization server lets no client register itself', () => {
  const unregistered = { registration_endpoint: undefined };

  test('is authorized as the client of the configuration, which shows its secret to nobody else', async () => {
    const issuer = await guarded(unregistered);
    const screen = printed();
    const oauth = { clientId: 'pre', clientSecret: 'c-secret', issuer: new URL(issuer.url).origin };
    const { send, lines, until } = wireTo(issuer.url, { state, oauth });
    send(initialize());
    const address = await screen.address();
    expect(new URL(address).searchParams.get('client_id')).toBe('pre');
    await fetch(address);
    await until(() => lines.length === 1);
    expect(issuer.registered).toEqual([]);
    const basic = `Basic ${Buffer.from('pre:c-secret').toString('base64')}`;
    const shown = issuer.got.filter((one) => JSON.stringify(one).includes(basic));
    expect(shown.map(({ url }) => url)).toEqual(['/token']);
    const kept = readFileSync(join(state, 'tokens', files()[0]!), 'utf8');
    expect(
      kept + screen.text() + JSON.stringify(issuer.got.map(({ url, text }) => [url, text])),
    ).not.toContain('c-secret');
    // Another client was let have nothing.
    const as = (clientId?: string) =>
      new Authorization({ name: 'far', url: issuer.url, oauth: clientId ? { clientId } : {} }, state).header;
    expect([as('pre'), as('other'), as()]).toEqual(['Bearer access-1', undefined, undefined]);
  });

  test('needs no secret where the client is public', async () => {
    const issuer = await guarded({ ...unregistered, token_endpoint_auth_methods_supported: ['none'] });
    const screen = printed();
    const { send, lines, until } = wireTo(issuer.url, { state, oauth: { clientId: 'pre' } });
    send(initialize());
    await fetch(await screen.address());
    await until(() => lines.length === 1);
    const asked = issuer.got.find(({ url }) => url === '/token')!;
    expect(new URLSearchParams(asked.text).get('client_id')).toBe('pre');
    expect(asked.headers.authorization).toBeUndefined();
  });

  test('is not asked for anything in the name of the client where it names another authorization server', async () => {
    const issuer = await guarded(unregistered);
    const screen = printed();
    const oauth = { clientId: 'pre', clientSecret: 'c-secret', issuer: 'https://login.example.invalid/' };
    const { send, gone, until } = wireTo(issuer.url, { state, oauth });
    send(initialize());
    await until(() => gone.length === 1);
    expect(gone[0]).toMatch(/^it asks for authorization, which failed/);
    expect(issuer.got.map(({ url }) => url)).not.toContain('/token');
    expect(screen.text()).not.toMatch(/c-secret|^ {2}http/m);
  });

  test('has its browsers come back to the port of the configuration, or fails with its number', async () => {
    const other = await Callback.open(undefined);
    const port = Number(new URL(other.url).port);
    await expect(Callback.openAt(port)).rejects.toThrow(`port ${port} of this machine is taken`);
    other.close();
    // Somebody else may have got it meanwhile.
    const again = await Callback.openAt(port).catch((error: Error) => error);
    if (again instanceof Error) return expect(again.message).toContain(`port ${port}`);
    expect(again.url).toBe(`http://127.0.0.1:${port}/callback`);
    again.close();
  });
});

describe('an answer at the address that browsers come back to', () => {
  async function asked(metadata: object = {}) {
    const issuer = await guarded(metadata);
    const screen = printed();
    const under = wireTo(issuer.url, { state });
    under.send(initialize());
    const address = new URL(await screen.address());
    const back = new URL(address.searchParams.get('redirect_uri')!);
    const answer = (parameters: Record<string, string>) =>
      fetch(
        `${back.href}?${new URLSearchParams({ state: address.searchParams.get('state')!, ...parameters })}`,
      );
    return { issuer, screen, under, address, back, answer };
  }

  test('goes to this machine alone, and asks for proof of who began', async () => {
    const { address, back } = await asked();
    expect(back.hostname).toBe('127.0.0.1');
    expect(address.searchParams.get('code_challenge_method')).toBe('S256');
    expect(address.searchParams.get('state')).toMatch(/^[\w-]{43}$/);
    expect(address.searchParams.get('resource')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
  });

  test('that does not know what was asked is none, and ends nothing', async () => {
    const { back, answer, under, issuer, address } = await asked();
    for (const url of [
      back.href,
      `${back.href}?code=x`,
      `${back.href}?code=x&state=wrong`,
      `${back.origin}/?code=x`,
    ]) {
      expect((await fetch(url)).status).toBe(400);
    }
    expect((await answer({ state: 'x', error: 'access_denied' })).status).toBe(400);
    // An address that is none: any page in a browser can ask for it.
    for (const target of ['//[', 'http://a:99999/']) expect(await askedFor(back, target)).toBe(400);
    expect(issuer.grants).toEqual([]);
    await fetch(address);
    await under.until(() => under.lines.length === 1);
  });

  test.each<[string, object, Record<string, string>]>([
    ['of another authorization server', {}, { code: 'x', iss: 'https://evil.example.invalid' }],
    [
      'of nobody, where the server says who it is',
      { authorization_response_iss_parameter_supported: true },
      { code: 'x' },
    ],
  ])('%s is not taken', async (_, metadata, parameters) => {
    const { issuer, answer } = await asked(metadata);
    expect((await answer(parameters)).status).toBe(400);
    expect(issuer.grants).toEqual([]);
  });

  test('that says no fails what waited', async () => {
    const { answer, under } = await asked();
    await answer({ error: 'access_denied' });
    await under.until(() => under.gone.length === 1);
    expect(under.gone[0]).toMatch(/^it asks for authorization, which failed/);
  });

  test('with a code that is not accepted fails what waited', async () => {
    const { answer, under, issuer, address } = await asked();
    await fetch(address, { redirect: 'manual' });
    issuer.server.removeAllListeners('request');
    issuer.server.on('request', (_, response) => response.writeHead(500).end('<html>the-code'));
    await answer({ code: 'the-code' });
    await under.until(() => under.gone.length === 1);
    expect(under.gone[0]).not.toContain('the-code');
  });
});

test.each<[string, string | object]>([
  ['is no JSON', '<html>'],
  ['has nothing in it', {}],
  ['registers nobody', { authorization_endpoint: 'x' }],
  [
    'names another',
    {
      issuer: 'https://evil.example.invalid',
      authorization_endpoint: 'https://evil.example.invalid/authorize',
      token_endpoint: 'https://evil.example.invalid/token',
      registration_endpoint: 'https://evil.example.invalid/register',
      response_types_supported: ['code'],
    },
  ],
])('an authorization server whose document %s fails the call, once', async (_, document) => {
  const server = await serve((got, response) => {
    if (got.url.startsWith('/.well-known/oauth-authorization-server')) {
      return json(response, typeof document === 'string' ? document : JSON.stringify(document));
    }
    response.writeHead(got.url === '/mcp' ? 401 : 404).end();
  });
  printed();
  const { send, failed, until } = wireTo(server.url, {
    state,
  });
  send(call(1));
  await until(() => failed.length === 1);
  expect(failed[0]!.reason).toBe(
    'it asks for authorization, which failed: the standard error of Cordon says why',
  );
});

test.each([
  ['a\nb', undefined],
  ['', undefined],
  ['tok', 'Bearer tok'],
])('the token %j that was kept makes the header %s', (token, header) => {
  const url = 'http://127.0.0.1:1/mcp';
  new TokenStore(state, { name: 'far', url }).write({
    tokens: { access_token: token, token_type: 'Bearer' },
  });
  expect(new Authorization({ name: 'far', url }, state).header).toBe(header);
});

test('a broken file of tokens is none, and is replaced', () => {
  const store = new TokenStore(state, { name: 'far', url: 'http://127.0.0.1:1/mcp' });
  store.write({});
  for (const broken of ['', '{', 'null', '[]', '5', '{"tokens":5,"client":7}']) {
    writeFileSync(join(state, 'tokens', files()[0]!), broken);
    expect(new Authorization({ name: 'far', url: 'http://127.0.0.1:1/mcp' }, state).header).toBeUndefined();
  }
});

describe('what an authorization needs is fetched', () => {
  test('encrypted, or from this machine for a server on it', async () => {
    const { url } = await serve((_, response) => json(response, '{}'));
    await expect(boundedFetch(false)('http://example.invalid/')).rejects.toThrow('is not https');
    for (const local of [url, 'https://127.0.0.1:1/', 'https://localhost:1/', 'https://[::1]:1/'])
      await expect(boundedFetch(false)(local)).rejects.toThrow('is this machine');
    await expect(boundedFetch(true)('http://10.0.0.1/')).rejects.toThrow('is not https');
    expect((await boundedFetch(true)(url)).status).toBe(200);
  });

  test('only where certificates are checked', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await expect(boundedFetch(true)('https://127.0.0.1:1/')).rejects.toThrow('takes every certificate');
    vi.unstubAllEnvs();
    await expect(boundedFetch(true)('https://127.0.0.1:1/')).rejects.toThrow('fetch failed');
  });

  test('without following a redirect, and to a bound', async () => {
    const { url } = await serve(({ url: path }, response) => {
      if (path === '/away') return void response.writeHead(302, { location: '/mcp' }).end();
      const more = (): void =>
        void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more)));
      more();
    });
    expect((await boundedFetch(true)(new URL('/away', url))).status).toBe(302);
    await expect(boundedFetch(true)(url)).rejects.toThrow('more than 1048576 bytes');
  });
});
