import type { DescriptorKind } from '../event.ts';
import { findingEvidence, judgementEvidence } from '../mediation/evidence.ts';
import type { Judgement } from '../mediation/judgement.ts';
import type { Described, Labelled } from '../mediation/mediator.ts';
import type { SinkKind } from '../mediation/sinks.ts';
import type { SessionLog } from '../recording/session-log.ts';
import { log } from './log.ts';

type Content = Record<string, string | Uint8Array>;

/** The response of a call may be written this much after it was forwarded, if no other entry takes it along. */
const LINGER_MS = 20;

/** The kind of entry for each kind of sink. */
const KINDS: Record<SinkKind, string> = {
  tool: 'tool.invoke',
  resource: 'resource.read',
  prompt: 'prompt.get',
  answer: 'client.answer',
  completion: 'client.request',
  unknown: 'client.request',
};

/** What entries are written to. */
export type Log = Pick<SessionLog, 'append' | 'commit' | 'close' | 'keep'>;

/** Turns what happened into entries of the log: kinds and members are those of docs/log-format.md. */
export class Journal {
  readonly #recorder: Log;
  readonly #described = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #lingering = false;
  #failure: string | undefined;

  constructor(recorder: Log) {
    this.#recorder = recorder;
    this.#timer = setTimeout(() => {
      this.#lingering = false;
      this.commit();
    }, LINGER_MS);
  }

  /** Why nothing can be recorded any more; calls are refused from then on. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** A judged outbound message; `content` is what it carries, of which only a salted digest is kept. */
  judged(judgement: Judgement, known: ReadonlySet<string>, content: Content): void {
    const { sink, named } = judgement;
    const body = judgementEvidence(judgement, known);
    this.#append(KINDS[sink.kind], body, named ? content : { name: sink.name, ...content });
  }

  /** A labelled inbound message, with the event that it answers. */
  labelled(kind: string, labelled: Labelled, answers: Judgement | undefined, content: Content): void {
    const { event, inbound, label, findings } = labelled;
    // In the order of their names, with room for those that every entry has: see encodeEntry.
    const body = {
      answers: answers?.event,
      content: undefined,
      event,
      findings: findingEvidence(findings),
      isError: inbound.channel === 'error' || (inbound.payload as { isError?: unknown })?.isError === true,
      kind: undefined,
      label,
      n: undefined,
      prompt: answers?.named && answers.sink.kind === 'prompt' ? answers.sink.name : undefined,
      server: inbound.server,
      time: undefined,
      tool: answers?.named && answers.sink.kind === 'tool' ? answers.sink.name : undefined,
      v: undefined,
    };
    this.#append(kind, body, content);
  }

  /** Descriptors, each once and again when its digest or state changes. */
  described(server: string, kind: DescriptorKind, described: readonly Described[]): void {
    for (const { descriptor, state, findings } of described) {
      const key = `${server}\0${kind}\0${descriptor.name}`;
      const now = `${state} ${descriptor.digest}`;
      if (this.#described.get(key) === now) continue;
      this.#described.set(key, now);
      if (descriptor.canonical !== '') this.#recorder.keep(descriptor.digest, descriptor.canonical);
      // A tool's or prompt's name is what the log speaks of; a resource's address is content.
      const named = kind === 'tool' || kind === 'prompt';
      const family = kind === 'resourceTemplate' ? 'resource' : kind;
      this.#append(
        `${family}.describe`,
        {
          server,
          descriptorKind: kind,
          ...(named ? { name: descriptor.name } : {}),
          digest: descriptor.digest,
          state,
          findings: findingEvidence(findings),
        },
        named ? {} : { name: descriptor.name },
      );
    }
  }

  /** Anything else worth a line: a refused message, a server's start and end. `body` must hold no content. */
  note(kind: string, body: Record<string, unknown>, content: Content = {}): void {
    this.#append(kind, body, content);
  }

  /** Everything noted so far has been written when this returns true. */
  commit(): boolean {
    if (this.#failure !== undefined) return false;
    try {
      this.#recorder.commit();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Signs and closes the log. */
  close(body: Record<string, unknown>): void {
    clearTimeout(this.#timer);
    try {
      if (this.#failure === undefined) this.#recorder.close(body);
    } catch (error) {
      this.#fail(error);
    }
  }

  #append(kind: string, body: Record<string, unknown>, content: Content): void {
    if (this.#failure !== undefined) return;
    try {
      this.#recorder.append(kind, body, content);
      if (!this.#lingering) {
        this.#lingering = true;
        this.#timer.refresh();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error);
    log('error', `the log cannot be written: ${this.#failure}. Calls are refused until Cordon is restarted`);
  }
}
