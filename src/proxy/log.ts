import { VERSION } from '../config/version.ts';
import { printable } from '../json/printable.ts';
import { tell } from './stderr.ts';

export type Level = 'info' | 'warn' | 'error';

type Logger = Record<Level, (fields: Record<string, string | number>, message: string) => void>;

/** Where pino cannot be loaded (the program was replaced under a running proxy), a line still gets out. */
const plain = (level: Level) => (fields: Record<string, string | number>, message: string) => {
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${value}`);
  tell(`cordon ${level}: ${message}${rest.join('')}\n`);
};

/** Loading takes longer than servers take to start, in ms: a line can wait, a start cannot. */
const LOAD_AFTER_MS = 150;

let logger: Logger | undefined;
let loading = false;
const waiting: (() => void)[] = [];

/**
 * Writes one line for the operator to stderr. stdout belongs to MCP alone. pino is loaded with the first line, so
 * that a start that has nothing to say does not pay for it. Foreign text in `message` and `fields` is shown with
 * its hidden characters escaped: stderr is somebody's terminal.
 */
export function log(level: Level, message: string, fields: Record<string, string | number> = {}): void {
  const safe: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(fields)) {
    safe[key] = typeof value === 'string' ? printable(value.slice(0, 2000)) : value;
  }
  waiting.push(() => logger?.[level](safe, printable(message)));
  if (logger !== undefined) drain();
  else if (!loading) {
    loading = true;
    setTimeout(() => void load(), LOAD_AFTER_MS);
  }
}

async function load(): Promise<void> {
  // JSON is for programs that collect logs; at a terminal a person reads.
  if (process.stderr.isTTY) {
    logger = { info: plain('info'), warn: plain('warn'), error: plain('error') };
    return drain();
  }
  await import('pino')
    .then(({ default: pino }) => {
      const base = { name: 'cordon', version: VERSION };
      // Not pino's own destination: where nobody reads stderr, it waits, and everything with it.
      logger = pino({ base, timestamp: pino.stdTimeFunctions.isoTime }, { write: (line) => tell(line) });
    })
    .catch(() => {
      logger = { info: plain('info'), warn: plain('warn'), error: plain('error') };
    });
  drain();
}

/** Everything logged so far is on stderr once this resolves. */
export async function logged(): Promise<void> {
  if (waiting.length > 0) await load();
}

function drain(): void {
  for (const write of waiting.splice(0)) write();
}
