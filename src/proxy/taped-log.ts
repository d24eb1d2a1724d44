import type { Lock } from '../event.ts';
import { exactJson } from '../json/exact.ts';
import type { Step } from '../mediation/tape/steps.ts';
import type { TapeWriter } from '../recording/tape/tape.ts';
import type { Log } from './journal.ts';
import { log } from './log.ts';
import type { LockStore } from './pin-keeper.ts';

/**
 * A log beside which everything that mediation is given is kept: what is not on the tape is not forwarded either, unless
 * calls go on whatever cannot be written (`record.onFailure`).
 */
export class TapedLog implements Log {
  readonly #log: Log;
  readonly #onFailure: 'deny' | 'continue';
  #tape: TapeWriter | undefined;
  /** Why something could not be put on the tape: it came at a moment that nothing may be refused in. */
  #untaped: unknown;

  constructor(log: Log, tape: TapeWriter, onFailure: 'deny' | 'continue') {
    this.#log = log;
    this.#tape = tape;
    this.#onFailure = onFailure;
  }

  /** The next thing that mediation is given. */
  note(step: Step): void {
    try {
      this.#tape?.write(exactJson(step));
    } catch (error) {
      // The disk is full, or it is longer than a text can be.
      this.#untaped ??= error;
    }
  }

  append(...entry: Parameters<Log['append']>): void {
    this.#log.append(...entry);
  }

  keep(digest: string, text: string): void {
    this.#log.keep(digest, text);
  }

  commit(): void {
    this.#guarded((tape) => tape.flush());
    this.#log.commit();
  }

  close(body: Readonly<Record<string, unknown>> = {}): void {
    const tape = this.#guarded((one) => {
      this.#tape = undefined;
      return one.close();
    });
    this.#log.close(tape === undefined ? body : { ...body, tape });
  }

  #guarded<T>(step: (tape: TapeWriter) => T): T | undefined {
    if (this.#tape === undefined) return undefined;
    try {
      if (this.#untaped !== undefined) throw this.#untaped;
      return step(this.#tape);
    } catch (error) {
      if (this.#onFailure === 'deny') throw error;
      this.#tape = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.append('tape.lost', { reason });
      log('error', `content is no longer kept: ${reason}. Calls go on (record.onFailure: continue)`);
      return undefined;
    }
  }
}

/** The store of a lock, which tells what is taken over from it. */
export function tapedLock(store: LockStore, note: (step: Step) => void): LockStore {
  const took = (lock: Lock, merged: boolean): Lock => {
    note({ step: 'lock', lock, merged });
    return lock;
  };
  return {
    version: () => store.version(),
    read: () => took(store.read(), false),
    update: (mutate) => store.update((disk) => mutate(took(disk, true))),
    now: () => store.now(),
  };
}
