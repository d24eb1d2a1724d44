import { BAD_UPSTREAM, errorLine } from '../answers.ts';
import type { Connect, Wire, WireEvents } from '../wire.ts';
import type { OpeningMemory } from './discovery.ts';
import { Meeting } from './meeting.ts';
import type { Stage, Track } from './track.ts';

/** How long a server that ended over a question gets to be gone, in ms. */
const EOF_MS = 300;

/** A wire on which client and server understand each other, whichever era each of them is of. */
export function acrossEras(name: string, connect: Connect, memory: OpeningMemory): Connect {
  return (limitBytes, events) => new EraWire(name, connect, limitBytes, events, memory);
}

/** A server's wire with a translation on it, if there has to be one: `Meeting` finds that out. */
class EraWire implements Wire, Track {
  readonly name: string;
  /** Undefined where lines go through untouched and unread. */
  stage: Stage | undefined;
  readonly #events: WireEvents;
  readonly #open: () => Wire;
  #wire: Wire;
  /** One that ended over a question, until nothing of it is left. */
  #former: { wire: Wire; ended: Promise<void> } | undefined;
  #later: Buffer[] = [];

  constructor(name: string, connect: Connect, limitBytes: number, events: WireEvents, memory: OpeningMemory) {
    this.name = name;
    this.#events = events;
    const told: WireEvents = {
      ...events,
      line: (line) =>
        this.stage?.fromServer === undefined ? events.line(line) : this.stage.fromServer(line),
      failed: (id, reason) => {
        if (this.stage?.fromServer === undefined) events.failed(id, reason);
        else
          this.stage.fromServer(
            errorLine(id, BAD_UPSTREAM, `server ${JSON.stringify(name)} gave no answer: ${reason}`),
          );
      },
      turn: () => this.turn(),
      gone: (reason, until) => {
        if (this.stage?.gone?.(reason) === true) return;
        this.stage = undefined;
        // What it answered before it ended counts.
        this.#tellLater();
        events.gone(reason, until);
      },
    };
    this.#open = () => connect(limitBytes, told);
    this.#wire = this.#open();
    new Meeting(this, memory).begin();
  }

  get pid(): number | undefined {
    return this.#wire.pid;
  }

  get address(): string | undefined {
    return this.#wire.address;
  }

  get backlogBytes(): number {
    return this.#wire.backlogBytes;
  }

  send(line: Buffer): void {
    if (this.stage?.fromClient === undefined) this.#wire.send(line);
    else this.stage.fromClient(line);
  }

  flush(): void {
    this.#wire.flush();
  }

  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  async end(eofMs?: number): Promise<void> {
    this.stage?.end?.();
    await Promise.all([this.#wire.end(eofMs), this.#former?.ended]);
  }

  kill(): void {
    this.#wire.kill();
    this.#former?.wire.kill();
  }

  toServer(line: Buffer): void {
    this.#wire.send(line);
  }

  toClient(line: Buffer): void {
    this.#events.line(line);
  }

  toClientLater(line: Buffer): void {
    this.#later.push(line);
    if (this.#later.length === 1) setImmediate(() => this.#tellLater());
  }

  turn(): void {
    this.#events.turn();
    this.#wire.flush();
  }

  reopen(): boolean {
    // What is reached elsewhere did not end of a question, but cannot be reached.
    if (this.#wire.pid === undefined) return false;
    const former = this.#wire;
    try {
      this.#wire = this.#open();
      const ended = former.end(EOF_MS).finally(() => {
        this.#former = undefined;
      });
      this.#former = { wire: former, ended };
      return true;
    } catch {
      return false;
    }
  }

  #tellLater(): void {
    const lines = this.#later;
    if (lines.length === 0) return;
    this.#later = [];
    for (const line of lines) this.#events.line(line);
    this.turn();
  }
}
