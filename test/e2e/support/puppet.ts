import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type Pipes, Relay } from '../../../fixtures/lib/relay.ts';
import { Lines } from './lines.ts';
import { eventually, startedAs } from './processes.ts';
import type { Message, Received } from './raw-client.ts';

const script = fileURLToPath(new URL('./puppet.mjs', import.meta.url));

const open = new Set<Server | Relay>();
afterAll(() => {
  for (const server of open) server.close();
});

let relay: Promise<Relay> | undefined;

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

/** Has a puppet be a process of Node, whose signals and end are what is tested; see puppet.mjs. */
export type Flag = 'node' | 'stubborn' | 'family';

/**
 * An upstream whose strings the test pulls: `command` starts the process, every line that reaches it is in `received`,
 * and `send` makes it print. It answers `initialize`, `tools/list` and `ping` by itself, the rest is `strings`. Without
 * flags the process is but a shell, which starts at once (fixtures/lib/relay.ts).
 */
export class Puppet {
  readonly received: Received[] = [];
  strings: Strings;
  tools: readonly Tool[];
  command: string[] = [];
  /** What of `command` tells this puppet from all others, and its child from itself. */
  private words: string[] = [];
  private output: Pipes['output'] | undefined;

  private constructor(tools: readonly Tool[], strings: Strings) {
    this.tools = tools;
    this.strings = strings;
  }

  static async listen(
    directory: string,
    options: { flags?: readonly Flag[]; tools?: readonly Tool[]; strings?: Strings } = {},
  ): Promise<Puppet> {
    const path = join(directory, `puppet-${count++}.sock`);
    const puppet = new Puppet(options.tools ?? [], options.strings ?? (() => undefined));
    if (options.flags === undefined) {
      relay ??= Relay.listen();
      open.add(await relay);
      puppet.words = (await relay).command(path, (pipes) => puppet.attach(pipes));
      puppet.command = puppet.words;
    } else {
      const server = createServer((socket) => puppet.attach({ input: socket, output: socket }));
      open.add(server);
      await new Promise<void>((resolve) => server.listen(path, resolve));
      puppet.words = [process.execPath, script, path];
      puppet.command = [...puppet.words, ...options.flags];
    }
    return puppet;
  }

  /** The processes of a puppet with flags that live: itself and its child. */
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
    if (!this.output) throw new Error('the puppet was not started');
    this.output.write(bytes);
  }

  /** Makes the puppet exit with 0, unless it is stubborn. */
  leave(): void {
    this.output?.end();
  }

  /** The first message that reached the puppet, now or later, and fits. */
  async got(fits: (received: Received) => boolean, what = 'a message'): Promise<Received> {
    await eventually(() => this.received.some(fits), `${what} at the upstream`);
    return this.received.find(fits)!;
  }

  private attach({ input, output }: Omit<Pipes, 'pid'>): void {
    this.output = output;
    const lines = new Lines((line) => this.take(line));
    input.on('data', (chunk) => lines.push(chunk));
    input.on('end', () => output.end());
    input.on('error', () => {});
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
