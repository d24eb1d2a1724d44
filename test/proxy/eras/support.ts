import type { Ends, Translation } from '../../../src/proxy/eras/era.ts';
import { type Message, parseMessage } from '../../../src/proxy/message.ts';

export const VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
export const QUESTION = { method: 'elicitation/create', params: { message: 'Which day?' } };

// biome-ignore lint/suspicious/noExplicitAny: a test states the shape that it expects
export type Loose = any;

export const message = (value: object | string): Message =>
  parseMessage(
    Buffer.from(typeof value === 'string' ? value : JSON.stringify({ jsonrpc: '2.0', ...value })),
    64,
  );

/** Both sides of a translation: what it said to either, and what either says to it. */
export class Sides implements Ends {
  readonly ups: string[] = [];
  readonly downs: string[] = [];
  translation: Translation | undefined;

  up(line: Buffer): void {
    this.ups.push(line.toString());
  }

  down(line: Buffer): void {
    this.downs.push(line.toString());
  }

  /** What it said to the client since it was last asked. */
  toClient(): Loose[] {
    return this.ups.splice(0).map((line) => JSON.parse(line));
  }

  toServer(): Loose[] {
    return this.downs.splice(0).map((line) => JSON.parse(line));
  }

  client(value: object | string): void {
    this.translation!.fromClient(message(value));
  }

  server(value: object | string): void {
    this.translation!.fromServer(message(value));
  }
}
