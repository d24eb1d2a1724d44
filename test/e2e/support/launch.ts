import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The shipped bundle, which test/setup/build.ts made from this source tree. */
export const CORDON = join(root, 'dist', 'cordon.js');

export type Mode = 'observe' | 'guard' | 'lockdown';

/** `cordon run` in front of one server, whose state lies in `state`. */
export function inFrontOf(
  command: readonly string[],
  { state, mode = 'guard', options = [] }: { state: string; mode?: Mode; options?: readonly string[] },
): string[] {
  return [process.execPath, CORDON, 'run', '--state', state, '--mode', mode, ...options, '--', ...command];
}

/** `cordon run` in front of every server of a configuration. */
export function inFrontOfAll(config: string, state: string, mode: Mode = 'guard'): string[] {
  return [process.execPath, CORDON, 'run', '--config', config, '--state', state, '--mode', mode];
}

/** A command of Node whose timers run for `length`, an expression of `ms`: so that no test has to race with one. */
export function withTimers([node, ...rest]: readonly string[], length: string): string[] {
  const script = `const s = setTimeout; globalThis.setTimeout = (f, ms, ...a) => s(f, ${length}, ...a);`;
  return [node!, '--import', `data:text/javascript,${encodeURIComponent(script)}`, ...rest];
}

/** Any other command of Cordon. */
export function cordon(...args: string[]): string[] {
  return [process.execPath, CORDON, ...args];
}

/** One of `fixtures/servers/`, which test/setup/build.ts bundled. */
export const honest = (name: string): string => join(process.env['CORDON_TEST_SERVERS']!, name);

const installed = (path: string): string => join(root, 'node_modules', path);

/** Commands of published servers that start offline and need no credentials. */
export const servers = {
  everything: [process.execPath, installed('@modelcontextprotocol/server-everything/dist/index.js')],
  filesystem: (directory: string): string[] => [
    process.execPath,
    installed('@modelcontextprotocol/server-filesystem/dist/index.js'),
    directory,
  ],
  memory: [process.execPath, installed('@modelcontextprotocol/server-memory/dist/index.js')],
  sequentialThinking: [
    process.execPath,
    installed('@modelcontextprotocol/server-sequential-thinking/dist/index.js'),
  ],
  git: [process.execPath, installed('@cyanheads/git-mcp-server/dist/index.js')],
  junkFilesystem: [process.execPath, installed('@shtse8/filesystem-mcp/build/index.js')],
  notion: [process.execPath, installed('@notionhq/notion-mcp-server/bin/cli.mjs')],
  context7: [process.execPath, installed('@upstash/context7-mcp/dist/index.js')],
} as const;
