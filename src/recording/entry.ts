import { canonical } from '../json/canonical.ts';
import type { ContentDigest } from './content.ts';
import { RecordingError } from './errors.ts';
import { ENTRY_VERSION, MAX_ENTRY_BYTES } from './format.ts';

/** What an entry says beside its envelope, as plain JSON. Members with the envelope's names lose to it. */
export type Body = Readonly<Record<string, unknown>>;

/** The members every entry has. */
export interface Envelope {
  /** 0-based index in the log. */
  n: number;
  /** Milliseconds since 1970, UTC, an integer. */
  time: number;
  kind: string;
}

/**
 * The canonical JSON (RFC 8785) of an entry, at most 60,000 bytes of UTF-8. Members of a longer one are replaced by
 * `{digest, bytes}` of their canonical JSON, the largest first, until it fits.
 *
 * @throws RecordingError `entry-unencodable` for a body that is not JSON (a function, a cycle, a huge depth).
 */
export function encodeEntry(
  envelope: Envelope,
  body: Body,
  content: Record<string, ContentDigest> | undefined,
  digest: (text: string) => ContentDigest,
): string {
  const { n, time, kind } = envelope;
  // Not a spread, which V8 makes twenty times slower. A body that has its members in order, with room for these (as
  // undefined) among them, keeps that order here and is then written natively.
  let entry: Record<string, unknown> = Object.assign({}, body, { content, kind, n, time, v: ENTRY_VERSION });
  let text: string;
  try {
    text = canonical(entry);
  } catch {
    try {
      entry = wellFormed(entry);
      text = canonical(entry);
    } catch (error) {
      throw new RecordingError('entry-unencodable', `an entry of kind ${envelope.kind} is not JSON`, error);
    }
  }
  return fits(text) ? text : shorten(entry, digest);
}

/** A UTF-16 code unit is at most three bytes of UTF-8: most entries are known to fit without counting. */
function fits(text: string): boolean {
  return text.length * 3 <= MAX_ENTRY_BYTES || Buffer.byteLength(text) <= MAX_ENTRY_BYTES;
}

/** A foreign name may hold a lone surrogate, which has no UTF-8: U+FFFD takes its place, so that it is recorded. */
function wellFormed(entry: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(entry, repaired)) as Record<string, unknown>;
}

function repaired(_: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toWellFormed(), member]));
}

function shorten(entry: Record<string, unknown>, digest: (text: string) => ContentDigest): string {
  const members = Object.keys(entry)
    .filter((name) => !ENVELOPE.has(name) && entry[name] !== undefined)
    .map((name) => ({ name, text: canonical(entry[name]) }))
    .sort((a, b) => b.text.length - a.text.length);
  let bytes = Buffer.byteLength(canonical(entry));
  for (const { name, text } of members) {
    const short = digest(text);
    const saved = Buffer.byteLength(text) - Buffer.byteLength(canonical(short));
    if (saved <= 0) break;
    entry[name] = short;
    bytes -= saved;
    if (bytes <= MAX_ENTRY_BYTES) return canonical(entry);
  }
  // Thousands of small members: even their digests are too long together.
  const { v, n, time, kind, ...detail } = entry;
  return canonical({ v, n, time, kind, detail: digest(canonical(detail)) });
}

const ENVELOPE: ReadonlySet<string> = new Set(['v', 'n', 'time', 'kind']);
