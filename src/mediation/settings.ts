import type { Allow, Mode, RememberedFlow, ServerTrust } from '../event.ts';

/** What decides beside the traffic itself; recorded, so that a session can be judged again. */
export interface Settings {
  mode: Mode;
  /** Names the session in the ids of denials. */
  session: string;
  /** Every server behind this proxy. */
  servers: readonly string[];
  trust: ReadonlyMap<string, ServerTrust>;
  allow: readonly Allow[];
  /** Flows that a person said yes to. */
  remembered?: readonly RememberedFlow[];
  /** Makes the hashes of the taint index unpredictable: who knew them could hide a flow behind a collision. 32 bits. */
  seed: number;
  /** Whether detectors look at what comes in; off only to measure what protection is left without them. */
  detectors?: boolean;
  /** Memory for retained text, in bytes. */
  taintBytes: number;
}
