import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '../config/error.ts';
import { readLock, updateLock } from '../config/lock-file.ts';
import { flowId, forget } from '../config/remembered.ts';
import type { Remembered } from '../event.ts';
import { printable, reviewable } from '../json/printable.ts';
import { flowLines } from './fence.ts';
import { locksMeant } from './locks.ts';
import { UsageError } from './read-command.ts';

const USAGE = `usage: cordon flows list      [options]
       cordon flows diff FILE [options]
       cordon flows revoke ID [options]
       cordon flows revoke --all [options]

Shows and takes back what persons allowed from now on (cordon approvals allow ID --remember): which argument of which
tool may take what, from where. It stands in cordon.lock, beside the pins. A running Cordon takes a decision over at
once.

  list    everything that is remembered
  diff    what was remembered (+) and taken back (-) since FILE, an earlier lock, say of a version control
  revoke  has Cordon ask again

  --config FILE  the lock beside this configuration (default: ./mcp.json, if there is one)
  --state DIR    the locks of servers served without a configuration
  --lock FILE    this lock file
  --json         for programs

Exit code: 0; 1 if there was nothing to revoke; 2 if the command line or a lock is wrong.
`;

const OPTIONS = {
  config: { type: 'string' },
  state: { type: 'string' },
  lock: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `cordon flows`: shows what is remembered, and takes it back. */
export async function command(argv: string[]): Promise<number> {
  try {
    return run(argv);
  } catch (error) {
    const isUsage =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!isUsage && !(error instanceof ConfigError)) throw error;
    process.stderr.write(`cordon flows: ${(error as Error).message}\n${isUsage ? `\n${USAGE}` : ''}`);
    return 2;
  }
}

function run(argv: string[]): number {
  const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [verb, what, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('one at a time');
  const paths = locksMeant(values);
  const json = values.json === true;
  if (values.all === true && verb !== 'revoke') throw new UsageError('--all is for revoke');
  if (verb === 'list' && what === undefined) return list(paths, json);
  if (verb === 'diff' && what !== undefined) return diff(paths, what, json);
  if (verb !== 'revoke') throw new UsageError('one of list, diff FILE, revoke ID is needed');
  if ((what === undefined) !== (values.all === true))
    throw new UsageError('name what to revoke, or give --all');
  return revoke(paths, what, json);
}

function list(paths: readonly string[], json: boolean): number {
  const locks = paths.map((path) => ({ path, remembered: flowsIn(path) }));
  const lines = locks.flatMap(({ path, remembered }) => [
    printable(path),
    ...(remembered.length === 0
      ? ['  nothing is remembered']
      : remembered.flatMap((flow) => entry(' ', flow))),
  ]);
  return print(json, locks, lines.length > 0 ? lines : ['nothing is remembered']);
}

function diff([path, ...others]: readonly string[], file: string, json: boolean): number {
  if (path === undefined || others.length > 0)
    throw new UsageError('say which lock: --config FILE or --lock FILE');
  if (!existsSync(file)) throw new UsageError(`there is no ${printable(file)}`);
  const [before, after] = [flowsIn(file), flowsIn(path)];
  const without = (flows: readonly Listed[], others: readonly Listed[]): Listed[] =>
    flows.filter(({ id }) => !others.some((other) => other.id === id));
  const [added, removed] = [without(after, before), without(before, after)];
  const lines = [
    ...added.flatMap((flow) => entry('+', flow)),
    ...removed.flatMap((flow) => entry('-', flow)),
  ];
  return print(json, { added, removed }, lines.length > 0 ? lines : ['nothing differs']);
}

function revoke(paths: readonly string[], id: string | undefined, json: boolean): number {
  const revoked: Listed[] = [];
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const isMeant = (flow: Remembered): boolean => id === undefined || flowId(flow) === id;
    updateLock(path, (lock) => {
      revoked.push(...flowsOf(lock.remembered).filter(isMeant));
      return forget(lock, isMeant);
    });
  }
  if (revoked.length > 0 || json)
    print(
      json,
      { revoked },
      revoked.flatMap((flow) => ['revoked', ...entry(' ', flow)]),
    );
  if (revoked.length > 0) return 0;
  const where = paths.length === 0 ? 'no lock' : paths.map((path) => printable(path)).join(', ');
  const what = id === undefined ? 'nothing is remembered' : `nothing is remembered under ${printable(id)}`;
  process.stderr.write(`cordon flows: ${what} (looked in ${where})\n`);
  return 1;
}

type Listed = Remembered & { id: string };

function flowsIn(path: string): Listed[] {
  return flowsOf(readLock(path).remembered);
}

function flowsOf(remembered: readonly Remembered[] = []): Listed[] {
  return remembered.map((flow) => ({ id: flowId(flow), ...flow }));
}

function entry(mark: string, flow: Listed): string[] {
  const since = `since ${flow.since}, by a ${flow.approvedBy} (cordon why ${printable(flow.question)})`;
  const [first, ...rest] = [...flowLines(flow), since];
  return [`${mark} ${flow.id}  ${first}`, ...rest.map((line) => `${mark}             ${line}`)];
}

function print(json: boolean, value: unknown, lines: readonly string[]): number {
  process.stdout.write(`${json ? reviewable(JSON.stringify(value, undefined, 2)) : lines.join('\n')}\n`);
  return 0;
}
