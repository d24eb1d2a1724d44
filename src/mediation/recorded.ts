import type { Channel, Effect, Form, Integrity, Mode, Role, Steering } from '../event.ts';
import type { Facts, FlowFact, PlaceFact } from './policy/facts.ts';
import type { SinkKind } from './sinks.ts';

/** An entry does not hold what it should; the message says which member. */
export class EntryFault extends Error {
  override name = 'EntryFault';
}

const MODES: readonly Mode[] = ['observe', 'guard', 'lockdown'];
const EFFECTS: readonly Effect[] = ['read', 'write', 'send', 'execute', 'destroy'];
const SINKS: readonly SinkKind[] = ['tool', 'resource', 'prompt', 'completion', 'answer', 'unknown'];
const STANDINGS: readonly Facts['descriptor'][] = ['usable', 'withheld', 'unlisted'];
const ROLES: readonly Role[] = ['destination', 'selector', 'credential', 'code', 'content', 'scalar'];
export const MATCHES: readonly FlowFact['flow']['match'][] = ['whole', 'atom', 'span'];
export const FORMS: readonly Form[] = ['field', 'prose'];
export const STEERINGS: readonly Steering[] = ['here', 'near', 'sought', 'led'];
export const INTEGRITIES: readonly Integrity[] = ['trusted', 'untrusted', 'poisoned-suspect'];
export const CHANNELS: readonly Channel[] = [
  ...([
    'result',
    'error',
    'resource',
    'prompt',
    'completion',
    'notification',
    'request',
    'descriptor',
  ] as const),
];

/**
 * The facts that a judged call's entry holds: what `judgementEvidence` wrote of them. Arguments are as they are recorded.
 * `mode` is the session's.
 *
 * @throws EntryFault for an entry that lacks them: of an older Cordon, or too long to be recorded whole.
 */
export function factsOfEntry(entry: Readonly<Record<string, unknown>>, mode: unknown): Facts {
  const facts = record(entry['facts'], 'facts');
  const places = listed(facts['places'], 'places').map(placeOf);
  const indices = (name: string): number[] =>
    listed(facts[name], name).map((one) => index(one, places.length, name));
  const flows = listed(entry['flows'], 'flows');
  return {
    mode: one(mode, MODES, 'mode'),
    sink: one(facts['sink'] ?? 'tool', SINKS, 'sink'),
    server: text(entry['server'], 'server'),
    effect: one(entry['effect'], EFFECTS, 'effect'),
    reads: flag(facts['reads'], 'reads'),
    descriptor: one(facts['standing'] ?? 'usable', STANDINGS, 'standing'),
    covered: flag(facts['covered'], 'covered'),
    readUntrusted: flag(facts['readUntrusted'], 'readUntrusted'),
    places,
    flows: flows.map((flow) => flowOf(flow, places.length)),
    goes: flag(facts['goes'], 'goes'),
    said: count(facts['said'] ?? 0, 'said'),
    forgotten: indices('forgotten'),
    ungrounded: facts['ungrounded'] === undefined ? undefined : indices('ungrounded'),
    ...(facts['unheard'] === undefined
      ? {}
      : { unheard: listed(facts['unheard'], 'unheard').map((one) => text(one, 'unheard')) }),
  };
}

function placeOf(value: unknown): PlaceFact {
  const place = record(value, 'places');
  return {
    argument: text(place['argument'], 'argument'),
    inName: flag(place['inName'], 'inName'),
    role: one(place['role'], ROLES, 'role'),
    isText: flag(place['text'], 'text'),
    isSpaced: flag(place['spaced'], 'spaced'),
  };
}

function flowOf(value: unknown, places: number): FlowFact {
  const flow = record(value, 'flows');
  const from = record(flow['from'], 'from');
  const span = listed(flow['span'], 'span').map((one) => count(one, 'span'));
  if (span.length !== 2) throw new EntryFault('span is no pair');
  const { steers, session } = from;
  return {
    flow: {
      span: [span[0]!, span[1]!],
      match: one(flow['match'], MATCHES, 'match'),
      form: one(from['form'], FORMS, 'form'),
      alone: flag(from['alone'], 'alone'),
      inName: flag(flow['inName'], 'inName'),
      ...(flag(flow['common'], 'common') ? { common: true } : {}),
      source: {
        event: text(from['event'], 'event'),
        ...(session === undefined ? {} : { session: text(session, 'session') }),
        server: text(from['server'], 'server'),
        channel: one(from['channel'], CHANNELS, 'channel'),
        label: { integrity: one(from['integrity'], INTEGRITIES, 'integrity') },
        marked: flag(from['marked'], 'marked'),
        echo: flag(from['echo'], 'echo'),
        asked: flag(from['asked'], 'asked'),
        ...(steers === undefined ? {} : { steers: one(steers, STEERINGS, 'steers') }),
      },
    },
    place: index(flow['place'], places, 'place'),
    permitted: flag(flow['permitted'], 'permitted'),
    remembered: flag(flow['remembered'], 'remembered'),
    leaks: flag(flow['leaks'], 'leaks'),
    namesPlace: flag(flow['namesPlace'], 'namesPlace'),
    isAccount: flag(flow['account'], 'account'),
    isPlain: flag(flow['plain'], 'plain'),
    isPastHost: flag(flow['pastHost'], 'pastHost'),
    isLink: flag(from['link'], 'link'),
  };
}

export function record(value: unknown, name: string): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isRecord && !('bytes' in value && 'digest' in value)) return value as Record<string, unknown>;
  throw new EntryFault(
    value === undefined ? `no ${name} was recorded` : `${name} was too long to be recorded`,
  );
}

/** What is absent is an empty list. */
export function listed(value: unknown, name: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new EntryFault(`${name} was too long to be recorded`);
}

export function one<T>(value: unknown, all: readonly T[], name: string): T {
  const found = all.find((known) => known === value);
  if (found === undefined) throw new EntryFault(`${name} is not one that this version knows`);
  return found;
}

export function flag(value: unknown, name: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw new EntryFault(`${name} is neither true nor false`);
}

export function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new EntryFault(`${name} is no text`);
}

export function count(value: unknown, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new EntryFault(`${name} is no number`);
}

function index(value: unknown, length: number, name: string): number {
  const number = count(value, name);
  if (number < length) return number;
  throw new EntryFault(`${name} points at nothing`);
}
