import { randomBytes } from 'node:crypto';
import type { Descriptor } from '../mediation/descriptors/descriptor.ts';
import type { Judgement } from '../mediation/judgement.ts';
import { type Answer, type Id, idKey } from './message.ts';
import type { Connect, Wire } from './wire.ts';

/** A request that was sent to a server and not answered yet. */
export interface InFlight {
  method: string;
  /** The server's own name of the tool, resource or prompt. */
  origin: string;
  /** The client's request; absent for Cordon's own. */
  client?: { id: Id; judgement: Judgement | undefined; progressToken: Id | undefined };
  /** Takes the answer to Cordon's own request; undefined if the server ended before it gave one. */
  own?: (answer: Answer | undefined) => void;
  /** Of a subscription (2026-07-28): notices of changed lists that came under it and were not acted on. */
  announced?: Set<string>;
}

/** What an upstream's wire tells of (`WireEvents`), with whose it is. */
export interface UpstreamEvents {
  line(upstream: Upstream, line: Buffer): void;
  oversize(upstream: Upstream, head: Buffer): void;
  turn(): void;
  drained(): void;
  gone(upstream: Upstream, reason: string): void;
}

/** One server: its wire, and what is in flight on it. It knows nothing of what messages mean. */
export class Upstream {
  readonly name: string;
  readonly wire: Wire;
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
  /** Notices of changed lists that the client got, under no subscription, and has not acted on. */
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

  constructor(name: string, connect: Connect, limitBytes: number, events: UpstreamEvents) {
    this.name = name;
    this.wire = connect(limitBytes, {
      line: (line) => events.line(this, line),
      oversize: (head) => events.oversize(this, head),
      turn: events.turn,
      drained: events.drained,
      gone: (reason) => {
        this.gone = reason;
        events.gone(this, reason);
      },
    });
  }

  /** The line of a request of Cordon's own, under an id that no server can foresee; its answer goes to `own`. */
  request(method: string, params: Record<string, unknown>, own: NonNullable<InFlight['own']>): Buffer {
    const id = ownId();
    this.inFlight.set(idKey(id), { method, origin: method, own });
    return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
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
}

/** An id of Cordon's own: unpredictable, so that no server can answer what was asked of another. */
export function ownId(): string {
  return `cordon-${randomBytes(12).toString('base64url')}`;
}
