import type { Effect, Flow } from '../event.ts';
import type { EffectOpinion } from './effects.ts';
import type { Rule } from './policy.ts';
import type { Sink } from './sinks.ts';

/** What became of an outbound message, with everything that decided. */
export interface Judgement {
  /** The session-wide id of the message, `e12`. */
  event: string;
  sink: Sink;
  /** The name is one that the server advertised; any other is content, and only its digest is recorded. */
  named: boolean;
  /** Digest of the descriptor it was judged under. */
  descriptor: string | undefined;
  effect: Effect;
  effectBy: EffectOpinion['by'];
  verdict: 'allow' | 'deny';
  rule: Rule;
  /** Flows of labelled data into the sink: all candidates, whether or not they decided. */
  flows: readonly Flow[];
  /** Of a denial: the short id and the text for the client. */
  id?: string;
  text?: string;
}
