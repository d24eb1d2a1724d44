import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import { quote } from '../../config/error.ts';
import { linesOf } from './body.ts';
import { Gather } from './gather.ts';
import { SseReader } from './sse.ts';

/** How a server's response goes. */
export interface AnswerEvents {
  /** One message. */
  message(line: Buffer): void;
  /** All messages of one chunk were told. */
  turn(): void;
  /** An event was passed, behind which the stream can be resumed. */
  id?(id: string): void;
  retry?(ms: number): void;
  /** Nothing more comes; `fault` is what was wrong with it. Told once, and last. */
  end(fault: string | undefined): void;
}

/** The connection broke; what was to come may still be there. */
export const CUT = 'it closed the connection in the middle of its answer';

/** Reads the messages of a response, a JSON body or a stream of events; neither a message nor a body exceeds `limitBytes`. */
export function readAnswer(response: IncomingMessage, limitBytes: number, events: AnswerEvents): void {
  let fault: string | undefined;
  const stop = (reason: string): void => {
    fault = reason;
    response.destroy();
  };
  const tooLong = () => stop(`its answer is longer than ${limitBytes} bytes (limits.messageBytes)`);
  const take = (body: Buffer): void => {
    if (fault !== undefined) return;
    const lines = linesOf(body);
    if (lines === undefined) return stop('its answer is a batch of more messages than anybody asked for');
    for (const line of lines) events.message(line);
  };
  const type = mediaType(response);
  const encoding = response.headers['content-encoding'];
  let flush = (): void => {};
  // A compressed body was not asked for, and could unpack to anything.
  if (encoding !== undefined && encoding !== 'identity') stop(`its answer is encoded (${quote(encoding)})`);
  else if (type === 'text/event-stream') {
    const reader = new SseReader(limitBytes, {
      data: take,
      id: (id) => events.id?.(id),
      retry: (ms) => events.retry?.(ms),
      oversize: tooLong,
    });
    response.on('data', (chunk: Buffer) => {
      reader.feed(chunk);
      events.turn();
    });
  } else if (type === 'application/json') {
    const body = new Gather();
    response.on('data', (chunk: Buffer) => {
      if (body.length + chunk.length > limitBytes) tooLong();
      else body.add(chunk);
    });
    flush = () => take(body.take());
  } else stop(`its answer is ${type === '' ? 'of no type' : quote(type)}, neither JSON nor an event stream`);
  finished(response, (error) => {
    if (error && fault === undefined) fault = CUT;
    if (fault === undefined) flush();
    events.end(fault);
    events.turn();
  });
}

/** Reads a body of at most `limitBytes` and gives it whole; undefined if it is longer or cut. */
export function readBody(
  response: IncomingMessage,
  limitBytes: number,
  done: (body: Buffer | undefined) => void,
): void {
  const body = new Gather();
  response.on('data', (chunk: Buffer) => {
    if (body.length + chunk.length > limitBytes) response.destroy();
    else body.add(chunk);
  });
  finished(response, (error) => done(error ? undefined : body.take()));
}

/** The type of a body without its parameters, in lower case; empty if the server says none. */
export function mediaType(response: IncomingMessage): string {
  return (response.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** What a server that asks for authorization says of how to get it (RFC 9110, 11.6.1). */
export function challengeOf(response: IncomingMessage): string | undefined {
  return response.headers['www-authenticate'];
}
