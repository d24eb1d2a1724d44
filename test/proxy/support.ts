import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { onTestFinished, vi } from 'vitest';
import type { Limits } from '../../src/config/config.ts';
import type { Lock, Mode } from '../../src/event.ts';
import { Pins } from '../../src/mediation/descriptors/pins.ts';
import { Mediator } from '../../src/mediation/mediator.ts';
import type { Introduction } from '../../src/proxy/handshakes.ts';
import { Journal } from '../../src/proxy/journal.ts';
import { PinKeeper } from '../../src/proxy/pin-keeper.ts';
import { type QuestionStore, Questions } from '../../src/proxy/questions.ts';
import { attach, Session } from '../../src/proxy/session.ts';
import { Siblings } from '../../src/proxy/siblings/siblings.ts';
import { StdioWire } from '../../src/proxy/stdio-wire.ts';
import type { Upstream } from '../../src/proxy/upstream.ts';
import type { WireEvents } from '../../src/proxy/wire.ts';
import type { Recorder } from '../../src/recording/recorder.ts';

/** The pipes of the session's servers, by name: there are no processes behind them. */
const children = new Map<string, ChildProcess>();

vi.mock('../../src/proxy/child.ts', () => ({
  endChild: async () => {},
  killChild: () => {},
}));

export const EMPTY: Lock = { version: 1, pins: [], pending: [] };

export type Json = Record<string, unknown>;

/** A stream that takes what is written at once, so that a test needs no waiting. */
export function collector(onLine: (line: string) => void): Writable {
  let rest = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(line);
      done();
    },
  });
}

/** A recorder that notes what it was asked to do, and fails on demand. */
export class FakeRecorder {
  readonly entries: { kind: string; body: Json; content: Record<string, string | Uint8Array> }[] = [];
  readonly #trace: string[];
  broken = false;
  closed = false;

  constructor(trace: string[]) {
    this.#trace = trace;
  }

  append(kind: string, body: Json, content: Record<string, string | Uint8Array>): number {
    if (this.closed) throw new Error('the session is closed');
    this.#trace.push(`append ${kind}`);
    return this.entries.push({ kind, body, content });
  }

  readonly kept = new Map<string, string>();

  keep(digest: string, text: string): void {
    this.kept.set(digest, text);
  }

  commit(): void {
    if (this.broken) throw new Error('disk full');
    this.#trace.push('commit');
  }

  close(): void {
    this.closed = true;
  }

  of(kind: string): Json[] {
    return this.entries.filter((one) => one.kind === kind).map((one) => one.body);
  }
}

export interface Scene {
  session: Session;
  recorder: FakeRecorder;
  journal: Journal;
  /** What happened, in order: entries, commits, lines to each side. */
  trace: string[];
  /** Lines that the client got. */
  toClient: string[];
  /** Lines that each server got. */
  sent: Record<string, string[]>;
  lastRun: Record<string, Introduction>;
  client(...messages: (Json | string)[]): void;
  server(name: string, ...messages: (Json | string)[]): void;
  /** A server's process ends. */
  exits(name: string): void;
  /** The last request of a method that a server got. */
  asked(name: string, method: string): Json;
  upstream(name: string): Upstream;
  last(): Json;
  close(): void;
}

/** A whole session in memory: everything but the processes. What is fed in has had its effect when the call returns. */
export function scene(
  options: {
    servers?: readonly string[];
    mode?: Mode;
    lastRun?: Record<string, Introduction>;
    messageBytes?: number;
    limits?: Partial<Limits>;
    questions?: QuestionStore;
    /** Servers that cannot be started. */
    broken?: readonly string[];
    gateway?: boolean;
    /** Where siblings are looked for, once `session.siblings` is opened. */
    stateDir?: string;
  } = {},
): Scene {
  const { servers = ['web'], mode = 'guard', messageBytes = 1 << 20 } = options;
  const trace: string[] = [];
  const toClient: string[] = [];
  const sent: Record<string, string[]> = {};
  const recorder = new FakeRecorder(trace);
  const journal = new Journal(recorder as unknown as Recorder);
  const pins = new Pins(EMPTY);
  for (const name of servers) sent[name] = [];
  const start = (name: string): ChildProcess => {
    const lines = sent[name]!;
    const stdin = collector((line) => {
      trace.push(`${name} < ${line}`);
      lines.push(line);
    });
    const wires = { stdin, stdout: new PassThrough(), pid: 1, exitCode: null, signalCode: null };
    const child = Object.assign(new EventEmitter(), wires) as unknown as ChildProcess;
    children.set(name, child);
    return child;
  };
  const connected = servers.map((name) => ({
    name,
    connect: (limit: number, told: WireEvents) => {
      if (options.broken?.includes(name)) throw new Error('command not found');
      return new StdioWire(start(name), limit, told);
    },
  }));
  const upstreams = attach(connected, messageBytes, () => session);
  let lastRun = options.lastRun ?? {};
  const input = new PassThrough();
  const settings = { mode, session: 's', servers, trust: new Map(), allow: [], seed: 0, taintBytes: 1 << 20 };
  const mediator = new Mediator(settings, pins);
  const session: Session = new Session({
    limits: {
      ...{ messageBytes, depth: 128, taintBytes: 1 << 20 },
      ...{ samplingInFlight: 1000, samplingPerSession: 1_000_000 },
      ...options.limits,
    },
    upstreams,
    mediator,
    journal,
    pins: new PinKeeper(
      pins,
      { version: () => '1', read: () => EMPTY, update: (mutate) => mutate(EMPTY), now: () => 0 },
      () => {},
    ),
    questions: new Questions({
      store: options.questions ?? {
        ask: () => {},
        close: () => {},
        use: () => false,
        takeDecisions: () => [],
      },
      session: 's',
      lock: '/cordon.lock',
      now: () => 1000,
      decided: ({ id, decision, forGood, at }) =>
        journal.note('approval.decide', { id, decision, forGood, at }),
    }),
    siblings: new Siblings({
      ...{ stateDir: options.stateDir ?? '/nowhere', session: 's', mediator, journal },
      servers: Object.fromEntries(servers.map((name) => [name, name])),
      heard: (task) => session.heard(task),
      named: (tools) => session.named(tools),
    }),
    lastRun: {
      read: () => lastRun,
      write: (all) => {
        lastRun = all;
      },
    },
    gateway: options.gateway ?? false,
    client: {
      input,
      output: collector((line) => {
        trace.push(`client < ${line}`);
        toClient.push(line);
      }),
    },
  });
  void session.serve();
  onTestFinished(() => session.close('test'));
  const upstream = (name: string): Upstream => upstreams.find((one) => one.name === name)!;
  return {
    session,
    recorder,
    journal,
    trace,
    toClient,
    sent,
    get lastRun() {
      return lastRun;
    },
    client: (...messages) => input.emit('data', Buffer.from(messages.map(lineOf).join(''))),
    server: (name, ...messages) => {
      children.get(name)!.stdout!.emit('data', Buffer.from(messages.map(lineOf).join('')));
    },
    exits: (name) => {
      children.get(name)!.emit('close', 1, null);
    },
    asked: (name, method) => {
      const found = sent[name]!.map((line) => JSON.parse(line) as Json).filter(
        (one) => one['method'] === method,
      );
      if (found.length === 0) throw new Error(`server ${name} was not asked ${method}`);
      return found.at(-1)!;
    },
    upstream,
    last: () => JSON.parse(toClient.at(-1)!) as Json,
    close: () => session.close('test'),
  };
}

function lineOf(message: Json | string): string {
  return `${typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
}

export const TOOL = { name: 'fetch', description: 'Fetches.', inputSchema: { type: 'object' } };

/** Takes one server alone through its first list, by a call that needs it; the call is then in flight under `id`. */
export function callFirst(
  on: Scene,
  id: string | number,
  params: Json,
  tools: readonly unknown[] = [TOOL],
): void {
  const [name] = Object.keys(on.sent);
  on.client({ id, method: 'tools/call', params });
  on.server(name!, { id: on.asked(name!, 'tools/list')['id'], result: { tools } });
}

/** Takes several servers through their handshakes, each with these capabilities. */
export function greet(on: Scene, capabilities: Record<string, Json>): void {
  on.client({
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
  });
  for (const [name, own] of Object.entries(capabilities)) {
    on.server(name, {
      id: on.asked(name, 'initialize')['id'],
      result: { protocolVersion: '2025-11-25', capabilities: own, serverInfo: { name, version: '1' } },
    });
  }
  on.client({ method: 'notifications/initialized' });
}

/** Has the client list the tools of several servers. */
export function listTools(on: Scene, tools: Record<string, readonly unknown[]>): Json {
  on.client({ id: 'list', method: 'tools/list' });
  for (const [name, own] of Object.entries(tools)) {
    on.server(name, { id: on.asked(name, 'tools/list')['id'], result: { tools: own } });
  }
  return on.last();
}
