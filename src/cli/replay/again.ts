import type { Mode } from '../../event.ts';
import { type Called, type Fork, forked, Undetermined } from '../../mediation/fork.ts';
import { ruleOn } from '../../mediation/policy/ruling.ts';
import { EntryFault, factsOfEntry } from '../../mediation/recorded.ts';
import type { PlainSettings } from '../../mediation/settings.ts';
import type { Entry } from '../../recording/reader.ts';
import { listOf, objectOf, subjectOf, word } from '../log-line.ts';

/** A call whose verdict is not the recorded one. */
export interface Change {
  entry: number;
  event: string;
  /** `server.tool`, as far as it was recorded. */
  call: string;
  /** `deny:unlisted`. */
  recorded: string;
  replayed: string;
}

/** What judging a session's calls again came to. */
export interface Rejudged {
  judged: number;
  /** What each came to, in order. */
  verdicts: string[];
  changes: Change[];
  /** Calls that could not be judged again, and why. */
  undetermined: { entry: number; why: string }[];
}

/** What is to be otherwise, of a session of these servers that ran under these settings, as far as they are known. */
export type Meant = (servers: readonly string[], recorded: PlainSettings | undefined) => Fork;

/**
 * Judges every recorded call again, by the function that judged it, over what was recorded of it. `settings`: the text
 * under a digest.
 */
export function judgeAgain(
  entries: Iterable<Entry>,
  settings: (digest: unknown) => string | undefined,
  meant: Meant,
): Rejudged {
  const found: Rejudged = { judged: 0, verdicts: [], changes: [], undetermined: [] };
  let mode: unknown;
  let fork: Fork = {};
  for (const entry of entries) {
    if (entry.kind === 'session.open') {
      mode = entry['mode'];
      const servers = listOf(entry['servers']).map((server) => word(objectOf(server)['name']));
      fork = meant(servers, settingsFrom(settings(entry['policy'])));
    } else if (entry['verdict'] !== undefined) judgeOne(entry, mode, fork, found);
  }
  return found;
}

function judgeOne(entry: Entry, mode: unknown, fork: Fork, found: Rejudged): void {
  const recorded = `${word(entry['verdict'])}:${word(entry['rule'])}`;
  try {
    const facts = factsOfEntry(entry, mode);
    const { verdict, rule } = ruleOn(forked(facts, calledOf(entry), fork));
    // A person's yes was to the question, so it stands where the question does.
    const isApproved = verdict === 'ask' && entry['rule'] === 'approved';
    const replayed = isApproved ? 'allow:approved' : `${verdict}:${rule}`;
    found.judged++;
    found.verdicts.push(replayed);
    if (replayed === recorded) return;
    found.changes.push({
      entry: entry.n,
      event: word(entry['event']),
      call: subjectOf(entry),
      recorded,
      replayed,
    });
  } catch (error) {
    if (!(error instanceof EntryFault || error instanceof Undetermined)) throw error;
    found.undetermined.push({ entry: entry.n, why: error.message });
  }
}

function calledOf(entry: Entry): Called {
  const flows = listOf(entry['flows']).map((flow) => {
    const { argument, from } = objectOf(flow);
    const { server, origin, confidentiality } = objectOf(from);
    return {
      argument: word(argument),
      server: word(server),
      origin: typeof origin === 'string' ? origin : undefined,
      isConfidential: confidentiality !== 'public',
    };
  });
  return { tool: typeof entry['tool'] === 'string' ? entry['tool'] : undefined, flows };
}

/** Settings as they were kept; undefined for what is none. */
function settingsFrom(text: string | undefined): PlainSettings | undefined {
  if (text === undefined) return undefined;
  const { trust, allow, servers, domains = [] } = JSON.parse(text) as Partial<PlainSettings>;
  if (
    !Array.isArray(allow) ||
    !Array.isArray(servers) ||
    !Array.isArray(domains) ||
    typeof trust !== 'object' ||
    trust === null
  )
    return undefined;
  if (!allow.every(isRecord) || !Object.values(trust).every((one) => isRecord(one) && isRecord(one.tools)))
    return undefined;
  return JSON.parse(text) as PlainSettings;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MODES: ReadonlySet<string> = new Set<Mode>(['observe', 'guard', 'lockdown']);

export function isMode(text: string): text is Mode {
  return MODES.has(text);
}
