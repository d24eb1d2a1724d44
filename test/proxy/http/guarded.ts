import { createHash } from 'node:crypto';
import { introduction, json, result, serve, type TestServer } from './support.ts';

export interface Issuer extends TestServer {
  /** Tokens that the resource server accepts. */
  valid: Set<string>;
  /** A scope that no token of it has. */
  wants: string | undefined;
  /** Registrations, and grants by type. */
  registered: string[][];
  grants: string[];
}

/** A server that wants a token, with its authorization server beside it. */
export async function guarded(metadata: object = {}): Promise<Issuer> {
  const issued: Omit<Issuer, keyof TestServer> = {
    valid: new Set(),
    wants: undefined,
    registered: [],
    grants: [],
  };
  let challenge = '';
  let tokens = 0;
  const server: TestServer = await serve((got, response) => {
    const { origin } = new URL(server.url);
    const { pathname } = new URL(got.url, origin);
    if (pathname === '/.well-known/oauth-protected-resource/mcp') {
      return json(response, JSON.stringify({ resource: `${origin}/mcp`, authorization_servers: [origin] }));
    }
    if (pathname === '/.well-known/oauth-authorization-server') {
      const document = {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        ...metadata,
      };
      return json(response, JSON.stringify(document));
    }
    if (pathname === '/register') {
      issued.registered.push(got.body.redirect_uris);
      return json(
        response,
        JSON.stringify({ ...got.body, client_id: `c${issued.registered.length}` }),
        {},
        201,
      );
    }
    if (pathname === '/authorize') {
      const asked = new URL(got.url, origin).searchParams;
      challenge = asked.get('code_challenge')!;
      const back = new URL(asked.get('redirect_uri')!);
      back.searchParams.set('code', 'the-code');
      back.searchParams.set('state', asked.get('state')!);
      return void response.writeHead(302, { location: back.href }).end();
    }
    if (pathname === '/token') {
      const form = new URLSearchParams(got.text);
      const grant = form.get('grant_type')!;
      issued.grants.push(grant);
      const verifier = form.get('code_verifier') ?? '';
      const isProven = createHash('sha256').update(verifier).digest('base64url') === challenge;
      if (grant === 'authorization_code' ? !isProven : form.get('refresh_token') !== `refresh-${tokens}`) {
        return json(response, '{"error":"invalid_grant"}', {}, 400);
      }
      const token = `access-${++tokens}`;
      issued.valid.add(token);
      return json(
        response,
        JSON.stringify({
          access_token: token,
          token_type: 'Bearer',
          scope: 'files:read',
          refresh_token: `refresh-${tokens}`,
        }),
      );
    }
    const [, token = ''] = (got.headers.authorization ?? '').split('Bearer ');
    if (!issued.valid.has(token)) {
      const where = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
      return void response.writeHead(401, { 'www-authenticate': where }).end();
    }
    if (issued.wants !== undefined) {
      const more = `Bearer error="insufficient_scope", scope="${issued.wants}"`;
      return void response.writeHead(403, { 'www-authenticate': more }).end();
    }
    if (got.method !== 'POST') return void response.writeHead(405).end();
    const { id, method } = got.body as { id?: number; method: string };
    if (id === undefined) return void response.writeHead(202).end();
    const tools = [{ name: 'echo', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }];
    if (method === 'tools/list')
      return json(response, JSON.stringify({ jsonrpc: '2.0', id, result: { tools } }));
    json(response, method === 'initialize' ? introduction(id) : result(id));
  });
  return Object.assign(issued, server);
}
