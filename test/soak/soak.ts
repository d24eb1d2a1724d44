import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CORDON, inFrontOfAll } from '../e2e/support/launch.ts';
import { killEverythingMentioning, mentioning, residentBytes, startedAs } from '../e2e/support/processes.ts';
import { Client } from './client.ts';
import { ask, kindOf } from './kinds.ts';

export interface Load {
  calls: number;
  /** Results of 10 MB, and cancelled calls, among them. */
  files: number;
  cancelled: number;
  servers: number;
  kills: number;
  /** How often, and for how long, the client does not read. */
  pauses: { everyCalls: number; ms: number };
  limitMs: number;
  seed: number;
}

export interface Figures {
  seconds: number;
  answered: Record<string, number>;
  down: Record<string, number>;
  kills: number;
  pauses: number;
  /** In MB: the smallest in each tenth of the run, and the largest of all. */
  residentFloor: number[];
  residentPeak: number;
  /** Open descriptors of the proxy after a fifth of the run and at its end, all servers up. */
  descriptors: [number, number];
  orphans: number;
  logVerified: boolean;
  faults: string[];
}

const UPSTREAM = join(import.meta.dirname, 'upstream.mjs');
const WINDOW = 64;
const SAMPLE_MS = 200;
/** An answer that has not come by then is lost; a server may be on its way up. */
const PATIENCE_MS = 60_000;
const MB = 1024 * 1024;

/** A generator of its own (mulberry32), so that a seed tells the run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const spread = (count: number, calls: number): ((n: number) => boolean) => {
  const every = count === 0 ? Number.POSITIVE_INFINITY : Math.floor(calls / (count + 1));
  return (n) => n % every === 0 && n / every <= count;
};

/** Puts the load on several servers behind one Cordon, in an empty folder, and tells what became of it. */
export async function soak(
  load: Load,
  work: string,
  progress: (line: string) => void = () => {},
): Promise<Figures> {
  const random = randomFrom(load.seed);
  const names = Array.from({ length: load.servers }, (_, index) => `server${index}`);
  const commandOf = (name: string): string[] => [process.execPath, UPSTREAM, name, join(work, name)];
  const config = join(work, 'mcp.json');
  const servers = names.map((name) => {
    const [command, ...args] = commandOf(name);
    return [name, { command, args }];
  });
  writeFileSync(config, JSON.stringify({ mcpServers: Object.fromEntries(servers) }));
  const state = join(work, 'state');
  const client = new Client(inFrontOfAll(config, state));
  const pid = client.process.pid!;
  const resident: number[] = [];
  const sampling = setInterval(() => resident.push(residentBytes(pid) / MB), SAMPLE_MS);
  const started = Date.now();
  const isInTime = (): boolean => Date.now() - started < load.limitMs;
  // Whoever waits for an answer that never comes looks at the time once it is up.
  const limit = setTimeout(() => client.wake(), load.limitMs);
  let pauses = 0;
  let kills = 0;
  try {
    const isUp = await greet(client, names);
    const isFile = spread(load.files, load.calls);
    const isCancelled = spread(load.cancelled, load.calls);
    const isKill = spread(load.kills, load.calls);
    let early = 0;
    for (let n = 1; n <= load.calls && isInTime(); n++) {
      while (client.inFlight >= WINDOW && isInTime()) await client.anySettled();
      const server = names[Math.floor(random() * names.length)]!;
      const kind = isFile(n) ? 'file' : isCancelled(n) ? 'cancelled' : kindOf(random());
      const { id } = client.send(ask(n, server, kind));
      if (kind === 'cancelled') setTimeout(() => client.cancel(id), random() * 20);
      if (n % load.pauses.everyCalls === 0) {
        pauses++;
        client.process.stdout.pause();
        setTimeout(() => client.process.stdout.resume(), load.pauses.ms);
      }
      if (isKill(n)) kills += killOne(commandOf(names[Math.floor(random() * names.length)]!));
      if (n === Math.floor(load.calls / 5)) {
        await isUp();
        early = descriptorsOf(pid);
      }
      if (n % 10_000 === 0) progress(`${n} calls, ${Math.round((Date.now() - started) / 1000)} s`);
    }
    const patience = Date.now() + PATIENCE_MS;
    while (client.inFlight > 0 && Date.now() < patience) await sleep(20);
    client.lost();
    const seconds = (Date.now() - started) / 1000;
    await isUp();
    const descriptors: [number, number] = [early, descriptorsOf(pid)];
    clearInterval(sampling);
    const gone = new Promise<number | null>((resolve) => client.process.once('close', resolve));
    client.process.stdin.end();
    const code = await Promise.race([gone, sleep(30_000, 'never' as const, { ref: false })]);
    if (code !== 0) client.faults.push(`the proxy ended with ${code}`);
    const orphans = mentioning(work).length;
    return {
      seconds,
      answered: Object.fromEntries(client.answered),
      down: Object.fromEntries(client.down),
      kills,
      pauses,
      residentFloor: floors(resident),
      residentPeak: Math.round(Math.max(...resident)),
      descriptors,
      orphans,
      logVerified: spawnSync(process.execPath, [CORDON, 'log', 'verify', '--state', state]).status === 0,
      faults: client.faults,
    };
  } finally {
    clearTimeout(limit);
    clearInterval(sampling);
    client.process.kill('SIGKILL');
    killEverythingMentioning(work);
  }
}

/** Begins the session; gives a function that resolves once every server is up. */
async function greet(client: Client, names: readonly string[]): Promise<() => Promise<void>> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'soak', version: '1' },
  };
  const request = (method: string, more: object) =>
    client.send({ kind: 'word', server: '', method, params: { ...more } }).settled;
  await request('initialize', params);
  client.notify('notifications/initialized');
  for (const list of ['tools/list', 'prompts/list', 'resources/list']) await request(list, {});
  return async () => {
    const patience = Date.now() + PATIENCE_MS;
    for (const name of names) {
      for (let up = false; !up && Date.now() < patience; ) {
        const before = sum(client.down);
        await client.send(ask(0, name, 'word')).settled;
        up = sum(client.down) === before;
        if (!up) await sleep(200);
      }
    }
  };
}

/** Kills a server, not what it started: that is for the proxy to clear away. */
function killOne(command: readonly string[]): number {
  const [server] = startedAs(command);
  if (server === undefined) return 0;
  process.kill(server, 'SIGKILL');
  return 1;
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function sum(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0);
}

function floors(samples: readonly number[]): number[] {
  const size = Math.max(1, Math.floor(samples.length / 10));
  return Array.from({ length: Math.min(10, samples.length) }, (_, tenth) =>
    Math.round(Math.min(...samples.slice(tenth * size, (tenth + 1) * size))),
  );
}
