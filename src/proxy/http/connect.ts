import type { RemoteEntry } from '../../config/remote.ts';
import type { Connect } from '../wire.ts';
import { HttpWire } from './http-wire.ts';
import { Authorization } from './oauth/authorization.ts';

/**
 * What opens wires to a server at an address. `alone`: it is the only one, and no other server waits for it; `depth`:
 * nesting of a message.
 */
export function overHttp(
  server: RemoteEntry,
  { stateDir, depth, alone }: { stateDir: string; depth: number; alone: boolean },
): Connect {
  const isSelfMade = Object.keys(server.headers).some((name) => name.toLowerCase() === 'authorization');
  // One for all wires to it: what a person decides while one is gone is there for the next.
  const authorization = isSelfMade ? undefined : new Authorization(server.name, server.url, stateDir);
  return (limitBytes, events) => new HttpWire({ server, authorization, depth, alone }, limitBytes, events);
}
