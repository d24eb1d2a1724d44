import type { Allow, Effect, Flow, Leaf, Mode, RememberedFlow, Role } from '../../event.ts';
import { placeOf } from '../own.ts';
import type { Sink } from '../sinks.ts';
import { type GivenRoles, givenRole } from './given.ts';
import { type Memory, rememberable } from './memory.ts';
import { roleOf } from './roles.ts';
import { ARGUMENT_RULES, type ArgumentRule, orderOf } from './rules.ts';

/** Why a call was allowed, asked about or denied; the names that logs and people use. */
export type Rule = string;

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
  /** Leaves that a forgotten source may have held: sources were evicted, so that a flow can no longer be ruled out. */
  forgotten: readonly Leaf[];
  /**
   * Leaves that neither the client said before a detector first fired in this session nor the called server's schema
   * gives; undefined while none fired.
   */
  ungrounded?: readonly Leaf[] | undefined;
  allow: readonly Allow[];
  /** What persons said yes to; a session that has read what a detector marked does without. */
  memory?: Memory | undefined;
}

/** Roles in which a value steers what happens: what cannot be accounted for there is asked about. */
const STEERING: ReadonlySet<Role> = new Set<Role>(['destination', 'credential', 'code']);

/** Flows in, verdict out. The first rule that fits decides. */
export function decide(at: Case): Verdict {
  const { sink, mode } = at;
  if (mode === 'observe') return allow('observe', at.flows);
  if (at.descriptor === 'withheld') return deny('withheld-descriptor');
  if (at.descriptor === 'unlisted') return deny('unlisted');
  if (at.allow.some((rule) => covers(rule, sink) && rule.argument === undefined)) return allow('configured');
  if (mode === 'lockdown' && sink.kind === 'unknown') return deny('unknown-method');
  if (at.effect === 'read') return allow('read');
  if (mode === 'lockdown' && at.readUntrusted) return deny('lockdown');

  const flows = at.flows.filter(
    (flow) => !at.allow.some((rule) => covers(rule, sink) && permits(rule, flow)),
  );
  const untrusted = flows.filter((flow) => flow.source.label.integrity !== 'trusted');
  const roles = new Roles(at);
  const judged = judgeFlows(at, untrusted, roles);
  for (const verdict of ['deny', 'ask'] as const) {
    const telling = judged.filter(([, rule]) => rule.verdict === verdict);
    if (telling.length > 0) {
      const decisive = telling.map(([flow]) => flow);
      return { verdict, rule: telling[0]![1].name, flows: decisive, remember: yesToAll(at, decisive, roles) };
    }
  }
  const dictated = dictation(at, judged, roles);
  if (dictated.length > 0) {
    const remember = yesToAll(at, dictated, roles);
    return { verdict: 'ask', rule: 'dictated-call', flows: dictated, remember };
  }
  const ungrounded = groundless(at, untrusted, roles);
  if (ungrounded !== undefined) return ungrounded;
  const forgotten = at.forgotten.filter((leaf) => STEERING.has(roles.of(leaf)));
  if (forgotten.length > 0) return { verdict: 'ask', rule: 'forgotten-source', flows: [], leaves: forgotten };
  return allow(flows.length < at.flows.length ? 'configured' : 'clean');
}

type Judged = readonly [flow: Flow, rule: ArgumentRule];

function judgeFlows(at: Case, flows: readonly Flow[], roles: Roles): Judged[] {
  const { effect, sink } = at;
  const places = new Map<string, Flow[]>();
  for (const flow of flows) {
    const place = placeOf(flow.argument, flow.inName);
    const others = places.get(place);
    if (others === undefined) places.set(place, [flow]);
    else others.push(flow);
  }
  const leaves = sink.leaves.some(
    (leaf) => leaf.form !== 'key' && leaf.text !== '' && roles.of(leaf) === 'destination',
  );
  return flows
    .filter((flow) => !isRepeated(flow, places))
    .map((flow) => {
      const leaf = roles.leafOf(flow);
      const text = (leaf?.text ?? '').slice(flow.span[0], flow.span[1]);
      const yes = leaf === undefined ? undefined : yesTo(at, flow, text, roles.of(leaf));
      const fact = {
        flow,
        text,
        remembered: yes !== undefined && at.ungrounded === undefined && at.memory?.holds(yes) === true,
        leafText: leaf?.text ?? '',
        role: leaf === undefined ? 'selector' : roles.of(leaf),
        effect,
        reads: at.reads === true,
        server: sink.server,
        leaves,
        siblings: places.get(placeOf(flow.argument, flow.inName))!,
      } as const;
      return [flow, ARGUMENT_RULES.find((rule) => rule.when(fact))!] as const;
    });
}

function yesToAll(at: Case, flows: readonly Flow[], roles: Roles): RememberedFlow[] {
  return flows.flatMap((flow) => {
    const leaf = roles.leafOf(flow);
    const text = (leaf?.text ?? '').slice(flow.span[0], flow.span[1]);
    return leaf === undefined ? [] : (yesTo(at, flow, text, roles.of(leaf)) ?? []);
  });
}

function yesTo({ sink, effect }: Case, flow: Flow, text: string, role: Role): RememberedFlow | undefined {
  const isLasting = effect === 'destroy' || effect === 'execute';
  return rememberable({ server: sink.server, tool: sink.name, role, isLasting, text }, flow);
}

/** What a call carried and its answer repeats is judged where it came from. */
function isRepeated(
  { argument, inName, source }: Flow,
  places: ReadonlyMap<string, readonly Flow[]>,
): boolean {
  if (source.echo !== true) return false;
  const siblings = places.get(placeOf(argument, inName))!;
  return siblings.some(
    ({ source: other }) => other.echo !== true && orderOf(other.event) < orderOf(source.event),
  );
}

/**
 * A call of which nothing is the agent's own: every text that it carries stands as a whole in messages that steer. Who
 * quotes adds something of his own; who obeys does not.
 */
function dictation({ sink }: Case, judged: readonly Judged[], roles: Roles): Flow[] {
  const dictated = new Map<Leaf, Flow>();
  for (const [flow, rule] of judged) {
    if (rule.name !== 'quotation' || flow.match !== 'whole') continue;
    const leaf = roles.leafOf(flow);
    if (leaf !== undefined && /\s/.test(leaf.text.trim()) && !dictated.has(leaf)) dictated.set(leaf, flow);
  }
  if (dictated.size === 0) return [];
  const isOwn = (leaf: Leaf): boolean =>
    leaf.form === 'string' && leaf.text.trim() !== '' && roles.of(leaf) !== 'scalar' && !dictated.has(leaf);
  return sink.leaves.some(isOwn) ? [] : [...dictated.values()];
}

/**
 * In a session that has read what a detector marked, what is done has to rest on something: on what the client said
 * before, or on the called tool's own schema. A value that was read, or that appears from nowhere, may be the marked
 * text's, encoded or described.
 */
function groundless(at: Case, flows: readonly Flow[], roles: Roles): Verdict | undefined {
  if (at.ungrounded === undefined) return undefined;
  const places = new Set(flows.map((flow) => placeOf(flow.argument, flow.inName)));
  const leaves = at.ungrounded.filter((leaf) => {
    const role = roles.of(leaf);
    if (STEERING.has(role)) return true;
    return role === 'selector' && places.has(placeOf(leaf.path, leaf.form === 'key'));
  });
  if (leaves.length === 0) return undefined;
  const held = new Set(leaves.map((leaf) => placeOf(leaf.path, leaf.form === 'key')));
  const telling = flows.filter((flow) => held.has(placeOf(flow.argument, flow.inName)));
  return { verdict: 'ask', rule: 'ungrounded', flows: telling, leaves };
}

/** The roles of a sink's leaves, worked out once and only where something asks. */
class Roles {
  readonly #at: Case;
  readonly #roles = new Map<Leaf, Role>();

  constructor(at: Case) {
    this.#at = at;
  }

  of(leaf: Leaf): Role {
    let role = this.#roles.get(leaf);
    if (role === undefined) {
      // A URI is where a resource lies; of a method that nobody knows, nothing is known.
      role =
        this.#at.sink.kind === 'tool' || this.#at.sink.kind === 'prompt'
          ? (givenRole(leaf, this.#at.roles)?.role ?? roleOf(leaf, this.#at.schema))
          : 'destination';
      this.#roles.set(leaf, role);
    }
    return role;
  }

  leafOf({ argument, inName }: Flow): Leaf | undefined {
    return this.#at.sink.leaves.find((leaf) => leaf.path === argument && (leaf.form === 'key') === inName);
  }
}

function covers(rule: Allow, sink: Sink): boolean {
  return sink.kind === 'tool' && rule.server === sink.server && rule.tool === sink.name;
}

function permits(rule: Allow, flow: Flow): boolean {
  const from = `${flow.source.server}.${flow.source.origin}`;
  return rule.argument === flow.argument && rule.from === from;
}

function allow(rule: Rule, flows: readonly Flow[] = []): Verdict {
  return { verdict: 'allow', rule, flows };
}

function deny(rule: Rule): Verdict {
  return { verdict: 'deny', rule, flows: [] };
}
