import type { Form, Source } from '../../event.ts';

/** Tools have classes of their own while there are fewer than this. */
const FEW_KINDS = 24;
/** Classes of sources beyond this many are told apart no more. */
const MAX_KINDS = 255;

/** Classes of sources: what rules may judge differently is told apart. */
export class Kinds {
  readonly #kinds = new Map<string, number>();
  readonly #told: ReadonlySet<string>;

  /** Sources of which `told` holds `server.origin` are told apart from all others, whatever else. */
  constructor(told: ReadonlySet<string>) {
    this.#told = told;
  }

  /** The number of a source's class, 1 to 255. */
  of(
    { server, origin, named, label, channel, describes, echo, steers, marked, asked }: Source,
    form: Form,
  ): number {
    // Flows of one origin may be allowed and those of another not. Other tools are told apart as long as that is
    // cheap: how many there are is for the servers to say. No server's name can hold the end of another's: what
    // follows it has a closed form.
    const isTold = this.#told.has(`${server}.${origin}`);
    const isCheap = named === true && channel === 'result' && this.#kinds.size < FEW_KINDS;
    const tool = isTold || isCheap ? origin : '';
    const name = `${server}\n${label.integrity} ${label.confidentiality}\n${form}\n${channel === 'descriptor'}\n${describes}\n${echo === true}${steers}${marked === true}${asked === true}\n${tool}`;
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = Math.min(this.#kinds.size + 1, MAX_KINDS);
      this.#kinds.set(name, kind);
    }
    return kind;
  }
}
