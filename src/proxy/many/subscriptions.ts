import type { Upstream } from '../upstream.ts';

/** More than this of one server are not taken up again when it is restarted. */
const MAX_KEPT = 10_000;
const MAX_URI_CHARS = 8192;

/** Which resources the client is subscribed to: a server that was started again knows nothing of it. */
export class Subscriptions {
  readonly #uris = new Map<Upstream, Set<string>>();

  /** Takes a server's yes to a request about a resource. */
  note(upstream: Upstream, method: string, uri: string): void {
    const uris = this.#uris.get(upstream) ?? new Set();
    this.#uris.set(upstream, uris);
    if (method === 'resources/unsubscribe') uris.delete(uri);
    else if (method === 'resources/subscribe' && uris.size < MAX_KEPT && uri.length <= MAX_URI_CHARS)
      uris.add(uri);
  }

  has(upstream: Upstream, uri: string): boolean {
    return this.#uris.get(upstream)?.has(uri) === true;
  }

  /** With which server the client has subscribed to a resource. */
  holderOf(uri: string): Upstream | undefined {
    for (const [upstream, uris] of this.#uris) if (uris.has(uri)) return upstream;
    return undefined;
  }

  of(upstream: Upstream): Iterable<string> {
    return this.#uris.get(upstream) ?? [];
  }
}
