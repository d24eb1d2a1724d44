import { readFileSync, statSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { stateDirectory } from '../config/state.ts';
import { printable } from '../json/printable.ts';
import { RecordingError } from '../recording/errors.ts';
import { LogFault } from '../recording/files.ts';

/** The options of a command beside `--state`, `--json` and `--help`. */
export type OptionTypes = NonNullable<ParseArgsConfig['options']>;

/** Their values, by name without dashes. */
export type Flags = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** The command line does not make sense; the message says what would. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/**
 * Runs a command that reads recorded sessions and returns its exit code: what `read` returns, or 2 after saying what
 * is wrong with the command line (`read` returns undefined for words it does not take, or throws a `UsageError`), with
 * what is recorded, or with the disk.
 */
export function readCommand(
  name: string,
  usage: string,
  argv: string[],
  read: (words: readonly string[], state: string, json: boolean, flags: Flags) => number | undefined,
  options: OptionTypes = {},
): number {
  const wrong = (error: unknown): number => {
    process.stderr.write(`cordon ${name}: ${printable((error as Error).message)}\n`);
    return 2;
  };
  const misused = (what: string, action?: string): number => {
    process.stderr.write(`cordon ${name}: ${printable(what)}\n\n${synopsis(usage, action)}\n`);
    process.stderr.write(`cordon ${name} --help says more\n`);
    return 2;
  };
  let parsed: { values: Flags; positionals: string[] };
  try {
    parsed = parseArgs({ args: argv, allowPositionals: true, options: { ...options, ...COMMON } });
  } catch (error) {
    return misused((error as Error).message.replaceAll('\n', ' '), argv[0]);
  }
  const { values, positionals } = parsed;
  if (values['help'] === true) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    const { state, json, ...flags } = values;
    const code = read(positionals, (state as string | undefined) ?? stateDirectory(), json === true, flags);
    if (code !== undefined) return code;
    const words = positionals.map((word) => JSON.stringify(word)).join(' ');
    return misused(words === '' ? 'something is missing' : `does not fit: ${words}`, positionals[0]);
  } catch (error) {
    if (error instanceof LogFault) return wrong(new Error(`${error.file}: ${error.message}`));
    // A folder that may not be read or written, say: the system's words name it.
    const isKnown = error instanceof RecordingError || error instanceof UsageError;
    if (isKnown || (error as NodeJS.ErrnoException).syscall !== undefined) return wrong(error);
    throw error;
  }
}

/** Of a usage only what somebody needs who nearly had it right: its first lines, and the action he named, or the names of all. */
function synopsis(usage: string, action: string | undefined): string {
  const lines = usage.split('\n');
  const first = lines.slice(0, lines.indexOf('') + 1);
  const at = lines.findIndex((line) => line.startsWith(`  ${action} `));
  if (at >= 0) {
    const length = lines.slice(at + 1).findIndex((line) => !line.startsWith('   ')) + 1;
    return [...first, ...lines.slice(at, at + length), ''].join('\n');
  }
  const actions = lines.flatMap((line) => /^ {2}([a-z]+) /.exec(line)?.[1] ?? []);
  return [...first, ...(actions.length === 0 ? [] : [`  one of ${actions.join(', ')}`, ''])].join('\n');
}

const COMMON: OptionTypes = {
  state: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

/** A file that was named on the command line. `maxBytes`: past which it cannot be what is meant. */
export function readNamedFile(path: string, maxBytes: number): Buffer {
  try {
    const { size } = statSync(path);
    if (size > maxBytes)
      throw new UsageError(`${path} is ${size} bytes long: too long for what it should be`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
  }
}

/** A whole number from 0 on, in decimal; undefined if it is not given. */
export function numberFlag(flags: Flags, name: string): number | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || String(number) !== text) {
    throw new UsageError(`--${name} is a whole number, not ${JSON.stringify(text)}`);
  }
  return number;
}

/** Undefined if it is not given. */
export function textFlag(flags: Flags, name: string): string | undefined {
  return flags[name] as string | undefined;
}
