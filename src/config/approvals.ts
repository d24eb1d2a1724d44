import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type Decision,
  type Grant,
  type HeldCall,
  parseDecision,
  parseGrant,
  parseHeld,
} from './held-call.ts';

/** A question that nobody answers is swept away; what it quotes should not lie around. */
const OPEN_MS = 24 * 60 * 60 * 1000;
const GRANT_MS = 15 * 60 * 1000;
/** What a clock may be set back by without a yes being lost. */
const DRIFT_MS = 60 * 1000;
/** Drafts of a process that died while it wrote. */
const DRAFT_MS = 60 * 1000;
const DECIDED = '.decided';
const LIVES = [
  ['.asked', OPEN_MS],
  [DECIDED, OPEN_MS],
  ['.allowed', GRANT_MS],
] as const;
/** Longer files are not of our making. */
const MAX_BYTES = 256 * 1024;

/**
 * The questions of every proxy on this state directory and the answers to them: `ID.asked` becomes `ID.allowed` by a
 * person's yes, and both are gone once used, denied or too old; `ID.TIME.decided` is for the log. Files appear whole, by a rename, and whoever removes
 * one has it: of two who answer or use the same, one wins. A crash between two steps loses a yes, never makes one.
 */
export class Approvals {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'approvals');
  }

  /** Puts a question. `now` in ms since 1970, as in all that follows. */
  ask(call: HeldCall, now: number): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#sweep(now);
    this.#write(`${call.id}.asked`, call);
  }

  /** Every open question, oldest first. */
  open(now: number): HeldCall[] {
    this.#sweep(now);
    return this.#names()
      .filter((name) => name.endsWith('.asked'))
      .flatMap((name) => this.#read(name, parseHeld) ?? [])
      .sort((a, b) => a.time - b.time);
  }

  /** Takes the question off the list, so that only the caller can answer it. False if it is not, or no longer, open. */
  close(id: string): boolean {
    return this.#remove(`${id}.asked`);
  }

  /** Lets the call of a question that the caller has closed through, once; the time until which, in ms since 1970. */
  grant(call: HeldCall, now: number): number {
    const until = now + GRANT_MS;
    const { id, session, binding } = call;
    this.#write(`${id}.allowed`, { v: 1, id, session, binding, until } satisfies Grant);
    return until;
  }

  /** Takes back a yes that was not used. */
  revoke(id: string): boolean {
    return this.#remove(`${id}.allowed`);
  }

  /** Uses up the yes to the question `id`. True exactly once, if it was for this call of this session and is not over. */
  use(id: string, { session, binding }: Pick<Grant, 'session' | 'binding'>, now: number): boolean {
    const name = `${id}.allowed`;
    const grant = this.#read(name, parseGrant);
    if (grant === undefined || grant.id !== id) return false;
    if (grant.session !== session || grant.binding !== binding || grant.until <= now) return false;
    // The clock was set back, or somebody wrote more into it.
    if (grant.until > now + GRANT_MS + DRIFT_MS) return false;
    return this.#remove(name);
  }

  /** The session that put a question, or that a yes is for; undefined if there is neither. */
  sessionOf(id: string): string | undefined {
    return (this.#read(`${id}.asked`, parseHeld) ?? this.#read(`${id}.allowed`, parseGrant))?.session;
  }

  /** Leaves word of a decision for the log of the session that asked. */
  decide(decision: Omit<Decision, 'v'>): void {
    this.#write(`${decision.id}.${decision.at}${DECIDED}`, { v: 1, ...decision } satisfies Decision);
  }

  /** Hands out the decisions on a session's questions, once, in the order in which they were taken. */
  takeDecisions(session: string): Decision[] {
    const taken: Decision[] = [];
    for (const name of this.#names()) {
      if (!name.endsWith(DECIDED)) continue;
      const decision = this.#read(name, parseDecision);
      if (decision?.session === session && this.#remove(name)) taken.push(decision);
    }
    return taken.sort((a, b) => a.at - b.at);
  }

  #sweep(now: number): void {
    for (const name of this.#names()) {
      const path = join(this.#folder, name);
      const [, lifeMs] = LIVES.find(([ending]) => name.endsWith(ending)) ?? ['', DRAFT_MS];
      const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
      if (now - written > lifeMs) rmSync(path, { force: true });
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Undefined if it is gone, or not what it should be. */
  #read<T>(name: string, parse: (text: string) => T | undefined): T | undefined {
    const path = join(this.#folder, name);
    try {
      return statSync(path).size > MAX_BYTES ? undefined : parse(readFileSync(path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #write(name: string, value: unknown): void {
    const draft = join(this.#folder, `.${name}.${randomBytes(6).toString('hex')}`);
    try {
      writeFileSync(draft, JSON.stringify(value), { mode: 0o600, flag: 'wx' });
      renameSync(draft, join(this.#folder, name));
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  }

  #remove(name: string): boolean {
    try {
      // Not rmSync, which lets two callers believe that they removed the same file.
      unlinkSync(join(this.#folder, name));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }
}
