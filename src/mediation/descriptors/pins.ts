import type { DescriptorKind, Finding, Lock, PendingPin, Pin, PinState } from '../../event.ts';
import { type Descriptor, fault } from './descriptor.ts';

/** Beyond these a server's further descriptors are withheld and not kept: a list flood must not grow the lock. */
const MAX_NAMES = 10_000;
const MAX_CHARS = 16 * 1024 * 1024;

/** Findings that say how things are and not what a text says: approving cannot cure them. */
const FAULTS = new Set(['unnamed', 'no-canonical-form', 'oversize', 'duplicate-name']);

interface Sighting {
  descriptor: Descriptor;
  findings: readonly Finding[];
  now: string;
}

/**
 * Which descriptors may be used. A name is pinned at first contact, unless something is suspicious about it;
 * after that only a person moves a pin. Deterministic: a function of the lock and of the checks made.
 */
export class Pins {
  readonly #pins = new Map<string, Pin>();
  readonly #pending = new Map<string, PendingPin>();
  readonly #seen = new Map<string, Sighting>();
  readonly #kept = new Map<string, { names: number; chars: number }>();
  /** Names first met here, which no lock on disk holds yet. */
  readonly #unsaved = new Set<string>();
  #changed = false;

  constructor(lock: Lock) {
    this.#load(lock);
  }

  /** There is something to write to the lock. `merge` clears it. */
  get changed(): boolean {
    return this.#changed;
  }

  /**
   * The state of a descriptor that a server has just advertised; pins it or keeps it for review.
   * `findings` are the detectors' (a digest approved by a person stands although they fire); `now` is RFC 3339.
   */
  check(descriptor: Descriptor, findings: readonly Finding[], now: string): PinState {
    const key = keyOf(descriptor.server, descriptor.kind, descriptor.name);
    const sighting = { descriptor, findings: [...descriptor.faults, ...findings], now };
    this.#seen.set(key, sighting);
    return this.#settle(key, sighting);
  }

  /** The state of what was last checked under a name; undefined if nothing was since this object was made. */
  state(server: string, kind: DescriptorKind, name: string): PinState | undefined {
    const key = keyOf(server, kind, name);
    const sighting = this.#seen.get(key);
    return sighting && this.#judge(key, sighting);
  }

  /** What the lock keeps of a name: its pin, and what is withheld under it. */
  entry(server: string, kind: DescriptorKind, name: string): { pin?: Pin; pending?: PendingPin } {
    const key = keyOf(server, kind, name);
    const pin = this.#pins.get(key);
    const pending = this.#pending.get(key);
    return { ...(pin && { pin }), ...(pending && { pending }) };
  }

  /** Pins what is pending under a name, on a person's word. False if nothing is or if a fault forbids it. */
  approve(server: string, kind: DescriptorKind, name: string): boolean {
    const key = keyOf(server, kind, name);
    const pending = this.#pending.get(key);
    if (!pending || !approvable(pending)) return false;
    const { digest, text, firstSeen } = pending;
    this.#pins.set(key, { server, kind, name, digest, text, firstSeen, approvedBy: 'person' });
    this.#pending.delete(key);
    this.#changed = true;
    return true;
  }

  /**
   * Takes a pin back. The name stays withheld until it is approved: were it forgotten, the next contact would
   * be a first one. False if it is not pinned.
   */
  revoke(server: string, kind: DescriptorKind, name: string): boolean {
    const key = keyOf(server, kind, name);
    const pin = this.#pins.get(key);
    if (!pin) return false;
    const { approvedBy: _, ...rest } = pin;
    const pending = this.#pending.get(key);
    const withheld: PendingPin = pending ?? {
      ...rest,
      state: 'suspect',
      findings: [fault('revoked')],
      descriptor: '',
    };
    this.#pending.set(key, { ...withheld, state: 'suspect' });
    this.#pins.delete(key);
    this.#changed = true;
    return true;
  }

  /**
   * Takes over a lock that others may have written meanwhile and settles again what was seen here. What is on disk
   * wins (an approval, a revocation, another process's first contact); a name first met here that is not on disk yet
   * stays as it is: were it forgotten, what its server says next would be a first contact again.
   */
  adopt(disk: Lock): void {
    const met = [...this.#unsaved].map((key) => [key, this.#pins.get(key), this.#pending.get(key)] as const);
    this.#load(disk);
    for (const [key, pin, pending] of met) {
      if (this.#pins.has(key) || this.#pending.has(key)) continue;
      if (pin !== undefined) this.#pins.set(key, pin);
      if (pending !== undefined) this.#pending.set(key, pending);
      this.#count((pin ?? pending)!);
    }
    for (const [key, sighting] of this.#seen) this.#settle(key, sighting);
  }

  /** Adopts the lock on disk; the result is to be written in its place. What it holds beside pins stays. */
  merge(disk: Lock): Lock {
    this.adopt(disk);
    this.#unsaved.clear();
    this.#changed = false;
    return { ...disk, ...this.toLock() };
  }

  /** The lock, sorted, so that equal content is equal text. */
  toLock(): Lock {
    return { version: 1, pins: sorted(this.#pins), pending: sorted(this.#pending) };
  }

  #judge(key: string, { descriptor, findings }: Sighting): PinState {
    const pin = this.#pins.get(key);
    if (!pin) return 'suspect';
    if (pin.digest !== descriptor.digest) return 'drifted';
    if (descriptor.faults.length > 0) return 'suspect';
    return findings.length === 0 || pin.approvedBy === 'person' ? 'pinned' : 'suspect';
  }

  #settle(key: string, sighting: Sighting): PinState {
    const { descriptor, findings, now } = sighting;
    const { server, kind, name, digest, text } = descriptor;
    const pin = this.#pins.get(key);
    const pending = this.#pending.get(key);
    if (pin?.digest !== digest && pending?.digest !== digest) {
      if (this.#full(descriptor)) return this.#judge(key, sighting);
      this.#count(descriptor);
    }
    if (!pin && !pending) this.#unsaved.add(key);
    if (!pin && !pending && findings.length === 0) {
      this.#pins.set(key, { server, kind, name, digest, text, firstSeen: now, approvedBy: 'first-contact' });
      this.#changed = true;
    }
    const state = this.#judge(key, sighting);
    if (state === 'pinned') {
      if (this.#pending.delete(key)) this.#changed = true;
    } else if (pending?.digest !== digest || pending.state !== state) {
      const firstSeen = pending?.digest === digest ? pending.firstSeen : now;
      const kept = { server, kind, name, digest, text, firstSeen };
      this.#pending.set(key, { ...kept, state, findings, descriptor: descriptor.canonical });
      this.#changed = true;
    }
    return state;
  }

  #full(descriptor: Descriptor): boolean {
    const kept = this.#kept.get(descriptor.server);
    return !!kept && (kept.names >= MAX_NAMES || kept.chars + descriptor.text.length > MAX_CHARS);
  }

  #count({ server, text }: { server: string; text: string }): void {
    const kept = this.#kept.get(server) ?? { names: 0, chars: 0 };
    this.#kept.set(server, { names: kept.names + 1, chars: kept.chars + text.length });
  }

  #load(lock: Lock): void {
    this.#pins.clear();
    this.#pending.clear();
    this.#kept.clear();
    for (const pin of lock.pins) this.#pins.set(keyOf(pin.server, pin.kind, pin.name), pin);
    for (const one of lock.pending) this.#pending.set(keyOf(one.server, one.kind, one.name), one);
    for (const one of [...lock.pins, ...lock.pending]) this.#count(one);
  }
}

/** A person can approve it: it has a digest of its own, and its name means one thing. */
export function approvable(pending: PendingPin): boolean {
  return !pending.findings.some((finding) => FAULTS.has(finding.detector));
}

/** Only the last part is foreign, so no two descriptors share a key. */
function keyOf(server: string, kind: DescriptorKind, name: string): string {
  return `${server}\0${kind}\0${name}`;
}

function sorted<T>(entries: Map<string, T>): T[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
