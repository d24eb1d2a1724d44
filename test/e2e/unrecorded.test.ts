import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { readEntries } from '../../src/recording/reader.ts';
import { cordon, inFrontOf, inFrontOfAll } from './support/launch.ts';
import { eventually } from './support/processes.ts';
import { RawClient } from './support/raw-client.ts';
import { writeConfig } from './support/sandbox.ts';

const mail = fileURLToPath(new URL('../../fixtures/servers/mail.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cordon-unrecorded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(process.platform === 'win32')(
  'a call that cannot be recorded is refused, and does not reach the server',
  async () => {
    const outbox = join(folder, 'outbox.jsonl');
    // No file may grow past 16 KiB: the write-ahead file is the first to get there.
    const limited = ['bash', '-c', 'trap \'\' XFSZ; ulimit -f 16 && exec "$@"', 'limited'];
    const command = inFrontOf([process.execPath, mail, outbox], { state: join(folder, 'state') });
    const client = new RawClient([...limited, ...command]);
    await client.handshake();

    let asked = 0;
    let refused: string | undefined;
    while (refused === undefined && asked < 200) {
      asked += 1;
      const to = `${asked}@tides.example.invalid`;
      const { message } = await client.call('send_mail', { to, subject: 'Hello', body: 'In my own words.' });
      if (message.result.isError) refused = message.result.content[0].text;
    }
    expect(refused).toContain('it cannot be recorded');
    expect(refused).toContain('Nothing was sent.');
    const { code } = await client.end();
    expect(code).toBe(1);
    // Each mail is a line far below the limit, so what stopped them was Cordon.
    const sent = readFileSync(outbox, 'utf8').trim().split('\n').length;
    expect(sent).toBe(asked - 1);
    expect(sent).toBeGreaterThan(0);
  },
);

test.skipIf(process.platform === 'win32')(
  'with record.onFailure "continue" calls go on, and the log says what it lacks once it can be written again',
  async () => {
    const [outbox, state] = [join(folder, 'outbox-2.jsonl'), join(folder, 'state-2')];
    const config = writeConfig(folder, {
      mcpServers: { mail: { command: process.execPath, args: [mail, outbox] } },
      cordon: { record: { onFailure: 'continue' } },
    });
    const limited = ['bash', '-c', 'trap \'\' XFSZ; ulimit -f 16 && exec "$@"', 'limited'];
    const client = new RawClient([...limited, ...inFrontOfAll(config, state)]);
    await client.handshake();
    const send = async (n: number) => {
      const args = { to: `${n}@tides.example.invalid`, subject: 'Hello', body: 'In my own words.' };
      expect((await client.call('send_mail', args)).message.result.isError).not.toBe(true);
    };
    let asked = 0;
    const status = () => JSON.parse(spawnSync(...shell(cordon('status', '--json', '--state', state))).stdout);
    let unrecorded: { reason: string } | undefined;
    for (; unrecorded === undefined && asked < 200; unrecorded = status().sessions[0]?.unrecorded) {
      await send(++asked);
    }
    expect(unrecorded?.reason).toContain('cannot write to');
    await send(++asked);
    // A new part has a new file, far from the limit.
    const parts = () => readdirSync(join(state, 'sessions')).filter((name) => name.includes('.'));
    await eventually(
      () => parts().length > 0 && status().sessions[0].unrecorded === undefined,
      () => 'another part',
    );
    await send(++asked);
    await client.end();
    expect(readFileSync(outbox, 'utf8').trim().split('\n')).toHaveLength(asked);
    const sessions = readdirSync(join(state, 'sessions')).map((name) => [
      ...readEntries(join(state, 'sessions', name)),
    ]);
    const entries = sessions.flat();
    const gap = entries.find(({ kind }) => kind === 'record.gap') as unknown as {
      missing: Record<string, number>;
    };
    const invoked = entries.filter(({ kind }) => kind === 'tool.invoke').length;
    expect(gap.missing['tool.invoke']).toBeGreaterThan(0);
    expect(invoked + gap.missing['tool.invoke']!).toBe(asked);
  },
);

function shell([program, ...args]: string[]): [string, string[], { encoding: 'utf8' }] {
  return [program!, args, { encoding: 'utf8' }];
}

/** Becomes somebody whom file modes bind: they do not bind root. */
const AS_ANYBODY =
  'if(process.getuid()===0){process.setgroups([]);process.setgid(65534);process.setuid(65534)}';
const RUN = `${AS_ANYBODY}require(process.argv[1])`;
const READ = `${AS_ANYBODY}for(const file of process.argv.slice(1))require('node:fs').readFileSync(file)`;

/** A checkout may lie where nobody else can read it. */
const isReadable = spawnSync(process.execPath, ['-e', READ, cordon()[1]!, mail]).status === 0;

test.skipIf(process.platform === 'win32' || !isReadable)(
  'a state directory that becomes read-only: the calls after are refused, and say so',
  async () => {
    const state = join(folder, 'state-3');
    const outbox = join(folder, 'outbox-3.jsonl');
    mkdirSync(state);
    const anybody = process.getuid!() === 0 ? 65534 : process.getuid!();
    for (const path of [folder, state]) chownSync(path, anybody, -1);
    const [node, script, ...rest] = inFrontOf([process.execPath, mail, outbox], { state });
    const client = new RawClient([node!, '-e', RUN, script!, ...rest]);
    await client.handshake();
    const send = async (n: number): Promise<string | undefined> => {
      const mailed = { to: `${n}@tides.example.invalid`, subject: 'Hello', body: 'In my own words.' };
      const { message } = await client.call('send_mail', mailed);
      return message.result.isError ? message.result.content[0].text : undefined;
    };
    expect(await send(0)).toBeUndefined();
    const [session] = readdirSync(join(state, 'sessions'));
    const path = join(state, 'sessions', session!);
    chmodSync(path, 0o500);
    try {
      // Until the next checkpoint, which needs new files, entries are still written.
      let refused: string | undefined;
      let asked = 1;
      const began = Date.now();
      for (; refused === undefined && Date.now() - began < 60_000; asked++) {
        refused = await send(asked);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(refused).toContain('it cannot be recorded');
      expect(refused).toContain('EACCES');
      expect(readFileSync(outbox, 'utf8').trim().split('\n')).toHaveLength(asked - 1);
    } finally {
      chmodSync(path, 0o700);
    }
    expect((await client.end()).code).toBe(1);
    // Each call that was let through has its entry.
    const allowed = [...readEntries(path)].filter(
      ({ kind, tool }) => kind === 'tool.invoke' && tool === 'send_mail',
    );
    expect(allowed.length).toBeGreaterThanOrEqual(readFileSync(outbox, 'utf8').trim().split('\n').length);
  },
);
