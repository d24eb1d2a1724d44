import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Ancestor, clientOf, sessionKeys } from '../../../src/proxy/siblings/client-process.ts';

const CLIENT = { pid: 10, startTime: '1', stdin: '/dev/pts/0', name: 'claude' };
const carrier = (pid: number, name: string, stdin: string | undefined = 'socket:[7]'): Ancestor => ({
  ...{ pid, name, stdin },
  startTime: '2',
});

describe('the client is the nearest ancestor that made the pipe', () => {
  test.each<[string, Ancestor[], number | undefined]>([
    ['its parent', [CLIENT], 10],
    ['behind a shell', [carrier(12, 'sh'), CLIENT], 10],
    ['behind npx, which starts a shell', [carrier(13, 'sh'), carrier(12, 'npm exec cordon'), CLIENT], 10],
    ['a shell with a pipe of its own is a client', [carrier(12, 'bash', 'pipe:[1]'), CLIENT], 12],
    ['a program whose stdin nobody may look at', [{ ...CLIENT, stdin: undefined }], 10],
    ['nobody: all have the same', [carrier(12, 'claude')], undefined],
    ['nobody at all', [], undefined],
  ])('%s', (_name, all, pid) => {
    expect(clientOf(all, 'socket:[7]')?.pid).toBe(pid);
  });

  test.each([
    ['sh', 10],
    ['-zsh', 10],
    ['npm exec @scope/server', 10],
    ['node', 12],
    ['shell-client', 12],
    ['bunny', 12],
  ])('where stdin cannot be seen, names tell: %s', (name, pid) => {
    expect(clientOf([carrier(12, name, undefined), { ...CLIENT, stdin: undefined }], undefined)?.pid).toBe(
      pid,
    );
  });
});

describe('keys', () => {
  const script = fileURLToPath(new URL('../../../src/proxy/siblings/client-process.ts', import.meta.url));
  const print = `import(${JSON.stringify(script)}).then((m) => console.log(JSON.stringify(m.sessionKeys({}))))`;
  const node = [process.execPath, '--import', 'tsx', '-e', print] as const;
  const keysOf = (command: string, ...args: readonly string[]): string[] =>
    JSON.parse(spawnSync(command, args, { encoding: 'utf8' }).stdout);

  test('of two children of this process are the same, with a shell between too; without their pipe they are not', () => {
    const [direct] = keysOf(...node);
    expect(direct).toMatch(/^[0-9a-f]{32}$/);
    expect(keysOf('sh', '-c', '"$@"; exit $?', 'sh', ...node)).toEqual([direct]);
    expect(keysOf('sh', '-c', 'true | "$@"; exit $?', 'sh', ...node)).not.toEqual([direct]);
  });

  test('hold session ids that clients give, by digest, each under its own name', () => {
    const id = 'same-id';
    const [claude] = sessionKeys({ CLAUDE_CODE_SESSION_ID: id }).slice(-1);
    const [copilot] = sessionKeys({ COPILOT_AGENT_SESSION_ID: id }).slice(-1);
    expect(new Set([claude, copilot, ...sessionKeys({}).slice(-1)]).size).toBe(3);
    expect(claude).not.toContain(id);
    expect(sessionKeys({ CLAUDE_CODE_SESSION_ID: '' })).toEqual(sessionKeys({}));
  });
});
