import type { DescriptorKind, Lock, RememberedFlow } from '../event.ts';
import type { Pins } from '../mediation/descriptors/pins.ts';
import { log } from './log.ts';

/** Where pins are kept between sessions. */
export interface LockStore {
  /** Changes whenever the file does; undefined if there is none. */
  version(): string | undefined;
  read(): Lock;
  update(mutate: (disk: Lock) => Lock): unknown;
  /** Milliseconds, from any beginning. */
  now(): number;
}

/** New pins are written together, this long after the first of them, in ms. */
const GATHER_MS = 20;
/** The file is looked at before a call, but not again so soon: no person decides between two calls of one burst. */
const FRESH_MS = 10;

/** Keeps this session and the lock file in step: what a person approves or takes back meanwhile counts with the next call. */
export class PinKeeper {
  readonly #pins: Pins;
  readonly #store: LockStore;
  readonly #remember: (flows: readonly RememberedFlow[]) => void;
  #version: string | undefined;
  #lookedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #broken = false;

  /** `remember` is told which flows are remembered, whenever the lock was read. */
  constructor(pins: Pins, store: LockStore, remember: (flows: readonly RememberedFlow[]) => void) {
    this.#pins = pins;
    this.#store = store;
    this.#remember = remember;
    this.#version = store.version();
    this.#lookedAt = store.now();
  }

  /** Takes over what others wrote to the lock, up to a few milliseconds ago. */
  refresh(): void {
    const now = this.#store.now();
    if (now - this.#lookedAt < FRESH_MS) return;
    this.#lookedAt = now;
    const version = this.#store.version();
    if (version === this.#version) return;
    this.#version = version;
    try {
      const lock = this.#store.read();
      this.#pins.adopt(lock);
      this.#remember(lock.remembered ?? []);
    } catch (error) {
      // Of what was remembered, some may have been taken back.
      this.#remember([]);
      this.#complain(error);
    }
  }

  /** The digest that stands approved under a name. */
  digest(server: string, kind: DescriptorKind, name: string): string | undefined {
    const { pin, pending } = this.#pins.entry(server, kind, name);
    return pending === undefined ? pin?.digest : undefined;
  }

  /** Has what is new written, soon. */
  keep(): void {
    if (this.#pins.changed) this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Writes what is new, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#pins.changed) return;
    try {
      this.#store.update((disk) => {
        this.#remember(disk.remembered ?? []);
        return this.#pins.merge(disk);
      });
      this.#version = this.#store.version();
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Pins hold for this session all the same; the next would meet every server for the first time again. */
  #complain(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    log('error', `the pins cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}
