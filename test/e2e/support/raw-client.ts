import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll } from 'vitest';
import { Lines } from './lines.ts';

export type Id = string | number | null;

/** A JSON-RPC message as a test reads it: loosely, because tests look at what should not be there as well. */
export interface Message {
  jsonrpc?: unknown;
  id?: Id;
  method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test states the shape that it expects
  params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: a test states the shape that it expects
  result?: any;
  error?: { code: number; message: string; data?: unknown };
}

/** One line of standard output, as it came and as it reads. */
export interface Received {
  line: string;
  message: Message;
}

export interface StartOptions {
  cwd?: string;
  /** The whole environment; the default is this process's. */
  env?: NodeJS.ProcessEnv;
}

/** How long a test waits for something that must happen before it calls it a hang: never the time in which it should. */
const PATIENCE_MS = 60_000;

const started = new Set<RawClient>();
afterAll(() => {
  for (const client of started) client.process.kill('SIGKILL');
});

/** A client of the stdio transport that hides nothing: it sends the lines it is given and keeps every line it gets. */
export class RawClient {
  readonly process: ChildProcessWithoutNullStreams;
  /** Everything that came on standard output and is a JSON object, in order. */
  readonly received: Received[] = [];
  /** Lines of standard output that are no JSON object: a transport that is sound has none. */
  readonly junk: string[] = [];
  stderr = '';
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private readonly waiting = new Set<{ look: () => void; fail: (reason: string) => void }>();
  private readonly handlers = new Map<string, (params: unknown) => unknown>();
  private nextId = 1;
  private gone = false;

  constructor(command: readonly string[], options: StartOptions = {}) {
    this.process = spawn(command[0]!, command.slice(1), { stdio: 'pipe', ...options });
    started.add(this);
    const lines = new Lines((line) => this.take(line));
    this.process.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
    this.process.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString('utf8');
      for (const waiter of this.waiting) waiter.look();
    });
    // EPIPE after the process ended is what `exit` tells already.
    this.process.stdin.on('error', () => {});
    this.exit = once(this.process, 'close').then(([code, signal]) => {
      this.gone = true;
      started.delete(this);
      for (const waiter of this.waiting) waiter.fail(`ended with ${code ?? signal}`);
      return { code, signal };
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Sends the bytes and a line feed. */
  send(line: string | Buffer): void {
    this.process.stdin.write(line);
    this.process.stdin.write('\n');
  }

  notify(method: string, params?: unknown): void {
    this.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Sends a request and resolves with the answer. The id is a number of its own unless one is given. */
  request(method: string, params?: unknown, id: Id = this.nextId++): Promise<Received> {
    const answer = this.answer(id);
    this.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return answer;
  }

  /** The next response that comes from now on for this id, compared by type and value. */
  answer(id: Id): Promise<Received> {
    return this.next(
      ({ message }) => message.method === undefined && message.id === id,
      `an answer to ${JSON.stringify(id)}`,
    );
  }

  /** The next message from now on that fits. */
  next(fits: (received: Received) => boolean, what: string): Promise<Received> {
    const from = this.received.length;
    return this.until(() => this.received.slice(from).find(fits), what);
  }

  /** Resolves as soon as `look` finds something, looking again after every line and every piece of stderr. */
  until<T>(look: () => T | undefined, what: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiter = {
        look: (): void => {
          const found = look();
          if (found === undefined || found === false) return;
          this.waiting.delete(waiter);
          clearTimeout(timer);
          resolve(found);
        },
        fail: (reason: string): void => {
          this.waiting.delete(waiter);
          clearTimeout(timer);
          reject(new Error(`no ${what}: ${reason}\n${this.story()}`));
        },
      };
      const timer = setTimeout(() => waiter.fail(`nothing for ${PATIENCE_MS} ms`), PATIENCE_MS);
      this.waiting.add(waiter);
      waiter.look();
      if (this.gone) waiter.fail('the process had ended');
    });
  }

  /** Answers requests of the server with what `handler` returns (a result) from now on. */
  handle(method: string, handler: (params: unknown) => unknown): void {
    this.handlers.set(method, handler);
  }

  /** The handshake of the revisions that have one; resolves with the answer to `initialize`. */
  async handshake(capabilities: object = {}, protocolVersion = '2025-06-18'): Promise<Received> {
    const answer = await this.request(
      'initialize',
      { protocolVersion, capabilities, clientInfo: { name: 'raw', version: '1' } },
      0,
    );
    this.notify('notifications/initialized');
    return answer;
  }

  /** A result of `tools/call`, or an exception that names the error. */
  async call(name: string, args: object = {}): Promise<Received> {
    return this.request('tools/call', { name, arguments: args });
  }

  /** Closes standard input, as a client does that goes away in order. */
  end(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.process.stdin.end();
    return this.exit;
  }

  private take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      message = undefined;
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      this.junk.push(line);
    } else {
      this.received.push({ line, message: message as Message });
      this.respond(message as Message);
    }
    for (const waiter of this.waiting) waiter.look();
  }

  private respond({ id, method, params }: Message): void {
    if (id === undefined || method === undefined) return;
    const handler = this.handlers.get(method);
    if (handler) this.send(JSON.stringify({ jsonrpc: '2.0', id, result: handler(params) }));
  }

  /** What happened, shortened, for the message of a test that failed. */
  private story(): string {
    const lines = this.received.slice(-12).map(({ line }) => `  > ${line.slice(0, 300)}`);
    return [
      ...lines,
      ...this.junk.slice(-3).map((line) => `  ? ${line.slice(0, 300)}`),
      this.stderr.slice(-2_000),
    ].join('\n');
  }
}
