import type { RememberedFlow } from '../event.ts';

/** Foreign text of which no more is kept than a person can read. */
export interface Excerpt {
  head: string;
  /** What comes last, where something was left out in between. */
  tail: string;
  /** Of the whole, in UTF-16 code units. */
  length: number;
}

/** One argument in question. */
export interface HeldArgument {
  /** RFC 6901 pointer. */
  argument: Excerpt;
  /** What of it is in question. */
  value: Excerpt;
  /** Where it was read; absent where nothing shows where it is from. */
  source?: {
    event: string;
    server: string;
    origin: Excerpt;
    channel: string;
    path: Excerpt;
    integrity: string;
    transforms: string[];
  };
}

/** A call that was held back, as a person is asked about it. */
export interface HeldCall {
  v: 1;
  id: string;
  session: string;
  /** Milliseconds since 1970. */
  time: number;
  /** Path of the lock that a yes for good goes to. */
  lock: string;
  server: string;
  method: string;
  name: Excerpt;
  effect: string;
  rule: string;
  /** Digest of everything that a yes is bound to: two calls have the same one exactly if they are the same call. */
  binding: string;
  questions: HeldArgument[];
  /** How many more arguments are in question than `questions` has room for. */
  more: number;
  /** All that the call carries, as canonical JSON. */
  carries: Excerpt;
  /** What a yes for good would let through; empty where it can only be for once. */
  remember: RememberedFlow[];
}

/** A person's yes to one call, once. */
export interface Grant {
  v: 1;
  id: string;
  session: string;
  binding: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** The beginning of a text and its end, or the whole where both hold it. */
export function excerpt(text: string, headChars: number, tailChars: number): Excerpt {
  const isWhole = text.length <= headChars + tailChars;
  return {
    head: (isWhole ? text : text.slice(0, headChars)).toWellFormed(),
    tail: isWhole ? '' : text.slice(text.length - tailChars).toWellFormed(),
    length: text.length,
  };
}

/** What a person decided, for the log of the session that asked. */
export interface Decision {
  v: 1;
  id: string;
  session: string;
  decision: 'allow' | 'deny';
  /** Whatever asks for the same is let through from then on. */
  forGood: boolean;
  /** Milliseconds since 1970. */
  at: number;
}

/** Undefined for anything else: a torn file, one of another version. */
export function parseHeld(text: string): HeldCall | undefined {
  return parse(text, HELD);
}

/** See `parseHeld`. */
export function parseGrant(text: string): Grant | undefined {
  return parse(text, GRANT);
}

/** See `parseHeld`. */
export function parseDecision(text: string): Decision | undefined {
  return parse(text, DECISION);
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const count: Check = (value) => Number.isSafeInteger(value);
const version: Check = (value) => value === 1;
const id: Check = (value) => typeof value === 'string' && /^d-[0-9a-f]{8}$/.test(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const members =
  (checks: Record<string, Check>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([name, check]) => check((value as Record<string, unknown>)[name]));

const EXCERPT = members({ head: text, tail: text, length: count });
const SOURCE = members({
  event: text,
  server: text,
  origin: EXCERPT,
  channel: text,
  path: EXCERPT,
  integrity: text,
  transforms: list(text),
});
const FLOW = members({
  server: text,
  tool: text,
  argument: text,
  from: text,
  value: maybe(text),
  field: maybe(text),
  form: maybe((value) => value === 'field' || value === 'prose'),
});
const HELD = members({
  v: version,
  id,
  session: text,
  time: count,
  lock: text,
  server: text,
  method: text,
  name: EXCERPT,
  effect: text,
  rule: text,
  binding: text,
  questions: list(members({ argument: EXCERPT, value: EXCERPT, source: maybe(SOURCE) })),
  more: count,
  carries: EXCERPT,
  remember: list(FLOW),
});
const DECISION = members({
  v: version,
  id,
  session: text,
  decision: (value) => value === 'allow' || value === 'deny',
  forGood: (value) => typeof value === 'boolean',
  at: count,
});
const GRANT = members({ v: version, id, session: text, binding: text, until: count });

function parse<T>(json: string, check: Check): T | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return check(value) ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
