import type { Readable, Writable } from 'node:stream';
import type { Limits } from '../config/config.ts';
import type { Mediator } from '../mediation/mediator.ts';
import { BAD_UPSTREAM, errorLine, UPSTREAM_GONE } from './answers.ts';
import type { Context, Routing } from './context.ts';
import { tellServer } from './crossing.ts';
import { BATCHED, messagesOf } from './eras/batches.ts';
import { ClientSide } from './eras/client-side.ts';
import { noteFault } from './faults.ts';
import { LineReader } from './framing.ts';
import type { LastRun } from './handshakes.ts';
import type { Journal } from './journal.ts';
import { recheck } from './listing.ts';
import { log } from './log.ts';
import {
  type Id,
  INVALID_REQUEST,
  idKey,
  type Message,
  parseMessage,
  readId,
  readIds,
  WireFault,
} from './message.ts';
import { Outbox } from './outbox.ts';
import type { PinKeeper } from './pin-keeper.ts';
import { Pressure } from './pressure.ts';
import type { Questions } from './questions.ts';
import { absorb, failInFlight, forwardAnswer } from './replies.ts';
import { cancelWaiting, sendRequest } from './requests.ts';
import type { ServerRecord } from './running.ts';
import { SeveralRouting } from './several.ts';
import type { Siblings } from './siblings/siblings.ts';
import { SingleRouting } from './single.ts';
import { Upstream } from './upstream.ts';
import type { Connect } from './wire.ts';

export interface SessionOptions {
  limits: Limits;
  upstreams: readonly Upstream[];
  mediator: Mediator;
  journal: Journal;
  pins: PinKeeper;
  questions: Questions;
  siblings: Siblings;
  lastRun: LastRun;
  /** Servers may come and go while the client stays, also where only one of them is served. */
  gateway?: boolean;
  client: { input: Readable; output: Writable };
  /** Runs once, when the first large message comes. */
  onLarge?: () => void;
}

/** A message that is large beside what most sessions consist of. */
const LARGE_BYTES = 128 * 1024;
/** Queued indexing is done once the session has been quiet for this long, in steps of so many bytes. */
const QUIET_MS = 10;
const SETTLE_BYTES = 64 * 1024;
/** How long answers in flight are waited for once the client has closed its side: servers may still be starting. */
const DRAIN_MS = 10_000;

interface Outgoing {
  upstream: Upstream;
  line: Buffer;
  unrecorded: (() => void) | undefined;
}

/**
 * The wires of one session: lines in, lines out. What one chunk of input leads to is one turn, and goes out at its
 * end: entries are written first, then lines are forwarded, then what was forwarded is learned from.
 */
export class Session implements Context {
  readonly mediator: Mediator;
  readonly journal: Journal;
  readonly pins: PinKeeper;
  readonly questions: Questions;
  readonly siblings: Siblings;
  readonly upstreams: readonly Upstream[];
  readonly inFlight: Context['inFlight'] = new Map();
  readonly waiting: Context['waiting'] = new Map();
  revision: string | undefined;
  readonly limits: Limits;
  readonly #routing: Routing;
  readonly #input: Readable;
  readonly #client: Outbox;
  readonly #side: ClientSide;
  readonly #pressure: Pressure;
  readonly #output: Writable;
  readonly #quiet: NodeJS.Timeout;
  #settling: NodeJS.Immediate | undefined;
  #outgoing: Outgoing[] = [];
  #later: (() => void)[] = [];
  #clientGone = false;
  #ending = false;
  #onDrained: (() => void) | undefined;
  #onLarge: (() => void) | undefined;
  /** Is told when `servers` are others. */
  onChanged: (() => void) | undefined;

  constructor(options: SessionOptions) {
    const { client } = options;
    this.mediator = options.mediator;
    this.journal = options.journal;
    this.pins = options.pins;
    this.questions = options.questions;
    this.siblings = options.siblings;
    this.upstreams = options.upstreams;
    this.limits = options.limits;
    this.#onLarge = options.onLarge;
    this.#input = client.input;
    this.#output = client.output;
    this.#client = new Outbox(client.output);
    this.#pressure = new Pressure(client.input, this.#client, options.upstreams, options.siblings);
    const [first, ...others] = this.upstreams;
    const isAlone = others.length === 0 && options.gateway !== true;
    const side = {
      revision: () => this.revision,
      parse: (line: Buffer) => this.#parse(line),
      take: (message: Message) => this.#inTurn(message),
      refuse: ({ id, code, reason, message }: WireFault) => this.#refuse(id, code, reason, message),
      send: (line: Buffer) => this.#client.add(line),
      isOf: (question: Id, request: Id) => this.#routing.isOf(question, request),
    };
    this.#side = new ClientSide(side, !isAlone);
    if (isAlone) first!.start();
    this.#routing = isAlone ? new SingleRouting(this, first!) : new SeveralRouting(this, options.lastRun);
    this.#quiet = setTimeout(() => this.#settle(), QUIET_MS).unref();
  }

  /** Reads the client until it closes its side and what was in flight is answered, or it is gone. */
  serve(): Promise<void> {
    const reader = new LineReader(
      this.limits.messageBytes,
      (line) => this.#side.fromClient(line),
      (head) => this.#oversizeRequest(head),
    );
    return new Promise((resolve) => {
      const ended = (): void => {
        this.#onDrained = resolve;
        if (this.#isDrained()) resolve();
        else setTimeout(resolve, DRAIN_MS);
      };
      this.#input.on('data', (chunk: Buffer) => this.turn(() => reader.feed(chunk)));
      this.#input.once('end', () => {
        this.turn(() => reader.end());
        ended();
      });
      this.#input.once('error', ended);
      this.#output.once('error', () => {
        this.#clientGone = true;
        resolve();
      });
      this.#output.on('drain', () => this.#pressure.readOn());
    });
  }

  /** Closes the books: the last pins are kept and the log is signed. What servers do from now on is their end. */
  close(reason: string): void {
    this.#ending = true;
    this.#routing.close();
    // Whom a defect ends leaves without a word: what it had read, nobody can tell any more.
    if (reason !== 'defect') this.siblings.close();
    this.pins.flush();
    this.questions.noteDecisions();
    this.journal.close({ reason });
  }

  /** The client has taken everything once this resolves. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#clientGone) resolve();
      else this.#output.write('', () => resolve());
    });
  }

  toClient(line: Buffer | readonly Buffer[]): void {
    if (this.#side.isPlain) this.#client.add(line);
    else this.#side.toClient(Buffer.isBuffer(line) ? line : Buffer.concat(line));
  }

  toUpstream(upstream: Upstream, line: Buffer, unrecorded?: () => void): void {
    this.#outgoing.push({ upstream, line, unrecorded });
  }

  later(task: () => void): void {
    this.#later.push(task);
  }

  turn(task: () => void): void {
    task();
    this.endTurn();
  }

  /** Each server as others may read of it. */
  get servers(): Omit<ServerRecord, 'startTime'>[] {
    return this.upstreams.map((upstream) => {
      const { name, wire, state, gone, remedy } = upstream;
      const reason = gone && `${gone}. ${remedy}`;
      return {
        name,
        pid: wire.pid,
        address: wire.address,
        state,
        reason,
        leftOut: this.#routing.leftOut(upstream) || undefined,
      };
    });
  }

  changed(): void {
    this.onChanged?.();
  }

  /** Does as a turn what had to wait for siblings. */
  heard(task: () => void): void {
    this.turn(task);
    this.readOn();
  }

  /** Siblings have tools of these names, of which what servers here describe may speak. */
  named(tools: readonly string[]): void {
    this.turn(() => {
      this.mediator.hearTools(tools);
      recheck(this);
    });
  }

  /** Sends what this turn produced: recorded, forwarded, learned from, in this order. */
  endTurn(): void {
    this.#forward();
    const tasks = this.#later;
    if (tasks.length > 0) {
      this.#later = [];
      for (const task of tasks) task();
      clearImmediate(this.#settling);
      this.#quiet.refresh();
      this.siblings.noteRead();
    }
    if (this.#onDrained !== undefined && this.#isDrained()) this.#onDrained();
  }

  /** Indexes step by step until something comes: a message never waits for more than one step. */
  #settle(): void {
    if (!this.mediator.settle(SETTLE_BYTES)) this.#settling = setImmediate(() => this.#settle());
  }

  #forward(): void {
    const outgoing = this.#outgoing;
    if (outgoing.length > 0) {
      this.#outgoing = [];
      const recorded = !outgoing.some((one) => one.unrecorded !== undefined) || this.journal.commit();
      for (const { upstream, line, unrecorded } of outgoing) {
        if (unrecorded === undefined || recorded) upstream.wire.send(line);
        else unrecorded();
      }
    }
    for (const upstream of this.upstreams) upstream.wire.flush();
    this.#client.flush();
    this.#pressure.holdBack();
  }

  #parse(line: Buffer): Message {
    if (line.length >= LARGE_BYTES && this.#onLarge !== undefined) {
      this.#onLarge();
      this.#onLarge = undefined;
    }
    return parseMessage(line, this.limits.depth);
  }

  #inTurn(message: Message): void {
    if (!this.siblings.isAsking) return this.#take(message);
    if (message.kind === 'notification' && message.method === 'notifications/cancelled') {
      if (cancelWaiting(this, message.params)) return;
    }
    // While a call waits for siblings, all that the client says after it waits behind it.
    this.siblings.inOrder(() => this.#take(message), message.line.length);
  }

  #take(message: Message): void {
    if (message.kind !== 'request') return this.#routing.fromClient(message);
    const route = this.#routing.route(message);
    if (route !== undefined) sendRequest(this, message, route);
  }

  #oversizeRequest(head: Buffer): void {
    const text = `the message is longer than ${this.limits.messageBytes} bytes (limits.messageBytes)`;
    this.#refuse(readId(head), INVALID_REQUEST, 'oversize', text);
  }

  #refuse(id: Id | null, code: number, reason: string, message: string): void {
    log('warn', `refused a message of the client: ${message}`);
    this.journal.note('wire.refused', { from: 'client', reason });
    this.toClient(errorLine(id, code, `Cordon refused this message: ${message}`));
  }

  /** Takes a line of a server. */
  fromUpstream(upstream: Upstream, line: Buffer): void {
    // Of one that left, the client was told that nothing comes any more; what is asked now, another would get answered.
    if (this.#ending || upstream.gone !== undefined) return;
    const batch = upstream.revision === BATCHED ? messagesOf(line) : undefined;
    if (batch === undefined) return this.#fromUpstreamAlone(upstream, line);
    for (const one of batch) this.#fromUpstreamAlone(upstream, one);
  }

  #fromUpstreamAlone(upstream: Upstream, line: Buffer): void {
    let message: Message;
    try {
      message = this.#parse(line);
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      return this.#badLine(upstream, line, error);
    }
    if (message.kind !== 'answer') return this.#routing.fromUpstream(upstream, message);
    const flight = upstream.inFlight.get(idKey(message.id));
    if (flight === undefined) return absorb(this, upstream, message);
    upstream.inFlight.delete(idKey(message.id));
    forwardAnswer(this, this.#routing, upstream, message, flight);
  }

  /** Takes the beginning of a line of a server that is longer than allowed; the rest is never read. */
  oversizeFromUpstream(upstream: Upstream, head: Buffer): void {
    if (this.#ending) return;
    const text = `its message is longer than ${this.limits.messageBytes} bytes (limits.messageBytes)`;
    const said = `dropped a message of server ${upstream.name}: ${text}`;
    noteFault(this, upstream, { kind: 'wire.refused', reason: 'oversize', text: said });
    const id = readId(head);
    // Without an id it may have been the answer to anything in flight, and nobody may wait for it for ever.
    if (id === null) failInFlight(this, upstream, BAD_UPSTREAM, text);
    else failInFlight(this, upstream, BAD_UPSTREAM, text, id);
  }

  /** A server will not answer one request; others it may. */
  failedUpstream(upstream: Upstream, id: Id, reason: string): void {
    if (!this.#ending) failInFlight(this, upstream, BAD_UPSTREAM, reason, id);
  }

  /** A server's process has ended: nothing in flight on it may wait for ever. */
  lostUpstream(upstream: Upstream, reason: string): void {
    if (this.#ending) return;
    log('error', `server ${upstream.name} is gone: ${reason}`);
    this.journal.note('server.exit', { server: upstream.name, reason });
    failInFlight(this, upstream, UPSTREAM_GONE, reason);
    this.#routing.gone(upstream);
    upstream.release();
    this.changed();
    // The client may have waited for it to read.
    this.readOn();
  }

  /** A server has taken what it was behind with. */
  readOn(): void {
    this.#pressure.readOn();
  }

  #badLine(upstream: Upstream, line: Buffer, fault: WireFault): void {
    const junk =
      fault.reason === 'invalid-json' || fault.reason === 'not-an-object' || fault.reason === 'invalid-utf8';
    noteFault(this, upstream, {
      kind: 'wire.refused',
      reason: fault.reason,
      text: `dropped a line of server ${upstream.name} that is no MCP message: ${fault.message}`,
      shown: { line: line.toString('utf8', 0, 200) },
    });
    const answered = readIds(line).filter((id) => upstream.inFlight.has(idKey(id)));
    if (answered.length > 0) {
      const text = `its answer could not be read in one way only: ${fault.message}`;
      for (const id of answered) failInFlight(this, upstream, BAD_UPSTREAM, text, id);
    } else if (!junk && fault.id !== null && line.includes('"method"')) {
      tellServer(this, upstream, errorLine(fault.id, fault.code, fault.message));
    }
  }

  /** A subscription is answered when the server ends, what was cancelled perhaps never: neither is waited for. */
  #isDrained(): boolean {
    if (this.#clientGone) return true;
    for (const { upstream, id } of this.inFlight.values()) {
      const flight = upstream.inFlight.get(idKey(id));
      if (flight?.method !== 'subscriptions/listen' && !flight?.cancelled) return false;
    }
    return this.waiting.size === 0 && !this.siblings.isAsking;
  }
}

/** Ties servers to the session that `session` returns once it stands; each is started by its routing. */
export function attach(
  servers: readonly { name: string; connect: Connect }[],
  limitBytes: number,
  session: () => Session,
): Upstream[] {
  const events = {
    line: (upstream: Upstream, line: Buffer) => session().fromUpstream(upstream, line),
    oversize: (upstream: Upstream, head: Buffer) => session().oversizeFromUpstream(upstream, head),
    failed: (upstream: Upstream, id: Id, reason: string) => session().failedUpstream(upstream, id, reason),
    turn: () => session().endTurn(),
    drained: () => session().readOn(),
    gone: (upstream: Upstream, reason: string) =>
      session().turn(() => session().lostUpstream(upstream, reason)),
  };
  return servers.map(({ name, connect }) => new Upstream(name, connect, limitBytes, events));
}
