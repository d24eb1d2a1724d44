import type { Leaf } from '../../event.ts';
import type { Judgement } from '../../mediation/judgement.ts';
import type { Mediator } from '../../mediation/mediator.ts';
import { EntryFault } from '../../mediation/recorded.ts';
import { type Heard, heardOf, type Testimony, testimonyFrom } from '../../mediation/siblings.ts';
import type { Journal } from '../journal.ts';
import { log } from '../log.ts';
import type { Link } from './link.ts';
import { linkOf, type Member, Members, PATIENCE_MS } from './members.ts';
import type { Said } from './protocol.ts';

export interface SiblingsOptions {
  stateDir: string;
  session: string;
  /** Digests of the commands of this proxy's servers, by name. */
  servers: Readonly<Record<string, string>>;
  mediator: Mediator;
  journal: Journal;
  /** Does what waited for an answer: as a turn of the session. */
  heard(task: () => void): void;
  /** Siblings' servers have tools of these names: as a turn of the session. */
  named(tools: readonly string[]): void;
}

/** What siblings were asked last, and what was said so far. */
interface Question {
  id: number;
  leaves: readonly Leaf[];
  testimonies: Map<string, Testimony>;
  awaited: Set<Member>;
  then(heard: Heard): void;
  timer: NodeJS.Timeout;
}

/** Sessions of which it is remembered that they were lost. One is enough to ask about. */
const MOST_LOST = 16;

/**
 * The other Cordons of this client session, as one with this one: before a call is judged they are asked what they
 * have read of what it carries. One question at a time, and what comes meanwhile waits in its order. Alone, a call passes
 * by without waiting for anything.
 */
export class Siblings {
  readonly #options: SiblingsOptions;
  readonly #members: Members;
  /** Of each sibling, what it asked last. */
  readonly #askedBy = new WeakMap<Member, { id: number; leaves: readonly Leaf[] }>();
  readonly #lost: string[] = [];
  #waiting: { task: () => void; bytes: number }[] = [];
  #question: Question | undefined;
  #questions = 0;
  #hasToldRead = false;
  #toldTools = 0;
  /** Bytes of the messages that wait for an answer of siblings. */
  waitingBytes = 0;

  constructor(options: SiblingsOptions) {
    const { stateDir, session, servers, mediator, journal } = options;
    this.#options = options;
    this.#members = new Members({
      ...{ stateDir, session, servers },
      standing: () => mediator.siblingStanding,
      tools: () => mediator.toolNames,
      named: (tools) => options.named(tools),
      joined: ({ registration }) => {
        mediator.join();
        journal.note('sibling.join', { session: registration.session });
      },
      left: (member, isLost) => this.#left(member, isLost),
      said: (member, link, said) => this.#hear(member, link, said),
    });
  }

  /** Registers this proxy; what it gives is to be waited for before anything reaches the client: see `Members.open`. */
  open(): Promise<void> | undefined {
    try {
      return this.#members.open();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log('warn', `what this proxy reads is not shared with others of the same client: ${why}`);
      this.#members.close();
      return undefined;
    }
  }

  /** Leaves in good order; what still waits for an answer is dropped with the session. */
  close(): void {
    clearTimeout(this.#question?.timer);
    this.#question = undefined;
    this.#waiting = [];
    this.#members.close();
  }

  /** Something waits for an answer of siblings. */
  get isAsking(): boolean {
    return this.#question !== undefined || this.#waiting.length > 0;
  }

  /** Runs `task` once all is done that waits for an answer now. */
  inOrder(task: () => void, bytes = 0): void {
    this.#waiting.push({ task, bytes });
    this.waitingBytes += bytes;
  }

  /** Has siblings say what they have read of these leaves, then runs `then`; at once where there are none. */
  hear(carried: () => readonly Leaf[] | undefined, then: (heard?: Heard) => void): void {
    if (this.#members.size === 0 && this.#lost.length === 0) return then();
    if (this.#question !== undefined) return this.inOrder(() => this.hear(carried, then));
    const { mediator } = this.#options;
    const leaves = carried();
    if (leaves === undefined) return then();
    this.#members.look();
    const id = ++this.#questions;
    const ask = { kind: 'ask', id, standing: mediator.siblingStanding, leaves } as const;
    const awaited = new Set<Member>();
    for (const member of this.#members.all()) {
      const isAsked = linkOf(member.links)?.say(ask) === true;
      if (isAsked && !member.isSilent) awaited.add(member);
    }
    const testimonies = new Map<string, Testimony>();
    if (awaited.size === 0) return then(this.#heard(testimonies));
    const timer = setTimeout(() => this.#answered(), PATIENCE_MS);
    this.#question = { id, leaves, testimonies, awaited, then, timer };
  }

  /** Tells siblings what was read by anybody of the call that they were asked about last: all else is the client's own. */
  judged({ read }: Judgement): void {
    if (read === undefined) return;
    const { siblingStanding: standing } = this.#options.mediator;
    this.#members.tell({ kind: 'judged', id: this.#questions, standing, read });
  }

  /** Siblings know whether there is anything that would be lost with this one. */
  noteRead(): void {
    if (this.#hasToldRead || this.#members.size === 0) return;
    const standing = this.#options.mediator.siblingStanding;
    if (!standing.readUntrusted) return;
    this.#hasToldRead = true;
    this.#members.tell({ kind: 'read', standing });
  }

  /** Siblings know which tools the servers here have: a description there may speak of them. */
  noteTools(): void {
    if (this.#members.size === 0) return;
    const tools = this.#options.mediator.toolNames;
    if (tools.length === this.#toldTools) return;
    this.#toldTools = tools.length;
    this.#members.tell({ kind: 'tools', tools });
  }

  #left(member: Member, isLost: boolean): void {
    const { session } = member.registration;
    if (isLost && this.#lost.length < MOST_LOST) this.#lost.push(session);
    this.#options.journal.note('sibling.leave', { session, lost: isLost });
    if (this.#question?.awaited.delete(member) && this.#question.awaited.size === 0) this.#answered();
  }

  #heard(testimonies: ReadonlyMap<string, Testimony>): Heard {
    const sessions = [...this.#members.all()].map(({ registration }) => registration.session);
    const unheard = [...this.#lost, ...sessions.filter((session) => !testimonies.has(session))];
    return heardOf(testimonies, unheard, (session, server) => this.#members.isNamesake(session, server));
  }

  #hear(member: Member, link: Link, said: Said): void {
    const { mediator } = this.#options;
    if (said.kind === 'ask') {
      const { id, leaves, standing } = said;
      this.#askedBy.set(member, { id, leaves });
      link.say({ kind: 'answer', id, testimony: mediator.testify(leaves, standing) });
    } else if (said.kind === 'judged') {
      const asked = this.#askedBy.get(member);
      if (asked?.id !== said.id) return;
      this.#askedBy.delete(member);
      mediator.offer(asked.leaves, said.read, said.standing);
    } else if (said.kind === 'answer') this.#answer(member, link, said);
  }

  #answer(member: Member, link: Link, { id, testimony }: Said & { kind: 'answer' }): void {
    member.isSilent = false;
    const question = this.#question;
    if (question?.id !== id || !question.awaited.delete(member)) return;
    try {
      question.testimonies.set(member.registration.session, testimonyFrom(testimony, question.leaves));
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error;
      log(
        'warn',
        `a sibling (session ${member.registration.session}) answered what cannot be read: ${error.message}`,
      );
      link.close();
    }
    if (question.awaited.size === 0) this.#answered();
  }

  /** All have answered, or those that have not are not waited for any more, now and until they say something. */
  #answered(): void {
    const { awaited, testimonies, then, timer } = this.#question!;
    clearTimeout(timer);
    this.#question = undefined;
    for (const member of awaited) {
      member.isSilent = true;
      log(
        'warn',
        `a sibling (session ${member.registration.session}) does not answer; what it read is unknown`,
      );
    }
    this.#options.heard(() => {
      then(this.#heard(testimonies));
      this.#goOn();
    });
  }

  #goOn(): void {
    while (this.#question === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.waitingBytes -= next.bytes;
      next.task();
    }
  }
}
