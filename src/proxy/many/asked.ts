import { type Id, idKey } from '../message.ts';
import { ownId, type Upstream } from '../upstream.ts';

/** A server's request that the client has not answered. */
export interface Asked {
  upstream: Upstream;
  method: string;
  /** The server's own id, and as it was written. */
  id: Id;
  idJson: string;
  /** Its id on the client's wire, which is its progress token there too. */
  alias: string;
  /** The server's own progress token as it was written, if it gave one. */
  tokenJson: string | undefined;
}

/** Tasks of the client's that servers started (2025-11-25), of which so many are kept. */
const MAX_TASKS = 10_000;
const MAX_ID_CHARS = 4096;

/**
 * What servers asked of the client. Two of them may use the same ids and tokens, and none may see or end what another
 * asked for: the client gets ids of Cordon's own. How many there are is bounded for each server (`fromServer`).
 */
export class AskedOfClient {
  readonly #open = new Map<string, Asked>();
  /** What has become a task of the client's: its progress goes on under the same token. By the client's id of it. */
  readonly #tasks = new Map<string, Asked>();
  readonly #tokens = new Map<string, Asked>();

  add(asked: Omit<Asked, 'alias'>): Asked {
    const one = { ...asked, alias: ownId() };
    this.#open.set(one.alias, one);
    asked.upstream.asked.set(idKey(one.id), one);
    return one;
  }

  /** Who asked what the client has not answered. */
  askerOf(id: Id): Upstream | undefined {
    return typeof id === 'string' ? this.#open.get(id)?.upstream : undefined;
  }

  /** Takes out what the client answers, with `result` if it is no error; undefined if no server asked that. */
  answered(id: Id, result: unknown): Asked | undefined {
    const asked = typeof id === 'string' ? this.#open.get(id) : undefined;
    if (asked === undefined) return undefined;
    this.#close(asked);
    const task = (result as { task?: { taskId?: unknown } } | null | undefined)?.task?.taskId;
    if (typeof task === 'string' && task.length <= MAX_ID_CHARS) this.#keep(task, asked);
    return asked;
  }

  /** Takes out what a server no longer wants an answer to. */
  withdrawn(upstream: Upstream, id: Id): Asked | undefined {
    const asked = upstream.asked.get(idKey(id)) as Asked | undefined;
    if (asked !== undefined) this.#close(asked);
    return asked;
  }

  /** What is in progress under a token of the client's wire. */
  inProgress(token: Id): Asked | undefined {
    return typeof token === 'string' ? (this.#open.get(token) ?? this.#tokens.get(token)) : undefined;
  }

  /** Which server's a task of the client's is. */
  ownerOf(task: string): Upstream | undefined {
    return this.#tasks.get(task)?.upstream;
  }

  /** Takes out everything of a server that is gone; what of it the client had not answered. */
  lost(upstream: Upstream): Asked[] {
    const open = [...this.#open.values()].filter((asked) => asked.upstream === upstream);
    for (const asked of open) this.#close(asked);
    for (const [task, asked] of this.#tasks) if (asked.upstream === upstream) this.#forget(task, asked);
    return open;
  }

  #close(asked: Asked): void {
    this.#open.delete(asked.alias);
    asked.upstream.asked.delete(idKey(asked.id));
  }

  #keep(task: string, asked: Asked): void {
    this.#tasks.set(task, asked);
    this.#tokens.set(asked.alias, asked);
    if (this.#tasks.size > MAX_TASKS) this.#forget(...this.#tasks.entries().next().value!);
  }

  #forget(task: string, asked: Asked): void {
    this.#tasks.delete(task);
    this.#tokens.delete(asked.alias);
  }
}
