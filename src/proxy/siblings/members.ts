import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import type { Standing } from '../../mediation/siblings.ts';
import { startTimeOf } from '../process-group.ts';
import { sessionKeys } from './client-process.ts';
import { Link } from './link.ts';
import type { Said } from './protocol.ts';
import { isOurSocket, type Registration, Registry } from './registry.ts';

/** How long a sibling has to answer, in ms. */
export const PATIENCE_MS = 250;
/** A sibling that cannot be reached is tried again after this time, in ms. */
const RETRY_MS = 1000;

/** Another Cordon of this client session that is registered, whether or not it can be reached. */
export interface Member {
  registration: Registration;
  /** None while it cannot be reached; two if both greeted at once. */
  links: Set<Link>;
  /** It let a question go unanswered, and has said nothing since. */
  isSilent: boolean;
  /** Something untrusted was read in its session. */
  hasRead: boolean;
  /** It was greeted and has not answered. */
  isGreeted: boolean;
  triedAt: number;
}

export interface MembersOptions {
  stateDir: string;
  session: string;
  /** See `Registration`. */
  servers: Readonly<Record<string, string>>;
  /** What siblings are told of this session. */
  standing(): Standing;
  tools(): readonly string[];
  joined(member: Member): void;
  /** It is gone. `isLost`: without a word, and with what it had read. */
  left(member: Member, isLost: boolean): void;
  said(member: Member, link: Link, said: Said): void;
  /** A member's servers have these tools. */
  named(tools: readonly string[]): void;
}

/** The siblings of this proxy: who is registered, and a link to each. */
export class Members {
  readonly #options: MembersOptions;
  readonly #registry: Registry;
  readonly #members = new Map<string, Member>();
  #self: Registration | undefined;
  #server: Server | undefined;

  constructor(options: MembersOptions) {
    this.#options = options;
    this.#registry = new Registry(options.stateDir);
  }

  get size(): number {
    return this.#members.size;
  }

  all(): Iterable<Member> {
    return this.#members.values();
  }

  /**
   * Registers, then greets who was registered before: of two that start at once at least one finds the other. Resolved
   * once all of them know of this proxy, or have not said so in time; undefined where there is nobody to wait for.
   *
   * @throws Error where no socket or registration can be made.
   */
  open(): Promise<void> | undefined {
    const startTime = startTimeOf(process.pid);
    const keys = sessionKeys();
    // Where no process can be told from a later one of its pid, nobody can be joined.
    if (startTime === undefined || keys.length === 0) return undefined;
    const socket = this.#registry.makeSocketPath();
    this.#server = createServer((one) => this.#accept(one)).unref();
    this.#server.on('error', () => {});
    this.#server.listen(socket);
    const { session, servers } = this.#options;
    this.#self = { pid: process.pid, startTime, session, keys, servers, socket };
    this.#registry.add(this.#self);
    const found = this.#registry.siblings(this.#self);
    if (found.length === 0) return undefined;
    const greeted = found.map((one) => this.#greet(this.#join(one)));
    // Nothing else may keep the process alive by then: the client is read, and several servers are started, afterwards.
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    return Promise.race([Promise.all(greeted).then(() => {}), timeUp]).finally(() => clearTimeout(timer));
  }

  /** Tries again to reach those that could not be, and drops those that are gone. */
  look(): void {
    for (const member of this.#members.values()) {
      if (member.links.size > 0 || !this.#isStill(member) || member.isGreeted) continue;
      if (process.uptime() * 1000 - member.triedAt > RETRY_MS) void this.#greet(member);
    }
  }

  /** Whether a member's server has the name of one of this proxy's and is another one. */
  isNamesake(session: string, server: string): boolean {
    const { servers } = this.#options;
    if (!Object.hasOwn(servers, server)) return false;
    return this.#members.get(session)?.registration.servers[server] !== servers[server];
  }

  tell(said: Said): void {
    for (const { links } of this.#members.values()) linkOf(links)?.say(said);
  }

  close(): void {
    if (this.#self === undefined) return;
    this.#registry.remove(this.#self);
    this.#server?.close();
    for (const { links } of this.#members.values()) for (const link of links) link.leave();
    this.#members.clear();
    this.#self = undefined;
  }

  /** Resolved when the member has answered the greeting, or cannot be reached. */
  #greet(member: Member): Promise<void> {
    member.triedAt = process.uptime() * 1000;
    const { socket: path } = member.registration;
    if (!isOurSocket(path)) return Promise.resolve();
    member.isGreeted = true;
    return new Promise((resolve) => {
      const socket = dial(path);
      const link: Link = new Link(socket, {
        said: (said) => {
          if (said.kind === 'hello' && said.session === member.registration.session) {
            this.#take(member, link, said);
            resolve();
          } else this.#hear(member, link, said);
        },
        closed: () => {
          member.isGreeted = false;
          this.#unlink(member, link);
          resolve();
        },
      });
      link.say(this.#hello());
    });
  }

  #accept(socket: Socket): void {
    let member: Member | undefined;
    const link: Link = new Link(socket, {
      said: (said) => {
        if (member !== undefined) return this.#hear(member, link, said);
        member = said.kind === 'hello' ? this.#memberOf(said.session) : undefined;
        if (member === undefined || said.kind !== 'hello') return link.close();
        this.#take(member, link, said);
        link.say(this.#hello());
      },
      closed: () => {
        if (member !== undefined) this.#unlink(member, link);
      },
    });
  }

  #hello(): Said {
    const { session, standing, tools } = this.#options;
    return { kind: 'hello', session, standing: standing(), tools: tools() };
  }

  /** Who says hello has to be registered, under a key of this client session. */
  #memberOf(session: string): Member | undefined {
    const known = this.#members.get(session);
    if (known !== undefined || this.#self === undefined) return known;
    const found = this.#registry.siblings(this.#self).find((one) => one.session === session);
    return found && this.#join(found);
  }

  #join(registration: Registration): Member {
    const member: Member = {
      ...{ registration, links: new Set(), isSilent: false, hasRead: false },
      ...{ isGreeted: false, triedAt: 0 },
    };
    this.#members.set(registration.session, member);
    this.#options.joined(member);
    return member;
  }

  #take(member: Member, link: Link, { standing, tools }: Said & { kind: 'hello' }): void {
    member.links.add(link);
    member.isSilent = false;
    member.hasRead ||= standing.readUntrusted;
    this.#options.named(tools);
  }

  #hear(member: Member, link: Link, said: Said): void {
    if (this.#members.get(member.registration.session) !== member) return;
    if (said.kind === 'bye') this.#drop(member, false);
    else if (said.kind === 'tools') this.#options.named(said.tools);
    else if (said.kind === 'read') member.hasRead ||= said.standing.readUntrusted;
    else this.#options.said(member, link, said);
  }

  #unlink(member: Member, link: Link): void {
    if (!member.links.delete(link) || member.links.size > 0) return;
    if (this.#members.get(member.registration.session) === member) this.#isStill(member);
  }

  #isStill(member: Member): boolean {
    if (this.#registry.isRunning(member.registration)) return true;
    this.#drop(member, member.hasRead);
    return false;
  }

  #drop(member: Member, isLost: boolean): void {
    this.#members.delete(member.registration.session);
    this.#options.left(member, isLost);
  }
}

/** The link to ask on. */
export function linkOf(links: ReadonlySet<Link>): Link | undefined {
  return links.values().next().value;
}
