import { isLoopback, type OAuthClient, type RemoteEntry } from '../../../config/remote.ts';
import { printable } from '../../../json/printable.ts';
import { log } from '../../log.ts';
import { tell } from '../../stderr.ts';
import type { Credentials } from '../carrier.ts';
import { Callback } from './callback.ts';
import { boundedFetch } from './fetch.ts';
import { Provider } from './provider.ts';
import { TokenStore } from './store.ts';

/** A person who has not answered by then is asked anew by the next call, in ms. */
const ASKED_MS = 10 * 60_000;
/** The longest address that is printed. */
const MAX_ADDRESS = 8192;
/** How often a server may ask for the same rights, and for how many different ones: each time a person has to decide. */
const MAX_ASKED_FOR = { same: 2, different: 10 };
/** A token that a header can hold. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

const PENDING =
  'it asks for authorization: a person has to open the address that Cordon printed on its standard error';
const FAILED = 'it asks for authorization, which failed: the standard error of Cordon says why';

interface Attempt {
  /** A person has to do something. */
  isAsked: boolean;
  /** Resolves to undefined once there is another token, else to why there is none. */
  done: Promise<string | undefined>;
}

/**
 * What Cordon shows a server that asks who is there: a token that a person has let it have from the server's authorization
 * server (OAuth 2.1, by the SDK's client, which is loaded when a server first asks).
 */
export class Authorization implements Credentials {
  readonly #name: string;
  readonly #url: string;
  readonly #isLocal: boolean;
  readonly #client: OAuthClient;
  readonly #store: TokenStore;
  /** How often each set of further rights was asked for. */
  readonly #askedFor = new Map<string, number>();
  #token: string | undefined;
  #attempt: Promise<Attempt> | undefined;
  pending: Promise<unknown> | undefined;

  constructor(server: Pick<RemoteEntry, 'name' | 'url' | 'oauth'>, stateDir: string) {
    const { name, url, oauth = {} } = server;
    this.#name = name;
    this.#url = url;
    this.#isLocal = isLoopback(new URL(url).hostname);
    this.#client = oauth;
    this.#store = new TokenStore(stateDir, server);
    this.#load();
  }

  get header(): string | undefined {
    return this.#token === undefined ? undefined : `Bearer ${this.#token}`;
  }

  async obtain(
    challenge: string | undefined,
    sent: string | undefined,
    isPatient: boolean,
  ): Promise<string | undefined> {
    // Another call, or another Cordon, may have got one meanwhile.
    this.#load();
    if (this.header !== undefined && this.header !== sent) return undefined;
    this.#attempt ??= this.#begin(challenge);
    const { isAsked, done } = await this.#attempt;
    return isAsked && !isPatient ? PENDING : done;
  }

  async #begin(challenge: string | undefined): Promise<Attempt> {
    const over = (problem: string | undefined): string | undefined => {
      this.#attempt = undefined;
      this.pending = undefined;
      this.#load();
      return problem ?? (this.#token === undefined ? FAILED : undefined);
    };
    let callback: Callback | undefined;
    try {
      const { callbackPort } = this.#client;
      callback =
        callbackPort === undefined
          ? await Callback.open(this.#store.read().client?.redirect_uris[0])
          : await Callback.openAt(callbackPort);
      const { auth, extractWWWAuthenticateParams } = await import('@modelcontextprotocol/sdk/client/auth.js');
      const asked = extractWWWAuthenticateParams(
        new Response(null, { status: 401, headers: { 'www-authenticate': challenge ?? '' } }),
      );
      const { resourceMetadataUrl } = asked;
      // Renewed, the token would allow no more than before: a person has to agree to that, and to what they agreed to.
      const isForMore = asked.error === 'insufficient_scope';
      const scope = isForMore ? this.#more(asked.scope) : asked.scope;
      const provider = new Provider(this.#store, this.#client, callback.url, isForMore);
      const options = {
        serverUrl: this.#url,
        fetchFn: boundedFetch(this.#isLocal),
        ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
        ...(scope === undefined ? {} : { scope }),
      };
      if ((await auth(provider, options)) === 'AUTHORIZED') {
        callback.close();
        return { isAsked: false, done: Promise.resolve(over(undefined)) };
      }
      const exchange = (code: string) => auth(provider, { ...options, authorizationCode: code });
      const done = this.#ask(provider, callback, exchange).then(over);
      this.pending = done;
      return { isAsked: true, done };
    } catch (error) {
      callback?.close();
      return { isAsked: false, done: Promise.resolve(over(this.#failed(error))) };
    }
  }

  /** The rights that a token has to have that does not do, with those it has. */
  #more(scope: string | undefined): string {
    const all = union(this.#store.read().tokens?.scope, scope);
    const times = this.#askedFor.get(all) ?? 0;
    if (times >= MAX_ASKED_FOR.same || this.#askedFor.size >= MAX_ASKED_FOR.different) {
      throw new Error('it asks for further rights again and again');
    }
    this.#askedFor.set(all, times + 1);
    return all;
  }

  /** Has a person decide; resolves to why they did not, or could not. */
  #ask(
    provider: Provider,
    callback: Callback,
    exchange: (code: string) => Promise<unknown>,
  ): Promise<string | undefined> {
    const { authorizationUrl: address } = provider;
    const isFit = address?.protocol === 'https:' || (this.#isLocal && address?.protocol === 'http:');
    if (address === undefined || !isFit || address.href.length > MAX_ADDRESS) {
      throw new Error('the address to authorize at is no https address that a person could open');
    }
    const shown = `Open this address, which leads to ${address.host}, in a browser on this machine:`;
    tell(
      printable(`cordon: server ${this.#name} asks for authorization. ${shown}`).concat(
        `\n\n  ${printable(address.href)}\n\n`,
      ),
    );
    return new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => resolve('nobody has authorized it'), ASKED_MS).unref();
      callback.wait(provider.state(), (answer) => {
        if (!provider.isFromIssuer(answer)) return false;
        clearTimeout(timer);
        const code = answer.get('code');
        if (code === null) {
          resolve(this.#failed(new Error(`refused (${answer.get('error') ?? 'no code'})`)));
          return false;
        }
        exchange(code).then(
          () => resolve(undefined),
          (error) => resolve(this.#failed(error)),
        );
        return true;
      });
    }).finally(() => callback.close());
  }

  /** Tells the operator why; whoever waits is told only that it failed. */
  #failed(error: unknown): string {
    log('error', `authorization for server ${this.#name} failed: ${reasonOf(error)}`);
    return FAILED;
  }

  #load(): void {
    const token = this.#store.read().tokens?.access_token;
    this.#token = typeof token === 'string' && TOKEN.test(token) ? token : undefined;
  }
}

function union(...scopes: (string | undefined)[]): string {
  return [...new Set(scopes.flatMap((scope) => (scope ?? '').split(' ')))].filter(Boolean).join(' ');
}

/** Why an authorization failed. Nothing of what an authorization server answered is in it: that may hold a token. */
function reasonOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'SyntaxError') return 'what should be JSON is none';
  if (name.includes('Zod')) return 'a document of the authorization server is not what the protocol says';
  // The SDK's messages end with what it was answered.
  const [plain] = message.split(/: Invalid OAuth error response| Raw body:/);
  return plain!.slice(0, 300);
}
