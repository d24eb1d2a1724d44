import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Attempt, captured } from './demo/agent.ts';
import { connectDirectly, connectThrough, type Session } from './demo/client.ts';
import { ask, cordon } from './demo/cordon.ts';
import { denialIn } from './demo/denial.ts';
import { holds, type Outcome, report, type Step } from './demo/report.ts';
import { packageRoot, type Stage, setStage } from './demo/servers.ts';

/** Where the servers' and Cordon's own standard error goes, in the demo's folder. */
const STDERR = 'stderr.txt';

const usage = `usage: cordon demo [--state DIR] [--json]

Plays the same attack twice against the same servers, without Cordon and through it, and shows what came to pass.
Works offline and asks no model. --state DIR keeps log and servers' files there (default: a new temporary folder).
Exit code 0: without Cordon the attack worked; with it every order of the attacker failed, and the user's own work
and the log's verification did not.`;

/** Exit code 0 only if the attack worked without Cordon, failed with it, honest work passed and the log verifies. */
export async function command(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { state: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const root = packageRoot();
  const state = values.state === undefined ? mkdtempSync(path.join(tmpdir(), 'cordon-demo-')) : values.state;
  mkdirSync(state, { recursive: true });
  const started = performance.now();
  try {
    const result = await play(root, realpathSync(state));
    const seconds = (performance.now() - started) / 1000;
    console.log(values.json ? JSON.stringify(result, undefined, 2) : report(result, seconds, process.stdout));
    return result.ok ? 0 : 1;
  } catch (error) {
    const heard = path.join(state, 'demo', STDERR);
    console.error(`cordon demo: ${(error as Error).message}. What the servers said is in ${heard}`);
    return 1;
  }
}

async function play(root: string, state: string): Promise<Outcome> {
  const folder = path.join(state, 'demo');
  const without = setStage(root, path.join(folder, 'without'));
  const withCordon = setStage(root, path.join(folder, 'with'));
  const config = path.join(folder, 'mcp.json');
  writeFileSync(config, `${JSON.stringify({ mcpServers: withCordon.servers }, undefined, 2)}\n`);

  const stderr = openSync(path.join(folder, STDERR), 'a');
  try {
    const run = cordon(root, ['run', '--config', config, '--state', state, '--mode', 'guard']);
    const bare = await perform(without, connectDirectly(without.servers, stderr));
    const guarded = await perform(withCordon, connectThrough(run, stderr));
    const steps = bare.map((attempt, i) => side(attempt, guarded[i]!));
    const verify = await ask(root, ['log', 'verify', '--state', state]);
    const log = { state, verified: verify.status === 0, says: verify.stdout.trim() };
    return { ok: holds(steps, log.verified), steps, log };
  } finally {
    closeSync(stderr);
  }
}

interface Performed extends Attempt {
  done: boolean;
}

/** The agent's attempts, each with whether it came to pass; the servers have ended. */
async function perform(stage: Stage, connecting: Promise<Session>): Promise<Performed[]> {
  const session = await connecting;
  try {
    const attempts = await captured(session.call);
    return attempts.map((attempt) => ({ ...attempt, done: attempt.happened(stage.world) }));
  } finally {
    await session.close();
  }
}

/** Both runs of one attempt: the script makes the same ones, in the same order, whatever is answered. */
function side(bare: Performed, guarded: Performed): Step {
  const denial = guarded.answer.isError ? denialIn(guarded.answer.text) : undefined;
  return {
    orderedBy: bare.orderedBy,
    what: bare.what,
    tool: bare.tool,
    without: bare.done,
    with: guarded.done,
    ...(denial === undefined ? {} : { denial }),
  };
}
