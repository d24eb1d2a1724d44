import type { Channel } from '../event.ts';
import { type Edit, editedPieces, memberItems, removeItems } from '../json/edit.ts';
import { membersOf } from '../json/spans.ts';
import type { Inbound } from '../mediation/inbound.ts';
import { cancelledLine, errorLine, TOO_MANY } from './answers.ts';
import type { Context, Routing } from './context.ts';
import { noteFault } from './faults.ts';
import { listKindOf } from './list-kinds.ts';
import { describe, filterPage } from './listing.ts';
import { type Answer, type Id, idKey, innerOf, memberOf } from './message.ts';
import { countSamplings, type Refusal } from './sampling.ts';
import { claimEdits, labelEdits } from './splice.ts';
import { endedTask, noteEnded, noteStarted, startedTask } from './tasks.ts';
import type { InFlight, Upstream } from './upstream.ts';

/** Methods whose results carry content to the model, with the channel and the log's kind of entry. */
const CONTENT = new Map<string, { channel: Channel; entry: string }>([
  ['tools/call', { channel: 'result', entry: 'tool.response' }],
  ['resources/read', { channel: 'resource', entry: 'resource.content' }],
  ['prompts/get', { channel: 'prompt', entry: 'prompt.content' }],
  ['tasks/result', { channel: 'result', entry: 'tool.response' }],
]);

const RESULT = CONTENT.get('tools/call')!;
const OTHER = { channel: 'completion', entry: 'response' } as const;

/** Takes a server's answer to the client: labelled, with what is withheld taken out, everything else as it came. */
export function forwardAnswer(
  context: Context,
  routing: Routing,
  upstream: Upstream,
  received: Answer,
  flight: InFlight,
): void {
  if (flight.own !== undefined) return flight.own(received);
  const client = flight.client!;
  context.inFlight.delete(idKey(client.id));
  noteTask(upstream, received, flight);
  const tooMany = received.failed ? undefined : countSamplings(context, upstream, received.payload);
  if (tooMany !== undefined) return refuseQuestions(context, upstream, received, flight, tooMany);
  const answer = routing.retold(upstream, received, flight);
  let edits = routing.answerEdits(upstream, answer, client.id);
  if (answer.failed) learn(context, upstream, answer, flight, { channel: 'error', entry: 'response.error' });
  else if (CONTENT.has(flight.method)) {
    edits = edits.concat(learn(context, upstream, answer, flight, CONTENT.get(flight.method)!));
  } else if (flight.method === 'initialize' || flight.method === 'server/discover') {
    edits = edits.concat(introduction(context, upstream, answer));
  } else {
    edits = edits.concat(claimEdits(answer));
    const list = listKindOf(flight.method);
    if (list !== undefined) edits = edits.concat(filterPage(context, upstream, list, flight.page!, answer));
    else if (flight.method !== 'ping') {
      const inlined = flight.method === 'tasks/get' ? inlinedResult(answer) : undefined;
      if (inlined !== undefined) edits = edits.concat(learn(context, upstream, inlined, flight, RESULT));
      learn(context, upstream, answer, flight, OTHER);
    }
  }
  context.toClient(editedPieces(answer.line, edits));
}

/** The client gets an error in place of the questions, and nobody comes back to the server with answers. */
function refuseQuestions(
  context: Context,
  upstream: Upstream,
  { id }: Answer,
  { method, client }: InFlight,
  { reason, text }: Refusal,
): void {
  const said = `server ${JSON.stringify(upstream.name)} gave no answer: ${text}`;
  context.toClient(errorLine(client!.id, TOO_MANY, said));
  context.toUpstream(upstream, cancelledLine(id, text));
  noteFault(context, upstream, {
    kind: 'wire.absorbed',
    reason,
    text: `questions of server ${upstream.name} were refused: ${text}`,
    content: { method },
  });
}

/** Labels an answer now and learns from it once it was forwarded; gives the edits that show the label. */
function learn(
  context: Context,
  upstream: Upstream,
  answer: Answer,
  flight: InFlight,
  { channel, entry }: { channel: Channel; entry: string },
): Edit[] {
  const judgement = flight.client?.judgement;
  const { origin, task } = flight;
  const inbound: Inbound = { server: upstream.name, channel, origin, payload: answer.payload, task };
  const labelled = context.mediator.label(inbound, judgement);
  context.later(() => {
    context.mediator.learn(labelled);
    const member = memberOf(answer, answer.failed ? 'error' : 'result')!;
    context.journal.labelled(entry, labelled, judgement, {
      result: answer.line.subarray(member.start, member.end),
    });
  });
  return answer.failed || entry === OTHER.entry ? [] : labelEdits(answer, labelled, flight.method);
}

/** The result of a tool that a task's state holds once it is over (2026-07-28, tasks), as an answer of its own. */
function inlinedResult(answer: Answer): Answer | undefined {
  const member = innerOf(answer, 'result');
  const payload = (answer.payload as { result?: unknown } | null)?.result;
  if (member === undefined || typeof payload !== 'object' || payload === null) return undefined;
  const scan = { ...answer.scan, members: [member], inner: membersOf(answer.line, member.start) };
  return { ...answer, payload, scan };
}

/** Learns from an answer to a request of Cordon's own that goes on to the client. */
export function learnAnswer(context: Context, upstream: Upstream, answer: Answer, method: string): void {
  learn(context, upstream, answer, { method, origin: method }, OTHER);
}

/** What a server says of itself: its capabilities are noted, its instructions pinned like any descriptor. */
function introduction(context: Context, upstream: Upstream, answer: Answer): Edit[] {
  const { line, payload } = answer;
  const { capabilities, instructions, protocolVersion } = (payload ?? {}) as Record<string, unknown>;
  if (typeof protocolVersion === 'string') {
    context.revision = protocolVersion;
    upstream.revision = protocolVersion;
  }
  if (typeof capabilities === 'object' && capabilities !== null) {
    upstream.capabilities = capabilities as Record<string, unknown>;
    upstream.introduced = true;
  }
  if (instructions === undefined) return [];
  const [described] = describe(context, upstream, 'instructions', [instructions]);
  if (described!.usable) return [];
  const result = memberOf(answer, 'result')!;
  const members = membersOf(line, result.start);
  return removeItems(memberItems(members), (i) => members[i]!.key === 'instructions');
}

/** Answers what is in flight on a server that can no longer answer it: all, or what was sent under one wire id. */
export function failInFlight(
  context: Context,
  upstream: Upstream,
  code: number,
  reason: string,
  id?: Id,
): void {
  const keys = id === undefined ? [...upstream.inFlight.keys()] : [idKey(id)];
  for (const key of keys) {
    const flight = upstream.inFlight.get(key);
    upstream.inFlight.delete(key);
    if (flight?.client === undefined) {
      flight?.own?.(undefined);
      continue;
    }
    const { client } = flight;
    context.inFlight.delete(idKey(client.id));
    if (client.progressToken !== undefined) upstream.progressTokens.delete(client.progressToken);
    if (flight.cancelled) continue;
    const text = `server ${JSON.stringify(upstream.name)} gave no answer: ${reason}`;
    context.toClient(errorLine(client.id, code, text));
    context.journal.note('response.error', {
      server: upstream.name,
      reason: 'no-answer',
      ...(client.judgement ? { answers: client.judgement.event } : {}),
    });
  }
}

/** An answer that starts a task (2025-11-25) leaves the progress token of its request in use until the task is over. */
function noteTask(upstream: Upstream, { failed, payload }: Answer, flight: InFlight): void {
  const { method, client } = flight;
  const token = client!.progressToken;
  const started = failed ? undefined : startedTask(payload);
  flight.task ??= started;
  if (token !== undefined) {
    if (started === undefined) upstream.progressTokens.delete(token);
    else noteStarted(upstream, started, token);
  }
  if (upstream.taskTokens.size === 0 || failed) return;
  const ended = endedTask(method, payload);
  if (ended !== undefined) noteEnded(upstream, ended);
}

/** Warns of an answer that nobody asked for. Forwarding it would close some clients' links. */
export function absorb(context: Context, upstream: Upstream, answer: Answer): void {
  const id = String(answer.id);
  const text = `server ${upstream.name} answered a request that is not in flight; dropped`;
  noteFault(context, upstream, {
    kind: 'wire.absorbed',
    reason: 'not-in-flight',
    text,
    shown: { id },
    content: { id },
  });
}
