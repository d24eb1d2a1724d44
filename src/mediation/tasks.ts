import type { Judgement } from './judgement.ts';

const MOST_TASKS = 128;
/** Arguments in which nothing flowed are not looked at again; of others no more is kept. */
const MOST_KEPT = 64 * 1024;
const LONGEST_ID = 4096;

/**
 * The calls that tasks were started by: what comes of a task answers its call, whichever request brings it. Bounded; of
 * a task that is not known here nobody can tell what its call carried.
 */
export class Tasks {
  readonly #calls = new Map<string, Judgement | undefined>();

  /** A call was answered by a task. */
  note(server: string, task: string, call: Judgement): void {
    if (task.length > LONGEST_ID) return;
    const key = keyOf(server, task);
    // Of two calls under one id, the server would choose which one it answers.
    const isKnown = !this.#calls.has(key) && sizeOf(call) <= MOST_KEPT;
    this.#calls.delete(key);
    this.#calls.set(key, isKnown ? call : undefined);
    if (this.#calls.size <= MOST_TASKS) return;
    const [oldest] = this.#calls.keys();
    this.#calls.delete(oldest!);
  }

  /** The call that a server's task was started by. */
  callOf(server: string, task: string): Judgement | undefined {
    return this.#calls.get(keyOf(server, task));
  }
}

function sizeOf({ sink }: Judgement): number {
  return sink.leaves.reduce((sum, { path, text }) => sum + path.length + text.length, 0);
}

function keyOf(server: string, task: string): string {
  return JSON.stringify([server, task]);
}
