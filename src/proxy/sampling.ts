import type { Context } from './context.ts';
import type { Upstream } from './upstream.ts';

const SAMPLING = 'sampling/createMessage';

/** Why a server may not ask, for itself and for the log. */
export interface Refusal {
  text: string;
  reason: string;
}

/** Takes a server's request, if it asks the model: each costs the user, and a server could ask without end. */
export function countSampling(context: Context, upstream: Upstream, method: string): Refusal | undefined {
  return method === SAMPLING ? count(context, upstream, 1) : undefined;
}

/** The same of the questions that a result holds in place of an answer (2026-07-28, `input_required`). */
export function countSamplings(context: Context, upstream: Upstream, result: unknown): Refusal | undefined {
  const { resultType, inputRequests } = (result ?? {}) as { resultType?: unknown; inputRequests?: unknown };
  if (resultType !== 'input_required' || typeof inputRequests !== 'object') return undefined;
  const methods = Object.values(inputRequests ?? {}).map(
    (one) => (one as { method?: unknown } | null)?.method,
  );
  const times = methods.filter((method) => method === SAMPLING).length;
  return times === 0 ? undefined : count(context, upstream, times);
}

function count({ limits }: Context, upstream: Upstream, times: number): Refusal | undefined {
  const { samplingInFlight, samplingPerSession } = limits;
  const open = [...upstream.asked.values()].filter(({ method }) => method === SAMPLING).length;
  if (open + times > samplingInFlight) {
    const text = `it asks the model more than ${samplingInFlight} times at once (limits.samplingInFlight): wait for an answer`;
    return { text, reason: 'sampling-in-flight' };
  }
  if (upstream.samplings + times > samplingPerSession) {
    const text = `it has asked the model ${upstream.samplings} times in this session, and may ${samplingPerSession} times (limits.samplingPerSession)`;
    return { text, reason: 'sampling-per-session' };
  }
  upstream.samplings += times;
  return undefined;
}
