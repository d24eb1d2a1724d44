import { existsSync } from 'node:fs';
import type { Lock } from '../../event.ts';
import type { Fork } from '../../mediation/fork.ts';
import { type PlainSettings, settingsOf } from '../../mediation/settings.ts';
import { TapePlayer } from '../../mediation/tape/player.ts';
import { readStep } from '../../mediation/tape/read-step.ts';
import type { Step } from '../../mediation/tape/steps.ts';
import { readBlob } from '../../recording/blobs.ts';
import { hasTape, readTape, tapedSession } from '../../recording/tape/tape.ts';
import { openTapeKey, tapeKeyPath } from '../../recording/tape/tape-key.ts';
import { tapeKeyFile } from '../key-file.ts';
import { UsageError } from '../read-command.ts';
import type { Taped } from './again.ts';

/**
 * What went through a session, where that was kept and its key is here; else undefined.
 *
 * @throws RecordingError `key-exposed`, `key-broken`.
 */
export function stepsOf(state: string, session: string): (() => Generator<Step>) | undefined {
  const name = tapedSession(session);
  const path = tapeKeyFile() ?? tapeKeyPath(state);
  if (!hasTape(state, name) || !existsSync(path)) return undefined;
  const key = openTapeKey(path, false);
  return function* () {
    for (const line of readTape(state, name, key)) yield readStep(line);
  };
}

/** Judges by the content of a session, with other answers of servers in place of some, by their events. */
export function tapedBy(
  state: string,
  session: string,
  steps: () => Iterable<Step>,
  instead: ReadonlyMap<string, unknown>,
): Taped {
  return (opening, recorded, fork) => {
    const pins = readBlob(state, opening['pins']);
    const seed = opening['seed'];
    if (recorded === undefined || pins === undefined || typeof seed !== 'number') {
      // Nothing can be found anew; what was recorded as found still can be judged.
      if (instead.size === 0) return undefined;
      throw new UsageError(`the settings or pins that ${session} began with were not kept`);
    }
    return new TapePlayer({
      steps: steps(),
      settings: settingsOf(settingsUnder(recorded, fork), tapedSession(session), seed),
      pins: JSON.parse(pins) as Lock,
      instead,
    });
  };
}

function settingsUnder(recorded: PlainSettings, { mode = recorded.mode, policy }: Fork): PlainSettings {
  if (policy === undefined) return { ...recorded, mode };
  const { allow, domains = [] } = policy;
  // The command, which tells the package, is the session's.
  const trust = Object.entries(policy.trust).map(([server, said]) => {
    const started = recorded.trust[server]?.package;
    return [server, started === undefined ? said : { ...said, package: started }] as const;
  });
  return { ...recorded, mode, allow, domains, trust: Object.fromEntries(trust) };
}
