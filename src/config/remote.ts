import { BuildError } from './error.ts';

/** A server that is reached by Streamable HTTP. */
export interface RemoteEntry {
  name: string;
  /** Absolute, variables expanded, as `URL` writes it: https, or http to this machine. Its query may hold a secret. */
  url: string;
  /** Sent with every request to the server and to nobody else, variables expanded: secrets, as a rule. */
  headers: Readonly<Record<string, string>>;
  oauth?: OAuthClient;
}

/** What Cordon is to the server's authorization server, where it does not register itself. Variables expanded. */
export interface OAuthClient {
  /** As registered beforehand; else Cordon registers itself. */
  clientId?: string;
  clientSecret?: string;
  /** The authorization server that the secret is for, as `URL` writes it: whatever the server says, it goes to no other. */
  issuer?: string;
  /** Where a browser comes back to, where the registration names a port; else any free one. */
  callbackPort?: number;
}

/** What the transport itself says in headers, and what only concerns one connection (RFC 9110, 7.6.1). */
const TRANSPORTS_OWN = new Set(
  [
    'accept accept-encoding connection content-encoding content-length content-type expect host keep-alive',
    'last-event-id mcp-method mcp-name mcp-protocol-version mcp-session-id te trailer transfer-encoding',
    'upgrade',
  ].flatMap((names) => names.split(' ')),
);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What every HTTP library takes in a value (RFC 9110, 5.5): no line break can end one header and begin another. */
const VALUE = /^[\t\x20-\x7e]*$/;

/** An address that may be shown: without its query, which often holds a key. */
export function shownUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === '' ? '' : '?...'}`;
}

/** Whether a host name of a `URL` means this machine, whatever the network says. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/**
 * The address as `URL` reads it. The text is not shown: it may hold a secret.
 *
 * @throws BuildError for what is no address, or one on which anybody could listen in.
 */
export function checkUrl(text: string, path: readonly PropertyKey[]): string {
  const fail = (found: string): BuildError =>
    new BuildError(path, `found ${found}, expected an address such as "https://example.org/mcp"`);
  if (!URL.canParse(text)) throw fail('no absolute URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw fail('a URL that is not https');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw fail('http, over which others read and change what is sent (it is for this machine alone)');
  }
  if (url.username !== '' || url.password !== '') {
    throw new BuildError(path, 'found a user name or password in the URL: send it in "headers"');
  }
  if (url.hash !== '') throw fail('a URL with a fragment, which no server gets');
  return url.href;
}

/** @throws BuildError for names that the transport sets itself, and for what is no header. Values are not shown. */
export function checkHeaders(
  headers: readonly (readonly [name: string, value: string])[],
  path: readonly PropertyKey[],
): Record<string, string> {
  const checked: Record<string, string> = Object.create(null);
  const seen = new Set<string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const wrong = (message: string, atKey: boolean) => new BuildError([...path, name], message, atKey);
    if (!TOKEN.test(name)) throw wrong('found a name that no header can have', true);
    if (TRANSPORTS_OWN.has(key) || key.startsWith('proxy-') || key.startsWith('mcp-param-')) {
      throw wrong('found a header that Cordon sets itself: leave it out', true);
    }
    if (seen.has(key)) throw wrong('this header is here twice, in upper and lower case', true);
    if (!VALUE.test(value))
      throw wrong('found a line break or another character that no header can hold', false);
    seen.add(key);
    checked[name] = value;
  }
  return checked;
}

/** What the protocol allows in an identifier or a secret of a client (RFC 6749, A.1 and A.2). */
const CLIENT_TEXT = /^[\x20-\x7e]{1,2048}$/;

/** @throws BuildError for what cannot be used, or would be sent to whoever asks for it. Values are not shown. */
export function checkOAuth(client: OAuthClient, path: readonly PropertyKey[]): OAuthClient {
  const { clientId, clientSecret, issuer } = client;
  for (const [key, text] of Object.entries({ clientId, clientSecret })) {
    if (text !== undefined && !CLIENT_TEXT.test(text))
      throw new BuildError([...path, key], 'found nothing, or what is no printable ASCII, after expansion');
  }
  if (clientSecret === undefined)
    return issuer === undefined ? client : { ...client, issuer: checkUrl(issuer, [...path, 'issuer']) };
  if (clientId === undefined)
    throw new BuildError([...path, 'clientSecret'], 'found no "clientId" beside it, expected one');
  if (issuer === undefined) {
    const why = 'the server itself says where the secret is to be sent';
    throw new BuildError(
      [...path, 'clientSecret'],
      `found no "issuer" beside it, expected the address of the authorization server: ${why}`,
    );
  }
  return { ...client, issuer: checkUrl(issuer, [...path, 'issuer']) };
}
