import type { Mode } from '../../event.ts';
import { canonical } from '../../json/canonical.ts';
import { type Called, type Fork, forked, Undetermined } from '../../mediation/fork.ts';
import { ruleOn } from '../../mediation/policy/ruling.ts';
import { EntryFault, factsOfEntry } from '../../mediation/recorded.ts';
import type { PlainSettings } from '../../mediation/settings.ts';
import type { TapePlayer } from '../../mediation/tape/player.ts';
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
  /** How many of them from their content, and not from what was recorded as found in it. */
  fromContent: number;
  /** What each came to, in order. */
  verdicts: string[];
  changes: Change[];
  /** Calls into which other flows were found than recorded, under the same settings. */
  differing: { entry: number; members: string[] }[];
  /** Calls that could not be judged again, and why. */
  undetermined: { entry: number; why: string }[];
}

/** What is to be otherwise, of a session of these servers that ran under these settings, as far as they are known. */
export type Meant = (servers: readonly string[], recorded: PlainSettings | undefined) => Fork;

/** What the content of a session is judged again by, where that was kept. */
export type Taped = (
  opening: Entry,
  recorded: PlainSettings | undefined,
  fork: Fork,
) => TapePlayer | undefined;

/**
 * Judges every recorded call again, by the functions that judged it: from its content where that was kept, else from what
 * was recorded of it. `settings`: the text under a digest.
 */
export function judgeAgain(
  entries: Iterable<Entry>,
  settings: (digest: unknown) => string | undefined,
  meant: Meant,
  taped: Taped = () => undefined,
): Rejudged {
  const found: Rejudged = {
    ...{ judged: 0, fromContent: 0, verdicts: [], changes: [], differing: [], undetermined: [] },
  };
  let mode: unknown;
  let fork: Fork = {};
  let player: TapePlayer | undefined;
  for (const entry of entries) {
    if (entry.kind === 'session.open') {
      mode = entry['mode'];
      const servers = listOf(entry['servers']).map((server) => word(objectOf(server)['name']));
      const recorded = settingsFrom(settings(entry['policy']));
      fork = meant(servers, recorded);
      player = taped(entry, recorded, fork);
    } else if (entry['verdict'] !== undefined) judgeOne(entry, mode, fork, player, found);
  }
  return found;
}

function judgeOne(
  entry: Entry,
  mode: unknown,
  fork: Fork,
  player: TapePlayer | undefined,
  found: Rejudged,
): void {
  const recorded = `${word(entry['verdict'])}:${word(entry['rule'])}`;
  try {
    const played = player?.play(word(entry['event']));
    if (played === undefined && player?.isAltered === true)
      throw new Undetermined('its content was not kept, and answers before it are taken otherwise');
    const { verdict, rule } =
      played?.judgement ?? ruleOn(forked(factsOfEntry(entry, mode), calledOf(entry), fork));
    // A person's yes was to the question, so it stands where the question does.
    const isApproved = verdict === 'ask' && entry['rule'] === 'approved';
    const replayed = isApproved ? 'allow:approved' : `${verdict}:${rule}`;
    found.judged++;
    found.verdicts.push(replayed);
    if (played !== undefined) found.fromContent++;
    if (replayed !== recorded) {
      found.changes.push({
        entry: entry.n,
        event: word(entry['event']),
        call: subjectOf(entry),
        recorded,
        replayed,
      });
    } else if (played !== undefined && player?.isAltered === false && !fork.mode && !fork.policy) {
      const members = differing(entry, played.evidence);
      if (members.length > 0) found.differing.push({ entry: entry.n, members });
    }
  } catch (error) {
    if (!(error instanceof EntryFault || error instanceof Undetermined)) throw error;
    found.undetermined.push({ entry: entry.n, why: error.message });
  }
}

/** Members of an entry that say something else than what was found now; one that was too long says nothing. */
function differing(entry: Entry, evidence: Record<string, unknown>): string[] {
  return EVIDENCE.filter((name) => {
    const was = entry[name];
    if (Object.hasOwn(objectOf(was), 'bytes') && Object.hasOwn(objectOf(was), 'digest')) return false;
    return canonical(was ?? null) !== canonical(evidence[name] ?? null);
  });
}

/** What follows from content. The rest names the call, or is the person's. */
const EVIDENCE = ['descriptor', 'effect', 'effectBy', 'facts', 'flows'] as const;

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
