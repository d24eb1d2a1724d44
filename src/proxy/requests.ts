import { applyEdits } from '../json/edit.ts';
import type { Judgement } from '../mediation/judgement.ts';
import type { Heard } from '../mediation/siblings.ts';
import { errorLine, NOT_RECORDED, refusalLine, refusedLine, UPSTREAM_GONE } from './answers.ts';
import type { Context, Route } from './context.ts';
import { listKindOf, listNeededBy } from './list-kinds.ts';
import { mustList, noteListing, whenListed } from './listing.ts';
import { log } from './log.ts';
import { type Id, INVALID_REQUEST, idIn, idKey, innerOf, memberOf, type Request } from './message.ts';
import { taskOf } from './tasks.ts';
import type { Upstream } from './upstream.ts';

/** So many requests wait for a server that is starting; a client that goes on asking is told. */
const MAX_HELD = 1000;
/** So many may wait for an answer at all: servers that never give one must not fill memory with what they were asked. */
const MAX_OPEN = 10_000;

/**
 * Takes a client's request to its server, in the order of the client's lines: listed first if it never was, then
 * judged, recorded and forwarded, or refused with the reason.
 */
export function sendRequest(context: Context, request: Request, route: Route): void {
  const { upstream } = route;
  if (isRefused(context, request)) return;
  if ((upstream.held?.length ?? 0) >= MAX_HELD) {
    const text = `server ${JSON.stringify(upstream.name)} is still starting, and ${MAX_HELD} requests wait for it`;
    return context.toClient(errorLine(request.id, UPSTREAM_GONE, text));
  }
  context.waiting.set(idKey(request.id), false);
  listAndJudge(context, request, route);
}

function listAndJudge(context: Context, request: Request, route: Route): void {
  const { upstream } = route;
  upstream.inOrder(() => {
    const asked = listKindOf(request.method);
    if (asked !== undefined) noteListing(upstream, asked);
    const list = listNeededBy(request.method);
    if (list === undefined || !mustList(upstream, list)) return judgeAndSend(context, request, route, false);
    whenListed(context, upstream, list, protocolMeta(request.params), () =>
      judgeAndSend(context, request, route, true),
    );
  });
}

/** Refuses a request whose id is that of another in flight, or that comes while too many are; false if it may go on. */
export function isRefused(context: Context, { id }: Request): boolean {
  const { inFlight, waiting } = context;
  const key = idKey(id);
  const isInUse = inFlight.has(key) || waiting.has(key);
  if (!isInUse && inFlight.size + waiting.size < MAX_OPEN) return false;
  const line = isInUse
    ? errorLine(id, INVALID_REQUEST, `the id ${JSON.stringify(id)} is that of a request still in flight`)
    : errorLine(id, UPSTREAM_GONE, `${MAX_OPEN} requests wait for their answers already`);
  context.toClient(line);
  return true;
}

function judgeAndSend(context: Context, request: Request, route: Route, freshlyListed: boolean): void {
  const { upstream } = route;
  const params = route.params ?? request.params;
  const list = listNeededBy(request.method);
  const name = originOf(request.method, params);
  if (list !== undefined && upstream.gone === undefined) {
    // What a person decided meanwhile counts at once: a pin, or a yes that was taken back.
    context.pins.refresh();
    const standing = context.mediator.standing(upstream.name, list.kind, name);
    // The server may have learned new tricks without saying so; it is asked once more before it is refused.
    if (standing === 'unlisted' && list.kind !== 'resource' && !freshlyListed) {
      return whenListed(context, upstream, list, protocolMeta(request.params), () =>
        judgeAndSend(context, request, route, true),
      );
    }
  }
  context.siblings.hear(
    () => context.mediator.carried(upstream.name, request.method, params),
    (heard) => judgeHeard(context, request, route, params, name, heard),
  );
}

function judgeHeard(
  context: Context,
  request: Request,
  route: Route,
  params: unknown,
  name: string,
  heard: Heard | undefined,
): void {
  const { upstream } = route;
  // It was started again meanwhile: what it offers now is to be checked first.
  if (upstream.held !== undefined) return listAndJudge(context, request, route);
  const isCancelled = context.waiting.get(idKey(request.id));
  context.waiting.delete(idKey(request.id));
  if (isCancelled) return;
  if (upstream.gone !== undefined) {
    const text = `server ${JSON.stringify(upstream.name)} is not running: ${upstream.gone}. ${upstream.remedy}`;
    return context.toClient(errorLine(request.id, UPSTREAM_GONE, text));
  }
  let judgement = context.mediator.judge(upstream.name, request.method, params, heard);
  if (judgement?.verdict === 'ask') judgement = context.questions.settle(judgement, request, params);
  if (judgement !== undefined) {
    context.siblings.judged(judgement);
    context.later(() => context.mediator.finish());
    record(context, request, upstream, judgement);
    if (judgement.verdict !== 'allow') {
      const verb = judgement.verdict === 'ask' ? 'held back' : 'denied';
      log('warn', `${verb} ${request.method} (${judgement.rule}); evidence: cordon why ${judgement.id}`, {
        server: upstream.name,
        name,
      });
      return context.toClient(refusedLine(request.id, judgement, isModern(request.params)));
    }
  }
  const token = route.token?.wire ?? tokenOf(request.params);
  const progressToken = token === undefined ? undefined : idKey(token);
  upstream.inFlight.set(idKey(route.id), {
    method: request.method,
    origin: name === '' ? request.method : name,
    task: taskOf(request.method, params),
    client: { id: request.id, judgement, progressToken },
    ...(listKindOf(request.method) && { page: upstream.pages.asked(request.method, params) }),
  });
  context.inFlight.set(idKey(request.id), { upstream, id: route.id });
  if (progressToken !== undefined) upstream.progressTokens.set(progressToken, route.token?.json ?? '');
  const line = applyEdits(request.line, route.edits);
  const unrecorded = () => refuseUnrecorded(context, upstream, request, route.id);
  context.toUpstream(upstream, line, judgement === undefined ? undefined : unrecorded);
}

/** Refuses a judged request whose entry could not be written: what is not on record does not happen. */
function refuseUnrecorded(context: Context, upstream: Upstream, request: Request, id: Id): void {
  forget(context, upstream, idKey(id));
  const text =
    `Cordon refused this: it cannot be recorded (${context.journal.failure}). Nothing was sent. ` +
    'See that the state directory can be written, then restart the connection.';
  context.toClient(refusalLine(request, isModern(request.params), NOT_RECORDED, text));
}

/** Takes back a request that has not left yet. False if it has, or never came. */
export function cancelWaiting(context: Context, params: unknown): boolean {
  const id = idIn(params, 'requestId');
  if (id === undefined) return false;
  if (!context.waiting.has(idKey(id))) return false;
  context.waiting.set(idKey(id), true);
  return true;
}

/** What a client took back may still be answered, so some of it is remembered; the oldest is given up. */
const MAX_CANCELLED = 100;

/** Notes that the client no longer waits for what it sent: a server need not answer that, and most do not. */
export function noteCancelled(context: Context, params: unknown): void {
  const id = idIn(params, 'requestId');
  const sent = id === undefined ? undefined : context.inFlight.get(idKey(id));
  if (sent === undefined) return;
  const { upstream } = sent;
  const key = idKey(sent.id);
  const flight = upstream.inFlight.get(key);
  if (flight === undefined) return;
  flight.cancelled = true;
  upstream.cancelled.add(key);
  if (upstream.cancelled.size <= MAX_CANCELLED) return;
  const [oldest] = upstream.cancelled;
  upstream.cancelled.delete(oldest!);
  if (upstream.inFlight.get(oldest!)?.cancelled) forget(context, upstream, oldest!);
}

/** Takes a request off what is in flight, by its wire id. */
function forget(context: Context, upstream: Upstream, key: string): void {
  const client = upstream.inFlight.get(key)?.client;
  upstream.inFlight.delete(key);
  if (client === undefined) return;
  context.inFlight.delete(idKey(client.id));
  if (client.progressToken !== undefined) upstream.progressTokens.delete(client.progressToken);
}

function record(context: Context, request: Request, upstream: Upstream, judgement: Judgement): void {
  const { sink } = judgement;
  const kind = sink.kind === 'prompt' ? 'prompt' : 'tool';
  const { names } = context.mediator.words(upstream.name, kind, sink.name);
  const member = innerOf(request, 'arguments');
  const whole = member ?? memberOf(request, 'params');
  const bytes = whole === undefined ? '' : request.line.subarray(whole.start, whole.end);
  context.journal.judged(judgement, names, { [member === undefined ? 'params' : 'arguments']: bytes });
}

/** The server's own name of what a request is about. */
export function originOf(method: string, params: unknown): string {
  const record = (params ?? {}) as Record<string, unknown>;
  const name = method.startsWith('resources/') ? record['uri'] : record['name'];
  return typeof name === 'string' ? name : '';
}

function metaOf(params: unknown): Record<string, unknown> {
  const meta = (params as { _meta?: unknown } | undefined)?._meta;
  return typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>) : {};
}

/** What a request of Cordon's own has to carry where the client speaks the stateless revision (2026-07-28). */
function protocolMeta(params: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metaOf(params)).filter(([key]) => key.startsWith('io.modelcontextprotocol/')),
  );
}

function isModern(params: unknown): boolean {
  return 'io.modelcontextprotocol/protocolVersion' in metaOf(params);
}

function tokenOf(params: unknown): Id | undefined {
  return idIn(metaOf(params), 'progressToken');
}
