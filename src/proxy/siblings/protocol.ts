import type { Leaf } from '../../event.ts';
import { count, EntryFault, listed, one, record, text } from '../../mediation/recorded.ts';
import { type Standing, standingFrom } from '../../mediation/siblings.ts';

/** What siblings say to each other: one JSON object a line. */
export type Said =
  /** First on each side. */
  | { kind: 'hello'; session: string; standing: Standing; tools: readonly string[] }
  /** My servers' tools have these names now. */
  | { kind: 'tools'; tools: readonly string[] }
  /** Something untrusted was read now, for the first time. */
  | { kind: 'read'; standing: Standing }
  /** What have you read of these leaves? */
  | { kind: 'ask'; id: number; standing: Standing; leaves: readonly Leaf[] }
  /** A `Testimony`, which the asking side reads against what it asked. */
  | { kind: 'answer'; id: number; testimony: unknown }
  /** Of what was asked, these values were read by somebody; all else is the client's own. */
  | { kind: 'judged'; id: number; standing: Standing; read: readonly Leaf[] }
  /** This session ends in good order. */
  | { kind: 'bye' };

/** Siblings of another version understand one another not at all, rather than in part. */
const VERSION = 2;
/** Longer lines are neither sent nor read. */
export const LONGEST_LINE = 32 * 1024 * 1024;
const MOST_LEAVES = 65_536;
const FORMS: readonly Leaf['form'][] = ['string', 'number', 'key'];
const KINDS: readonly Said['kind'][] = ['hello', 'tools', 'read', 'ask', 'answer', 'judged', 'bye'];
/** Names of one session, and the longest. */
const MOST_TOOLS = 2000;
const LONGEST_NAME = 128;

/** The line of a message; undefined where it would be too long. */
export function lineOf(said: Said): Buffer | undefined {
  const line = JSON.stringify({ v: VERSION, ...said });
  return line.length > LONGEST_LINE / 3 ? undefined : Buffer.from(`${line}\n`);
}

/** A line as it was meant; undefined for one that means nothing here. */
export function saidIn(line: Buffer): Said | undefined {
  try {
    return read(record(JSON.parse(line.toString('utf8')), 'line'));
  } catch (error) {
    if (error instanceof EntryFault || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function read(value: Record<string, unknown>): Said {
  one(value['v'], [VERSION], 'v');
  const kind = one(value['kind'], KINDS, 'kind');
  const id = () => count(value['id'], 'id');
  const standing = () => standingFrom(value['standing']);
  switch (kind) {
    case 'hello':
      return {
        kind,
        session: text(value['session'], 'session'),
        standing: standing(),
        tools: toolsFrom(value['tools']),
      };
    case 'tools':
      return { kind, tools: toolsFrom(value['tools']) };
    case 'read':
      return { kind, standing: standing() };
    case 'ask':
      return { kind, id: id(), standing: standing(), leaves: bounded(value['leaves']).map(leafFrom) };
    case 'answer':
      return { kind, id: id(), testimony: value['testimony'] };
    case 'judged':
      return { kind, id: id(), standing: standing(), read: bounded(value['read']).map(leafFrom) };
    case 'bye':
      return { kind };
  }
}

function toolsFrom(value: unknown): readonly string[] {
  const names = listed(value, 'tools').map((name) => text(name, 'tools'));
  one(names.length <= MOST_TOOLS && names.every(({ length }) => length <= LONGEST_NAME), [true], 'tools');
  return names;
}

function bounded(value: unknown): readonly unknown[] {
  const list = listed(value, 'leaves');
  one(list.length <= MOST_LEAVES, [true], 'leaves');
  return list;
}

function leafFrom(value: unknown): Leaf {
  const leaf = record(value, 'leaf');
  return {
    path: text(leaf['path'], 'path'),
    text: text(leaf['text'], 'text'),
    form: one(leaf['form'], FORMS, 'form'),
  };
}
