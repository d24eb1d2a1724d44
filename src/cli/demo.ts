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

const USAGE = `usage: cordon demo [--state DIR] [--json]

Plays the same attack twice against the same servers, without Cordon and through it, and shows what came to pass.
Works offline and asks no model.

  --state DIR   keep the log and the servers' files there (default: a new temporary folder)
  --json        print the outcome as JSON

Exit code 0: the attack worked without Cordon; with it every order of the attacker failed, the user's own work passed
and the log verifies. 1 if not, 2 for a wrong command line.
`;

/** Exit code 0 only if the attack worked without Cordon, failed with it, honest work passed and the log verifies. */
export async function command(argv: string[]): Promise<number> {
  let options: { state?: string; json?: boolean; help?: boolean };
  try {
    options = parseArgs({
      args: argv,
      options: {
        state: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`cordon demo: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const started = performance.now();
  let state: string;
  try {
    state = stateAt(options.state);
  } catch (error) {
    process.stderr.write(`cordon demo: --state cannot be used: ${(error as Error).message}\n`);
    return 2;
  }
  try {
    const result = await play(packageRoot(), state);
    const seconds = (performance.now() - started) / 1000;
    console.log(
      options.json ? JSON.stringify(result, undefined, 2) : report(result, seconds, process.stdout),
    );
    return result.ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(`cordon demo: ${(error as Error).message}\n`);
    return 1;
  }
}

/** The folder given, or a new one. Links are resolved, so that what is printed is what the log says. */
function stateAt(folder: string | undefined): string {
  if (folder === undefined) return realpathSync(mkdtempSync(path.join(tmpdir(), 'cordon-demo-')));
  mkdirSync(folder, { recursive: true });
  return realpathSync(folder);
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
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${message}. What the servers said is in ${path.join(folder, STDERR)}`, { cause: error });
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
