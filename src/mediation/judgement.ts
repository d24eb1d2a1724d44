import type { Effect, Flow, Leaf, RememberedFlow, Source } from '../event.ts';
import type { EffectOpinion } from './effects/effects.ts';
import type { Facts } from './policy/facts.ts';
import type { Rule } from './policy/ruling.ts';
import type { Sink } from './sinks.ts';

/** An argument in question, and the source in which its value first stood; none where no source holds it. */
export interface Question {
  argument: string;
  source?: Source | undefined;
}

/** What became of an outbound message, with everything that decided. */
export interface Judgement {
  /** The session-wide id of the message, `e12`. */
  event: string;
  sink: Sink;
  /** The name is one that the server advertised; any other is content, and only its digest is recorded. */
  named: boolean;
  /** Everything that the call selects by stands in the user's own words. */
  asked: boolean;
  /** Digest of the descriptor it was judged under. */
  descriptor: string | undefined;
  effect: Effect;
  effectBy: EffectOpinion['by'];
  verdict: 'allow' | 'ask' | 'deny';
  rule: Rule;
  /** Flows of labelled data into the sink: all candidates, whether or not they decided. */
  flows: readonly Flow[];
  /** What the verdict rests on. */
  facts: Facts;
  /** Of a question: what is asked, once for each argument. */
  questions: readonly Question[];
  /** Of a question: what a yes would let through from then on. */
  remember: readonly RememberedFlow[];
  /** Where siblings were asked: the values that this session or one of them has read. All else is the client's own. */
  read?: readonly Leaf[];
  /** Of a denial or a question: the short id and the text for the client. An approved call has its question's id. */
  id?: string;
  text?: string;
}

/** The judgement under which a call is made that a person said yes to. */
export function approved(judgement: Judgement): Judgement {
  const { text: _, ...rest } = judgement;
  return { ...rest, verdict: 'allow', rule: 'approved', questions: [], remember: [] };
}
