import { VERSION } from '../config/version.ts';
import { canonical } from '../json/canonical.ts';
import { sha256 } from '../json/digest.ts';
import { ask, type Context } from './context.ts';
import { HANDSHAKE_REVISIONS, LATEST_HANDSHAKE } from './eras/era.ts';
import { describe } from './listing.ts';
import { log } from './log.ts';
import { type Capabilities, unionOf } from './many/capabilities.ts';
import type { Upstream } from './upstream.ts';

/** What the last run learned of a server, from which the next answers before the server is up. */
export interface Introduction {
  capabilities: Record<string, unknown>;
  instructions?: string;
}

/** Where introductions are kept between runs. */
export interface LastRun {
  read(): Record<string, Introduction>;
  write(all: Record<string, Introduction>): void;
}

/** What becomes of a server that was greeted. */
export interface Greeted {
  /** It has said what it is; what waits for it goes out next. */
  up(upstream: Upstream): void;
  refused(upstream: Upstream, reason: string): void;
}

/** Before anything is known: what most servers have. Lists are said to change, since they will when servers come up. */
const FIRST_CONTACT: Capabilities = { tools: {}, prompts: {}, resources: {} };
/** A server that says more of itself than this is met for the first time in each run. */
const MAX_KEPT_CHARS = 256 * 1024;

/**
 * The handshakes of several servers behind one: the client is answered at once from what the last run learned, and
 * each server is greeted on the client's behalf meanwhile.
 */
export class Handshakes {
  readonly #context: Context;
  readonly #lastRun: LastRun;
  readonly #greeted: Greeted;
  readonly #known: Record<string, Introduction>;
  /** The client's own words to each server, once it has said them. */
  #greeting: Record<string, unknown> | undefined;
  /** What waits until the client is done with its handshake; undefined once it is. */
  #untilReady: (() => void)[] | undefined = [];

  constructor(context: Context, lastRun: LastRun, greeted: Greeted) {
    this.#context = context;
    this.#lastRun = lastRun;
    this.#greeted = greeted;
    this.#known = { ...lastRun.read() };
    for (const upstream of context.upstreams) upstream.held = [];
  }

  /** The client has its answer to `initialize`. */
  get answered(): boolean {
    return this.#greeting !== undefined;
  }

  /** The result of the client's `initialize`, as JSON. Its words are those with which servers are greeted. */
  answer(params: unknown): string {
    const { protocolVersion, capabilities, clientInfo } = (params ?? {}) as Record<string, unknown>;
    const isKnown = typeof protocolVersion === 'string' && HANDSHAKE_REVISIONS.has(protocolVersion);
    const revision = isKnown ? protocolVersion : LATEST_HANDSHAKE;
    this.#context.revision = revision;
    if (this.#greeting === undefined) {
      this.#greeting = { protocolVersion: revision, capabilities: forServers(capabilities), clientInfo };
      for (const upstream of this.#context.upstreams) if (upstream.isStarted) this.greet(upstream);
    }
    const instructions = this.#instructions();
    const introduced = this.#context.upstreams.map(({ name }) => this.#known[name]?.capabilities);
    return JSON.stringify({
      protocolVersion: revision,
      capabilities: unionOf(introduced.map((one) => one ?? FIRST_CONTACT)),
      serverInfo: { name: 'cordon', version: VERSION },
      ...(instructions === '' ? {} : { instructions }),
    });
  }

  /** Greets a server, if the client has said with which words. */
  greet(upstream: Upstream): void {
    if (this.#greeting === undefined || upstream.gone !== undefined) return;
    const { wire } = upstream;
    ask(this.#context, upstream, 'initialize', this.#greeting, (answer) => {
      if (answer === undefined) return;
      if (answer.failed) {
        const { message } = answer.payload as { message?: unknown };
        return this.#greeted.refused(upstream, `it refused the handshake: ${String(message).slice(0, 200)}`);
      }
      const { capabilities, instructions, protocolVersion } = (answer.payload ?? {}) as Record<
        string,
        unknown
      >;
      upstream.revision = typeof protocolVersion === 'string' ? protocolVersion : undefined;
      upstream.capabilities = { ...(capabilities as Record<string, unknown> | undefined) };
      upstream.introduced = true;
      if (instructions !== undefined) describe(this.#context, upstream, 'instructions', [instructions]);
      this.#keep(upstream, instructions);
      // It may ask the client something as soon as it is told, which the client must be ready for.
      if (this.#untilReady === undefined) return this.#start(upstream);
      this.#untilReady.push(() => {
        if (upstream.wire === wire) this.#start(upstream);
      });
    });
  }

  /** The client is done with its handshake, by its own word or by what it asks for. */
  ready(): void {
    const tasks = this.#untilReady;
    if (tasks === undefined || !this.answered) return;
    this.#untilReady = undefined;
    for (const task of tasks) task();
  }

  #start(upstream: Upstream): void {
    if (upstream.gone !== undefined) return;
    const line = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    this.#context.toUpstream(upstream, line);
    this.#greeted.up(upstream);
    upstream.release();
  }

  #keep({ name, capabilities }: Upstream, instructions: unknown): void {
    const said = { capabilities, ...(typeof instructions === 'string' ? { instructions } : {}) };
    if (JSON.stringify(said).length <= MAX_KEPT_CHARS) this.#known[name] = said;
    else {
      delete this.#known[name];
      log(
        'warn',
        `server ${name} says more of itself than is kept: it is met for the first time in each run`,
      );
    }
    this.#context.later(() => this.#lastRun.write(this.#known));
  }

  /** Instructions of the last run, where their digest is that of a pin that stands. */
  #instructions(): string {
    const parts: string[] = [];
    for (const { name } of this.#context.upstreams) {
      const text = this.#known[name]?.instructions;
      if (text === undefined) continue;
      if (this.#context.pins.digest(name, 'instructions', 'instructions') !== digestOf(text)) continue;
      parts.push(`# Server ${name}\n\n${text}`);
    }
    return parts.join('\n\n');
  }
}

/**
 * The client's capabilities as servers are told them. Its tasks are not listed to any of them: each would see what the
 * others started (2025-11-25, tasks: without a way to tell requestors apart, list is not to be offered).
 */
function forServers(capabilities: unknown): unknown {
  const { tasks, ...others } = (capabilities ?? {}) as { tasks?: Record<string, unknown> };
  if (tasks === undefined) return others;
  const { list: _, ...rest } = tasks ?? {};
  return { ...others, tasks: rest };
}

function digestOf(text: string): string | undefined {
  return text.isWellFormed() ? sha256(canonical(text)) : undefined;
}
