const FIRST_CAPACITY = 1024;
/** Keys of one generation: 128 Ki, so that both together stay below 4 MiB. */
const GENERATION = 131_072;

/**
 * What the client said before any output held it: a set of 64-bit keys, bounded by two generations. When the younger
 * is full the older is forgotten, which can only turn "not a flow" back into a flow.
 */
export class Said {
  /** How often the older generation was forgotten: what was added since it last changed is known without fail. */
  generation = 0;
  #young = new Keys();
  #old: Keys | undefined;

  has(lo: number, hi: number): boolean {
    if (this.#young.has(lo, hi)) return true;
    if (this.#old?.has(lo, hi) !== true) return false;
    this.add(lo, hi);
    return true;
  }

  /** Adds keys, pairs of lanes, but for `others`. */
  addAll(keys: readonly number[], others: readonly number[]): void {
    const left = others.length === 0 ? undefined : new Set(others.map((_, i) => pairAt(others, i & ~1)));
    for (let i = 0; i < keys.length; i += 2) {
      if (left?.has(pairAt(keys, i)) !== true) this.add(keys[i]!, keys[i + 1]!);
    }
  }

  add(lo: number, hi: number): void {
    if (this.#young.size >= GENERATION) {
      this.generation++;
      this.#old = this.#young;
      this.#young = new Keys();
    }
    this.#young.add(lo, hi);
  }
}

function pairAt(keys: readonly number[], at: number): string {
  return `${keys[at]} ${keys[at + 1]}`;
}

class Keys {
  size = 0;
  #slots = new Int32Array(FIRST_CAPACITY * 2);
  #mask = FIRST_CAPACITY - 1;

  has(lo: number, hi: number): boolean {
    const slots = this.#slots;
    for (let slot = (lo >>> 12) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 2;
      if (slots[at] === lo && slots[at + 1] === hi) return true;
      if (slots[at] === 0 && slots[at + 1] === 0) return false;
    }
  }

  add(lo: number, hi: number): void {
    if (this.has(lo, hi)) return;
    if (this.size * 2 > this.#mask) this.#grow();
    this.#put(lo, hi);
    this.size++;
  }

  #put(lo: number, hi: number): void {
    const slots = this.#slots;
    let slot = (lo >>> 12) & this.#mask;
    while (slots[slot * 2] !== 0 || slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask;
    slots[slot * 2] = lo;
    slots[slot * 2 + 1] = hi;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0 || old[at + 1] !== 0) this.#put(old[at]!, old[at + 1]!);
    }
  }
}
