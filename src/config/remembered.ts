import type { Lock, Remembered, RememberedFlow } from '../event.ts';
import { canonical } from '../json/canonical.ts';
import { sha256 } from '../json/digest.ts';

/** A short name for a remembered flow, the same wherever it is remembered: `f-1a2b3c4d`. */
export function flowId({ server, tool, argument, from, value, field, form }: RememberedFlow): string {
  const key = [server, tool, argument, from, value ?? null, field ?? null, form ?? null];
  return `f-${sha256(canonical(key)).slice(7, 15)}`;
}

/** The lock with a person's yes to `flows`; what was remembered before keeps its date. `since` is RFC 3339, UTC. */
export function remember(
  lock: Lock,
  flows: readonly RememberedFlow[],
  { since, question }: Pick<Remembered, 'since' | 'question'>,
): Lock {
  const known = new Map((lock.remembered ?? []).map((one) => [flowId(one), one]));
  for (const flow of flows) {
    if (!known.has(flowId(flow))) known.set(flowId(flow), { ...flow, since, approvedBy: 'person', question });
  }
  // In an order of its own, so that a diff shows what is new and nothing else.
  return { ...lock, remembered: [...known.values()].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)) };
}

/** The lock without the flows that `isMeant`. */
export function forget(lock: Lock, isMeant: (flow: Remembered) => boolean): Lock {
  return { ...lock, remembered: (lock.remembered ?? []).filter((flow) => !isMeant(flow)) };
}

function orderOf(flow: Remembered): string {
  return [flow.server, flow.tool, flow.argument, flow.from, flowId(flow)].join('\0');
}
