import type { RemoteEntry } from '../../config/remote.ts';
import type { Connect } from '../wire.ts';
import type { Credentials } from './carrier.ts';
import { HttpWire } from './http-wire.ts';
import { Authorization } from './oauth/authorization.ts';

/** Who the configuration itself says is there, in a header: there is nothing to do about a server that does not accept it. */
const CONFIGURED: Credentials = {
  header: undefined,
  pending: undefined,
  obtain: async () => 'it does not accept the "Authorization" header of its configuration',
};

/**
 * What opens wires to a server at an address. `alone`: it is the only one, and no other server waits for it; `depth`:
 * nesting of a message.
 */
export function overHttp(
  server: RemoteEntry,
  { stateDir, depth, alone }: { stateDir: string; depth: number; alone: boolean },
): Connect {
  const isConfigured = Object.keys(server.headers).some((name) => name.toLowerCase() === 'authorization');
  // One for all wires to it: what a person decides while one is gone is there for the next.
  const credentials = isConfigured ? CONFIGURED : new Authorization(server, stateDir);
  return (limitBytes, events) => new HttpWire({ server, credentials, depth, alone }, limitBytes, events);
}
