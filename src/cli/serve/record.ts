import type { Config } from '../../config/config.ts';
import { VERSION } from '../../config/version.ts';
import type { Lock } from '../../event.ts';
import { canonical } from '../../json/canonical.ts';
import { sha256 } from '../../json/digest.ts';
import { plainSettings, type Settings } from '../../mediation/settings.ts';
import { log } from '../../proxy/log.ts';
import { noteUnrecorded } from '../../proxy/running.ts';
import { tell } from '../../proxy/stderr.ts';
import { TapedLog } from '../../proxy/taped-log.ts';
import { MachineIndex } from '../../recording/index/machine-index.ts';
import { openSigningKey } from '../../recording/keys/keys.ts';
import { Recorder } from '../../recording/recorder.ts';
import { SessionLog } from '../../recording/session-log.ts';
import { TapeWriter, tapePath } from '../../recording/tape/tape.ts';
import { openTapeKey, tapeKeyPath } from '../../recording/tape/tape-key.ts';
import { signingKeyFile, tapeKeyFile } from '../key-file.ts';

/** The log of a session: each part begins with what the session runs under. */
export function logOf(config: Config, stateDir: string, settings: Settings, pins: Lock): SessionLog {
  const { session, mode, seed, servers } = settings;
  const { sync, onFailure, rotateBytes, content } = config.record;
  const kept = [plainSettings(settings), pins].map((value) => canonical(value));
  const [policy, lock] = kept.map(sha256);
  return new SessionLog({
    ...{ onFailure, rotateBytes, now: Date.now },
    open: (part, former) => {
      const key = openSigningKey(stateDir, signingKeyFile());
      const sessionId = part === 1 ? session : `${session}.${part}`;
      const recorder = Recorder.open({
        ...{ stateDir, sessionId, key, sync, now: Date.now },
        index: new MachineIndex(stateDir, key, Date.now),
        head: {
          ...{ session: sessionId, cordon: VERSION, mode, seed, policy, pins: lock, continues: former },
          configured: config.path !== undefined,
          ...(content === 'full' && { taped: true }),
          servers: servers.map((name) => ({ name })),
        },
      });
      for (const text of kept) recorder.keep(sha256(text), text);
      return recorder;
    },
    onGap: (gap) => {
      noteUnrecorded(stateDir, gap);
      if (gap === undefined)
        return log('warn', 'the log is written again: it says what is missing (record.gap)');
      log(
        'error',
        `the log cannot be written: ${gap.reason}. Calls go on unrecorded (record.onFailure: continue)`,
      );
    },
  });
}

/** The log with a tape beside it, for who wants what was read to be judged again, and not only what was found. */
export function tapeOf(config: Config, stateDir: string, session: string, log: SessionLog): TapedLog {
  const key = openTapeKey(tapeKeyFile() ?? tapeKeyPath(stateDir), true);
  tell(`cordon: arguments and answers are kept, sealed, in ${tapePath(stateDir, session)}\n`);
  return new TapedLog(log, new TapeWriter(stateDir, session, key), config.record.onFailure);
}
