import type { Role } from '../../event.ts';
import type { Facts, FlowFact } from './facts.ts';
import { ARGUMENT_RULES, type ArgumentRule, orderOf } from './rules.ts';

/** Why a call was allowed, asked about or denied; the names that logs and people use. */
export type Rule = string;

/** What facts lead to. */
export interface Ruling {
  verdict: 'allow' | 'ask' | 'deny';
  rule: Rule;
  /** Indices of the flows that decided; empty where none did. */
  flows: readonly number[];
  /** Indices of places that decided though nothing was found to flow into them. */
  places: readonly number[];
}

/** Roles in which a value steers what happens: what cannot be accounted for there is asked about. */
const STEERING: ReadonlySet<Role> = new Set<Role>(['destination', 'credential', 'code']);

/** Facts in, ruling out: the one function that decides, of a call and of its record. The first rule that fits decides. */
export function ruleOn(facts: Facts): Ruling {
  const { mode } = facts;
  if (mode === 'observe') return allow('observe', [...facts.flows.keys()]);
  if (facts.descriptor === 'withheld') return deny('withheld-descriptor');
  if (facts.descriptor === 'unlisted') return deny('unlisted');
  if (facts.covered) return allow('configured');
  if (mode === 'lockdown' && facts.sink === 'unknown') return deny('unknown-method');
  const open = [...facts.flows.keys()].filter((index) => !facts.flows[index]!.permitted);
  const leaking = open.filter((index) => facts.flows[index]!.leaks);
  if (facts.effect === 'read' && leaking.length === 0) return allow('read');
  if (mode === 'lockdown' && facts.readUntrusted) return deny('lockdown');
  // Most calls carry nothing of anybody's.
  if (facts.flows.length + facts.forgotten.length === 0 && facts.ungrounded === undefined) return CLEAN;

  const untrusted = open.filter((index) => facts.flows[index]!.flow.source.label.integrity !== 'trusted');
  // An answer is what its server asked for and goes nowhere else: all that it must not do is to leak.
  if (facts.sink === 'answer' && leaking.length === 0) return allow('clean');
  // What leaks is judged though it be trusted: where it came from says nothing of where it may go.
  const judged = judgeFlows(
    facts,
    leaking.length === 0 ? untrusted : [...new Set([...leaking, ...untrusted])],
  );
  for (const verdict of ['deny', 'ask'] as const) {
    const telling = judged.filter(([, rule]) => rule.verdict === verdict);
    if (telling.length === 0) continue;
    return { verdict, rule: telling[0]![1].name, flows: telling.map(([index]) => index), places: [] };
  }
  const dictated = dictation(facts, judged);
  if (dictated.length > 0) return { verdict: 'ask', rule: 'dictated-call', flows: dictated, places: [] };
  const ungrounded = groundless(facts, untrusted);
  if (ungrounded !== undefined) return ungrounded;
  const forgotten = facts.forgotten.filter((place) => STEERING.has(facts.places[place]!.role));
  if (forgotten.length > 0 && facts.unheard !== undefined)
    return { verdict: 'ask', rule: 'silent-sibling', flows: [], places: forgotten };
  if (forgotten.length > 0) return { verdict: 'ask', rule: 'forgotten-source', flows: [], places: forgotten };
  const remembered = judged.filter(([, rule]) => rule.name === 'remembered').map(([index]) => index);
  if (remembered.length > 0) return allow('remembered', remembered);
  return allow(open.length < facts.flows.length ? 'configured' : 'clean');
}

type Judged = readonly [index: number, rule: ArgumentRule];

function judgeFlows(facts: Facts, indices: readonly number[]): Judged[] {
  const { flows, places, effect, reads, server, goes } = facts;
  const byPlace = new Map<number, FlowFact[]>();
  for (const index of indices) {
    const fact = flows[index]!;
    const others = byPlace.get(fact.place);
    if (others === undefined) byPlace.set(fact.place, [fact]);
    else others.push(fact);
  }
  const judged: Judged[] = [];
  for (const index of indices) {
    const own = flows[index]!;
    const siblings = byPlace.get(own.place)!;
    if (!own.leaks && isRepeated(own, siblings)) continue;
    const fact = {
      ...own,
      // A session that has read what a detector marked does without what persons said yes to.
      remembered: own.remembered && facts.ungrounded === undefined,
      role: places[own.place]!.role,
      effect,
      reads,
      server,
      goes,
      siblings,
    };
    judged.push([index, ARGUMENT_RULES.find((rule) => rule.when(fact))!]);
  }
  return judged;
}

/** What a call carried and its answer repeats is judged where it came from. */
function isRepeated({ flow: { source } }: FlowFact, siblings: readonly FlowFact[]): boolean {
  if (source.echo !== true) return false;
  return siblings.some(
    ({ flow: { source: other } }) => other.echo !== true && orderOf(other.event) < orderOf(source.event),
  );
}

/**
 * A call of which nothing is the agent's own: every text that it carries stands as a whole in messages that steer. Who
 * quotes adds something of his own; who obeys does not.
 */
function dictation({ flows, places, said }: Facts, judged: readonly Judged[]): number[] {
  const dictated = new Map<number, number>();
  for (const [index, rule] of judged) {
    const { flow, place } = flows[index]!;
    if (rule.name !== 'quotation' || flow.match !== 'whole') continue;
    if (places[place]!.isSpaced && !dictated.has(place)) dictated.set(place, index);
  }
  const texts = [...dictated.keys()].filter((place) => places[place]!.isText);
  return said > texts.length ? [] : [...dictated.values()];
}

/**
 * In a session that has read what a detector marked, what is done has to rest on something: on what the client said
 * before, or on the called tool's own schema. A value that was read, or that appears from nowhere, may be the marked
 * text's, encoded or described.
 */
function groundless({ ungrounded, flows, places }: Facts, open: readonly number[]): Ruling | undefined {
  if (ungrounded === undefined) return undefined;
  const fed = new Set(open.map((index) => flows[index]!.place));
  const bare = ungrounded.filter((place) => {
    const { role } = places[place]!;
    return STEERING.has(role) || (role === 'selector' && fed.has(place));
  });
  if (bare.length === 0) return undefined;
  const held = new Set(bare);
  const telling = open.filter((index) => held.has(flows[index]!.place));
  return { verdict: 'ask', rule: 'ungrounded', flows: telling, places: bare };
}

function allow(rule: Rule, flows: readonly number[] = []): Ruling {
  return { verdict: 'allow', rule, flows, places: [] };
}

const CLEAN = allow('clean');

function deny(rule: Rule): Ruling {
  return { verdict: 'deny', rule, flows: [], places: [] };
}
