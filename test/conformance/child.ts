import { type ChildProcess, spawn } from 'node:child_process';
import { Lines } from '../e2e/support/lines.ts';

export type Id = string | number;

export interface Message {
  jsonrpc: '2.0';
  id?: Id;
  method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: the bridge looks into messages of any kind
  params?: any;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

/** A stdio server as the bridge sees it: messages in, messages out. */
export class Child {
  /** Ids of the client's requests that were not answered yet, oldest first, with their progress tokens. */
  readonly inFlight = new Map<Id, Id | undefined>();
  readonly #process: ChildProcess;

  constructor(command: readonly string[], take: (message: Message) => void) {
    this.#process = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = new Lines((line) => {
      const message = JSON.parse(line) as Message;
      take(message);
      if (message.method === undefined) this.inFlight.delete(message.id!);
    });
    this.#process.stdout!.on('data', (chunk: Buffer) => lines.push(chunk));
    // A server that is gone shows by what it does not answer.
    this.#process.stdin!.on('error', () => {});
  }

  send(message: Message): void {
    if (message.method !== undefined && message.id !== undefined) {
      this.inFlight.set(message.id, message.params?._meta?.progressToken);
    }
    this.#process.stdin!.write(`${JSON.stringify(message)}\n`);
  }

  /**
   * The request that a message of the server belongs to, which stdio does not say and HTTP needs to know: the one
   * whose token its progress has, else the newest in flight.
   */
  relatedTo({ method, params }: Message): Id | undefined {
    const ids = [...this.inFlight];
    const token = method === 'notifications/progress' ? params?.progressToken : undefined;
    const [id] = ids.find(([, progressToken]) => token !== undefined && progressToken === token) ?? [];
    return id ?? ids.at(-1)?.[0];
  }

  end(): void {
    this.#process.stdin!.end();
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
