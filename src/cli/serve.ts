import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { Approvals } from '../config/approvals.ts';
import type { Config, ServerEntry } from '../config/config.ts';
import { ConfigError } from '../config/error.ts';
import { LastRunFile } from '../config/last-run.ts';
import { lockPath, lockVersion, readLock, updateLock } from '../config/lock-file.ts';
import type { Mode } from '../event.ts';
import { canonical } from '../json/canonical.ts';
import { sha256 } from '../json/digest.ts';
import { Pins } from '../mediation/descriptors/pins.ts';
import { Mediator } from '../mediation/mediator.ts';
import type { Step } from '../mediation/tape/steps.ts';
import { TapedMediator } from '../mediation/tape/taped.ts';
import { killChild } from '../proxy/child.ts';
import type { Opening, OpeningMemory } from '../proxy/eras/discovery.ts';
import { acrossEras } from '../proxy/eras/era-wire.ts';
import type { Introduction } from '../proxy/handshakes.ts';
import { Journal } from '../proxy/journal.ts';
import { type LockStore, PinKeeper } from '../proxy/pin-keeper.ts';
import { Questions } from '../proxy/questions.ts';
import { attach, Session } from '../proxy/session.ts';
import { Siblings } from '../proxy/siblings/siblings.ts';
import { StdioWire } from '../proxy/stdio-wire.ts';
import { supervise } from '../proxy/supervise.ts';
import { tapedLock } from '../proxy/taped-log.ts';
import type { Upstream } from '../proxy/upstream.ts';
import type { Connect } from '../proxy/wire.ts';
import { RecordingError } from '../recording/errors.ts';
import { logOf, tapeOf } from './serve/record.ts';

/**
 * How V8 is to treat a process that sits beside every server and handles a few hundred small messages:
 * - optimise a function after 30,000 operations, not a quarter of a million, which such a life hardly reaches;
 * - leave the young generation at its first size, where it would grow to 48 MB of garbage not yet collected, and collect
 *   the old one once it has doubled, not quadrupled.
 * `npm run bench:overhead` shows what they save.
 */
const SMALL_MESSAGES = [
  '--interrupt-budget=30000',
  '--semi-space-growth-factor=1',
  '--heap-growing-percent=100',
];
/** Each large message would fill such a heap twice, and have it collected as often. */
const LARGE_MESSAGES = ['--semi-space-growth-factor=2', '--heap-growing-percent=0'];

/** What `cordon run` has made of its command line: a configuration, and those of its servers that are processes. */
export interface Serving {
  config: Config;
  mode: Mode;
  stateDir: string;
  servers: readonly Startable[];
}

/** A server, started already if it is the only one, and how it is started (again). */
interface Startable {
  name: string;
  child: ChildProcess | undefined;
  start: () => ChildProcess;
}

// For the build, which has it run once: what that compiles is kept beside the bundle.
export { rehearse } from '../proxy/rehearsal.ts';

/** Serves until the client is done; the exit code. Servers are ended whatever happens. */
export async function serve({ config, mode, stateDir, servers }: Serving): Promise<number> {
  for (const flag of SMALL_MESSAGES) setFlagsFromString(flag);
  let session: Session | undefined;
  const remote = await connectRemote(config, stateDir);
  const processes = new Map(servers.map((server) => [server.name, server]));
  const openings = openingsOf(config, stateDir);
  const connected = config.servers.map(({ name }) => ({
    name,
    connect: acrossEras(name, remote.get(name) ?? overStdio(processes.get(name)!), openings(name)),
  }));
  const upstreams = attach(connected, config.limits.messageBytes, () => session!);
  try {
    const made = makeSession(config, mode, stateDir, upstreams);
    session = made.session;
    return await supervise(session, made.record, stateDir);
  } catch (error) {
    for (const { child } of servers) if (child !== undefined) killChild(child);
    for (const { wire } of upstreams) wire.kill();
    if (!(error instanceof ConfigError || error instanceof RecordingError)) throw error;
    process.stderr.write(`cordon run: ${error.message}\n`);
    return 2;
  }
}

/** Those of the servers that are reached by HTTP; what that takes is loaded where there are any. */
async function connectRemote(config: Config, stateDir: string): Promise<Map<string, Connect>> {
  const remote = config.servers.filter((server) => 'url' in server);
  if (remote.length === 0) return new Map();
  const { overHttp } = await import('../proxy/http/connect.ts');
  const options = { stateDir, depth: config.limits.depth, alone: !config.several };
  return new Map(remote.map((server) => [server.name, overHttp(server, options)]));
}

function overStdio({ child, start }: Startable): Connect {
  let first = child;
  return (limitBytes, events) => {
    const started = first ?? start();
    first = undefined;
    return new StdioWire(started, limitBytes, events);
  };
}

/** How each server must be met, as far as earlier runs found out. */
function openingsOf(config: Config, stateDir: string): (name: string) => OpeningMemory {
  const key = config.path ?? JSON.stringify(config.servers.map(startedBy));
  const file = new LastRunFile(stateDir, `openings ${key}`);
  const all = file.read<Opening>();
  return (name) => ({
    get known() {
      return all[name];
    },
    learn(opening) {
      if (all[name] === opening) return;
      if (opening === undefined) delete all[name];
      else all[name] = opening;
      file.write(all);
    },
  });
}

function makeSession(
  config: Config,
  mode: Mode,
  stateDir: string,
  upstreams: readonly Upstream[],
): { session: Session; record: { session: string; mode: string; lock: string } } {
  const id = sessionId();
  const seed = randomBytes(4).readUInt32LE();
  const commands = config.servers.map((server) => ({ name: server.name, command: startedBy(server) }));
  const lock = lockPath(
    config.path === undefined
      ? { stateDir, name: config.servers[0]!.name, commandDigest: commands[0]!.command }
      : { configPath: config.path },
  );
  const kept = readLock(lock);
  const pins = new Pins(kept);
  const servers = config.servers.map((server) => server.name);
  const { trust, allow, domains, limits } = config;
  const settings = {
    mode,
    session: id,
    servers,
    trust,
    allow,
    domains,
    remembered: kept.remembered ?? [],
    seed,
    taintBytes: limits.taintBytes,
  };
  const recorded = logOf(config, stateDir, settings, kept);
  const taped = config.record.content === 'full' ? tapeOf(config, stateDir, id, recorded) : undefined;
  const note = (step: Step) => taped?.note(step);
  const mediator =
    taped === undefined ? new Mediator(settings, pins) : new TapedMediator(settings, pins, note);
  const journal = new Journal(taped ?? recorded);
  journal.note(
    'session.settings',
    {},
    { commands: JSON.stringify(commands), configuration: config.digest ?? '' },
  );
  const store: LockStore = {
    version: () => lockVersion(lock),
    read: () => readLock(lock),
    update: (mutate) => updateLock(lock, mutate),
    // Not performance.now(): the first use of it loads a dozen modules.
    now: () => process.uptime() * 1000,
  };
  const file = new LastRunFile(stateDir, config.path ?? JSON.stringify(commands));
  const session: Session = new Session({
    limits,
    upstreams,
    mediator,
    journal,
    pins: new PinKeeper(pins, taped === undefined ? store : tapedLock(store, note), (flows) =>
      mediator.remember(flows),
    ),
    questions: new Questions({
      ...{ store: new Approvals(stateDir), session: id, lock, now: Date.now },
      decided: ({ id: question, decision, forGood, at }) =>
        journal.note('approval.decide', { id: question, decision, forGood, at }),
    }),
    siblings: new Siblings({
      ...{ stateDir, session: id, mediator, journal },
      servers: Object.fromEntries(commands.map(({ name, command }) => [name, command])),
      heard: (task) => session.heard(task),
      named: (tools) => session.named(tools),
    }),
    lastRun: { read: () => file.read<Introduction>(), write: (all) => file.write(all) },
    gateway: config.several,
    client: { input: process.stdin, output: process.stdout },
    onLarge: () => {
      for (const flag of LARGE_MESSAGES) setFlagsFromString(flag);
    },
  });
  return { session, record: { session: id, mode, lock } };
}

/** What a server is, as far as the configuration says: a digest of its command, or of its address. */
function startedBy(server: ServerEntry): string {
  return sha256(canonical('url' in server ? { url: server.url } : [server.command, ...server.args]));
}

/** Sorts by time and does not repeat. */
function sessionId(): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, '');
  return `${time}-${randomBytes(4).toString('hex')}`;
}
