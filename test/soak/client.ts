import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Lines } from '../e2e/support/lines.ts';
import type { Ask, Kind } from './kinds.ts';

interface Waiting {
  ask: Ask;
  progress: number;
  settled: () => void;
}

interface Message {
  id?: number;
  method?: string;
  params?: { progressToken?: string; progress?: number };
  result?: Record<string, unknown>;
  error?: { code: number; message: string };
}

/** A client that keeps books: every request is answered once, rightly, after its progress and not before. */
export class Client {
  readonly process: ChildProcessWithoutNullStreams;
  readonly answered = new Map<Kind, number>();
  /** Answers that said that the server is not there, by code. */
  readonly down = new Map<number, number>();
  readonly faults: string[] = [];
  faultCount = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #byToken = new Map<string, Waiting>();
  /** Cancelled calls, which may be answered once or not at all. */
  readonly #cancelled = new Set<number>();
  #onSettled: (() => void)[] = [];
  #next = 1;

  constructor(command: readonly string[]) {
    this.process = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
    const lines = new Lines((line) => this.#take(JSON.parse(line) as Message));
    this.process.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
    this.process.stderr.resume();
    this.process.stdin.on('error', () => {});
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  /** Resolves with the next answer to anything. */
  anySettled(): Promise<void> {
    return new Promise((resolve) => this.#onSettled.push(resolve));
  }

  notify(method: string, params: object = {}): void {
    this.#send({ method, params });
  }

  /** Sends a request; resolves once it is answered. */
  send(ask: Ask): { id: number; settled: Promise<void> } {
    const id = this.#next++;
    const { method, params, progressToken } = ask;
    const settled = new Promise<void>((resolve) => {
      const waiting = { ask, progress: 0, settled: resolve };
      this.#waiting.set(id, waiting);
      if (progressToken !== undefined) this.#byToken.set(progressToken, waiting);
    });
    this.#send({ id, method, params });
    return { id, settled };
  }

  cancel(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#cancelled.add(id);
    this.#count(waiting.ask.kind);
    this.notify('notifications/cancelled', { requestId: id });
    this.#settle(waiting);
  }

  /** What nobody answered. */
  lost(): void {
    for (const [id, { ask }] of this.#waiting)
      this.#fault(`no answer to ${id}, ${ask.kind} of ${ask.server}`);
  }

  #send(message: object): void {
    this.process.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  #take({ id, method, params, result, error }: Message): void {
    if (method !== undefined) {
      if (method === 'notifications/progress') this.#progress(params?.progressToken, params?.progress);
      else if (id !== undefined) this.#fault(`a request of a server: ${method}`);
      return;
    }
    const waiting = this.#waiting.get(id!);
    if (waiting === undefined) {
      if (!this.#cancelled.delete(id!)) this.#fault(`a second answer to ${id}, or one to nothing`);
      return;
    }
    const { ask, progress } = waiting;
    this.#waiting.delete(id!);
    if (ask.progressToken !== undefined) this.#byToken.delete(ask.progressToken);
    this.#settle(waiting);
    if (ask.kind !== 'unlisted' && error !== undefined && error.code > 0) {
      this.down.set(error.code, (this.down.get(error.code) ?? 0) + 1);
      return;
    }
    this.#count(ask.kind);
    if (ask.expected !== undefined && textIn(result) !== ask.expected) {
      this.#fault(
        `a wrong answer to ${ask.kind} of ${ask.server}: ${JSON.stringify(result ?? error).slice(0, 300)}`,
      );
    }
    if (ask.progressToken !== undefined && progress !== 3)
      this.#fault(`${progress} of 3 steps before the answer`);
    if (ask.kind === 'unlisted' && error === undefined && result?.['isError'] !== true) {
      this.#fault('a tool that nobody has was called');
    }
  }

  #progress(token: string | undefined, progress: number | undefined): void {
    const waiting = this.#byToken.get(String(token));
    if (waiting === undefined) this.#fault(`progress of nothing in flight: ${token}`);
    else if (++waiting.progress !== progress)
      this.#fault(`step ${progress} where ${waiting.progress} was due`);
  }

  #settle(waiting: Waiting): void {
    waiting.settled();
    this.wake();
  }

  /** Has whoever waits for an answer look again. */
  wake(): void {
    const woken = this.#onSettled;
    this.#onSettled = [];
    for (const wake of woken) wake();
  }

  #count(kind: Kind): void {
    this.answered.set(kind, (this.answered.get(kind) ?? 0) + 1);
  }

  #fault(what: string): void {
    this.faultCount++;
    if (this.faults.length < 20) this.faults.push(what);
  }
}

/** The text of a result of any kind. */
function textIn(result: Record<string, unknown> | undefined): unknown {
  const [first] = (result?.['content'] ?? result?.['contents'] ?? result?.['messages'] ?? []) as {
    text?: string;
    content?: { text: string };
  }[];
  return first?.text ?? first?.content?.text;
}
