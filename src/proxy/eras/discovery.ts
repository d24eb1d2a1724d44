import { BAD_UPSTREAM } from '../answers.ts';
import { log } from '../log.ts';
import {
  type Answer,
  type Id,
  INVALID_PARAMS,
  idKey,
  type Message,
  parseMessage,
  WireFault,
} from '../message.ts';
import { ownId } from '../upstream.ts';
import { fieldsOf, META, STATELESS } from './era.ts';
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
export interface Outcome {
  found(answer: Answer): void;
  /** It says that it does not know that; without an answer, it ended over it. */
  refused(answer: Answer | undefined): void;
  silent(): void;
}

/** A server that has said nothing to `server/discover` for so long, in ms, is taken for one that never will. */
export const SILENCE_MS = 10_000;
/** Deeper than any limit that a message may be given: what is too deep is for the session to refuse. */
const DEPTH = 256;

/** Asks a server whether it is of the stateless revision, and tells what becomes of that. */
export class Discovery {
  readonly #track: Track;
  readonly #memory: OpeningMemory;
  /** It has let such a question go unanswered. */
  wasSilent = false;

  constructor(track: Track, memory: OpeningMemory) {
    this.#track = track;
    this.#memory = memory;
  }

  /** Asks `server/discover` in the client's words. */
  ask(capabilities: unknown, client: unknown, outcome: Outcome, fromClient?: (line: Buffer) => void): void {
    const id = ownId();
    const _meta = {
      [META.version]: STATELESS,
      [META.capabilities]: capabilities ?? {},
      ...(client === undefined ? {} : { [META.client]: client }),
    };
    const request = { jsonrpc: '2.0', id, method: 'server/discover', params: { _meta } };
    this.#track.toServer(Buffer.from(JSON.stringify(request)));
    this.answered(id, outcome, fromClient);
  }

  /** Waits for the answer to what was asked under an id; `fromClient` takes what the client says meanwhile. */
  answered(id: Id, outcome: Outcome, fromClient?: (line: Buffer) => void): void {
    const track = this.#track;
    const timer = setTimeout(() => {
      if (track.stage !== stage) return;
      log('warn', `server ${track.name} did not answer server/discover within ${SILENCE_MS} ms`);
      this.wasSilent = true;
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
}

/**
 * The server refused not what it was asked but how: with other parameters, as another version, it would have answered.
 * Old servers say the same of a method that they do not know, so this says nothing about its era.
 */
export function isOfItsTerms(answer: Answer): boolean {
  return (answer.failed && fieldsOf(answer.payload)['code'] === INVALID_PARAMS) || isOfTheEra(answer);
}

/** Cordon's own word for an answer that will not come: the server cannot be reached, say, or asks for authorization. */
export function isNoAnswer(answer: Answer): boolean {
  return answer.failed && fieldsOf(answer.payload)['code'] === BAD_UPSTREAM;
}

/** An error that only the stateless revision has: of its version, its headers, its capabilities. */
export function isOfTheEra(answer: Answer): boolean {
  const { code } = answer.failed ? fieldsOf(answer.payload) : {};
  return typeof code === 'number' && code <= -32_020 && code >= -32_099;
}

/** Undefined for what is no message: that is for the session or for the server to refuse. */
export function read(line: Buffer): Message | undefined {
  try {
    return parseMessage(line, DEPTH);
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    return undefined;
  }
}

/** The answer that a line holds to what was asked under an id, if it is that. */
export function answerTo(id: Id, line: Buffer): Answer | undefined {
  const message = read(line);
  return message?.kind === 'answer' && idKey(message.id) === idKey(id) ? message : undefined;
}
