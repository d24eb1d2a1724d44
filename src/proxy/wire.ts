import type { Id } from './message.ts';

/** What a wire tells of: lines as they came, without their newline, and its end. */
export interface WireEvents {
  line(line: Buffer): void;
  /** The beginning of a line that is longer than allowed; the rest is never read. */
  oversize(head: Buffer): void;
  /** What was sent under this id will not be answered, and why; the server may still be there. */
  failed(id: Id, reason: string): void;
  /** All lines of one chunk were handed out. */
  turn(): void;
  /** The other side has taken what it was behind with. */
  drained(): void;
  /**
   * Nothing comes of it any more, and nothing that was sent is answered. Told once. Before `until` is settled, if there
   * is one, another wire would fare no better.
   */
  gone(reason: string, until?: Promise<unknown>): void;
}

/** Lines to one server and back. It knows nothing of what they mean. */
export interface Wire {
  /** Of the process behind it; undefined if there is none. */
  readonly pid: number | undefined;
  /** Where it is reached, as it may be shown; undefined for a process. */
  readonly address: string | undefined;
  /** Bytes that the server has not taken yet. */
  readonly backlogBytes: number;
  /** Queues a line; it takes no newline of its own and must not change any more. */
  send(line: Buffer): void;
  /** Sends what was queued in this turn. */
  flush(): void;
  /** Reads no more of the server until `resume`: whoever takes its lines is behind. */
  pause(): void;
  resume(): void;
  /** Ends the connection as the protocol asks; resolved when the server, and all that it started, is gone. */
  end(eofMs?: number): Promise<void>;
  /** The same at once, for a proxy that is itself going down and cannot wait. */
  kill(): void;
}

/** Opens a wire. Nothing is told of it before this returned; lines longer than `limitBytes` are told as oversized. */
export type Connect = (limitBytes: number, events: WireEvents) => Wire;

/** Of a server that was not started yet, or could not be. */
export const NO_WIRE: Wire = {
  pid: undefined,
  address: undefined,
  backlogBytes: 0,
  send: () => {},
  flush: () => {},
  pause: () => {},
  resume: () => {},
  end: async () => {},
  kill: () => {},
};
