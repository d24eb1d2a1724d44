import { printable } from '../json/printable.ts';

/** One thing wrong with a configuration, for a person to act on. */
export interface Problem {
  /** 1-based; absent where the file as a whole is meant. */
  line?: number;
  /** 1-based, in UTF-16 code units. */
  column?: number;
  /** Where in the value: `cordon.limits.depth`; empty for the file. */
  path: string;
  /** What was found and what was expected. */
  message: string;
}

/** More are counted, not listed: one mistake early in a file often causes many. */
const LISTED = 10;

/**
 * The configuration cannot be used. The message is complete, one line a problem
 * (`mcp.json:4:13: cordon.mode: found "gaurd", expected one of "observe", "guard", "lockdown"`), and holds no raw
 * control characters and no values of `env`. The command line answers it with exit code 2.
 */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const lines = problems.slice(0, LISTED).map((problem) => render(file, problem));
    if (problems.length > LISTED) lines.push(`and ${problems.length - LISTED} more`);
    super(lines.join('\n'));
    this.problems = problems;
  }
}

/** Something that types cannot say is wrong with the value at `path`, or with that member's name. */
export class BuildError extends Error {
  override name = 'BuildError';
  readonly path: readonly PropertyKey[];
  readonly atKey: boolean;

  constructor(path: readonly PropertyKey[], message: string, atKey = false) {
    super(message);
    this.path = path;
    this.atKey = atKey;
  }
}

function render(file: string, { line, column, path, message }: Problem): string {
  const shown = printable(file);
  const at = line === undefined ? shown : `${shown}:${line}:${column}`;
  return path === '' ? `${at}: ${message}` : `${at}: ${path}: ${message}`;
}

/** `['mcpServers', 'my server', 'args', 0]` -> `mcpServers."my server".args.0`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path.map((key) => (/^[\w-]+$/.test(String(key)) ? String(key) : quote(String(key)))).join('.');
}

/** The text in quotes, at most `length` characters of it, and nothing in it that a terminal would obey. */
export function quote(text: string, length = 60): string {
  const short = text.length > length ? `${text.slice(0, length)}...` : text;
  return printable(JSON.stringify(short));
}
