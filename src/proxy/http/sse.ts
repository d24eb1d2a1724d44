import { Gather } from './gather.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const NOTHING: Buffer = Buffer.alloc(0);
const JOINT = Buffer.from('\n');
const BOM = Buffer.from('\ufeff');
/** The longest name of a field that means anything is shorter; one character more tells longer ones apart. */
const NAME_BYTES = 6;
/** The longest id that is sent back (`Last-Event-ID`), and what a header can hold of one. */
const EVENT_ID = /^[\x21-\x7e][\x20-\x7e]{0,1022}$/;
const RETRY = /^\d{1,9}$/;
/** What a line may be longer than the message in it. */
const FIELD_BYTES = 16;

export interface SseEvents {
  /** The data of an event that is a message. Its lines are joined by a line feed. */
  data(data: Buffer): void;
  /** The stream can be resumed behind this event. */
  id(id: string): void;
  /** How long the server wants to be left alone before the stream is resumed, in ms. */
  retry(ms: number): void;
  /** An event is longer than allowed; nothing more is read. */
  oversize(): void;
}

/**
 * Reads a stream of server-sent events (WHATWG HTML, 9.2.6), in time linear in its bytes and in memory of one event.
 * It works on bytes: what stands in an event is judged and forwarded as it came, invalid UTF-8 is not made valid.
 */
export class SseReader {
  readonly #limitBytes: number;
  readonly #events: SseEvents;
  /** The beginning of a line whose end has not come. */
  readonly #partial = new Gather();
  /** Lines of data after the first. */
  readonly #joined = new Gather();
  #data: Buffer | undefined;
  #type = '';
  #isFirst = true;
  #afterCr = false;
  #over = false;

  constructor(limitBytes: number, events: SseEvents) {
    this.#limitBytes = limitBytes;
    this.#events = events;
  }

  feed(chunk: Buffer): void {
    let from = this.#afterCr && chunk[0] === LF ? 1 : 0;
    if (chunk.length > 0) this.#afterCr = false;
    // Each kind of line end is looked for from where it was last found, so that no byte is passed twice.
    let lf = chunk.indexOf(LF, from);
    let cr = chunk.indexOf(CR, from);
    while (lf !== -1 || cr !== -1) {
      if (this.#over) return;
      const end = lf === -1 || (cr !== -1 && cr < lf) ? cr : lf;
      this.#line(chunk.subarray(from, end));
      from = end + 1;
      if (end === cr) {
        if (from === chunk.length) this.#afterCr = true;
        else if (chunk[from] === LF) from++;
      }
      if (lf !== -1 && lf < from) lf = chunk.indexOf(LF, from);
      if (cr !== -1 && cr < from) cr = chunk.indexOf(CR, from);
    }
    if (from < chunk.length && this.#fits(chunk.length - from)) this.#partial.add(chunk.subarray(from));
  }

  #line(piece: Buffer): void {
    if (!this.#fits(piece.length)) return;
    let line = piece;
    if (this.#partial.length > 0) {
      this.#partial.add(piece);
      line = this.#partial.take();
    }
    if (this.#isFirst && line.subarray(0, BOM.length).equals(BOM)) line = line.subarray(BOM.length);
    this.#isFirst = false;
    if (line.length === 0) return this.#dispatch();
    const colon = line.indexOf(COLON);
    const name = line.toString('latin1', 0, Math.min(colon === -1 ? line.length : colon, NAME_BYTES));
    let value = NOTHING;
    if (colon !== -1) value = line.subarray(line[colon + 1] === SPACE ? colon + 2 : colon + 1);
    this.#field(name, value);
  }

  #field(name: string, value: Buffer): void {
    switch (name) {
      case 'data':
        if (this.#data === undefined) {
          this.#data = value;
        } else {
          if (this.#joined.length === 0) this.#joined.add(this.#data);
          this.#joined.add(JOINT);
          this.#joined.add(value);
        }
        return;
      case 'event':
        this.#type = value.toString('latin1', 0, 16);
        return;
      case 'id': {
        const id = value.toString('latin1', 0, 1024);
        if (EVENT_ID.test(id)) this.#events.id(id);
        return;
      }
      case 'retry': {
        const ms = value.toString('latin1', 0, 16);
        if (RETRY.test(ms)) this.#events.retry(Number(ms));
      }
    }
  }

  #dispatch(): void {
    const data = this.#joined.length > 0 ? this.#joined.take() : this.#data;
    const isMessage = this.#type === '' || this.#type === 'message';
    this.#data = undefined;
    this.#type = '';
    if (data !== undefined && data.length > 0 && isMessage) this.#events.data(data);
  }

  /** False, and nothing more is read, if the event would grow past what is allowed with so many bytes more. */
  #fits(bytes: number): boolean {
    const held = this.#joined.length > 0 ? this.#joined.length : (this.#data?.length ?? 0);
    if (!this.#over && held + this.#partial.length + bytes > this.#limitBytes + FIELD_BYTES) {
      this.#over = true;
      this.#events.oversize();
    }
    return !this.#over;
  }
}
