// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a configuration names variables
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { checkHeaders, isLoopback, shownUrl } from '../../src/config/remote.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-remote-'));
const file = join(folder, 'mcp.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = 'tok-5d41402abc4b2a76';

async function load(entry: object, variables: Record<string, string> = {}) {
  writeFileSync(file, JSON.stringify({ mcpServers: { crm: entry } }));
  const { config, warnings } = await loadConfig(file, join(folder, 'state'), variables);
  return { server: config.servers[0], warnings, trust: config.trust.get('crm') };
}

async function refusal(entry: object, variables: Record<string, string> = {}): Promise<string> {
  return load(entry, variables).then(
    () => 'it was accepted',
    (error: Error) => error.message.replaceAll(file, 'mcp.json'),
  );
}

describe('an entry with an address', () => {
  test.each(['http', 'streamable-http', 'streamableHttp', undefined])(
    'of type %s is served',
    async (type) => {
      const { server, warnings } = await load(
        {
          type,
          url: 'https://${HOST}/mcp',
          headers: { Authorization: 'Bearer ${TOKEN}', 'X-Team': '${TEAM:-a b}' },
        },
        { HOST: 'mcp.example.invalid', TOKEN: SECRET },
      );
      expect(warnings).toEqual([]);
      expect(server).toEqual({
        name: 'crm',
        url: 'https://mcp.example.invalid/mcp',
        headers: { Authorization: `Bearer ${SECRET}`, 'X-Team': 'a b' },
      });
    },
  );

  test('is trusted no further than any other, and is no package', async () => {
    const { trust } = await load({ url: 'https://mcp.example.invalid/' });
    expect(trust).toEqual({ integrity: 'untrusted', confidentiality: 'public', tools: new Map() });
  });

  test('names what has no effect beside it', async () => {
    const { warnings } = await load({ url: 'https://a.example.invalid', env: { X: 'y' }, timeout: 5 });
    expect(warnings).toEqual(['mcpServers.crm: not used by Cordon: "env", "timeout"']);
  });

  test.each(['http://localhost:3001/mcp', 'http://127.0.0.1/', 'http://[::1]:8080/', 'http://127.8.9.1/'])(
    '%s is this machine, and may go without encryption',
    async (url) => {
      expect((await load({ url })).server).toMatchObject({ url });
    },
  );

  test.each<[string, object, RegExp]>([
    [
      'an open line',
      { url: 'http://mcp.example.invalid/' },
      /mcpServers\.crm\.url: found http, over which others read/,
    ],
    [
      'a name that only begins like this machine',
      { url: 'http://127.0.0.1.example.invalid/' },
      /found http, over/,
    ],
    ['a name below localhost', { url: 'http://localhost.example.invalid/' }, /found http, over/],
    ['every address of this machine', { url: 'http://0.0.0.0/' }, /found http, over/],
    ['another protocol', { url: 'file:///etc/passwd' }, /found a URL that is not https/],
    ['no URL', { url: 'mcp.example.invalid' }, /found no absolute URL, expected an address such as/],
    ['nothing', { url: '' }, /found no absolute URL/],
    [
      'a password',
      { url: `https://me:${SECRET}@a.example.invalid/` },
      /found a user name or password in the URL/,
    ],
    ['a fragment', { url: 'https://a.example.invalid/#x' }, /a fragment, which no server gets/],
    ['an unset variable', { url: 'https://${HOST}/' }, /crm\.url: the environment variable HOST is not set/],
    ['a number', { url: 5 }, /crm\.url: found a number, expected a string/],
    ['type without address', { type: 'http' }, /mcpServers\.crm: found no "url", expected one/],
    ['stdio with address', { type: 'stdio', url: 'https://a.example.invalid' }, /found "stdio" beside "url"/],
    ['neither', {}, /found no "command" and no "url"/],
  ])('%s is refused', async (_, entry, expected) => {
    const message = await refusal(entry);
    expect(message).toMatch(expected);
    expect(message).not.toContain(SECRET);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a second header in a value',
      { 'X-Key': `${SECRET}\r\nHost: evil` },
      /crm\.headers\.X-Key: found a line break/,
    ],
    ['a letter that is not ASCII', { 'X-Key': `${SECRET}é` }, /found a line break or another character/],
    ['a name with a blank', { 'X Key': 'a' }, /found a name that no header can have/],
    ['a name with a line break', { 'X\nKey': 'a' }, /found a name that no header can have/],
    ['no name', { '': 'a' }, /found a name that no header can have/],
    ["the transport's own", { 'MCP-Session-Id': 'a' }, /found a header that Cordon sets itself/],
    ['another length', { 'content-length': '1' }, /found a header that Cordon sets itself/],
    ['a mirrored argument', { 'Mcp-Param-Region': 'a' }, /found a header that Cordon sets itself/],
    ['the same twice', { 'X-Key': 'a', 'x-key': 'b' }, /crm\.headers\.x-key: this header is here twice/],
    [
      'a number',
      { 'X-Key': 5 },
      /crm\.headers\.X-Key: found a number, expected an object of strings|a string/,
    ],
    ["a client's own form", { 'X-Key': '${input:key}' }, /filled in by the client alone/],
  ])('%s among its headers is refused, and no value is shown', async (_, headers, expected) => {
    const message = await refusal({ url: 'https://a.example.invalid', headers });
    expect(message).toMatch(expected);
    expect(message).not.toContain(SECRET);
  });
});

describe('what a server at an address knows Cordon as', () => {
  const url = 'https://a.example.invalid/';
  const issuer = 'https://login.example.invalid';

  test('is taken with its variables filled in', async () => {
    const oauth = { clientId: '${ID}', clientSecret: '${SECRET}', issuer, callbackPort: 8123, xaa: true };
    const { server, warnings } = await load({ url, oauth }, { ID: 'cordon', SECRET });
    expect(warnings).toEqual([]);
    expect(server).toMatchObject({
      oauth: { clientId: 'cordon', clientSecret: SECRET, issuer: `${issuer}/`, callbackPort: 8123 },
    });
    expect((await load({ url, oauth: { callbackPort: 1 } })).server).toMatchObject({
      oauth: { callbackPort: 1 },
    });
  });

  test.each<[string, object, RegExp]>([
    [
      'a secret without an issuer',
      { clientId: 'c', clientSecret: SECRET },
      /clientSecret: found no "issuer"/,
    ],
    ['a secret without an id', { clientSecret: SECRET, issuer }, /clientSecret: found no "clientId"/],
    [
      'an issuer that anybody could be',
      { clientId: 'c', clientSecret: SECRET, issuer: 'http://x.invalid' },
      /oauth\.issuer: found http,/,
    ],
    [
      'a secret with a line break',
      { clientId: 'c', clientSecret: `${SECRET}\n`, issuer },
      /no printable ASCII/,
    ],
    ['an empty id', { clientId: '${ID:-}' }, /oauth\.clientId: found nothing/],
    ['a variable that is not set', { clientId: '${ID}' }, /the environment variable ID is not set/],
    [
      'a port that is none',
      { callbackPort: 65_536 },
      /callbackPort: found a number, expected a whole number/,
    ],
    ['a secret that is no text', { clientSecret: 5 }, /clientSecret: found a number/],
  ])('is refused with %s, and no value is shown', async (_, oauth, expected) => {
    const message = await refusal({ url, oauth });
    expect(message).toMatch(expected);
    expect(message).not.toContain(SECRET);
  });

  test('is refused beside a header that says who is there', async () => {
    const headers = { authorization: SECRET };
    expect(await refusal({ url, headers, oauth: { clientId: 'c' } })).toContain('expected one of the two');
  });
});

test('what passes is what Node takes for a header', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  fc.assert(
    fc.property(text, text, (name, value) => {
      let checked: Record<string, string>;
      try {
        checked = checkHeaders([[name, value]], []);
      } catch {
        return;
      }
      expect(checked).toEqual({ [name]: value });
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }),
    { numRuns: 2000 },
  );
});

test('an address is shown without its query', () => {
  expect(shownUrl(`https://a.example.invalid/mcp?key=${SECRET}`)).toBe('https://a.example.invalid/mcp?...');
  expect(shownUrl('http://127.0.0.1:1/')).toBe('http://127.0.0.1:1/');
});

test('this machine is told by its name alone', () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]']) expect(isLoopback(host)).toBe(true);
  for (const host of [
    '',
    '10.0.0.1',
    '[::]',
    '0.0.0.0',
    'localhost.',
    'x.localhost',
    '127.0.0.1.a',
    '1127.0.0.1',
  ]) {
    expect(isLoopback(host), host).toBe(false);
  }
});
