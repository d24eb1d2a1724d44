import type { Limits } from '../config/config.ts';
import type { Edit } from '../json/edit.ts';
import type { Mediator } from '../mediation/mediator.ts';
import type { Journal } from './journal.ts';
import type { Answer, Id, Message, Request } from './message.ts';
import type { PinKeeper } from './pin-keeper.ts';
import type { Questions } from './questions.ts';
import type { Siblings } from './siblings/siblings.ts';
import type { InFlight, Upstream } from './upstream.ts';

/** Where a client's request goes, and what of its bytes has to change on the way. */
export interface Route {
  upstream: Upstream;
  /** The id on the server's wire. */
  id: Id;
  /** The parameters as the server gets them, where the client uses names of Cordon's. */
  params?: unknown;
  /** The progress token on the server's wire, and the client's own as it was written, where they differ. */
  token?: { wire: Id; json: string };
  edits: Edit[];
}

/** What the parts of a session share. Lines go out together at the end of a turn, in the order they were added. */
export interface Context {
  readonly limits: Limits;
  readonly mediator: Mediator;
  readonly journal: Journal;
  readonly pins: PinKeeper;
  readonly questions: Questions;
  readonly siblings: Siblings;
  readonly upstreams: readonly Upstream[];
  /** The client's requests in flight, by its own ids: where each went and under which id. */
  readonly inFlight: Map<string, { upstream: Upstream; id: Id }>;
  /** Its requests that wait for a handshake or a list, by id; true if it has cancelled them meanwhile. */
  readonly waiting: Map<string, boolean>;
  /** The revision that was agreed on with the client, once it shook hands. */
  revision?: string | undefined;
  /** Takes a line, whole or in pieces. */
  toClient(line: Buffer | readonly Buffer[]): void;
  /** With `unrecorded`, the line goes out only once its entry is written; where it cannot be, that is run instead. */
  toUpstream(upstream: Upstream, line: Buffer, unrecorded?: () => void): void;
  /** Does what came up by itself (a timer, a server's end) as a turn of its own. */
  turn(task: () => void): void;
  /** What others may read of the servers has changed: which are up, and what of them is left out. */
  changed(): void;
  /** Runs after this turn's lines were forwarded and before anything else is judged. */
  later(task: () => void): void;
}

/** How messages are spread over servers: one keeps everything verbatim, several need names and ids of their own. */
export interface Routing {
  /** Where a client's request goes; undefined if it was answered here. */
  route(request: Request): Route | undefined;
  /** A client's notification, or its answer to a server's request. */
  fromClient(message: Exclude<Message, Request>): void;
  /** A server's answer with the ids of tasks that the client knows. */
  retold(upstream: Upstream, answer: Answer, flight: InFlight): Answer;
  /** Edits of that answer before it goes to the client under `clientId`. */
  answerEdits(upstream: Upstream, answer: Answer, clientId: Id): Edit[];
  /** A server's request or notification, already learned from. */
  fromUpstream(upstream: Upstream, message: Exclude<Message, Answer>): void;
  /** A server is gone; what was in flight on it has been answered. */
  gone(upstream: Upstream): void;
  /** How many of what a server lists are left out, since another has the same. */
  leftOut(upstream: Upstream): number;
  /** Whether what a server asked of the client, by its id there, can belong to this request of the client's. */
  isOf(question: Id, request: Id): boolean;
  /** The session ends: nothing is started any more. */
  close(): void;
}

/** Asks a server on Cordon's own behalf. */
export function ask(
  context: Context,
  upstream: Upstream,
  method: string,
  params: Record<string, unknown>,
  own: NonNullable<InFlight['own']>,
): void {
  context.toUpstream(upstream, upstream.request(method, params, own));
}
