import { BAD_UPSTREAM, errorLine, UPSTREAM_GONE } from '../answers.ts';
import { type Answer, METHOD_NOT_FOUND, type Request } from '../message.ts';
import {
  answerTo,
  Discovery,
  isNoAnswer,
  isOfItsTerms,
  isOfTheEra,
  type OpeningMemory,
  type Outcome,
  read,
  SILENCE_MS,
} from './discovery.ts';
import { type Ends, fieldsOf, isStateless, META, metaOf, type Translation } from './era.ts';
import { HandshakeClient } from './handshake-client.ts';
import { StatelessClient } from './stateless-client.ts';
import type { Stage, Track } from './track.ts';

/** What a client says before it is known how to say it to the server. */
const MAX_HELD = 1000;

/**
 * Finds out by the first messages of which era the client and the server are, and puts a translation between them
 * where it is not the same. docs/eras.md has the rule, and argues it.
 */
export class Meeting {
  readonly #track: Track;
  readonly #memory: OpeningMemory;
  readonly #ends: Ends;
  readonly #discovery: Discovery;

  constructor(track: Track, memory: OpeningMemory) {
    this.#track = track;
    this.#memory = memory;
    this.#discovery = new Discovery(track, memory);
    const up = (line: Buffer): void => track.toClientLater(line);
    // The session tells what nobody asked for from what was, and has it on record.
    this.#ends = { up, unasked: up, down: (line) => track.toServer(line) };
  }

  begin(): void {
    this.#track.stage = {
      fromClient: (line) => {
        const message = read(line);
        if (message?.kind === 'request' && message.method === 'initialize') return this.#greet(message);
        if (message?.kind !== 'request' || !isStateless(message.params)) return this.#track.toServer(line);
        if (message.method === 'server/discover') return this.#probeForClient(message);
        this.#probe(message);
      },
    };
  }

  /** A client that shakes hands: what the server says to that decides. */
  #greet(initialize: Request): void {
    if (this.#memory.known === 'server/discover') return this.#discover(initialize, undefined);
    const track = this.#track;
    track.toServer(initialize.line);
    track.stage = {
      fromServer: (line) => {
        const answer = answerTo(initialize.id, line);
        if (answer?.failed) return this.#discover(initialize, answer);
        if (answer !== undefined) {
          track.stage = undefined;
          this.#greeted(false);
        }
        track.toClient(line);
      },
    };
  }

  /** Asks a server that refused `initialize`, or did in an earlier run, whether it is of the other era. */
  #discover(initialize: Request, refusal: Answer | undefined): void {
    const { capabilities, clientInfo } = fieldsOf(initialize.params);
    // Not every client waits for the answer to its greeting.
    const held: Buffer[] = [];
    const found = (answer: Answer): void => {
      this.#memory.learn('server/discover');
      const stage = this.#translate(new HandshakeClient(this.#ends, initialize, answer));
      for (const line of held) stage.fromClient!(line);
    };
    const refused = (): void => {
      this.#track.stage = undefined;
      if (refusal !== undefined) this.#track.toClientLater(refusal.line);
      else {
        this.#memory.learn(undefined);
        this.#greet(initialize);
      }
      for (const line of held) this.#track.toServer(line);
    };
    const outcome = { found, refused, silent: refused };
    this.#discovery.ask(capabilities, clientInfo, outcome, (line) => this.#hold(held, line));
  }

  /** A client that asks first: it gets the server's own word, and if there is none a refusal that it can act on. */
  #probeForClient(discover: Request): void {
    const held: Buffer[] = [];
    const refuse = (reason: string): void => {
      const text = `server ${JSON.stringify(this.#track.name)} ${reason}`;
      this.#track.toClientLater(errorLine(discover.id, METHOD_NOT_FOUND, text));
      this.#refused(held);
    };
    if (this.#memory.known === 'initialize')
      return refuse('is not asked this: it never answered, or ended over it');
    this.#track.toServer(discover.line);
    const outcome: Outcome = {
      found: (answer) => {
        this.#track.stage = undefined;
        this.#track.toClient(answer.line);
        for (const line of held) this.#track.toServer(line);
      },
      refused: (answer) => {
        if (answer === undefined) return refuse('ended when it was asked this');
        this.#track.toClient(answer.line);
        if (!isOfItsTerms(answer) && !isNoAnswer(answer)) return this.#refused(held);
        this.begin();
        for (const line of held) this.#track.stage?.fromClient?.(line);
      },
      silent: () => refuse(`did not answer this within ${SILENCE_MS} ms`),
    };
    this.#discovery.answered(discover.id, outcome, (line) => {
      const message = read(line);
      if (message?.kind !== 'request' || message.method !== 'initialize') return this.#hold(held, line);
      // It did not wait for the answer.
      for (const before of held) this.#track.toServer(before);
      this.#greet(message);
    });
  }

  /** The client was told that the server is of the other era; what it says next tells what it makes of that. */
  #refused(held: readonly Buffer[]): void {
    const take = (line: Buffer): void => {
      const message = read(line);
      if (message?.kind === 'request' && message.method === 'initialize') return this.#greet(message);
      if (message?.kind !== 'request' || !isStateless(message.params)) return this.#track.toServer(line);
      this.#shakeHands(message, [line]);
    };
    this.#track.stage = { fromClient: take };
    for (const line of held) this.#track.stage?.fromClient?.(line);
  }

  /** A client that goes on without asking: Cordon asks, before anything that does something is sent. */
  #probe(first: Request): void {
    const held = [first.line];
    const translate = (): void => this.#shakeHands(first, held);
    if (this.#memory.known === 'initialize') return translate();
    const meta = metaOf(first.params);
    const found = (): void => {
      this.#track.stage = undefined;
      for (const line of held) this.#track.toServer(line);
    };
    // Of an unknown version it has something to say itself.
    const refused = (answer: Answer | undefined): void => {
      if (answer !== undefined && isNoAnswer(answer)) return this.#fail(held, answer);
      if (answer !== undefined && isOfTheEra(answer)) found();
      else translate();
    };
    const outcome = { found, refused, silent: translate };
    this.#discovery.ask(meta[META.capabilities], meta[META.client], outcome, (line) =>
      this.#hold(held, line),
    );
  }

  /** Nothing was found out: what waited for it fails for the same reason, and the next message is a first one again. */
  #fail(held: readonly Buffer[], { payload }: Answer): void {
    this.begin();
    const text = String(fieldsOf(payload)['message']);
    for (const line of held) {
      const request = read(line);
      if (request?.kind === 'request') this.#track.toClient(errorLine(request.id, BAD_UPSTREAM, text));
    }
  }

  #hold(held: Buffer[], line: Buffer): void {
    if (held.length < MAX_HELD) return void held.push(line);
    const message = read(line);
    if (message?.kind !== 'request') return;
    const text = `server ${JSON.stringify(this.#track.name)} has not said what it speaks, and ${MAX_HELD} requests wait`;
    this.#track.toClientLater(errorLine(message.id, UPSTREAM_GONE, text));
  }

  #shakeHands(first: Request, lines: readonly Buffer[]): void {
    const greeted = (isRefused: boolean): void => this.#greeted(isRefused);
    const translation = new StatelessClient({ ...this.#ends, greeted }, first);
    const stage = this.#translate(translation);
    for (const line of lines) stage.fromClient!(line);
  }

  /** A server that answers a handshake and has not answered what came before never will; it is not only slow. */
  #greeted(isRefused: boolean): void {
    // Where it was met so because of what an earlier run made of it, that was wrong.
    if (isRefused) this.#memory.learn(undefined);
    else if (this.#discovery.wasSilent) this.#memory.learn('initialize');
  }

  #translate(translation: Translation): Stage {
    const track = this.#track;
    // What is no message is for the session or for the server to refuse.
    const stage: Stage = {
      fromClient: (line) => {
        const message = read(line);
        if (message === undefined) track.toServer(line);
        else translation.fromClient(message);
      },
      fromServer: (line) => {
        const message = read(line);
        if (message === undefined) track.toClient(line);
        else translation.fromServer(message);
      },
    };
    track.stage = stage;
    return stage;
  }
}
