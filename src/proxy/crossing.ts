import { CLIENT_REQUESTS } from '../mediation/protocol.ts';
import type { Heard } from '../mediation/siblings.ts';
import { answerSink } from '../mediation/sinks.ts';
import { DENIED, errorLine, NOT_RECORDED, TOO_MANY } from './answers.ts';
import type { Context } from './context.ts';
import { noteFault } from './faults.ts';
import { noteListChanged } from './listing.ts';
import { log } from './log.ts';
import {
  type Answer,
  type Id,
  INVALID_REQUEST,
  idIn,
  idKey,
  METHOD_NOT_FOUND,
  type Message,
  memberOf,
  type Request,
} from './message.ts';
import { countSampling } from './sampling.ts';
import { endedTask, noteEnded, taskOf } from './tasks.ts';
import type { Upstream } from './upstream.ts';

/** A server that asks and asks is told to wait for answers. */
const MAX_ASKED = 1000;
const MAX_ID_CHARS = 4096;
/** What a server does not read is queued for it; of errors that it is told, up to here. */
const MAX_BEHIND_BYTES = 2 * 1024 * 1024;
/** Notices of one server beyond so many are recorded by the thousand: a flood must not fill the disk. */
const MAX_NOTED = 1000;

/**
 * Takes in what a server says unasked: its text becomes a source. False if it must not reach the client: a request
 * in the wrong direction (the client never sees it), or progress of something that is not in flight, which would close some clients' links.
 */
export function fromServer(
  context: Context,
  upstream: Upstream,
  message: Exclude<Message, { kind: 'answer' }>,
): boolean {
  const { method, params } = message;
  const drop = (reason: string): boolean => noteDropped(context, upstream, method, reason);
  if (message.kind === 'request') {
    const refuse = (code: number, text: string, reason: string): boolean =>
      refuseServer(context, upstream, message, { code, text, reason });
    if (CLIENT_REQUESTS.has(method)) {
      return refuse(METHOD_NOT_FOUND, `a server may not ask ${method}`, 'wrong-direction');
    }
    if (upstream.asked.has(idKey(message.id))) {
      return refuse(INVALID_REQUEST, 'this id is that of a request still in flight', 'id-in-use');
    }
    if (upstream.asked.size >= MAX_ASKED) {
      return refuse(INVALID_REQUEST, 'too many requests are in flight', 'too-many-requests');
    }
    // It is kept until the client answers.
    if (typeof message.id === 'string' && message.id.length > MAX_ID_CHARS) {
      return refuse(INVALID_REQUEST, `an id is longer than ${MAX_ID_CHARS} characters`, 'long-id');
    }
    const tooMany = countSampling(context, upstream, method);
    if (tooMany !== undefined) return refuse(TOO_MANY, tooMany.text, tooMany.reason);
  }
  if (method === 'notifications/progress') {
    const token = idIn(params, 'progressToken');
    if (token === undefined || !upstream.progressTokens.has(idKey(token)))
      return drop('progress-not-in-flight');
  }
  if (upstream.taskTokens.size > 0) {
    const task = endedTask(method, params);
    if (task !== undefined) noteEnded(upstream, task);
  }
  if (!noteListChanged(upstream, method, params)) return false;
  const channel = message.kind === 'request' ? 'request' : 'notification';
  const labelled = context.mediator.label({
    server: upstream.name,
    channel,
    origin: method,
    payload: params,
    task: message.kind === 'notification' ? taskOf(method, params) : undefined,
  });
  context.later(() => {
    context.mediator.learn(labelled);
    // Progress comes by the thousand and says little; its text is a source all the same.
    if (method === 'notifications/progress' || method === 'ping') return;
    if (channel === 'request' || ++upstream.notices <= MAX_NOTED) {
      const member = memberOf(message, 'params');
      const content = member === undefined ? '' : message.line.subarray(member.start, member.end);
      context.journal.labelled(`server.${channel}`, labelled, undefined, { method, params: content });
    } else if (upstream.notices % MAX_NOTED === 0) {
      context.journal.note('server.notification', { server: upstream.name, count: MAX_NOTED });
    }
  });
  return true;
}

/** Answers a server's request with an error, and has nothing more of it. Always false. */
export function refuseServer(
  context: Context,
  upstream: Upstream,
  { id, method }: Request,
  { code, text, reason }: { code: number; text: string; reason: string },
): boolean {
  tellServer(context, upstream, errorLine(id, code, text));
  return noteDropped(context, upstream, method, reason);
}

/** Tells a server something in Cordon's own name, unless it says and says and never reads. */
export function tellServer(context: Context, upstream: Upstream, line: Buffer): void {
  if (upstream.wire.backlogBytes <= MAX_BEHIND_BYTES) context.toUpstream(upstream, line);
}

function noteDropped(context: Context, upstream: Upstream, method: string, reason: string): boolean {
  const text = `server ${upstream.name} sent what it may not; dropped (${reason})`;
  noteFault(context, upstream, {
    kind: 'wire.absorbed',
    reason,
    text,
    shown: { method },
    content: { method },
  });
  return false;
}

/**
 * Takes the client's answer to a server's request (sampled text, a filled form, its roots) to the server, as `line`:
 * matched, recorded and then sent. Where it may not be sent or cannot be recorded, the server gets an error instead.
 */
export function sendClientAnswer(
  context: Context,
  upstream: Upstream,
  asked: { id: Id; method: string },
  answer: Answer,
  line: Buffer,
): void {
  if (asked.method === 'ping') return context.toUpstream(upstream, line);
  context.siblings.hear(
    () => answerSink(upstream.name, asked.method, answer.payload).leaves,
    (heard) => judgeAnswer(context, upstream, asked, answer, line, heard),
  );
}

function judgeAnswer(
  context: Context,
  upstream: Upstream,
  asked: { id: Id; method: string },
  answer: Answer,
  line: Buffer,
  heard: Heard | undefined,
): void {
  const judgement = context.mediator.judgeAnswer(upstream.name, asked.method, answer.payload, heard);
  context.siblings.judged(judgement);
  const member = memberOf(answer, answer.failed ? 'error' : 'result')!;
  context.journal.judged(judgement, new Set(), { result: answer.line.subarray(member.start, member.end) });
  if (judgement.verdict !== 'allow') {
    log('warn', `refused the client's answer to ${asked.method} (${judgement.rule})`, {
      server: upstream.name,
    });
    return context.toUpstream(upstream, errorLine(asked.id, DENIED, 'the answer may not be sent'));
  }
  context.toUpstream(upstream, line, () =>
    upstream.wire.send(errorLine(asked.id, NOT_RECORDED, 'the answer could not be recorded')),
  );
}

export function absorbClientAnswer(context: Context, answer: Answer): void {
  log('warn', 'the client answered a request that no server made; dropped', { id: String(answer.id) });
  context.journal.note('wire.absorbed', { server: '', reason: 'not-asked' }, { id: String(answer.id) });
}
