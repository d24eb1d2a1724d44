import type { Context } from './context.ts';
import { log } from './log.ts';
import type { Upstream } from './upstream.ts';

/** Of each server so many are told one by one, and from then on by the thousand: a flood must not fill the disk. */
const MAX_NOTED = 1000;

/** Something of a server that goes nowhere. */
export interface Fault {
  /** Not asked for or not allowed, or no message at all. */
  kind: 'wire.absorbed' | 'wire.refused';
  reason: string;
  /** For the operator, and with what to show of it. */
  text: string;
  shown?: Record<string, string>;
  /** Of which a digest goes on record. */
  content?: Record<string, string>;
}

/** Says on stderr and in the log what a server sent that goes nowhere. */
export function noteFault(context: Context, upstream: Upstream, fault: Fault): void {
  const { kind, reason, text, shown = {}, content = {} } = fault;
  const who = kind === 'wire.refused' ? { from: upstream.name } : { server: upstream.name };
  upstream.faults++;
  if (upstream.faults <= MAX_NOTED) {
    log('warn', text, shown);
    context.journal.note(kind, { ...who, reason }, content);
  } else if (upstream.faults % MAX_NOTED === 0) {
    log('warn', `server ${upstream.name} sent ${MAX_NOTED} more messages that go nowhere; the last: ${text}`);
    context.journal.note(kind, { ...who, reason, count: MAX_NOTED });
  }
}
