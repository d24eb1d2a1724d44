import type { Context } from '../context.ts';
import type { Upstream } from '../upstream.ts';

/**
 * So long a list waits for a server that has not said what it has, in ms, if another has; its own are said to have
 * changed when it comes. An installed server is up by then. Longer would keep a client from all the others for the sake
 * of one, and many clients ask one list after the other; shorter would leave out tools for good where a client does not
 * heed the notice.
 */
export const PATIENCE_MS = 2000;

/** Waits for what several servers have to say, but not again for one that did not come up in time. */
export class Patience {
  readonly #context: Context;
  readonly #late = new Set<Upstream>();

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Has each of the servers asked once its handshake is done, or it is gone, and runs `done` when all have answered
   * (`ask` has run what it was given) or patience is over.
   */
  all(
    upstreams: readonly Upstream[],
    ask: (upstream: Upstream, answered: () => void) => void,
    done: () => void,
  ): void {
    const asked = upstreams.filter((one) => one.held === undefined || !this.#late.has(one));
    const waiting = new Set(asked);
    let isDone = false;
    const finish = (): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      for (const one of waiting) if (one.held !== undefined) this.#late.add(one);
      done();
    };
    const timer = setTimeout(() => this.#context.turn(finish), PATIENCE_MS).unref();
    for (const upstream of asked) {
      const answered = (): void => {
        waiting.delete(upstream);
        if (waiting.size === 0) finish();
      };
      upstream.inOrder(() => ask(upstream, answered));
    }
    if (asked.length === 0) finish();
  }
}
