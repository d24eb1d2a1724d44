import type { DescriptorKind, Leaf, RememberedFlow } from '../../event.ts';
import type { Pins } from '../descriptors/pins.ts';
import type { Inbound } from '../inbound.ts';
import type { Judgement } from '../judgement.ts';
import { type Described, type Labelled, Mediator } from '../mediator.ts';
import type { Settings } from '../settings.ts';
import type { Heard, Standing, Testimony } from '../siblings.ts';
import type { Step } from './steps.ts';

/** A mediator that tells everything it is given, so that `TapePlayer` can decide it all again. */
export class TapedMediator extends Mediator {
  readonly #note: (step: Step) => void;

  constructor(settings: Settings, pins: Pins, note: (step: Step) => void) {
    super(settings, pins);
    this.#note = note;
  }

  override describe(
    server: string,
    kind: DescriptorKind,
    values: readonly unknown[],
    now: string,
  ): Described[] {
    this.#note({ step: 'describe', server, kind, values, now });
    return super.describe(server, kind, values, now);
  }

  override recheck(now: string): Described[] {
    this.#note({ step: 'recheck', now });
    return super.recheck(now);
  }

  override judge(server: string, method: string, params: unknown, heard?: Heard): Judgement | undefined {
    const judgement = super.judge(server, method, params, heard);
    if (judgement !== undefined)
      this.#note({ step: 'judge', event: judgement.event, server, method, params, ...(heard && { heard }) });
    return judgement;
  }

  override join(): void {
    this.#note({ step: 'join' });
    super.join();
  }

  override hearTools(names: readonly string[]): void {
    this.#note({ step: 'tools', names });
    super.hearTools(names);
  }

  override testify(leaves: readonly Leaf[], standing: Standing): Testimony {
    this.#note({ step: 'testify', leaves, standing });
    return super.testify(leaves, standing);
  }

  override offer(leaves: readonly Leaf[], read: readonly Leaf[], standing: Standing): void {
    this.#note({ step: 'offer', leaves, read, standing });
    super.offer(leaves, read, standing);
  }

  override judgeAnswer(server: string, method: string, result: unknown, heard?: Heard): Judgement {
    const judgement = super.judgeAnswer(server, method, result, heard);
    this.#note({ step: 'answer', event: judgement.event, server, method, result, ...(heard && { heard }) });
    return judgement;
  }

  override approve(judgement: Judgement): Judgement {
    this.#note({ step: 'approve', event: judgement.event });
    return super.approve(judgement);
  }

  override label(inbound: Inbound, call?: Judgement): Labelled {
    const labelled = super.label(inbound, call);
    const { event } = labelled;
    this.#note({ step: 'label', event, ...(call && { call: call.event }), ...inbound });
    return labelled;
  }

  override learn(labelled: Labelled): void {
    this.#note({ step: 'learn', event: labelled.event });
    super.learn(labelled);
  }

  override remember(flows: readonly RememberedFlow[]): void {
    this.#note({ step: 'remember', flows });
    super.remember(flows);
  }

  override prompt(text: string): void {
    this.#note({ step: 'prompt', text });
    super.prompt(text);
  }

  override settle(bytes: number): boolean {
    this.#note({ step: 'settle', bytes });
    return super.settle(bytes);
  }
}
