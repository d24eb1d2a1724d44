import type { DescriptorKind, Lock, RememberedFlow } from '../../event.ts';
import type { Inbound } from '../inbound.ts';

/**
 * What a session's mediator was given, in order: all that its decisions follow from, beside the settings and pins that the
 * session began with. `event` and `call` are the names that it gave then.
 */
export type Step =
  | { step: 'describe'; server: string; kind: DescriptorKind; values: readonly unknown[]; now: string }
  | { step: 'judge'; event: string; server: string; method: string; params?: unknown }
  | { step: 'answer'; event: string; server: string; method: string; result?: unknown }
  | { step: 'approve'; event: string }
  | ({ step: 'label'; event: string; call?: string } & Inbound)
  | { step: 'learn'; event: string }
  | { step: 'settle'; bytes: number }
  | { step: 'remember'; flows: readonly RememberedFlow[] }
  | { step: 'prompt'; text: string }
  /** A lock that others had written was taken over (`merged`: and written again with what was new here). */
  | { step: 'lock'; lock: Lock; merged: boolean };
