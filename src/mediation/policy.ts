import type { Allow, Effect, Flow, Mode } from '../event.ts';
import type { Sink } from './sinks.ts';

/** Why a call was allowed or denied; the names that logs and people use. */
export type Rule =
  | 'observe'
  | 'configured'
  | 'read'
  | 'clean'
  | 'withheld-descriptor'
  | 'unlisted'
  | 'unknown-method'
  | 'lockdown'
  | 'tainted-argument'
  | 'tainted-address'
  | 'forgotten-source';

export interface Verdict {
  verdict: 'allow' | 'deny';
  rule: Rule;
  /** The flows that decided; empty where none did. */
  flows: readonly Flow[];
}

/** Everything the policy may look at. */
export interface Case {
  mode: Mode;
  sink: Sink;
  effect: Effect;
  /** What the descriptor's pin says of using it at all. */
  descriptor: 'usable' | 'withheld' | 'unlisted';
  /** Flows of labelled data into this sink, what is no flow already left out. */
  flows: readonly Flow[];
  /** Something untrusted was read in this session. */
  readUntrusted: boolean;
  /** Sources were evicted, so that a flow can no longer be ruled out. */
  forgotten: boolean;
  allow: readonly Allow[];
}

/**
 * Flows in, verdict out. The first rule that fits decides. This is the seam: a policy that weighs what arguments are for
 * has the same door.
 */
export function decide(at: Case): Verdict {
  const { sink, mode } = at;
  if (mode === 'observe') return allow('observe', at.flows);
  if (at.descriptor === 'withheld') return deny('withheld-descriptor');
  if (at.descriptor === 'unlisted') return deny('unlisted');
  if (at.allow.some((rule) => covers(rule, sink) && rule.argument === undefined)) return allow('configured');
  if (mode === 'lockdown' && sink.kind === 'unknown') return deny('unknown-method');

  const flows = at.flows.filter(
    (flow) => !at.allow.some((rule) => covers(rule, sink) && permits(rule, flow)),
  );
  const untrusted = flows.filter((flow) => flow.source.label.integrity !== 'trusted');
  if (sink.kind === 'tool' || sink.kind === 'unknown') {
    if (at.effect === 'read') return allow('read');
    if (mode === 'lockdown' && at.readUntrusted) return deny('lockdown');
    if (untrusted.length > 0) return deny('tainted-argument', untrusted);
    if (at.forgotten) return deny('forgotten-source');
    return allow(flows.length < at.flows.length ? 'configured' : 'clean');
  }
  // Anything else is asked of the server alone, unless it names an address on the network.
  if (at.effect !== 'send') return allow('clean');
  if (mode === 'lockdown' && at.readUntrusted) return deny('lockdown');
  if (untrusted.length > 0) return deny('tainted-address', untrusted);
  return at.forgotten ? deny('forgotten-source') : allow('clean');
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

function deny(rule: Rule, flows: readonly Flow[] = []): Verdict {
  return { verdict: 'deny', rule, flows };
}
