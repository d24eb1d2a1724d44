import type { Readable } from 'node:stream';
import { log } from './log.ts';
import type { Outbox } from './outbox.ts';
import type { Upstream } from './upstream.ts';

/** Bytes that a slow side may be behind before the other side is no longer read. */
const BACKLOG_BYTES = 2 * 1024 * 1024;
/** One of several servers may be behind so far before the client, and with it every other server, waits for it ... */
const BACKLOG_OF_ONE_BYTES = 64 * 1024 * 1024;
/** ... and for so long, in ms, before it counts as gone. */
const STUCK_MS = 30_000;
/** Who has been behind for so long, in ms, is named: nobody else would tell a person why everything waits. */
const NAMED_MS = 5000;

/** Who is read, and who has to wait since the other side does not take what it says. So memory stays bounded. */
export class Pressure {
  readonly #input: Readable;
  readonly #client: Outbox;
  readonly #upstreams: readonly Upstream[];
  readonly #held: { readonly waitingBytes: number };
  readonly #limit: number;
  readonly #stuck = new Map<Upstream, NodeJS.Timeout>();
  /** Who is behind, until they are named. */
  readonly #slow = new Map<Upstream | Outbox, NodeJS.Timeout>();

  /** `held` is what the client has said and waits in Cordon itself. */
  constructor(
    input: Readable,
    client: Outbox,
    upstreams: readonly Upstream[],
    held: { readonly waitingBytes: number },
  ) {
    this.#held = held;
    this.#input = input;
    this.#client = client;
    this.#upstreams = upstreams;
    this.#limit = upstreams.length === 1 ? BACKLOG_BYTES : BACKLOG_OF_ONE_BYTES;
  }

  /** Stops reading from whoever writes faster than the other side takes. */
  holdBack(): void {
    if (this.#client.backlogBytes > BACKLOG_BYTES) {
      for (const upstream of this.#upstreams) upstream.wire.pause();
      // What it asks for makes it fall behind further, also where no server is needed to answer it.
      this.#input.pause();
      this.#time(
        this.#client,
        'the client does not read what it is sent: no server is read until it has caught up',
      );
    }
    if (this.#held.waitingBytes > BACKLOG_BYTES) this.#input.pause();
    for (const upstream of this.#upstreams) {
      if (!this.#isBehind(upstream)) continue;
      this.#input.pause();
      this.#time(
        upstream,
        `server ${upstream.name} does not read what it is sent: the client is not read until it has caught up`,
      );
      if (this.#upstreams.length > 1 && !this.#stuck.has(upstream)) this.#watch(upstream);
    }
  }

  /** Reads on from those who had to wait, where the other side has caught up. */
  readOn(): void {
    for (const [upstream, timer] of this.#stuck) {
      if (this.#isBehind(upstream)) continue;
      clearTimeout(timer);
      this.#stuck.delete(upstream);
    }
    for (const upstream of this.#upstreams) if (!this.#isBehind(upstream)) this.#caughtUp(upstream);
    if (this.#client.backlogBytes > BACKLOG_BYTES) return;
    this.#caughtUp(this.#client);
    for (const upstream of this.#upstreams) upstream.wire.resume();
    if (this.#held.waitingBytes > BACKLOG_BYTES) return;
    if (!this.#upstreams.some((upstream) => this.#isBehind(upstream))) this.#input.resume();
  }

  #isBehind({ gone, wire }: Upstream): boolean {
    return wire.backlogBytes > this.#limit && gone === undefined;
  }

  #time(side: Upstream | Outbox, text: string): void {
    if (!this.#slow.has(side)) this.#slow.set(side, setTimeout(() => log('warn', text), NAMED_MS).unref());
  }

  #caughtUp(side: Upstream | Outbox): void {
    clearTimeout(this.#slow.get(side));
    this.#slow.delete(side);
  }

  #watch(upstream: Upstream): void {
    const timer = setTimeout(() => {
      this.#stuck.delete(upstream);
      log('error', `server ${upstream.name} reads nothing: the others are served without it`);
      upstream.leave(`it has not read what it was sent for ${STUCK_MS / 1000} s`);
    }, STUCK_MS).unref();
    this.#stuck.set(upstream, timer);
  }
}
