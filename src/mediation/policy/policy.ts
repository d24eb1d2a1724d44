import type { Allow, Effect, Flow, Leaf, Mode, RememberedFlow } from '../../event.ts';
import type { Grounds } from '../grounds.ts';
import type { Sink } from '../sinks.ts';
import { type Facts, factsOf } from './facts.ts';
import type { GivenRoles } from './given.ts';
import { type Memory, yesTo } from './memory.ts';
import { type Rule, ruleOn } from './ruling.ts';

export type { Rule } from './ruling.ts';

export interface Verdict {
  verdict: 'allow' | 'ask' | 'deny';
  rule: Rule;
  /** The flows that decided; empty where none did. */
  flows: readonly Flow[];
  /** Of a question: what a yes to it would let through from then on. */
  remember?: readonly RememberedFlow[];
  /** Leaves that decided though nothing was found to flow into them. */
  leaves?: readonly Leaf[];
}

/** Everything the policy may look at. */
export interface Case {
  mode: Mode;
  sink: Sink;
  effect: Effect;
  /** The effect is owed to an address among the arguments: the tool itself only reads. */
  reads?: boolean;
  /** What the descriptor's pin says of using it at all. */
  descriptor: 'usable' | 'withheld' | 'unlisted';
  /** The tool's input schema, as pinned. */
  schema?: unknown;
  /** What its arguments are for, where the configuration or a profile says. */
  roles?: GivenRoles | undefined;
  /** Flows of labelled data into this sink, what is no flow already left out. */
  flows: readonly Flow[];
  /** Something untrusted was read in this session. */
  readUntrusted: boolean;
  /** Leaves that a source may have held which was evicted, or which a sibling read that did not answer. */
  forgotten: readonly Leaf[];
  /** Sessions of the siblings that did not answer; absent where all did. */
  unheard?: readonly string[] | undefined;
  /**
   * Leaves that neither the client said before a detector first fired in this session nor the called server's schema
   * gives; undefined while none fired.
   */
  ungrounded?: readonly Leaf[] | undefined;
  allow: readonly Allow[];
  /** Mail domains and hosts that are the user's own, with all below them. */
  domains?: readonly string[] | undefined;
  /** What the session's calls rest on. */
  grounds?: Pick<Grounds, 'holdsHostOf'> | undefined;
  /** What persons said yes to; a session that has read what a detector marked does without. */
  memory?: Memory | undefined;
}

/** Flows in, verdict out. `facts` are those of the case. */
export function decide(at: Case, facts: Facts = factsOf(at)): Verdict {
  const { verdict, rule, flows: deciding, places } = ruleOn(facts);
  const flows = deciding.map((index) => at.flows[index]!);
  if (verdict !== 'ask') return { verdict, rule, flows };
  const leafOf = ({ argument, inName }: Pick<Flow, 'argument' | 'inName'>): Leaf | undefined =>
    at.sink.leaves.find((leaf) => leaf.path === argument && (leaf.form === 'key') === inName);
  const remember = deciding.flatMap((index) => {
    const flow = at.flows[index]!;
    const text = leafOf(flow)?.text.slice(flow.span[0], flow.span[1]);
    const { role } = facts.places[facts.flows[index]!.place]!;
    return text === undefined ? [] : (yesTo(at, flow, text, role) ?? []);
  });
  if (places.length === 0) return { verdict, rule, flows, remember };
  return { verdict, rule, flows, leaves: places.flatMap((place) => leafOf(facts.places[place]!) ?? []) };
}
