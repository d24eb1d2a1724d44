import { randomBytes } from 'node:crypto';
import type { Judgement } from '../mediation/judgement.ts';
import { Allowance } from './allowance.ts';
import { LISTS, type ListKind } from './list-kinds.ts';
import { ListPages, type Page } from './list-pages.ts';
import type { Listed } from './listing.ts';
import { type Answer, type Id, idKey } from './message.ts';
import { type Connect, NO_WIRE, type Wire } from './wire.ts';

/** A request that was sent to a server and not answered yet. */
export interface InFlight {
  method: string;
  /** The server's own name of the tool, resource or prompt. */
  origin: string;
  /** The server's own id of the task that it asks about, or that it is answered by. */
  task?: string | undefined;
  /** The client's request; absent for Cordon's own. `progressToken` is the key of the one on the server's wire. */
  client?: { id: Id; judgement: Judgement | undefined; progressToken: string | undefined };
  /** Takes the answer to Cordon's own request; undefined if the server ended before it gave one. */
  own?: (answer: Answer | undefined) => void;
  /** The client has taken it back: most servers never answer it now. */
  cancelled?: true;
  /** Which page of a list it asks for. */
  page?: Page;
  /** Of a subscription (2026-07-28): notices of changed lists that came under it and were not acted on. */
  announced?: Set<string>;
}

/** What an upstream's wire tells of (`WireEvents`), with whose it is. */
export interface UpstreamEvents {
  line(upstream: Upstream, line: Buffer): void;
  oversize(upstream: Upstream, head: Buffer): void;
  failed(upstream: Upstream, id: Id, reason: string): void;
  turn(): void;
  drained(): void;
  gone(upstream: Upstream, reason: string): void;
}

/** One server: its wire, and what is in flight on it. It knows nothing of what messages mean. */
export class Upstream {
  readonly name: string;
  /** By wire id. */
  readonly inFlight = new Map<string, InFlight>();
  /** Of these, those that the client has taken back, oldest first. */
  readonly cancelled = new Set<string>();
  /**
   * Progress tokens of what is in flight: progress with any other would close some clients' links. By the key of the
   * one on this wire, what to write in its place for the client; nothing where it is the client's own.
   */
  readonly progressTokens = new Map<string, string>();
  /** Of these, the one of each task that goes on after its request was answered. */
  readonly taskTokens = new Map<string, string>();
  /** Methods of the server's own requests that the client has not answered yet, by wire id. */
  readonly asked = new Map<string, { id: Id; method: string }>();
  /** List methods whose lists are known and have not been said to have changed. */
  readonly listed = new Set<string>();
  /** Notices of changed lists that the client got, under no subscription, and has not acted on. */
  readonly announced = new Set<string>();
  readonly pages = new ListPages();
  readonly allowance = new Allowance();
  /** Withheld descriptors that the operator was told of. */
  readonly reported = new Set<string>();
  /** What waits until the handshake is done; undefined while nothing needs to. */
  held: (() => void)[] | undefined;
  /** How many notices it has sent, and how much that went nowhere. */
  notices = 0;
  /** How often it has asked the model. */
  samplings = 0;
  faults = 0;
  /** What waits for a list, by its method: a server that never lists holds up only what needs the list. */
  readonly awaiting = new Map<string, (() => void)[]>();
  /** The server has said what it is capable of. */
  introduced = false;
  /** Why it can no longer be asked. */
  gone: string | undefined;
  /** What has to happen before it is worth another try, if that is known. */
  until: Promise<unknown> | undefined;
  /** What can be done about that, or is. */
  remedy = "Restart the client's connection";
  capabilities: Record<string, unknown> = {};
  /** The revision that was agreed on with it, if it shook hands. */
  revision: string | undefined;
  /** Is told what may be used of each list, whenever it is complete. */
  onListed: ((list: ListKind, usable: readonly Listed[]) => void) | undefined;
  readonly #connect: () => Wire;
  readonly #onGone: (reason: string) => void;
  #wire = NO_WIRE;

  constructor(name: string, connect: Connect, limitBytes: number, events: UpstreamEvents) {
    this.name = name;
    const told = {
      line: (line: Buffer) => events.line(this, line),
      oversize: (head: Buffer) => events.oversize(this, head),
      failed: (id: Id, reason: string) => events.failed(this, id, reason),
      turn: events.turn,
      drained: events.drained,
      gone: (reason: string, until?: Promise<unknown>) => this.leave(reason, until),
    };
    this.#onGone = (reason) => events.gone(this, reason);
    this.#connect = () => connect(limitBytes, told);
  }

  get wire(): Wire {
    return this.#wire;
  }

  get isStarted(): boolean {
    return this.#wire !== NO_WIRE;
  }

  get state(): 'starting' | 'up' | 'down' {
    if (this.gone !== undefined) return 'down';
    return this.held === undefined ? 'up' : 'starting';
  }

  /** Opens its wire: before that it is told nothing. */
  start(): void {
    try {
      this.#wire = this.#connect();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#wire = NO_WIRE;
      setImmediate(() => this.leave(`it could not be started: ${why}`));
    }
  }

  /** It is not to be asked any more, whether or not there still is a process. */
  leave(reason: string, until?: Promise<unknown>): void {
    if (this.gone !== undefined) return;
    this.gone = reason;
    this.until = until;
    this.#onGone(reason);
  }

  /**
   * Starts over on a new wire, what came before forgotten: whoever is there now has to say again what it is and what
   * it offers. Everything waits for its handshake. The wire before it has to have ended.
   */
  restart(): void {
    this.gone = undefined;
    this.introduced = false;
    this.capabilities = {};
    this.held = [];
    for (const state of [this.progressTokens, this.taskTokens, this.asked]) state.clear();
    for (const state of [this.listed, this.announced, this.cancelled]) state.clear();
    for (const { method } of LISTS) this.pages.changed(method);
    this.start();
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
