import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError } from '../config/error.ts';
import { readLock, updateLock } from '../config/lock-file.ts';
import type { Lock, PendingPin, Pin } from '../event.ts';
import { printable, reviewable } from '../json/printable.ts';
import { diffDescriptors } from '../mediation/descriptors/diff.ts';
import { approvable, Pins } from '../mediation/descriptors/pins.ts';
import { locksMeant } from './locks.ts';
import { UsageError } from './read-command.ts';

const USAGE = `usage: cordon pins list    [options] [SERVER[.NAME]]
       cordon pins diff    [options] [SERVER[.NAME]]
       cordon pins approve [options] SERVER[.NAME] | --all
       cordon pins revoke  [options] SERVER[.NAME] | --all

Shows and decides which descriptors of servers may be used (tools, prompts, resources, resource templates,
server instructions). A running Cordon takes a decision over at once.

  --config FILE    the pins beside this configuration (default: ./mcp.json, if there is one)
  --state DIR      the pins of servers served without a configuration
  --lock FILE      this lock file
  --digest SHA256  approve: only if what is withheld still has this digest; without it, whatever is
                   withheld now, which may have changed since you looked
  --all            approve or revoke everything
  --json           for programs

Exit code: 0; 1 if there was nothing to approve or revoke; 2 if the command line or a lock is wrong.
`;

const OPTIONS = {
  config: { type: 'string' },
  state: { type: 'string' },
  lock: { type: 'string' },
  digest: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Entry = Pick<Pin, 'server' | 'kind' | 'name'>;
type Meant = (entry: Entry) => boolean;

/** `cordon pins`: shows pins and what is withheld, and takes a person's decisions. */
export async function command(argv: string[]): Promise<number> {
  try {
    return run(argv);
  } catch (error) {
    const isUsage =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!isUsage && !(error instanceof ConfigError)) throw error;
    process.stderr.write(`cordon pins: ${(error as Error).message}\n${isUsage ? `\n${USAGE}` : ''}`);
    return 2;
  }
}

function run(argv: string[]): number {
  const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [verb, which, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('one SERVER or SERVER.NAME at a time');
  const meant: Meant = ({ server, name }) =>
    which === undefined || which === server || which === `${server}.${name}`;
  const paths = locksMeant(values);
  switch (verb) {
    case 'list':
      return list(paths, meant, values.json === true);
    case 'diff':
      return diff(paths, meant, values.json === true);
    case 'approve':
    case 'revoke': {
      if ((which === undefined) !== (values.all === true))
        throw new UsageError(`name what to ${verb}, or give --all`);
      const digest = values.digest && `sha256:${values.digest.replace(/^sha256:/, '')}`;
      return decide(verb, paths, meant, digest, values.json === true);
    }
    default:
      throw new UsageError('one of list, diff, approve, revoke is needed');
  }
}

function list(paths: readonly string[], meant: Meant, json: boolean): number {
  const locks = paths.map((path) => ({ path, ...only(readLock(path), meant) }));
  if (json)
    return print([
      reviewable(
        JSON.stringify(
          locks.map(({ version: _, ...lock }) => lock),
          null,
          2,
        ),
      ),
    ]);
  if (locks.length === 0) return print(['nothing is pinned']);
  return print(
    locks.flatMap(({ path, pins, pending }) => [
      printable(path),
      ...pending.map(
        (one) => `  ${one.state.padEnd(8)} ${label(one)}  ${one.digest || '(no digest)'}${because(one)}`,
      ),
      ...pins.map((pin) => `  pinned   ${label(pin)}  ${pin.digest}  ${pin.firstSeen} by ${pin.approvedBy}`),
      ...(pins.length + pending.length === 0 ? ['  nothing is pinned'] : []),
    ]),
  );
}

function diff(paths: readonly string[], meant: Meant, json: boolean): number {
  const changes = paths.flatMap((path) => {
    const lock = readLock(path);
    return lock.pending.filter(meant).map((pending) => {
      const pin = lock.pins.find((one) => isSame(one, pending));
      return { path, pending, ...(pin && { pin }), lines: diffDescriptors(pin?.text ?? '', pending.text) };
    });
  });
  if (json) return print([reviewable(JSON.stringify(changes, null, 2))]);
  if (changes.length === 0) return print(['nothing is withheld']);
  return print(
    changes.flatMap(({ path, pending, pin, lines }) => [
      `${label(pending)} is ${pending.state}${because(pending)}`,
      ...(pin ? [] : ['  it has no pin: all of it is new']),
      ...(lines.length > 0 ? lines : ['  nothing differs from its pin']).map((line) => `  ${line}`),
      approvable(pending)
        ? `  to allow it: cordon pins approve --lock ${shell(path)} --digest ${pending.digest} ${shell(selector(pending))}`
        : '  it cannot be approved: its server has to repair it',
      '',
    ]),
  );
}

function decide(
  verb: 'approve' | 'revoke',
  paths: readonly string[],
  meant: Meant,
  digest: string | undefined,
  json: boolean,
): number {
  const done: (Entry & { digest: string })[] = [];
  const refused: string[] = [];
  for (const path of paths) {
    if (!existsSync(path)) continue;
    updateLock(path, (lock) => {
      const pins = new Pins(lock);
      const entries: readonly (Pin | PendingPin)[] = verb === 'approve' ? lock.pending : lock.pins;
      for (const one of entries.filter(meant)) {
        if (digest !== undefined && one.digest !== digest) continue;
        if (pins[verb](one.server, one.kind, one.name)) {
          done.push({ server: one.server, kind: one.kind, name: one.name, digest: one.digest });
        } else refused.push(`${label(one)} cannot be approved${because(one)}: its server has to repair it`);
      }
      return { ...lock, ...pins.toLock() };
    });
  }
  for (const line of refused) process.stderr.write(`cordon pins: ${line}\n`);
  const word = verb === 'approve' ? 'approved' : 'revoked';
  if (json) print([reviewable(JSON.stringify({ [word]: done, refused }, null, 2))]);
  else print(done.map((one) => `${word} ${label(one)}  ${one.digest}`));
  if (done.length + refused.length === 0) {
    const changed = digest === undefined ? '' : ' with this digest: look again with cordon pins diff';
    const where = paths.length === 0 ? 'no lock' : paths.map((path) => printable(path)).join(', ');
    process.stderr.write(`cordon pins: there is nothing to ${verb}${changed} (looked in ${where})\n`);
  }
  return done.length > 0 && refused.length === 0 ? 0 : 1;
}

function only(lock: Lock, meant: Meant): Lock {
  return { ...lock, pins: lock.pins.filter(meant), pending: lock.pending.filter(meant) };
}

function isSame(a: Entry, b: Entry): boolean {
  return a.server === b.server && a.kind === b.kind && a.name === b.name;
}

function label({ server, kind, name }: Entry): string {
  return printable(kind === 'instructions' ? `${server} (instructions)` : `${server}.${name} (${kind})`);
}

function because(one: Pin | PendingPin): string {
  if (!('findings' in one) || one.findings.length === 0) return '';
  const reasons = one.findings.map(({ detector, path }) =>
    path === '' ? detector : `${detector} at ${path}`,
  );
  return `: ${printable([...new Set(reasons)].join(', '))}`;
}

/** Names an entry on a command line; by its server alone if its name cannot be typed. The digest says which. */
function selector({ server, name }: Entry): string {
  return printable(name) === name ? `${server}.${name}` : server;
}

/** A word of a line that is made to be pasted into a shell. Names are foreign text, and paths may hold blanks. */
export function shell(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function print(lines: readonly string[]): number {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
