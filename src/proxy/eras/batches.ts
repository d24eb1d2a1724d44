import { COMMA, elementsOf, OPEN_ARRAY } from '../../json/spans.ts';
import { type Id, idKey, parseMessage, WireFault } from '../message.ts';

/** The one revision that has them (2025-03-26, "Batching"). */
export const BATCHED = '2025-03-26';
/** What a batch may hold, and how many may wait for their answers. */
const MAX_MESSAGES = 1000;
const MAX_OPEN = 100;
/** What may wait for the answers beside it, in all batches: beyond it, what there is of one goes out, the rest later. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
const CLOSE = 0x5d;

interface Batch {
  /** How many answers to each id are to come. */
  expected: Map<string, number>;
  answers: Buffer[];
}

/**
 * The messages of a batch, each as a line of its own. Undefined for what is no batch, or cannot be taken for one only:
 * the elements are read strictly afterwards, and here all that stands around them is.
 */
export function messagesOf(line: Buffer): Buffer[] | undefined {
  let at = blanks(line, 0);
  if (line[at] !== OPEN_ARRAY) return undefined;
  const elements = elementsOf(line, at, MAX_MESSAGES + 1);
  if (elements.length === 0 || elements.length > MAX_MESSAGES) return undefined;
  at++;
  for (const [i, { start, end }] of elements.entries()) {
    if (blanks(line, at) !== start || line[start] === OPEN_ARRAY) return undefined;
    at = blanks(line, end);
    if (line[at] !== (i === elements.length - 1 ? CLOSE : COMMA)) return undefined;
    at++;
  }
  if (blanks(line, at) !== line.length) return undefined;
  return elements.map(({ start, end }) => line.subarray(start, end));
}

/** The client's batches that are not answered yet: what answers one goes out as one. */
export class Batches {
  readonly #send: (line: Buffer) => void;
  readonly #open = new Set<Batch>();
  /** The batch whose messages are being taken: what is refused of it without an id belongs to it, too. */
  #taking: Batch | undefined;
  #keptBytes = 0;

  constructor(send: (line: Buffer) => void) {
    this.#send = send;
  }

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  /** Hands out the messages of a batch; false if too many wait already. */
  take(messages: readonly Buffer[], each: (line: Buffer) => void): boolean {
    if (this.#open.size >= MAX_OPEN) return false;
    const batch: Batch = { expected: new Map(), answers: [] };
    for (const line of messages) {
      const id = answeredId(line);
      if (id === undefined) continue;
      const key = id === null ? '' : idKey(id);
      batch.expected.set(key, (batch.expected.get(key) ?? 0) + 1);
    }
    this.#open.add(batch);
    this.#taking = batch;
    for (const line of messages) each(line);
    this.#taking = undefined;
    this.#sendIfDone(batch);
    return true;
  }

  /** Keeps a line to the client that answers a part of a batch; false if it answers none. */
  keep(line: Buffer): boolean {
    const id = idOf(line);
    if (id === undefined) return false;
    const key = id === null ? '' : idKey(id);
    for (const batch of this.#open) {
      if (!batch.expected.has(key) || (id === null && batch !== this.#taking)) continue;
      batch.answers.push(line);
      this.#keptBytes += line.length;
      this.#count(batch, key);
      if (this.#keptBytes > MAX_KEPT_BYTES) this.#sendAnswers(batch);
      return true;
    }
    return false;
  }

  /** A request that the client took back need not be answered. */
  forget(id: Id): void {
    for (const batch of this.#open) if (batch.expected.has(idKey(id))) this.#count(batch, idKey(id));
  }

  #count(batch: Batch, key: string): void {
    const left = batch.expected.get(key)! - 1;
    if (left > 0) batch.expected.set(key, left);
    else batch.expected.delete(key);
    if (batch !== this.#taking) this.#sendIfDone(batch);
  }

  #sendIfDone(batch: Batch): void {
    if (batch.expected.size > 0) return;
    this.#open.delete(batch);
    this.#sendAnswers(batch);
  }

  #sendAnswers(batch: Batch): void {
    const { answers } = batch;
    if (answers.length === 0) return;
    batch.answers = [];
    this.#keptBytes -= answers.reduce((sum, { length }) => sum + length, 0);
    const pieces = answers.flatMap((line, i) => (i === 0 ? [line] : [Buffer.from(','), line]));
    this.#send(Buffer.concat([Buffer.from('['), ...pieces, Buffer.from(']')]));
  }
}

/** The id under which a message of the client's is answered, null for a refusal without one; undefined if it is not. */
function answeredId(line: Buffer): Id | null | undefined {
  try {
    const message = parseMessage(line, Infinity);
    return message.kind === 'request' ? message.id : undefined;
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    return error.id;
  }
}

/** The id that an answer to the client bears; undefined for what is none. */
function idOf(line: Buffer): Id | null | undefined {
  try {
    const message = parseMessage(line, Infinity);
    return message.kind === 'answer' ? message.id : undefined;
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    return error.reason === 'null-id' ? null : undefined;
  }
}

function blanks(line: Buffer, from: number): number {
  let at = from;
  while (at < line.length && (line[at] === 0x20 || line[at] === 0x09 || line[at] === 0x0d)) at++;
  return at;
}
