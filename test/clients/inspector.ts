/** What the Inspector's command line prints of a server. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Step } from '../e2e/support/scenarios.ts';
import { type Launch, withoutOurs } from './sdk.ts';

/** What a server may take to start: on a busy machine its own fifteen seconds are not enough for a server alone. */
const PATIENCE = ['--connect-timeout', '120000'];

export class Inspector {
  readonly #command: readonly string[];

  constructor(node: string, packages: string) {
    const cli = 'node_modules/@modelcontextprotocol/inspector/clients/cli/build/index.js';
    this.#command = [node, join(packages, cli)];
  }

  /** Its output for one request, without what Cordon adds; undefined for a request that it has no options for. */
  async print({ command, cwd, env }: Launch, step: Step): Promise<string | undefined> {
    const options = optionsOf(step);
    if (options === undefined) return undefined;
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const [file, ...args] = this.#command;
    const child = spawn(
      file!,
      [
        ...args,
        '-q',
        '--format',
        'json',
        ...PATIENCE,
        ...options,
        '--cwd',
        cwd,
        ...variables,
        '--',
        ...command,
      ],
      { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '', HOME: cwd } },
    );
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    // Nothing is the same as nothing: that would be taken for a proof.
    if (output === '' && errors === '') throw new Error(`the Inspector said nothing to ${options.join(' ')}`);
    return `${JSON.stringify(output === '' ? null : printed(output))} ${errors}`.replaceAll(cwd, 'FOLDER');
  }
}

function printed(output: string): unknown {
  const value = JSON.parse(output) as Record<string, unknown>;
  return withoutOurs(value['result'] ?? value);
}

/** Only what the command line has options for. */
function optionsOf({ method, params }: Step): string[] | undefined {
  const name = String(params['name']);
  switch (method) {
    case 'tools/list':
    case 'resources/list':
    case 'resources/templates/list':
    case 'prompts/list':
      return ['--method', method];
    case 'tools/call': {
      const json = JSON.stringify(params['arguments'] ?? {});
      return ['--method', method, '--tool-name', name, '--tool-args-json', json];
    }
    case 'resources/read':
      return ['--method', method, '--uri', String(params['uri'])];
    case 'prompts/get': {
      const given = Object.entries((params['arguments'] ?? {}) as object).map(
        ([key, value]) => `${key}=${value}`,
      );
      return [
        '--method',
        method,
        '--prompt-name',
        name,
        ...(given.length ? ['--prompt-args', ...given] : []),
      ];
    }
    default:
      return undefined;
  }
}
