import path from 'node:path';
import { paintFor } from '../paint.ts';
import type { Attempt } from './agent.ts';
import type { Denial } from './denial.ts';
import { type Cell, row, wrap } from './table.ts';

/** Steps stand under a heading that says who ordered them. */
const INDENT = '  ';
/** Columns of `without`, `DENIED` and the like. */
const VERDICT = 7;

/** One attempt of the agent, in both runs. */
export interface Step {
  orderedBy: Attempt['orderedBy'];
  what: string;
  tool: string;
  /** Whether it came to pass in the servers' world, whatever the answer said. */
  without: boolean;
  with: boolean;
  denial?: Denial;
}

export interface Outcome {
  /** The attack worked without Cordon, failed with it, honest work passed both times, and the log verifies. */
  ok: boolean;
  steps: Step[];
  log: { state: string; verified: boolean; says: string };
}

/** True when the demo shows what it claims; each clause is one way in which it would be a lie. */
export function holds(steps: readonly Step[], verified: boolean): boolean {
  const orders = steps.filter((step) => step.orderedBy === 'page');
  const attacks = orders.filter((step) => !isRead(step));
  return (
    verified &&
    attacks.length > 0 &&
    steps.every((step) => step.without) &&
    attacks.every((step) => !step.with && step.denial !== undefined) &&
    steps.every((step) => attacks.includes(step) || step.with)
  );
}

/** Reads bring data in and are never gated: the page's order to read is obeyed, and the taint comes from it. */
function isRead(step: Step): boolean {
  return step.tool.endsWith('__read_file');
}

/** The outcome as a table for people, 80 to 110 columns wide. */
export function report(
  outcome: Outcome,
  seconds: number,
  out: { isTTY?: boolean; columns?: number },
): string {
  const paint = paintFor(out, process.env);
  const width = Math.min(Math.max(out.columns ?? 100, 80), 110) - 2;
  const free = width - INDENT.length - 2 * VERDICT - 3 * 2;
  const what = Math.floor(free * 0.48);
  const widths = [what, VERDICT, VERDICT, free - what];
  const inTable = (cells: Cell[]) => row(cells, widths).map((line) => INDENT + line);
  const lines: string[] = [
    ...wrap(
      'An agent that obeys whatever it reads is asked to read the release notes, to mail a summary to the team and ' +
        'to file it in the repository. The page orders more. The same script, the same servers, twice:',
      width,
    ),
    '',
    ...inTable(
      ['', 'without Cordon', 'with Cordon', 'evidence'].map((text) => ({ text, paint: paint.bold })),
    ),
    paint.dim('─'.repeat(width)),
  ];
  let orderedBy: string | undefined;
  for (const step of outcome.steps) {
    if (step.orderedBy !== orderedBy) {
      orderedBy = step.orderedBy;
      lines.push(paint.dim(orderedBy === 'user' ? 'asked by the user' : 'ordered by the page'));
    }
    const bad = step.orderedBy === 'page' && !isRead(step);
    const seen = (done: boolean) => ({
      text: done ? 'done' : verdictOf(step),
      paint: done === bad ? paint.red : paint.green,
    });
    lines.push(
      ...inTable([
        { text: step.what },
        seen(step.without),
        seen(step.with),
        { text: evidence(step), paint: paint.dim },
      ]),
    );
  }
  const { state, verified, says } = outcome.log;
  const folder = path.relative(process.cwd(), state).startsWith('..')
    ? state
    : path.relative(process.cwd(), state);
  const id = outcome.steps.find((step) => step.denial !== undefined)?.denial?.id ?? 'ID';
  lines.push(
    paint.dim('─'.repeat(width)),
    `${verified ? paint.green('log verified') : paint.red('log NOT verified')}: ${says}`,
    '',
    'Look closer:',
    `  node dist/cordon.js why ${id} --state ${folder}`,
    `  node dist/cordon.js log show --state ${folder}`,
    `  cat ${path.join(folder, 'demo/without/outbox.jsonl')}   (what leaked)`,
    '',
    outcome.ok
      ? paint.bold(`Attack stopped, honest work untouched, ${seconds.toFixed(1)} s.`)
      : paint.red('This is not what the demo promises: please report it with the table above.'),
  );
  return lines.map((line) => ` ${line}`.trimEnd()).join('\n');
}

function verdictOf({ denial }: Step): string {
  if (denial === undefined) return 'failed';
  return denial.verdict === 'deny' ? 'DENIED' : 'HELD';
}

function evidence(step: Step): string {
  if (step.denial === undefined) return isRead(step) ? 'a read: labelled, not gated' : '';
  const { flows, rule, id } = step.denial;
  const sources = new Map<string, Set<string>>();
  for (const { argument, from, event } of flows) {
    const source = `${from} (${event})`;
    sources.set(source, (sources.get(source) ?? new Set()).add(argument));
  }
  const lines = [...sources].map(([source, into]) => `${[...into].join(', ')} from ${source}`);
  return [...lines, `rule ${rule}, id ${id}`].join('\n');
}
