import { log } from '../log.ts';
import type { Upstream } from '../upstream.ts';

/** How long after its first, second, ... end in a row a server is started again, in ms; after the last it stays down. */
export const DELAYS_MS: readonly number[] = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 60_000];
/** A server that was up for so long, in ms, has not failed in a row. */
const STEADY_MS = 60_000;
/** How long one that is down anyway gets to end by itself, in ms. */
const EOF_MS = 300;

/** Starts servers that ended again, later each time, in the same steps for all: what happened once can be told again. */
export class Restarts {
  readonly #restart: (upstream: Upstream) => void;
  readonly #failures = new Map<Upstream, number>();
  readonly #timers = new Map<Upstream, NodeJS.Timeout>();
  readonly #givenUp = new Set<Upstream>();
  #closed = false;

  /** `restart` is to start a server over and greet it. */
  constructor(restart: (upstream: Upstream) => void) {
    this.#restart = restart;
  }

  /** A server has said what it is. */
  up(upstream: Upstream): void {
    this.#after(upstream, STEADY_MS, () => this.#failures.delete(upstream));
  }

  /** A server has ended. False if it stays down. */
  lost(upstream: Upstream): boolean {
    clearTimeout(this.#timers.get(upstream));
    if (this.#givenUp.has(upstream)) return false;
    const ended = upstream.wire.end(EOF_MS);
    if (upstream.until !== undefined) {
      upstream.remedy = 'It is asked again once that is done';
      void Promise.all([ended, upstream.until]).then(() => this.#again(upstream));
      return true;
    }
    const failures = this.#failures.get(upstream) ?? 0;
    // What is not here may be out of reach for long, and costs nothing to look for; what ends here would each time.
    const delay = DELAYS_MS[failures] ?? (upstream.wire.address === undefined ? undefined : DELAYS_MS.at(-1));
    if (delay === undefined) {
      upstream.remedy = `It ended ${failures + 1} times and is not started again. Restart the client's connection`;
      log('error', `server ${upstream.name} is not started again: it ended ${failures + 1} times in a row`);
      return false;
    }
    this.#failures.set(upstream, failures + 1);
    const count = upstream.wire.address === undefined ? ` (${failures + 1} of ${DELAYS_MS.length})` : '';
    upstream.remedy = `It is being started again${count}: try again in a moment`;
    log('warn', `server ${upstream.name} is started again in ${delay} ms${count}`);
    this.#after(upstream, delay, () => {
      void ended.then(() => this.#again(upstream));
    });
    return true;
  }

  /** Ends a server that would do no better the next time. */
  giveUp(upstream: Upstream, reason: string): void {
    log('error', `server ${upstream.name} is not used: ${reason}`);
    this.#givenUp.add(upstream);
    upstream.remedy = "It is not used. Restart the client's connection";
    void upstream.wire.end(EOF_MS);
    upstream.leave(reason);
  }

  /** From now on what ends has ended. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #again(upstream: Upstream): void {
    if (!this.#closed && !this.#givenUp.has(upstream)) this.#restart(upstream);
  }

  #after(upstream: Upstream, ms: number, task: () => void): void {
    clearTimeout(this.#timers.get(upstream));
    this.#timers.set(upstream, setTimeout(task, ms).unref());
  }
}
