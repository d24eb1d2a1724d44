import { errorLine } from '../answers.ts';
import { log } from '../log.ts';
import {
  type Answer,
  type Id,
  idKey,
  METHOD_NOT_FOUND,
  type Message,
  parseMessage,
  type Request,
  WireFault,
} from '../message.ts';
import { ownId } from '../upstream.ts';
import type { Connect, Wire, WireEvents } from '../wire.ts';
import { type Ends, fieldsOf, isStateless, META, STATELESS, type Translation } from './era.ts';
import { HandshakeClient } from './handshake-client.ts';
import { StatelessClient } from './stateless-client.ts';

/**
 * What an earlier run found out about how a server must be met, where that is not by what the client says first:
 * `initialize` where the server died of `server/discover` or never answered it, `server/discover` where it knows no
 * `initialize`.
 */
export type Opening = 'initialize' | 'server/discover';

/** Where that is kept from run to run. */
export interface OpeningMemory {
  readonly known: Opening | undefined;
  learn(opening: Opening | undefined): void;
}

/** A server that has said nothing to `server/discover` for so long, in ms, is taken for one that never will. */
const SILENCE_MS = 10_000;
/** How long a server that ended over it gets to be gone, in ms. */
const EOF_MS = 300;
const INVALID_PARAMS = -32602;
/** Deeper than any limit that a message may be given: what is too deep is for the session to refuse. */
const DEPTH = 256;

/** Takes what comes from one side while it is not clear yet who speaks what. */
interface Stage {
  fromClient?(line: Buffer): void;
  fromServer?(line: Buffer): void;
  /** True if there is another wire in its place. */
  gone?(reason: string): boolean;
}

/** A wire on which client and server understand each other, whichever era each of them is of. */
export function acrossEras(name: string, connect: Connect, memory: OpeningMemory): Connect {
  return (limitBytes, events) => new EraWire(name, connect, limitBytes, events, memory);
}

/**
 * Finds out by the first messages of which era the client and the server are (docs/eras.md has the rule), and
 * translates where it is not the same. Where it is, lines go through untouched and unread from then on.
 */
class EraWire implements Wire {
  readonly #name: string;
  readonly #events: WireEvents;
  readonly #memory: OpeningMemory;
  readonly #open: () => Wire;
  readonly #ends: Ends;
  /** Undefined where lines go through as they are. */
  #stage: Stage | undefined;
  #wire: Wire;
  #up: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, connect: Connect, limitBytes: number, events: WireEvents, memory: OpeningMemory) {
    this.#name = name;
    this.#events = events;
    this.#memory = memory;
    this.#ends = { up: (line) => this.#toClient(line), down: (line) => this.#wire.send(line) };
    const told: WireEvents = {
      ...events,
      line: (line) =>
        this.#stage?.fromServer === undefined ? events.line(line) : this.#stage.fromServer(line),
      turn: () => {
        events.turn();
        this.#wire.flush();
      },
      gone: (reason, until) => {
        if (this.#stage?.gone?.(reason) === true) return;
        // What it answered before it ended counts.
        this.#tell();
        events.gone(reason, until);
      },
    };
    this.#open = () => connect(limitBytes, told);
    this.#wire = this.#open();
    this.#stage = { fromClient: (line) => this.#first(line) };
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
    if (this.#stage?.fromClient === undefined) this.#wire.send(line);
    else this.#stage.fromClient(line);
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

  end(eofMs?: number): Promise<void> {
    clearTimeout(this.#timer);
    return this.#wire.end(eofMs);
  }

  kill(): void {
    this.#wire.kill();
  }

  /** Nothing is told from within `send`: what it leads to is a turn of its own. */
  #toClient(line: Buffer): void {
    this.#up.push(line);
    if (this.#up.length === 1) setImmediate(() => this.#tell());
  }

  #tell(): void {
    const lines = this.#up;
    if (lines.length === 0) return;
    this.#up = [];
    for (const line of lines) this.#events.line(line);
    this.#events.turn();
    this.#wire.flush();
  }

  #first(line: Buffer): void {
    const message = parseMessage(line, DEPTH);
    if (message.kind !== 'request') return this.#wire.send(line);
    if (message.method === 'initialize') return this.#greet(message);
    if (!isStateless(message.params)) return this.#wire.send(line);
    if (message.method === 'server/discover') return this.#probeForClient(message);
    this.#probe(message);
  }

  /** A client that shakes hands: what the server says to that decides. */
  #greet(initialize: Request): void {
    if (this.#memory.known === 'server/discover') return this.#discover(initialize, undefined);
    this.#wire.send(initialize.line);
    this.#stage = {
      fromServer: (line) => {
        const answer = answerTo(initialize.id, line);
        if (answer?.failed) return this.#discover(initialize, answer);
        this.#events.line(line);
        if (answer === undefined) return;
        this.#stage = undefined;
        if (this.#memory.known === 'server/discover') this.#memory.learn(undefined);
      },
    };
  }

  /** Asks a server that refused `initialize`, or did in an earlier run, whether it is of the other era. */
  #discover(initialize: Request, refusal: Answer | undefined): void {
    const { capabilities, clientInfo } = fieldsOf(initialize.params);
    const id = this.#sendDiscover(capabilities, clientInfo);
    const refused = (): void => {
      this.#stage = undefined;
      if (refusal !== undefined) return this.#toClient(refusal.line);
      this.#memory.learn(undefined);
      this.#greet(initialize);
    };
    const found = (answer: Answer): void => {
      this.#memory.learn('server/discover');
      this.#translate((ends) => new HandshakeClient(ends, initialize, answer));
    };
    this.#await(id, { found, refused, silent: refused });
  }

  /** A client that asks first: it gets the server's own word, and if there is none a refusal that it can act on. */
  #probeForClient(discover: Request): void {
    const { id } = discover;
    const held: Buffer[] = [];
    const refuse = (reason: string): void => {
      this.#toClient(errorLine(id, METHOD_NOT_FOUND, `server ${JSON.stringify(this.#name)} ${reason}`));
      this.#refused(held);
    };
    if (this.#memory.known === 'initialize')
      return refuse('is not asked this: it did not live to answer, or never did');
    this.#wire.send(discover.line);
    this.#await(
      id,
      {
        found: (answer) => {
          this.#stage = undefined;
          this.#events.line(answer.line);
          for (const line of held) this.#wire.send(line);
        },
        refused: (answer) => {
          if (answer === undefined) return refuse('ended when it was asked this');
          this.#events.line(answer.line);
          if (!isOfItsTerms(answer)) return this.#refused(held);
          this.#stage = { fromClient: (line) => this.#first(line) };
          for (const line of held) this.send(line);
        },
        silent: () => refuse(`did not answer this within ${SILENCE_MS} ms`),
      },
      (line) => {
        // It did not wait for the answer.
        const message = parseMessage(line, DEPTH);
        if (message.kind === 'request' && message.method === 'initialize') this.#greetAfter(message);
        else held.push(line);
      },
    );
  }

  #greetAfter(initialize: Request): void {
    clearTimeout(this.#timer);
    this.#greet(initialize);
  }

  /** The client was told that the server is of the other era; what it says next tells what it makes of that. */
  #refused(held: readonly Buffer[]): void {
    this.#stage = {
      fromClient: (line) => {
        const message = parseMessage(line, DEPTH);
        if (message.kind === 'request' && message.method === 'initialize') return this.#greet(message);
        if (message.kind !== 'request' || !isStateless(message.params)) return this.#wire.send(line);
        this.#translate((ends) => new StatelessClient(ends, message)).fromClient(message);
      },
    };
    for (const line of held) this.send(line);
  }

  /** A client that goes on without asking: Cordon asks, before anything that does something is sent. */
  #probe(first: Request): void {
    const held = [first.line];
    const translate = (): void => {
      const translation = this.#translate((ends) => new StatelessClient(ends, first));
      for (const line of held) translation.fromClient(parseMessage(line, DEPTH));
    };
    if (this.#memory.known === 'initialize') return translate();
    const meta = fieldsOf(fieldsOf(first.params)['_meta']);
    const id = this.#sendDiscover(meta[META.capabilities], meta[META.client]);
    this.#await(
      id,
      {
        found: () => {
          this.#stage = undefined;
          for (const line of held) this.#wire.send(line);
        },
        refused: translate,
        silent: translate,
      },
      (line) => held.push(line),
    );
  }

  #sendDiscover(capabilities: unknown, clientInfo: unknown): Id {
    const id = ownId();
    const _meta = {
      [META.version]: STATELESS,
      [META.capabilities]: capabilities ?? {},
      ...(clientInfo === undefined ? {} : { [META.client]: clientInfo }),
    };
    this.#wire.send(
      Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'server/discover', params: { _meta } })),
    );
    return id;
  }

  /** Waits for the answer to `server/discover`; a server that ends over it is started again. */
  #await(
    id: Id,
    then: { found(answer: Answer): void; refused(answer: Answer | undefined): void; silent(): void },
    fromClient?: (line: Buffer) => void,
  ): void {
    const over = (task: () => void): void => {
      clearTimeout(this.#timer);
      task();
      this.#events.turn();
      this.#wire.flush();
    };
    this.#timer = setTimeout(() => {
      this.#memory.learn('initialize');
      over(then.silent);
    }, SILENCE_MS).unref();
    this.#stage = {
      ...(fromClient && { fromClient }),
      fromServer: (line) => {
        const answer = answerTo(id, line);
        if (answer === undefined) return this.#events.line(line);
        const { supportedVersions } = answer.failed ? {} : fieldsOf(answer.payload);
        const isFound = Array.isArray(supportedVersions) && supportedVersions.includes(STATELESS);
        over(() => (isFound ? then.found(answer) : then.refused(answer)));
      },
      gone: (reason) => {
        log('warn', `server ${this.#name} ended when it was asked server/discover: ${reason}`);
        this.#memory.learn('initialize');
        const isBack = this.#reopen();
        over(() => then.refused(undefined));
        return isBack;
      },
    };
  }

  #reopen(): boolean {
    void this.#wire.end(EOF_MS);
    try {
      this.#wire = this.#open();
      return true;
    } catch {
      return false;
    }
  }

  #translate(make: (ends: Ends) => Translation): Translation {
    const translation = make(this.#ends);
    this.#stage = {
      fromClient: (line) => translation.fromClient(parseMessage(line, DEPTH)),
      fromServer: (line) => {
        const message = read(line);
        // What is no message is for the session to refuse.
        if (message === undefined) this.#events.line(line);
        else translation.fromServer(message);
      },
    };
    return translation;
  }
}

/**
 * The server refused not what it was asked but how: with other parameters, as another version, it would have answered.
 * So it knows `server/discover`, and this says nothing about its era.
 */
function isOfItsTerms({ failed, payload }: Answer): boolean {
  const { code } = fieldsOf(payload);
  return (
    failed && typeof code === 'number' && (code === INVALID_PARAMS || (code <= -32020 && code >= -32099))
  );
}

function read(line: Buffer): Message | undefined {
  try {
    return parseMessage(line, DEPTH);
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    return undefined;
  }
}

/** The answer that a line holds to what was asked under an id, if it is that. */
function answerTo(id: Id, line: Buffer): Answer | undefined {
  const message = read(line);
  return message?.kind === 'answer' && idKey(message.id) === idKey(id) ? message : undefined;
}
