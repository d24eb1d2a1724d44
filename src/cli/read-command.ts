import { parseArgs } from 'node:util';
import { stateDirectory } from '../config/state.ts';
import { printable } from '../json/printable.ts';
import { RecordingError } from '../recording/errors.ts';

/**
 * Runs a command that reads recorded sessions and returns its exit code: what `read` returns, or 2 after saying what
 * is wrong with the command line (`read` returns undefined for words it does not take) or with what is recorded.
 */
export function readCommand(
  name: string,
  usage: string,
  argv: string[],
  read: (words: readonly string[], state: string, json: boolean) => number | undefined,
): number {
  const wrong = (error: unknown): number => {
    process.stderr.write(`cordon ${name}: ${printable((error as Error).message)}\n`);
    return 2;
  };
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    wrong(error);
    process.stderr.write(usage);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    const code = read(positionals, values.state ?? stateDirectory(), values.json === true);
    if (code === undefined) process.stderr.write(usage);
    return code ?? 2;
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    return wrong(error);
  }
}

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: { state: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
}
