import type { Lock } from '../../event.ts';
import { Pins } from '../descriptors/pins.ts';
import { judgementEvidence } from '../evidence.ts';
import type { Judgement } from '../judgement.ts';
import { type Labelled, Mediator } from '../mediator.ts';
import { orderOf } from '../policy/rules.ts';
import type { Settings } from '../settings.ts';
import type { Step } from './steps.ts';

/** What a message comes to when it is judged again. */
export interface Played {
  judgement: Judgement;
  /** What the log would keep of it. */
  evidence: Record<string, unknown>;
}

export interface Playing {
  steps: Iterable<Step>;
  settings: Settings;
  /** The lock that the session began with. */
  pins: Lock;
  /** What to take in place of what a server sent, by the name of its event. */
  instead?: ReadonlyMap<string, unknown>;
}

/** Judges a taped session again from its content: flows are found anew, and rules decide on what was found. */
export class TapePlayer {
  readonly #steps: Iterator<Step>;
  readonly #pins: Pins;
  readonly #mediator: Mediator;
  readonly #instead: ReadonlyMap<string, unknown>;
  /** By the names of then: another version may count otherwise. */
  readonly #calls = new Map<string, Judgement>();
  readonly #labelled = new Map<string, Labelled>();
  #last: { event: string; played: Played } | undefined;
  #next: Step | undefined;

  constructor({ steps, settings, pins, instead }: Playing) {
    this.#steps = steps[Symbol.iterator]();
    this.#pins = new Pins(pins);
    this.#mediator = new Mediator(settings, this.#pins);
    this.#instead = instead ?? new Map();
  }

  /** Something is taken in the place of what a server sent. */
  get isAltered(): boolean {
    return this.#instead.size > 0;
  }

  /**
   * What the outbound message of this event comes to; undefined if it is not on the tape. To be asked in the order of
   * events.
   */
  play(event: string): Played | undefined {
    while (this.#last?.event !== event) {
      this.#next ??= this.#steps.next().value as Step | undefined;
      const step = this.#next;
      if (step === undefined) return undefined;
      const isJudged = step.step === 'judge' || step.step === 'answer';
      if (isJudged && orderOf(step.event) > orderOf(event)) return undefined;
      this.#next = undefined;
      this.#take(step);
    }
    return this.#last.played;
  }

  #take(step: Step): void {
    const mediator = this.#mediator;
    switch (step.step) {
      case 'describe':
        mediator.describe(step.server, step.kind, step.values, step.now);
        return;
      case 'recheck':
        mediator.recheck(step.now);
        return;
      case 'judge':
        return this.#judged(step.event, mediator.judge(step.server, step.method, step.params, step.heard)!);
      case 'answer':
        return this.#judged(
          step.event,
          mediator.judgeAnswer(step.server, step.method, step.result, step.heard),
        );
      case 'approve': {
        const call = this.#calls.get(step.event);
        // Under other settings it need not have been asked about.
        if (call?.verdict === 'ask') this.#calls.set(step.event, mediator.approve(call));
        return;
      }
      case 'label':
        return this.#label(step);
      case 'learn': {
        const labelled = this.#labelled.get(step.event);
        if (labelled !== undefined) mediator.learn(labelled);
        this.#labelled.delete(step.event);
        return;
      }
      case 'settle':
        mediator.settle(step.bytes);
        return;
      case 'remember':
        return mediator.remember(step.flows);
      case 'prompt':
        return mediator.prompt(step.text);
      case 'join':
        return mediator.join();
      case 'tools':
        return mediator.hearTools(step.names);
      case 'testify':
        mediator.testify(step.leaves, step.standing);
        return;
      case 'offer':
        return mediator.offer(step.leaves, step.read, step.standing);
      case 'lock':
        if (step.merged) this.#pins.merge(step.lock);
        else this.#pins.adopt(step.lock);
    }
  }

  #judged(event: string, judgement: Judgement): void {
    const { sink } = judgement;
    const kind = sink.kind === 'prompt' ? 'prompt' : 'tool';
    const known =
      sink.kind === 'answer' ? new Set<string>() : this.#mediator.words(sink.server, kind, sink.name).names;
    this.#calls.set(event, judgement);
    this.#last = { event, played: { judgement, evidence: judgementEvidence(judgement, known) } };
  }

  #label({ event, call, server, channel, origin, payload, task }: Step & { step: 'label' }): void {
    const inbound = {
      server,
      channel,
      origin,
      payload: this.#instead.has(event) ? this.#instead.get(event) : payload,
      task,
    };
    this.#labelled.set(
      event,
      this.#mediator.label(inbound, call === undefined ? undefined : this.#calls.get(call)),
    );
    // An answer comes once.
    if (call !== undefined) this.#calls.delete(call);
  }
}
