import { randomBytes } from 'node:crypto';
import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import type { OAuthClient } from '../../../config/remote.ts';
import type { TokenStore } from './store.ts';

/** One attempt at an authorization, as the SDK's client wants it: it keeps what has to outlive the attempt. */
export class Provider implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly #store: TokenStore;
  readonly #client: OAuthClient;
  readonly #isAnew: boolean;
  readonly #state = randomBytes(32).toString('base64url');
  #verifier = '';
  #discovered: OAuthDiscoveryState | undefined;
  /** Where a person has to say yes, once that is known. */
  authorizationUrl: URL | undefined;

  /** `client`: what the configuration says of it; `isAnew`: a person is to be asked, whatever tokens there are. */
  constructor(store: TokenStore, client: OAuthClient, redirectUrl: string, isAnew: boolean) {
    this.#store = store;
    this.#client = client;
    this.#isAnew = isAnew;
    this.redirectUrl = redirectUrl;
  }

  get clientMetadata(): OAuthClientMetadata & { application_type: 'native' } {
    return {
      // Without it, an authorization server may take this for a web application and refuse its address (SEP-837).
      application_type: 'native',
      client_name: 'Cordon',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  state(): string {
    return this.#state;
  }

  /** A registration for another address is none: authorization servers compare it. */
  clientInformation(): OAuthClientInformationMixed | undefined {
    const { clientId, clientSecret } = this.#client;
    if (clientId !== undefined)
      return {
        client_id: clientId,
        ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
      };
    const { client } = this.#store.read();
    return client?.redirect_uris.includes(this.redirectUrl) ? client : undefined;
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    // The SDK hands back what it was given, secret and all: that stays in the configuration.
    if (this.#client.clientId !== undefined) return;
    this.#store.write({ ...this.#store.read(), client: { ...client, redirect_uris: [this.redirectUrl] } });
  }

  tokens(): OAuthTokens | undefined {
    return this.#isAnew ? undefined : this.#store.read().tokens;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#store.write({ ...this.#store.read(), tokens });
  }

  redirectToAuthorization(url: URL): void {
    this.authorizationUrl = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  /**
   * @throws for a document that speaks for another than the one it was asked of (RFC 8414, 3.3), and for another than
   * the configuration names: which it is, says the server, and the client's secret would go there.
   */
  saveDiscoveryState(discovered: OAuthDiscoveryState): void {
    const { authorizationServerUrl, authorizationServerMetadata } = discovered;
    const issuer = authorizationServerMetadata?.issuer;
    const { issuer: expected } = this.#client;
    if (expected !== undefined && withoutSlash(authorizationServerUrl) !== withoutSlash(expected)) {
      throw new Error('the server names another authorization server than "issuer" of its configuration');
    }
    if (issuer !== undefined && withoutSlash(issuer) !== withoutSlash(authorizationServerUrl)) {
      throw new Error('the document of the authorization server names another');
    }
    this.#discovered = discovered;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovered;
  }

  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void {
    const { client: _, ...withoutClient } = this.#store.read();
    const { tokens: __, ...withoutTokens } = this.#store.read();
    if (scope === 'all') this.#store.write({});
    else if (scope === 'tokens') this.#store.write(withoutTokens);
    else if (scope === 'client') this.#store.write(withoutClient);
    if (scope === 'all' || scope === 'discovery') this.#discovered = undefined;
  }

  /**
   * Whether an answer comes from the authorization server that was asked: a person who is known to several could
   * otherwise bring one's code to another (RFC 9207, 2.4; compared as written).
   */
  isFromIssuer(answer: URLSearchParams): boolean {
    const metadata: Record<string, unknown> = { ...this.#discovered?.authorizationServerMetadata };
    const iss = answer.get('iss');
    if (iss === null) return metadata['authorization_response_iss_parameter_supported'] !== true;
    return iss === metadata['issuer'];
  }
}

/** The SDK writes an address that has no path with a slash, whatever was written. */
function withoutSlash(address: string): string {
  return address.endsWith('/') ? address.slice(0, -1) : address;
}
