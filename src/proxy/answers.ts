import type { Judgement } from '../mediation/judgement.ts';

/** Cordon's own JSON-RPC error codes; the protocol keeps -32768 to -32000 for itself. */
export const DENIED = 1403;
export const UPSTREAM_GONE = 1502;
export const UNROUTABLE = 1404;
export const TOO_MANY = 1429;
export const NOT_RECORDED = 1507;
export const BAD_UPSTREAM = 1503;

export function errorLine(id: string | number | null, code: number, message: string, data?: unknown): Buffer {
  return Buffer.from(
    JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data ? { data } : {}) } }),
  );
}

export function resultLine(id: string | number, resultJson: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`);
}

/**
 * A denial or a question as the client gets it. A refused tool call is a result with `isError`, so that the model reads the reason
 * as text; other methods have no such shape and get an error. `modern` requests (2026-07-28) want a `resultType`.
 */
export function refusedLine(id: string | number, judgement: Judgement, modern: boolean): Buffer {
  const { sink, rule, text = '', event } = judgement;
  const decision = {
    decision: judgement.verdict,
    reasons: [rule],
    rule,
    stage: 'pre_call',
    subject: sink.name,
    id: judgement.id,
  };
  if (sink.kind !== 'tool') return errorLine(id, DENIED, text, { rule, id: judgement.id });
  const result = {
    ...(modern ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { 'cordon/decision': { ...decision, event } },
  };
  return resultLine(id, JSON.stringify(result));
}

/** A call that Cordon refused for a reason of its own, told in the shape that the method has for it. */
export function refusalLine(
  { id, method }: { id: string | number; method: string },
  modern: boolean,
  code: number,
  text: string,
): Buffer {
  if (method !== 'tools/call') return errorLine(id, code, text);
  const result = { content: [{ type: 'text', text }], isError: true };
  return resultLine(id, JSON.stringify(modern ? { resultType: 'complete', ...result } : result));
}

/** The notice that nobody waits for the answer to a request any more. */
export function cancelledLine(requestId: string | number, reason: string): Buffer {
  const params = { requestId, reason };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
}

/** The notice that a server's lists of one capability (`tools`, `prompts`, `resources`) have changed. */
export function listChangedLine(capability: string): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: `notifications/${capability}/list_changed` }));
}
