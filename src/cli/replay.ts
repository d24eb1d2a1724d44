import { ConfigError } from '../config/error.ts';
import { type PolicyFile, readPolicy } from '../config/policy-file.ts';
import { VERSION } from '../config/version.ts';
import { canonical } from '../json/canonical.ts';
import { printable, reviewable } from '../json/printable.ts';
import { plainSettings } from '../mediation/settings.ts';
import { TapeFault } from '../mediation/tape/read-step.ts';
import { readBlob } from '../recording/blobs.ts';
import { RecordingError } from '../recording/errors.ts';
import { findSession, listSessions, readEntries, type SessionSummary } from '../recording/reader.ts';
import { tapedSession, tapeEnd } from '../recording/tape/tape.ts';
import { verifyLog } from '../recording/verify.ts';
import { timeOf, word } from './log-line.ts';
import { type Flags, readCommand, textFlag, UsageError } from './read-command.ts';
import { isMode, judgeAgain, type Meant, type Rejudged } from './replay/again.ts';
import { payloadsOf, readBehaviour } from './replay/behaviour.ts';
import { stepsOf, tapedBy } from './replay/taped.ts';
import { signersMeant } from './trust-meant.ts';

const USAGE = `usage: cordon replay [SESSION] [--mode MODE] [--policy FILE] [--behaviour FILE] [--state DIR] [--json]
       cordon replay --all     [--mode MODE] [--policy FILE] [--state DIR] [--json]

Judges the calls of a recorded session again, by the rules of this version, without starting a server: every verdict must
come out as it was recorded. SESSION is a session's id or the beginning of one; without it, the newest is meant.

  --mode MODE     observe, guard or lockdown: which verdicts would have been others?
  --policy FILE   the same under the "cordon" block of a file: its allow lines, trust and, if it names one, mode
  --behaviour FILE  the same if servers had answered otherwise (docs/replay.md); needs a session's content
  --all           every session of the state directory
  --trusted-keys FILE, --require-key   as of cordon log verify
  --state DIR     where keys and logs lie (default: the system's state directory)
  --json          for programs: {version, sessions: [{session, cordon, signed, judged, fromContent, verdicts, changes, differing,
                  undetermined}], counts}

Where content was kept (record.content: full), what flowed into each call is found anew; else verdicts are come to again
from what was recorded as found, and what a fork would have to read texts for is said to be undetermined
(docs/replay.md). It looks at each call as it came: what a client would have done after another verdict, nobody knows.

Exit codes: 0 every verdict is the recorded one; 1 some are not, other flows were found, or a log was changed; 2 it could not be done; 3 none is
known to be another, but some calls could not be judged again.
`;

/** Judges recorded sessions again. Exit codes: see the usage. */
export async function command(argv: string[]): Promise<number> {
  return readCommand('replay', USAGE, argv, replay, {
    mode: { type: 'string' },
    policy: { type: 'string' },
    behaviour: { type: 'string' },
    all: { type: 'boolean' },
    'trusted-keys': { type: 'string' },
    'require-key': { type: 'boolean' },
  });
}

interface Replayed extends Rejudged {
  session: string;
  /** The version that recorded it. */
  cordon: string;
  /** Entries under the checkpoint; those after it are judged as well. */
  signed: number;
  /** Why it was not judged at all. */
  refused?: string;
}

function replay(words: readonly string[], state: string, json: boolean, flags: Flags): number | undefined {
  const all = flags['all'] === true;
  if (words.length > (all ? 0 : 1)) return undefined;
  const meant = forkMeant(flags);
  const file = textFlag(flags, 'behaviour');
  if (all && file !== undefined) throw new UsageError('--behaviour is for one session');
  const behaviour = file === undefined ? undefined : readBehaviour(file);
  const sessions = all ? listSessions(state).reverse() : [findSession(state, words[0])];
  const kept = sessions.filter(({ pruned }) => pruned === undefined);
  if (kept.length === 0) {
    const [{ pruned } = { pruned: undefined }] = sessions;
    throw new UsageError(
      pruned === undefined ? 'there is no session' : `its entries were pruned, ${timeOf(pruned)}`,
    );
  }
  const signers = signersMeant(state, flags);
  const found = kept.map((session) => replayOne(state, session, signers, meant, behaviour));
  const counts = countsOf(found);
  if (json)
    print(
      reviewable(
        JSON.stringify(
          { version: VERSION, sessions: found, counts: Object.fromEntries(counts) },
          undefined,
          2,
        ),
      ),
    );
  else {
    for (const one of found) for (const line of linesOf(one, all)) print(printable(line));
    if (sessions.length > kept.length)
      print(`${sessions.length - kept.length} pruned sessions were left out`);
    if (counts.size > 0) print('');
    for (const [change, count] of counts) print(printable(`${String(count).padStart(6)}  ${change}`));
  }
  if (found.some(({ refused, changes, differing }) => refused ?? changes[0] ?? differing[0])) return 1;
  return found.some(({ undetermined }) => undetermined.length > 0) ? 3 : 0;
}

function forkMeant(flags: Flags): Meant {
  const mode = textFlag(flags, 'mode');
  if (mode !== undefined && !isMode(mode)) throw new UsageError('--mode is observe, guard or lockdown');
  const path = textFlag(flags, 'policy');
  if (path === undefined) return () => ({ mode });
  const policy = readNamedPolicy(path);
  return (servers, recorded) => ({
    mode: mode ?? policy.mode,
    recorded,
    policy: plainSettings({
      mode: 'guard',
      session: '',
      servers,
      trust: policy.trust(servers),
      allow: policy.allow,
      domains: policy.domains,
      seed: 0,
      taintBytes: 0,
    }),
  });
}

function readNamedPolicy(path: string): PolicyFile {
  try {
    return readPolicy(path);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

function replayOne(
  state: string,
  { id, directory }: SessionSummary,
  signers: ReturnType<typeof signersMeant>,
  meant: Meant,
  behaviour: ReturnType<typeof readBehaviour> | undefined,
): Replayed {
  const { status, fault, signed } = verifyLog(directory, signers);
  const [opening] = readEntries(directory);
  const about = { session: id, cordon: word(opening?.['cordon']), signed };
  const refused = (why: string): Replayed => ({
    ...{ ...about, judged: 0, fromContent: 0, verdicts: [], changes: [], differing: [], undetermined: [] },
    refused: why,
  });
  if (status === 'tampered') return refused(`TAMPERED: ${fault!.file}: ${fault!.message}`);
  try {
    const steps = stepsOf(state, id);
    if (steps === undefined && behaviour !== undefined)
      throw new UsageError(
        `of ${id} nothing can be replaced: its content was not kept (record.content: full), or the key is not here`,
      );
    const instead = steps && behaviour && payloadsOf(behaviour, readEntries(directory), steps());
    const taped = steps && tapedBy(state, id, steps, instead ?? new Map());
    let end: unknown;
    const entries = function* () {
      for (const entry of readEntries(directory)) {
        end = entry['tape'];
        yield entry;
      }
    };
    const found = judgeAgain(entries(), (digest) => readBlob(state, digest), meant, taped);
    if (
      steps !== undefined &&
      end !== undefined &&
      canonical(end) !== canonical(tapeEnd(state, tapedSession(id)))
    )
      return refused('TAMPERED: its content is not what the log says was kept');
    return { ...about, ...found };
  } catch (error) {
    if (error instanceof RecordingError || error instanceof TapeFault) return refused(error.message);
    throw error;
  }
}

function countsOf(found: readonly Replayed[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { recorded, replayed } of found.flatMap(({ changes }) => changes)) {
    const change = `${recorded} -> ${replayed}`;
    counts.set(change, (counts.get(change) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

/** `brief`: a session in which nothing is to be told is one line, too. */
function linesOf(
  { session, cordon, judged, fromContent, changes, differing, undetermined, refused }: Replayed,
  brief: boolean,
): string[] {
  if (refused !== undefined) return [`${session}: ${refused}; not judged again`];
  const calls = `${judged} ${judged === 1 ? 'call' : 'calls'}`;
  const by = cordon === VERSION ? '' : `, recorded by Cordon ${cordon} and judged again by ${VERSION}`;
  const verdicts =
    changes.length === 0 ? 'every verdict as recorded' : `${changes.length} verdicts are others`;
  const unknown = undetermined.length === 0 ? '' : `, ${undetermined.length} not to be told`;
  const anew =
    fromContent === 0 ? '' : `, ${fromContent} from ${fromContent === 1 ? 'its' : 'their'} content`;
  return [
    `${session}: ${calls}${anew}, ${verdicts}${unknown}${by}`,
    ...changes.map(
      ({ entry, event, call, recorded, replayed }) =>
        `  entry ${entry}  ${event}  ${call}  ${recorded} -> ${replayed}`,
    ),
    ...differing.map(
      ({ entry, members }) => `  entry ${entry}  found otherwise than recorded: ${members.join(', ')}`,
    ),
    ...(brief
      ? summed(undetermined)
      : undetermined.map(({ entry, why }) => `  entry ${entry}  not to be told: ${why}`)),
  ];
}

function summed(undetermined: Rejudged['undetermined']): string[] {
  const counts = new Map<string, number>();
  for (const { why } of undetermined) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => `  ${count} not to be told: ${why}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
