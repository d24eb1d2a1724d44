import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { isLoopback } from '../../../config/remote.ts';

/** Longest document of an authorization server, in bytes. */
const MAX_BYTES = 1024 * 1024;
/** No document takes longer than this, in ms. */
const MAX_MS = 15_000;

/**
 * Fetches what the SDK needs for an authorization from wherever the server sent it: encrypted, bounded, no redirect
 * followed. Only a server on this machine (`isLocal`) may send it to this machine: a remote one has no business there.
 */
export function boundedFetch(isLocal: boolean): FetchLike {
  return async (input, init) => {
    const url = new URL(input);
    if (isLoopback(url.hostname)) {
      if (!isLocal)
        throw new Error(`${url.origin} is this machine, where a server elsewhere has no business`);
    } else if (url.protocol !== 'https:') throw new Error(`${url.origin} is not https`);
    // Fetch obeys it, and would bring a token to whoever answers.
    if (url.protocol === 'https:' && process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
      throw new Error('NODE_TLS_REJECT_UNAUTHORIZED=0 takes every certificate: start Cordon without it');
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.timeout(MAX_MS),
    });
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body ?? []) {
      bytes += part.length;
      if (bytes > MAX_BYTES) throw new Error(`${url.origin} answers with more than ${MAX_BYTES} bytes`);
      parts.push(part);
    }
    const { status, headers } = response;
    return new Response(bytes === 0 ? null : Buffer.concat(parts), { status, headers });
  };
}
