import { VERSION } from '../config/version.ts';
import { canonical } from '../json/canonical.ts';
import { sha256 } from '../json/digest.ts';
import { ask, type Context } from './context.ts';
import { describe } from './listing.ts';
import { log } from './log.ts';
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

const LATEST = '2025-11-25';
const HANDSHAKE_REVISIONS = new Set(['2024-11-05', '2025-03-26', '2025-06-18', LATEST]);
/** Before anything is known: what most servers have. Lists are said to change, since they will when servers come up. */
const FIRST_CONTACT: Record<string, unknown> = { tools: {}, prompts: {}, resources: {} };
const LISTS = new Set(['tools', 'prompts', 'resources']);

/**
 * The handshakes of several servers behind one: the client is answered at once from what the last run learned, and
 * each server is greeted on the client's behalf meanwhile.
 */
export class Handshakes {
  readonly #context: Context;
  readonly #lastRun: LastRun;
  readonly #known: Record<string, Introduction>;
  #answered = false;

  constructor(context: Context, lastRun: LastRun) {
    this.#context = context;
    this.#lastRun = lastRun;
    this.#known = { ...lastRun.read() };
    for (const upstream of context.upstreams) upstream.held = [];
  }

  /** The client has its answer to `initialize`. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The result of the client's `initialize`, as JSON; greets every server with the client's own words. */
  answer(params: unknown): string {
    const { protocolVersion, capabilities, clientInfo } = (params ?? {}) as Record<string, unknown>;
    const isKnown = typeof protocolVersion === 'string' && HANDSHAKE_REVISIONS.has(protocolVersion);
    const revision = isKnown ? protocolVersion : LATEST;
    if (!this.#answered) {
      this.#answered = true;
      const greeting = { protocolVersion: revision, capabilities: capabilities ?? {}, clientInfo };
      for (const upstream of this.#context.upstreams) this.#greet(upstream, greeting);
    }
    const instructions = this.#instructions();
    return JSON.stringify({
      protocolVersion: revision,
      capabilities: this.#capabilities(),
      serverInfo: { name: 'cordon', version: VERSION },
      ...(instructions === '' ? {} : { instructions }),
    });
  }

  #greet(upstream: Upstream, greeting: Record<string, unknown>): void {
    if (upstream.gone !== undefined) return upstream.release();
    ask(this.#context, upstream, 'initialize', greeting, (answer) => {
      if (answer === undefined || answer.failed) {
        if (answer !== undefined) log('error', `server ${upstream.name} refused the handshake`);
        return upstream.release();
      }
      const { capabilities, instructions } = (answer.payload ?? {}) as Record<string, unknown>;
      upstream.capabilities = { ...(capabilities as Record<string, unknown> | undefined) };
      upstream.introduced = true;
      if (instructions !== undefined) describe(this.#context, upstream, 'instructions', [instructions]);
      this.#context.toUpstream(
        upstream,
        Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}'),
      );
      this.#known[upstream.name] = {
        capabilities: upstream.capabilities,
        ...(typeof instructions === 'string' ? { instructions } : {}),
      };
      this.#context.later(() => this.#lastRun.write(this.#known));
      upstream.release();
    });
  }

  #capabilities(): Record<string, unknown> {
    const union: Record<string, Record<string, unknown>> = {};
    for (const { name } of this.#context.upstreams) {
      const capabilities = this.#known[name]?.capabilities ?? FIRST_CONTACT;
      for (const [key, value] of Object.entries(capabilities)) {
        // Tasks and extensions need routing of their own; what is not carried is not promised.
        if (!LISTS.has(key) && key !== 'logging' && key !== 'completions') continue;
        union[key] = {
          ...union[key],
          ...(value as object),
          ...(LISTS.has(key) ? { listChanged: true } : {}),
        };
      }
    }
    return union;
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

function digestOf(text: string): string | undefined {
  return text.isWellFormed() ? sha256(canonical(text)) : undefined;
}
