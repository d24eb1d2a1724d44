import { BAD_UPSTREAM, errorLine, UPSTREAM_GONE } from '../answers.ts';
import { log } from '../log.ts';
import {
  type Answer,
  type Id,
  INVALID_PARAMS,
  idKey,
  METHOD_NOT_FOUND,
  type Message,
  parseMessage,
  type Request,
  WireFault,
} from '../message.ts';
import { ownId } from '../upstream.ts';
import { type Ends, fieldsOf, isStateless, META, metaOf, STATELESS, type Translation } from './era.ts';
import { HandshakeClient } from './handshake-client.ts';
import { StatelessClient } from './stateless-client.ts';
import type { Stage, Track } from './track.ts';

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

/** What becomes of asking a server `server/discover`. */
interface Outcome {
  found(answer: Answer): void;
  /** It says that it does not know that; without an answer, it ended over it. */
  refused(answer: Answer | undefined): void;
  silent(): void;
}

/** A server that has said nothing to `server/discover` for so long, in ms, is taken for one that never will. */
const SILENCE_MS = 10_000;
/** Deeper than any limit that a message may be given: what is too deep is for the session to refuse. */
const DEPTH = 256;
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
  #wasSilent = false;

  constructor(track: Track, memory: OpeningMemory) {
    this.#track = track;
    this.#memory = memory;
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
    this.#ask(capabilities, clientInfo, outcome, (line) => this.#hold(held, line));
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
    this.#await(discover.id, outcome, (line) => {
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
    this.#ask(meta[META.capabilities], meta[META.client], outcome, (line) => this.#hold(held, line));
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
    else if (this.#wasSilent) this.#memory.learn('initialize');
  }

  /** Asks `server/discover` in the client's words. */
  #ask(capabilities: unknown, client: unknown, outcome: Outcome, fromClient?: (line: Buffer) => void): void {
    const id = ownId();
    const _meta = {
      [META.version]: STATELESS,
      [META.capabilities]: capabilities ?? {},
      ...(client === undefined ? {} : { [META.client]: client }),
    };
    const request = { jsonrpc: '2.0', id, method: 'server/discover', params: { _meta } };
    this.#track.toServer(Buffer.from(JSON.stringify(request)));
    this.#await(id, outcome, fromClient);
  }

  #await(id: Id, outcome: Outcome, fromClient?: (line: Buffer) => void): void {
    const track = this.#track;
    const timer = setTimeout(() => {
      if (track.stage !== stage) return;
      log('warn', `server ${track.name} did not answer server/discover within ${SILENCE_MS} ms`);
      this.#wasSilent = true;
      outcome.silent();
      track.turn();
    }, SILENCE_MS).unref();
    const stage: Stage = {
      ...(fromClient && { fromClient }),
      fromServer: (line) => {
        const answer = answerTo(id, line);
        if (answer === undefined) return track.toClient(line);
        clearTimeout(timer);
        const { supportedVersions } = answer.failed ? {} : fieldsOf(answer.payload);
        if (Array.isArray(supportedVersions) && supportedVersions.includes(STATELESS)) outcome.found(answer);
        else outcome.refused(answer);
      },
      gone: (reason) => {
        clearTimeout(timer);
        const isBack = track.reopen();
        if (!isBack) return false;
        log(
          'warn',
          `server ${track.name} ended when it was asked server/discover, and is started again: ${reason}`,
        );
        this.#memory.learn('initialize');
        outcome.refused(undefined);
        track.turn();
        return true;
      },
      end: () => clearTimeout(timer),
    };
    track.stage = stage;
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

/**
 * The server refused not what it was asked but how: with other parameters, as another version, it would have answered.
 * Old servers say the same of a method that they do not know, so this says nothing about its era.
 */
function isOfItsTerms(answer: Answer): boolean {
  return (answer.failed && fieldsOf(answer.payload)['code'] === INVALID_PARAMS) || isOfTheEra(answer);
}

/** Cordon's own word for an answer that will not come: the server cannot be reached, say, or asks for authorization. */
function isNoAnswer(answer: Answer): boolean {
  return answer.failed && fieldsOf(answer.payload)['code'] === BAD_UPSTREAM;
}

/** An error that only the stateless revision has: of its version, its headers, its capabilities. */
function isOfTheEra(answer: Answer): boolean {
  const { code } = answer.failed ? fieldsOf(answer.payload) : {};
  return typeof code === 'number' && code <= -32_020 && code >= -32_099;
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
