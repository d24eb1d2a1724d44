/**
 * The log's speed: `npm run bench:recording [-- --entries N] [--large N]`. Figures and limits are in docs/log-format.md.
 * Rates are by processor time of the whole process; times of single steps are medians, by the clock but for the
 * checkpoint's head. It is bundled first, as what is installed is: run from source, closures cost several times as much.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { canonical } from '../src/json/canonical.ts';
import { CHECKPOINT, originOf, TILE_WIDTH, tilePath } from '../src/recording/format.ts';
import { openSigningKey, ownSigners } from '../src/recording/keys/keys.ts';
import { keyIdOf, signCheckpoint } from '../src/recording/note.ts';
import { checkInclusion, proofOfEntry } from '../src/recording/proofs/evidence.ts';
import { findSession, readEntries } from '../src/recording/reader.ts';
import { Recorder } from '../src/recording/recorder.ts';
import { TreeWriter } from '../src/recording/tree.ts';
import { verifyLog } from '../src/recording/verify.ts';

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    large: { type: 'string', default: '10000000' },
    verify: { type: 'string' },
  },
});

/** What a call of a usual session is recorded as. */
const BODY = {
  content: undefined,
  descriptor: `sha256:${'ab'.repeat(32)}`,
  effect: 'read',
  effectBy: 'verb',
  event: 'e123456',
  facts: {},
  flows: [],
  kind: undefined,
  n: undefined,
  rule: 'read',
  server: 'files',
  time: undefined,
  tool: 'read_text_file',
  v: undefined,
  verdict: 'allow',
};
const BURST = 64;

function open(state: string, session: string, sync: 'group' | 'never' = 'group'): Recorder {
  const key = openSigningKey(state);
  return Recorder.open({ stateDir: state, sessionId: session, key, sync, now: Date.now, head: {} });
}

function say(what: string, figure: string, limit: string): void {
  process.stdout.write(`${what.padEnd(52)} ${figure.padStart(16)}   ${limit}\n`);
}

/** Processor time so far, in ms: what others do on the machine does not count. */
function busy(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function perSecond(count: number, ms: number): string {
  return `${Math.round((count / ms) * 1000).toLocaleString('en')} /s`;
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1]!;
}

const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Bursts of calls, each with one commit, and a breath between them in which the tree grows. */
async function append(state: string, entries: number): Promise<void> {
  for (const withContent of [false, true]) {
    const recorder = open(state, withContent ? 'content' : 'plain');
    const content = withContent ? { arguments: '{"path":"/home/me/notes/today.txt"}' } : undefined;
    const begun = busy();
    for (let n = 0; n < entries; n += BURST) {
      for (let i = 0; i < BURST; i++) recorder.append('tool.invoke', BODY, content);
      recorder.commit();
      await breath();
    }
    const what = withContent ? 'append, with a salted digest of the arguments' : 'append, in bursts of 64';
    say(what, perSecond(entries, busy() - begun), withContent ? '' : '>= 150,000 /s');
    recorder.close();
  }
}

/** What a checkpoint takes from the thread: the head alone, and with the files that belong to it, which are synced elsewhere. */
async function checkpoint(state: string): Promise<void> {
  const key = openSigningKey(state);
  const tree = new TreeWriter(() => {});
  for (let n = 0; n < 70_000; n++) tree.push(Buffer.from(canonical({ ...BODY, n })));
  const folder = join(state, 'staged');
  mkdirSync(folder);
  const origin = originOf(key.hostId, 'one');
  const keyId = keyIdOf(origin, key.publicKey);
  const [signing, staging]: [number[], number[]] = [[], []];
  for (let round = 0; round < 400; round++) {
    tree.push(Buffer.from(canonical({ ...BODY, n: round })));
    const begun = performance.now();
    const before = busy();
    const note = signCheckpoint({ origin, size: tree.size, root: tree.root() }, key, keyId);
    signing.push(busy() - before);
    for (const [i, file] of tree.partials().entries()) {
      const path = join(folder, `${round}-${i}`);
      writeFileSync(`${path}.tmp`, file.bytes, { flag: 'wx', mode: 0o600 });
      renameSync(`${path}.tmp`, path);
    }
    writeFileSync(join(folder, CHECKPOINT), note);
    staging.push(performance.now() - begun);
  }
  say('checkpoint: root and signature', `${Math.round(median(signing) * 1000)} us`, '<= 100 us');
  say('checkpoint: with its partial tiles and bundle', `${Math.round(median(staging) * 1000)} us`, '');
}

function verify(state: string, session: string): void {
  const begun = busy();
  const { status, signed } = verifyLog(join(state, 'sessions', session), ownSigners(state));
  if (status !== 'ok') throw new Error(`not verified: ${status}`);
  const ms = busy() - begun;
  const { maxRSS } = process.resourceUsage();
  process.stdout.write(JSON.stringify({ signed, ms, maxRSS }));
}

/** In a process of its own, whose memory is then that of verifying. */
function verifyApart(state: string, session: string): { signed: number; ms: number; maxRSS: number } {
  const self = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, self, '--verify', `${state}\n${session}`];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

function verifying(state: string, entries: number): void {
  const small = open(state, 'small', 'never');
  for (let n = 0; n < entries / 10; n++) {
    small.append('tool.invoke', BODY);
    if (n % 1000 === 0) small.commit();
  }
  small.close();
  const [one, ten] = [verifyApart(state, 'small'), verifyApart(state, 'plain')];
  say('verify', perSecond(ten.signed, ten.ms), '>= 300,000 /s');
  const megabytes = ({ maxRSS }: typeof one) => `${Math.round(maxRSS / 1024)} MB`;
  say(`memory while verifying ${one.signed.toLocaleString('en')} entries`, megabytes(one), '');
  say(`memory while verifying ${ten.signed.toLocaleString('en')} entries`, megabytes(ten), 'the same');
}

/** A log with all its tiles, but only the bundles that are read: a proof needs no others. */
function layOut(state: string, size: number, needed: ReadonlySet<number>): string {
  const key = openSigningKey(state);
  const directory = join(state, 'sessions', 'large');
  const folders = new Set<string>();
  const put = ({ path, bytes }: { path: string; bytes: Buffer }): void => {
    const target = join(directory, path);
    if (path.startsWith('tile/entries') && ![...needed].some((n) => path.startsWith(bundleOf(n)))) return;
    if (!folders.has(dirname(target))) mkdirSync(dirname(target), { recursive: true });
    folders.add(dirname(target));
    writeFileSync(target, bytes);
  };
  const tree = new TreeWriter(put);
  for (let n = 0; n < size; n++) {
    const kind = n === 0 ? 'session.open' : n === size - 1 ? 'session.close' : 'tool.invoke';
    tree.push(Buffer.from(`{"kind":"${kind}","n":${n},"time":1700000000000,"v":1}`));
  }
  for (const file of tree.partials()) put(file);
  const head = { origin: originOf(key.hostId, 'large'), size, root: tree.root() };
  writeFileSync(join(directory, CHECKPOINT), signCheckpoint(head, key));
  return directory;
}

function bundleOf(n: number): string {
  return tilePath('entries', Math.floor(n / TILE_WIDTH));
}

function bytesRead(): number {
  return process.platform === 'linux'
    ? Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1])
    : 0;
}

function prove(state: string, size: number): void {
  const wanted = Array.from({ length: 50 }, (_, i) => Math.floor((size * (i + 0.37)) / 50));
  const directory = layOut(state, size, new Set([0, size - 1, ...wanted]));
  const signers = ownSigners(state);
  const times: number[] = [];
  let most = 0;
  for (const n of wanted) {
    const before = bytesRead();
    const begun = performance.now();
    const proof = proofOfEntry(directory, signers, n, true);
    times.push(performance.now() - begun);
    most = Math.max(most, bytesRead() - before);
    checkInclusion(Buffer.from(proof), signers, undefined);
  }
  const count = size.toLocaleString('en');
  say(`proof of one entry of ${count}`, `${median(times).toFixed(1)} ms`, '<= 20 ms');
  say('bytes read for it, at most', `${(most / 1024).toFixed(1)} KiB`, '<= 64 KiB');
  const begun = performance.now();
  const [opening] = readEntries(findSession(state, 'large').directory);
  if (opening?.n !== 0) throw new Error('not opened');
  say(`opening a log of ${count} entries`, `${(performance.now() - begun).toFixed(1)} ms`, '<= 100 ms');
}

if (values.verify !== undefined) {
  const [state, session] = values.verify.split('\n') as [string, string];
  verify(state, session);
} else {
  const state = mkdtempSync(join(tmpdir(), 'cordon-bench-'));
  try {
    await append(state, Number(values.entries));
    await checkpoint(state);
    verifying(state, Number(values.entries));
    prove(state, Number(values.large));
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}
