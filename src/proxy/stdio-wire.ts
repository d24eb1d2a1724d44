import type { ChildProcess } from 'node:child_process';
import { endChild, killChild } from './child.ts';
import { LineReader } from './framing.ts';
import { Outbox } from './outbox.ts';
import type { Wire, WireEvents } from './wire.ts';

/** How long after one sign of a server's end the others are waited for, in ms. */
const GRACE_MS = 250;

/** The pipes of a server that Cordon started. */
export class StdioWire implements Wire {
  readonly address = undefined;
  readonly #child: ChildProcess;
  readonly #outbox: Outbox;
  readonly #events: WireEvents;
  #left = false;

  constructor(child: ChildProcess, limitBytes: number, events: WireEvents) {
    this.#child = child;
    this.#events = events;
    const { stdin, stdout } = child;
    // At the limit of open files there is neither.
    if (!stdin || !stdout) throw new Error('there are no pipes to it');
    this.#outbox = new Outbox(stdin);
    const reader = new LineReader(limitBytes, events.line, events.oversize);
    stdout.on('data', (chunk: Buffer) => {
      reader.feed(chunk);
      events.turn();
    });
    stdout.on('end', () => {
      reader.end();
      events.turn();
      // Usually it is about to exit, and says so better; a server that only closed its stdout answers no more either.
      setTimeout(() => this.#leave('it closed its stdout'), GRACE_MS).unref();
    });
    stdin.on('drain', events.drained);
    // A server that closes its stdin or dies mid-write shows it by its exit; the error itself says nothing more.
    stdin.on('error', () => {});
    stdout.on('error', () => {});
    child.once('error', (error) => this.#leave(`it could not be started: ${error.message}`));
    // 'close' comes after the last byte of stdout: what a dying server still answered counts.
    child.once('close', (code, signal) => this.#leave(exitReason(code, signal)));
    // It started before this was made, and may have failed or ended since.
    if (child.pid === undefined) setImmediate(() => this.#leave('it could not be started'));
    else if (child.exitCode !== null || child.signalCode !== null) {
      setTimeout(() => this.#leave(exitReason(child.exitCode, child.signalCode)), GRACE_MS).unref();
    }
    // A grandchild may hold the pipe open long after the server itself is gone.
    child.once('exit', (code, signal) => {
      setTimeout(() => this.#leave(exitReason(code, signal)), GRACE_MS).unref();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get backlogBytes(): number {
    return this.#outbox.backlogBytes;
  }

  send(line: Buffer): void {
    this.#outbox.add(line);
  }

  flush(): void {
    this.#outbox.flush();
  }

  pause(): void {
    this.#child.stdout!.pause();
  }

  resume(): void {
    this.#child.stdout!.resume();
  }

  async end(eofMs?: number): Promise<void> {
    await endChild(this.#child, eofMs);
    // Where the server is started again, nothing of this one may come any more, its end included.
    this.#left = true;
    this.#child.stdout!.destroy();
  }

  kill(): void {
    killChild(this.#child);
  }

  #leave(reason: string): void {
    if (this.#left) return;
    this.#left = true;
    this.#events.gone(reason);
  }
}

function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
}
