import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Descriptor } from '../mediation/descriptors/descriptor.ts';
import type { Judgement } from '../mediation/judgement.ts';
import { endChild, killChild } from './child.ts';
import { LineReader } from './framing.ts';
import { type Answer, type Id, idKey } from './message.ts';
import { Outbox } from './outbox.ts';

/** A request that was sent to a server and not answered yet. */
export interface InFlight {
  method: string;
  /** The server's own name of the tool, resource or prompt. */
  origin: string;
  /** The client's request; absent for Cordon's own. */
  client?: { id: Id; judgement: Judgement | undefined; progressToken: Id | undefined };
  /** Takes the answer to Cordon's own request; undefined if the server ended before it gave one. */
  own?: (answer: Answer | undefined) => void;
}

/** How long after one sign of a server's end the others are waited for, in ms. */
const GRACE_MS = 250;

export interface UpstreamEvents {
  line(upstream: Upstream, line: Buffer): void;
  oversize(upstream: Upstream, head: Buffer): void;
  /** All lines of one chunk were handed out. */
  turn(): void;
  gone(upstream: Upstream, reason: string): void;
}

/** One server: its process, its wire, and what is in flight on it. It knows nothing of what messages mean. */
export class Upstream {
  readonly name: string;
  readonly child: ChildProcess;
  readonly outbox: Outbox;
  /** By wire id. */
  readonly inFlight = new Map<string, InFlight>();
  /** Progress tokens of what is in flight: progress with any other would close some clients' links. */
  readonly progressTokens = new Set<string>();
  /** Methods of the server's own requests that the client has not answered yet, by wire id. */
  readonly asked = new Map<string, { id: Id; method: string }>();
  /** List methods whose lists are known and have not been said to have changed. */
  readonly listed = new Set<string>();
  /** Of these, those that were said to have changed since they were last asked for. */
  readonly stale = new Set<string>();
  /** Notices of changed lists that the client got and has not acted on. */
  readonly announced = new Set<string>();
  /** What each list held so far, until its last page, and the digest of the whole when it was last complete. */
  readonly sets = new Map<string, { pages: Descriptor[]; digest: string }>();
  /** Withheld descriptors that the operator was told of. */
  readonly reported = new Set<string>();
  /** What waits until the handshake is done; undefined while nothing needs to. */
  held: (() => void)[] | undefined;
  /** How many notices it has sent. */
  notices = 0;
  /** What waits for a list, by its method: a server that never lists holds up only what needs the list. */
  readonly awaiting = new Map<string, (() => void)[]>();
  /** The server has said what it is capable of. */
  introduced = false;
  /** Why it can no longer be asked. */
  gone: string | undefined;
  capabilities: Record<string, unknown> = {};

  constructor(name: string, child: ChildProcess, limitBytes: number, events: UpstreamEvents) {
    this.name = name;
    this.child = child;
    this.outbox = new Outbox(this.child.stdin!);
    const { stdin, stdout } = this.child;
    const reader = new LineReader(
      limitBytes,
      (line) => events.line(this, line),
      (head) => events.oversize(this, head),
    );
    stdout!.on('data', (chunk: Buffer) => {
      reader.feed(chunk);
      events.turn();
    });
    stdout!.on('end', () => {
      reader.end();
      events.turn();
      // Usually it is about to exit, and says so better; a server that only closed its stdout answers no more either.
      setTimeout(() => this.#leave(events, 'it closed its stdout'), GRACE_MS).unref();
    });
    // A server that closes its stdin or dies mid-write shows it by its exit; the error itself says nothing more.
    stdin!.on('error', () => {});
    stdout!.on('error', () => {});
    this.child.once('error', (error) => this.#leave(events, `it could not be started: ${error.message}`));
    // 'close' comes after the last byte of stdout: what a dying server still answered counts.
    this.child.once('close', (code, signal) => {
      this.#leave(events, exitReason(code, signal));
    });
    // It started before this was made, and may have failed or ended since.
    if (child.pid === undefined) setImmediate(() => this.#leave(events, 'it could not be started'));
    else if (child.exitCode !== null || child.signalCode !== null) {
      setTimeout(() => this.#leave(events, exitReason(child.exitCode, child.signalCode)), GRACE_MS).unref();
    }
    // A grandchild may hold the pipe open long after the server itself is gone.
    this.child.once('exit', (code, signal) => {
      setTimeout(() => this.#leave(events, exitReason(code, signal)), GRACE_MS).unref();
    });
  }

  /** The line of a request of Cordon's own, under an id that no server can foresee; its answer goes to `own`. */
  request(method: string, params: Record<string, unknown>, own: NonNullable<InFlight['own']>): Buffer {
    const id = ownId();
    this.inFlight.set(idKey(id), { method, origin: method, own });
    return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  }

  send(line: Buffer): void {
    this.outbox.add(line);
  }

  /** Runs `task` now, or in order once the handshake is done. */
  inOrder(task: () => void): void {
    if (this.held === undefined) task();
    else this.held.push(task);
  }

  release(): void {
    const held = this.held;
    this.held = undefined;
    for (const task of held ?? []) this.inOrder(task);
  }

  end(eofMs?: number): Promise<void> {
    return endChild(this.child, eofMs);
  }

  kill(): void {
    killChild(this.child);
  }

  #leave(events: UpstreamEvents, reason: string): void {
    if (this.gone !== undefined) return;
    this.gone = reason;
    events.gone(this, reason);
  }
}

function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
}

/** An id of Cordon's own: unpredictable, so that no server can answer what was asked of another. */
export function ownId(): string {
  return `cordon-${randomBytes(12).toString('base64url')}`;
}
