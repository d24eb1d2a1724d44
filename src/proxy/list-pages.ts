import { type Descriptor, setDigest } from '../mediation/descriptors/descriptor.ts';

/** So many readings of one list are followed at once; of the oldest it is then not known what came before. */
const MAX_OPEN = 16;
const MAX_CURSOR_CHARS = 4096;
const MAX_DESCRIPTORS = 10_000;

/** A page that was asked for. */
export interface Page {
  method: string;
  /** None for the first. */
  cursor: string | undefined;
  /** How often the list had been said to have changed by then. */
  age: number;
}

/**
 * Which pages of a server's lists make a whole one. Several readings of a list can go on at once, the client's and
 * Cordon's own: cursors tell them apart, and what one has read is no part of another.
 */
export class ListPages {
  readonly #ages = new Map<string, number>();
  /** By list and by the cursor of its next page, what each reading has read. */
  readonly #open = new Map<string, Map<string, readonly Descriptor[]>>();
  /** Of each list when it was last whole. */
  readonly #digests = new Map<string, string>();

  /** A page is asked for, by these parameters of its list's method. */
  asked(method: string, params: unknown): Page {
    const { cursor } = (params ?? {}) as { cursor?: unknown };
    return {
      method,
      cursor: typeof cursor === 'string' ? cursor : undefined,
      age: this.#ages.get(method) ?? 0,
    };
  }

  /** The list was said to have changed: what was read of it, and what is asked for, may be of before. */
  changed(method: string): void {
    this.#ages.set(method, (this.#ages.get(method) ?? 0) + 1);
    this.#open.delete(method);
  }

  isOfNow({ method, age }: Page): boolean {
    return age === (this.#ages.get(method) ?? 0);
  }

  /** Takes a page and the cursor of the next; the whole list, if this was its last page and all before it were read. */
  take(
    page: Page,
    descriptors: readonly Descriptor[],
    next: string | undefined,
  ): readonly Descriptor[] | undefined {
    const open = this.#open.get(page.method) ?? new Map<string, readonly Descriptor[]>();
    const before = page.cursor === undefined ? [] : open.get(page.cursor);
    if (page.cursor !== undefined) open.delete(page.cursor);
    if (before === undefined || !this.isOfNow(page)) return undefined;
    const all = [...before, ...descriptors].slice(0, MAX_DESCRIPTORS);
    if (next === undefined) return all;
    if (next.length > MAX_CURSOR_CHARS) return undefined;
    open.delete(next);
    open.set(next, all);
    if (open.size > MAX_OPEN) open.delete(open.keys().next().value!);
    this.#open.set(page.method, open);
    return undefined;
  }

  /** The digest of a whole list, if it is another than when it was whole before. */
  news(method: string, all: readonly Descriptor[]): string | undefined {
    const digest = setDigest(all);
    if (this.#digests.get(method) === digest) return undefined;
    this.#digests.set(method, digest);
    return digest;
  }
}
