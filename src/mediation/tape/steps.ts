import type { DescriptorKind, Leaf, Lock, RememberedFlow } from '../../event.ts';
import type { Inbound } from '../inbound.ts';
import type { Heard, Standing } from '../siblings.ts';

/**
 * What a session's mediator was given, in order: all that its decisions follow from, beside the settings and pins that the
 * session began with. `event` and `call` are the names that it gave then.
 */
export type Step =
  | { step: 'describe'; server: string; kind: DescriptorKind; values: readonly unknown[]; now: string }
  | { step: 'recheck'; now: string }
  | { step: 'judge'; event: string; server: string; method: string; params?: unknown; heard?: Heard }
  | { step: 'answer'; event: string; server: string; method: string; result?: unknown; heard?: Heard }
  | { step: 'approve'; event: string }
  | ({ step: 'label'; event: string; call?: string } & Inbound)
  | { step: 'learn'; event: string }
  | { step: 'settle'; bytes: number }
  | { step: 'remember'; flows: readonly RememberedFlow[] }
  | { step: 'prompt'; text: string }
  /** There are siblings from now on; these tools are theirs; one asked what was read of its call; it told what anybody had read of it. */
  | { step: 'join' }
  | { step: 'tools'; names: readonly string[] }
  | { step: 'testify'; leaves: readonly Leaf[]; standing: Standing }
  | { step: 'offer'; leaves: readonly Leaf[]; read: readonly Leaf[]; standing: Standing }
  /** A lock that others had written was taken over (`merged`: and written again with what was new here). */
  | { step: 'lock'; lock: Lock; merged: boolean };
