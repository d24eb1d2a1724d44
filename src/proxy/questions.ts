import {
  type Decision,
  type Excerpt,
  excerpt,
  type HeldArgument,
  type HeldCall,
} from '../config/held-call.ts';
import type { Flow, Leaf } from '../event.ts';
import { canonical } from '../json/canonical.ts';
import { sha256 } from '../json/digest.ts';
import { approved, type Judgement } from '../mediation/judgement.ts';
import { log } from './log.ts';
import { memberOf, type Request } from './message.ts';

/** Where questions wait for a person. */
export interface QuestionStore {
  ask(call: HeldCall, now: number): void;
  close(id: string): void;
  takeDecisions(session: string): readonly Decision[];
  use(id: string, call: { session: string; binding: string }, now: number): boolean;
}

export interface Asking {
  store: QuestionStore;
  session: string;
  /** Path of the lock that a yes for good goes to. */
  lock: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Puts what a person decided on record. */
  decided(decision: Decision): void;
}

/** The last so many questions of a session can be answered: a flood of them must fill neither memory nor disk. */
const MAX_ASKED = 200;
const MAX_ARGUMENTS = 8;
/** A yes for good to more, or to longer names, than this could not be reviewed. */
const MAX_REMEMBERED = 32;
const MAX_REMEMBERED_CHARS = 8192;

/** The questions of one session: what was held back waits here for a person's yes to exactly that call. */
export class Questions {
  readonly #asking: Asking;
  /** The binding of each question, by its id, oldest first. */
  readonly #asked = new Map<string, string>();

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /**
   * The judgement under which a call that has to be asked about goes on: `approved`, with the id of the question, where
   * a person said yes to this very call since it was last held back, else as it is, and the question is put.
   */
  settle(judgement: Judgement, request: Request, params: unknown): Judgement {
    const { store, session, now } = this.#asking;
    this.noteDecisions();
    try {
      const binding = bindingOf(judgement, request, params);
      const same = [...this.#asked].flatMap(([id, bound]) => (bound === binding ? [id] : []));
      const answered = same.find((id) => store.use(id, { session, binding }, now()));
      if (answered !== undefined) {
        for (const id of same) this.#forget(id);
        return { ...approved(judgement), id: answered };
      }
      store.ask(this.#held(judgement, request, params, binding), now());
      this.#asked.set(judgement.id!, binding);
      if (this.#asked.size > MAX_ASKED) this.#forget(this.#asked.keys().next().value!);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log('error', `the question ${judgement.id} cannot be put, so nobody can answer it: ${why}`);
    }
    return judgement;
  }

  /** Puts on record what persons decided since this was last done: a no, and a yes that nobody used, show nowhere else. */
  noteDecisions(): void {
    const { store, session, decided } = this.#asking;
    try {
      for (const decision of store.takeDecisions(session)) decided(decision);
    } catch (error) {
      log(
        'error',
        `what was decided cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #forget(id: string): void {
    this.#asked.delete(id);
    this.#asking.store.close(id);
  }

  #held(judgement: Judgement, { method }: Request, params: unknown, binding: string): HeldCall {
    const { session, lock, now } = this.#asking;
    const { id, sink, effect, rule, questions } = judgement;
    const { name: _, arguments: own, ...others } = withoutMeta(params);
    const carried = sink.kind === 'tool' || sink.kind === 'prompt';
    const carries = carried && Object.keys(others).length === 0 ? (own ?? {}) : withoutMeta(params);
    return {
      v: 1,
      id: id!,
      session,
      time: now(),
      lock,
      server: sink.server,
      method,
      name: short(sink.name),
      effect,
      rule,
      binding,
      questions: questions.slice(0, MAX_ARGUMENTS).map((one) => heldArgument(judgement, one)),
      more: Math.max(0, questions.length - MAX_ARGUMENTS),
      carries: excerpt(canonical(carries), 1200, 300),
      remember: reviewed(judgement.remember),
    };
  }
}

/**
 * A digest of all that a yes is bound to. `params` hold a number that a double does not as the text that was written,
 * which a string may say too; the bytes, parsed again, tell these apart.
 */
function bindingOf({ sink, descriptor }: Judgement, request: Request, params: unknown): string {
  const member = memberOf(request, 'params');
  const bytes = member === undefined ? 'null' : request.line.toString('utf8', member.start, member.end);
  // Through JSON.stringify, which writes null for a number that is none.
  const parsed: unknown = JSON.parse(JSON.stringify(JSON.parse(bytes)));
  const { name: _, ...types } = withoutMeta(parsed);
  const { server, kind, name } = sink;
  const call = [server, request.method, kind, name, descriptor ?? null, withoutMeta(params), types];
  return sha256(canonical(call));
}

/** `_meta` is the client's and new with each try. */
function withoutMeta(params: unknown): Record<string, unknown> {
  const { _meta: _, ...rest } = (params ?? {}) as Record<string, unknown>;
  return rest;
}

function heldArgument(
  { sink, flows }: Judgement,
  { argument, source }: Judgement['questions'][number],
): HeldArgument {
  const widest = flows
    .filter((flow) => flow.argument === argument && flow.source === source)
    .reduce<Flow | undefined>((best, flow) => (best && width(best) >= width(flow) ? best : flow), undefined);
  const isMeant = (leaf: Leaf): boolean =>
    leaf.path === argument && (leaf.form === 'key') === (widest?.inName === true);
  const text = sink.leaves.find(isMeant)?.text ?? '';
  const value = excerpt(widest === undefined ? text : text.slice(...widest.span), 160, 40);
  if (source === undefined || widest === undefined) return { argument: short(argument), value };
  const { event, server, origin, channel, label } = source;
  return {
    argument: short(argument),
    value,
    source: {
      event,
      server,
      origin: short(origin),
      channel,
      path: short(widest.path),
      integrity: label.integrity,
      transforms: [...widest.transforms],
    },
  };
}

function reviewed(flows: Judgement['remember']): HeldCall['remember'] {
  const unlike = new Map(flows.map((flow) => [JSON.stringify(flow), flow]));
  const chars = [...unlike.keys()].reduce((sum, { length }) => sum + length, 0);
  return unlike.size > MAX_REMEMBERED || chars > MAX_REMEMBERED_CHARS ? [] : [...unlike.values()];
}

function width({ span }: Flow): number {
  return span[1] - span[0];
}

function short(text: string): Excerpt {
  return excerpt(text, 120, 40);
}
