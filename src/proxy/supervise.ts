import { log, logged } from './log.ts';
import { startTimeOf } from './process-group.ts';
import { noteServers, putOnRecord, reapLeftovers, type ServerRecord } from './running.ts';
import type { Session } from './session.ts';
import { tell } from './stderr.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** Servers get this long to end by themselves when Cordon was told to end, in ms. */
const SIGNALLED_EOF_MS = 300;
/** A client that still reads gets its last answers within this time, in ms. */
const FLUSH_MS = 500;
/** What an earlier proxy left is looked for once the first messages are on their way, in ms. */
const REAP_AFTER_MS = 50;
/** What has become of servers is put on record this long after the last of them changed, in ms. */
const NOTE_AFTER_MS = 20;
/** A client that died behind a pipe that nobody reads shows only by its process being gone. */
const ORPHAN_POLL_MS = 500;

/**
 * Runs a session to its end and leaves nothing behind: no server, no record, no unsigned entry. Resolves to the exit
 * code once the client has closed its side, is gone, or a signal came.
 */
export async function supervise(
  session: Session,
  record: { session: string; mode: string; lock: string },
  stateDir: string,
): Promise<number> {
  const killAll = (): void => {
    for (const upstream of session.upstreams) upstream.wire.kill();
  };
  process.once('exit', killAll);
  process.once('uncaughtException', (error) => {
    killAll();
    tell(`cordon: a defect ended this proxy, please report it: ${error.stack ?? error.message}\n`);
    session.close('defect');
    process.exit(70);
  });
  const signalled = new Promise<string>((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve(signal));
  });
  const takeOff = announce(session, record, stateDir);
  const poll = watchParent();

  let isOver = false;
  const served = async (): Promise<string> => {
    // Nothing has reached the client yet: whoever judges its next call is to know of this proxy first.
    await session.siblings.open();
    if (!isOver) await session.serve();
    return 'client-closed';
  };
  const reason = await Promise.race([served(), signalled, poll.orphaned]);
  isOver = true;
  clearInterval(poll.timer);
  session.close(reason);
  const eofMs = reason === 'client-closed' ? undefined : SIGNALLED_EOF_MS;
  const ended = Promise.all(session.upstreams.map((upstream) => upstream.wire.end(eofMs)));
  // A signal that comes while servers take their time ends the patience.
  await Promise.race([ended, signalled.then(() => (reason === 'client-closed' ? undefined : ended))]);
  killAll();
  takeOff();
  await Promise.race([session.flushed(), wait(FLUSH_MS)]);
  await logged();
  return session.journal.failure === undefined ? 0 : 1;
}

/** Puts the proxy on record and ends what an earlier one left, once the first messages are on their way. */
function announce(
  session: Session,
  record: { session: string; mode: string; lock: string },
  stateDir: string,
): () => void {
  let takeOff = (): void => {};
  try {
    const starts = new Map<number, string | undefined>();
    const servers = (): ServerRecord[] =>
      session.servers.map((server) => {
        const { pid } = server;
        if (pid !== undefined && !starts.has(pid)) starts.set(pid, startTimeOf(pid));
        return { ...server, startTime: pid === undefined ? undefined : starts.get(pid) };
      });
    takeOff = putOnRecord(stateDir, {
      pid: process.pid,
      startTime: startTimeOf(process.pid) ?? '',
      ...record,
      servers: servers(),
    });
    // Servers come up one after the other: what they come to is written once.
    const timer = setTimeout(() => noteServers(stateDir, servers()), NOTE_AFTER_MS).unref();
    session.onChanged = () => timer.refresh();
    setTimeout(() => process.once('exit', reapLeftovers(stateDir)), REAP_AFTER_MS).unref();
  } catch (error) {
    log('warn', `this proxy is not on record: ${error instanceof Error ? error.message : String(error)}`);
  }
  return takeOff;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function watchParent(): { orphaned: Promise<string>; timer: NodeJS.Timeout | undefined } {
  let timer: NodeJS.Timeout | undefined;
  const parent = process.ppid;
  const orphaned = new Promise<string>((resolve) => {
    timer = setInterval(() => {
      const { stdin } = process;
      if (process.ppid !== parent && (stdin.isPaused() || stdin.readableEnded)) resolve('client-gone');
    }, ORPHAN_POLL_MS).unref();
  });
  return { orphaned, timer };
}
