/** More than all lists of one server may hold at once. */
const MAX_NAMES = 50_000;
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * What one server may fill memory with in a session by what it lists. Each descriptor is remembered by its name, so
 * one that lists new names over and over would do so without end.
 */
export class Allowance {
  readonly #bytes = new Map<string, number>();
  #sum = 0;

  /** Takes a descriptor of so many bytes under a name, in place of the one before; false if there is no room for it. */
  take(name: string, bytes: number): boolean {
    const before = this.#bytes.get(name);
    const sum = this.#sum + bytes - (before ?? 0);
    if (sum > MAX_BYTES || (before === undefined && this.#bytes.size >= MAX_NAMES)) return false;
    this.#bytes.set(name, bytes);
    this.#sum = sum;
    return true;
  }
}
