import { verbOf } from './effects/effects.ts';
import { orderedTo, type Verbs } from './policy/steering.ts';

const MAX_VERBS = 256;
/** What one session tells its siblings, and what is kept of all that siblings tell. */
const MAX_SHARED = 2000;
const MAX_TOLD = 20_000;
/** What clients and model providers take. */
const MAX_NAME_CHARS = 128;

/** What the tools of a session are called, each server's and siblings'. */
export class ToolNames {
  readonly #own = new Map<string, Set<string>>();
  /** Of siblings' servers, also of those that have left: the model may remember them. */
  readonly #siblings = new Set<string>();
  readonly #lists = new Map<string, readonly string[]>();
  readonly #foreign = new Map<string, readonly string[]>();
  #verbs: Verbs | undefined;
  #hasNews = false;

  /** Sentences that begin with a verb which a tool of the session is named by. */
  get verbs(): Verbs | undefined {
    return this.#verbs;
  }

  /** Takes names of a server's tools. */
  note(server: string, names: readonly string[]): void {
    const own = this.#own.get(server) ?? new Set();
    const before = own.size;
    for (const name of names) own.add(name);
    this.#own.set(server, own);
    if (own.size === before) return;
    this.#hasNews = this.#own.size > 1 || this.#siblings.size > 0;
    this.#lists.delete(server);
    this.#foreign.clear();
    this.#verbs = verbsOf(this.#own);
  }

  /** Takes names of tools that siblings' servers have: to the servers here they are foreign ones. */
  hear(names: readonly string[]): void {
    const before = this.#siblings.size;
    for (const name of names) if (this.#siblings.size < MAX_TOLD) this.#siblings.add(name);
    if (this.#siblings.size === before) return;
    this.#hasNews = true;
    this.#foreign.clear();
  }

  /** Whether tools were named, since this was last asked, that descriptions read before could speak of. */
  takeNews(): boolean {
    const hasNews = this.#hasNews;
    this.#hasNews = false;
    return hasNews;
  }

  /** Names of a server's tools; the same array while they are the same, of which others keep what they made. */
  of(server: string): readonly string[] {
    let names = this.#lists.get(server);
    if (names === undefined) {
      names = [...(this.#own.get(server) ?? [])];
      this.#lists.set(server, names);
    }
    return names;
  }

  /** Names of other servers' tools that this server has none of; the same array while they are the same. */
  foreignTo(server: string): readonly string[] {
    let names = this.#foreign.get(server);
    if (names === undefined) {
      const own = this.#own.get(server);
      const others = [...this.#own].filter(([other]) => other !== server).flatMap(([, all]) => [...all]);
      // Of two servers of one kind each has the other's names: before its own are known it would speak of foreign ones.
      const siblings = own === undefined ? [] : this.#siblings;
      names = [...new Set([...others, ...siblings])].filter((name) => !own?.has(name));
      this.#foreign.set(server, names);
    }
    return names;
  }

  /** Names as siblings are told them. */
  get shared(): readonly string[] {
    const names = new Set<string>();
    for (const all of this.#own.values()) {
      for (const name of all) {
        if (names.size === MAX_SHARED) return [...names];
        if (name !== '' && name.length <= MAX_NAME_CHARS) names.add(name);
      }
    }
    return [...names];
  }
}

function verbsOf(all: ReadonlyMap<string, ReadonlySet<string>>): Verbs {
  const verbs = new Set<string>();
  for (const [server, names] of all) {
    for (const name of names) if (verbs.size < MAX_VERBS) verbs.add(verbOf(name, server));
  }
  return orderedTo([...verbs]);
}
