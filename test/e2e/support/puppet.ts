import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { Lines } from './lines.ts';
import { eventually, startedAs } from './processes.ts';
import type { Message, Received } from './raw-client.ts';

const script = fileURLToPath(new URL('./puppet.mjs', import.meta.url));

const open = new Set<Server>();
afterAll(() => {
  for (const server of open) server.close();
});

export interface Tool {
  name: string;
  description?: string;
  inputSchema?: object;
  outputSchema?: object;
  annotations?: object;
}

/** Answers to a message with a raw line, with several, or with silence. */
export type Strings = (received: Received) => string | readonly string[] | undefined;

let count = 0;

/**
 * An upstream whose strings the test pulls: `command` starts the process, every line that reaches it is in `received`,
 * and `send` makes it print. It answers `initialize`, `tools/list` and `ping` by itself, the rest is `strings`.
 */
export class Puppet {
  readonly received: Received[] = [];
  strings: Strings;
  tools: readonly Tool[];
  private readonly path: string;
  private readonly flags: readonly string[];
  private socket: Socket | undefined;

  private constructor(path: string, flags: readonly string[], tools: readonly Tool[], strings: Strings) {
    this.path = path;
    this.flags = flags;
    this.tools = tools;
    this.strings = strings;
  }

  static async listen(
    directory: string,
    options: { flags?: readonly ('stubborn' | 'family')[]; tools?: readonly Tool[]; strings?: Strings } = {},
  ): Promise<Puppet> {
    const path = join(directory, `puppet-${count++}.sock`);
    const puppet = new Puppet(
      path,
      options.flags ?? [],
      options.tools ?? [],
      options.strings ?? (() => undefined),
    );
    const server = createServer((socket) => puppet.attach(socket));
    open.add(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return puppet;
  }

  get command(): string[] {
    return [...this.words, ...this.flags];
  }

  /** The processes of this puppet that live: itself and its child. */
  processes(): number[] {
    return startedAs(this.words);
  }

  /** The puppet's own process; throws where it does not live. */
  get pid(): number {
    const children = startedAs([...this.words, 'child']);
    const pid = this.processes().find((candidate) => !children.includes(candidate));
    if (pid === undefined) throw new Error('the puppet is not running');
    return pid;
  }

  /** Prints the bytes and a line feed on the puppet's standard output. */
  send(line: string | Buffer): void {
    this.write(line);
    this.write('\n');
  }

  /** Prints the bytes alone. */
  write(bytes: string | Buffer): void {
    if (!this.socket) throw new Error('the puppet was not started');
    this.socket.write(bytes);
  }

  /** Makes the puppet exit with 0, unless it is stubborn. */
  leave(): void {
    this.socket?.end();
  }

  /** The first message that reached the puppet, now or later, and fits. */
  async got(fits: (received: Received) => boolean, what = 'a message'): Promise<Received> {
    await eventually(() => this.received.some(fits), `${what} at the upstream`);
    return this.received.find(fits)!;
  }

  private get words(): string[] {
    return [process.execPath, script, this.path];
  }

  private attach(socket: Socket): void {
    this.socket = socket;
    const lines = new Lines((line) => this.take(line));
    socket.on('data', (chunk) => lines.push(chunk));
    socket.on('error', () => {});
  }

  private take(line: string): void {
    let message: Message = {};
    try {
      message = JSON.parse(line) as Message;
    } catch {
      // Kept as a line only: the test looks whether that was right.
    }
    const received = { line, message };
    this.received.push(received);
    const answer = this.strings(received) ?? this.habit(message);
    for (const reply of answer === undefined ? [] : [answer].flat()) this.send(reply);
  }

  private habit({ id, method, params }: Message): string | undefined {
    if (id === undefined) return undefined;
    const result = (value: object): string => JSON.stringify({ jsonrpc: '2.0', id, result: value });
    switch (method) {
      case 'initialize':
        return result({
          protocolVersion: params.protocolVersion,
          capabilities: { tools: { listChanged: true }, logging: {} },
          serverInfo: { name: 'puppet', version: '1' },
        });
      case 'tools/list':
        return result({ tools: this.tools.map((tool) => ({ inputSchema: { type: 'object' }, ...tool })) });
      case 'ping':
        return result({});
      default:
        return undefined;
    }
  }
}
