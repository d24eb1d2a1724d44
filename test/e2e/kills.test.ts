import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type ContentDigest, ContentDigester } from '../../src/recording/content.ts';
import { openSigningKey, ownSigners } from '../../src/recording/keys/keys.ts';
import { parseCheckpoint, parseNote } from '../../src/recording/note.ts';
import { readEntries } from '../../src/recording/reader.ts';
import { sealLog } from '../../src/recording/upkeep/seal.ts';
import { verifyLog } from '../../src/recording/verify.ts';
import { inFrontOf } from './support/launch.ts';
import { eventually } from './support/processes.ts';
import { sandbox } from './support/sandbox.ts';

/** `npm run test:kills` does 500. */
const KILLS = Number(process.env['CORDON_KILLS'] ?? 12);
const AT_ONCE = 3;
/** A checkpoint comes every two seconds: some are killed before the first, some around it, some after the next. */
const LONGEST_MS = 4_500;
const IN_FLIGHT = 40;

const ledgerServer = fileURLToPath(new URL('./support/ledger.mjs', import.meta.url));
const base = sandbox();

const HELLO = [
  {
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'load', version: '1' } },
  },
  { method: 'notifications/initialized' },
];

/** A client that keeps calls in flight until the proxy is gone. It is killed when `doom`, begun with the first answer to a call, is over. */
function load([program, ...args]: readonly string[], doom: () => Promise<unknown>): Promise<void> {
  const proxy = spawn(program!, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  proxy.stdin.on('error', () => {});
  const line = (message: object) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
  proxy.stdin.write(HELLO.map(line).join(''));
  let [sent, answered] = [0, 0];
  let doomed = false;
  proxy.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) answered++;
    if (answered > 1 && !doomed) {
      doomed = true;
      void doom().finally(() => proxy.kill('SIGKILL'));
    }
    let lines = '';
    for (let room = randomInt(1, IN_FLIGHT); sent < answered + room; sent++) {
      const text = randomBytes(randomInt(1, sent % 500 === 499 ? 20_000 : 100)).toString('hex');
      const params = { name: 'note', arguments: { n: sent, text } };
      lines += line({ id: `c${sent}`, method: 'tools/call', params });
    }
    if (lines !== '') proxy.stdin.write(lines);
  });
  return new Promise((resolve) => proxy.once('close', () => resolve()));
}

/** Whether the only session has a checkpoint of its entries: it begins with one of none. */
function hasSigned(state: string): boolean {
  const [session] = readdirSync(join(state, 'sessions'));
  const checkpoint = readFileSync(join(state, 'sessions', session!, 'checkpoint'));
  return parseCheckpoint(parseNote(checkpoint).text).size > 0;
}

/** One proxy, killed at a random moment; what the log has to hold all the same. */
async function killed(
  number: number,
): Promise<{ calls: number; unsigned: number; signed: number; torn: number }> {
  const folder = join(base, String(number));
  const [state, file] = [join(folder, 'state'), join(folder, 'ledger')];
  mkdirSync(folder);
  const after = randomInt(0, number % 3 === 0 ? 200 : LONGEST_MS);
  await load(inFrontOf([process.execPath, ledgerServer, file], { state }), async () => {
    // The first lives until a checkpoint, however slow the machine.
    if (number === 0) await eventually(() => hasSigned(state), 'a checkpoint');
    await sleep(after);
  });
  // The server reads what was in its pipe to the end.
  await eventually(
    () => existsSync(file) && readFileSync(file, 'utf8').endsWith('end\n'),
    () => 'the end of the ledger',
  );

  const said = `kill ${number} after ${after} ms`;
  const [session] = readdirSync(join(state, 'sessions'));
  const directory = join(state, 'sessions', session!);
  const signers = ownSigners(state);
  const { signed, unsigned, tornBytes, fault } = verifyLog(directory, signers);
  expect(fault, said).toBeUndefined();
  const calls = readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -1);
  const entries = [...readEntries(directory)];
  expect(entries, said).toHaveLength(signed + unsigned);
  const digester = new ContentDigester(readFileSync(join(directory, 'salt')));
  const invoked = entries.filter(({ kind, verdict }) => kind === 'tool.invoke' && verdict === 'allow');
  expect(invoked.length, said).toBeGreaterThanOrEqual(calls.length);
  const unlike = calls.findIndex((text, i) => {
    const { n, content } = invoked[i]! as unknown as { n: number; content: { arguments: ContentDigest } };
    return content.arguments.digest !== digester.digest(n, { arguments: text })['arguments']!.digest;
  });
  expect(unlike, `${said}: the call that is not the entry of its place`).toBe(-1);

  const sealing = sealLog(directory, openSigningKey(state), signers, Date.now());
  expect(sealing, said).toMatchObject({ signedBefore: signed, unsigned, tornBytes });
  expect(verifyLog(directory, signers), said).toMatchObject({ status: 'ok', closed: true });
  return { calls: calls.length, unsigned, signed, torn: tornBytes };
}

test.skipIf(process.platform === 'win32')(
  `killed at ${KILLS} random moments under load: no call reached the server without its entry, and the log holds`,
  async () => {
    let next = 0;
    const found: Awaited<ReturnType<typeof killed>>[] = [];
    const worker = async () => {
      while (next < KILLS) found.push(await killed(next++));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const total = (of: 'calls' | 'unsigned' | 'signed' | 'torn') =>
      found.reduce((sum, one) => sum + one[of], 0);
    // Otherwise nothing was under load, and nothing was killed in the middle of it.
    expect(total('calls')).toBeGreaterThan(10 * KILLS);
    expect(total('unsigned')).toBeGreaterThan(0);
    expect(total('signed')).toBeGreaterThan(0);
    process.stderr.write(
      `${KILLS} kills: ${total('calls')} calls, ${total('signed')} entries signed, ${total('unsigned')} not, ${total('torn')} torn bytes\n`,
    );
  },
  60_000 + KILLS * 10_000,
);
