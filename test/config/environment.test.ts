import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childEnvironment } from '../../src/config/environment.ts';

const node = dirname(process.execPath);
const parentEnv = {
  PATH: `/bin:${node}`,
  HOME: '/home/u',
  LC_ALL: 'C.UTF-8',
  SSL_CERT_DIR: '/etc/ssl',
  HTTPS_PROXY: 'http://u:p@proxy.example.invalid',
  DATABASE_URL: 'db',
  GITHUB_TOKEN: 'g',
  CLAUDECODE: '1',
  ANTHROPIC_API_KEY: 'k',
  UNDEFINED: undefined,
};

describe('with a configuration', () => {
  test('a child gets a small safe set and what its entry says', () => {
    const { env, withheld } = childEnvironment({
      mode: 'config',
      parentEnv,
      entryEnv: { GITHUB_TOKEN: 'own' },
    });
    expect({ ...env }).toEqual({
      PATH: parentEnv.PATH,
      HOME: '/home/u',
      LC_ALL: 'C.UTF-8',
      SSL_CERT_DIR: '/etc/ssl',
      GITHUB_TOKEN: 'own',
    });
    expect(withheld).toEqual(['ANTHROPIC_API_KEY', 'CLAUDECODE', 'DATABASE_URL', 'HTTPS_PROXY']);
  });

  test("an entry's own PATH wins", () => {
    const { env } = childEnvironment({ mode: 'config', parentEnv, entryEnv: { PATH: '/own' } });
    expect(env['PATH']).toBe(`/own:${node}`);
  });
});

describe('in front of one command', () => {
  test.each([
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_AUTH_TOKEN',
    'CORDON_SIGNING_KEY_FILE',
    'OPENAI_API_KEY',
    'OPENAI_ORG_ID',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'CLAUDE_CODE_SESSION_ID',
    'COPILOT_GITHUB_TOKEN',
    'COPILOT_AGENT_SESSION_ID',
    'CODEX_API_KEY',
    'CURSOR_API_KEY',
    'GEMINI_API_KEY',
    'GOOGLE_API_KEY',
    'VSCODE_GIT_IPC_AUTH_TOKEN',
    'AWS_BEARER_TOKEN_BEDROCK',
    'openai_api_key',
  ])('%s is withheld', (name) => {
    const { env, withheld } = childEnvironment({
      mode: 'wrap',
      parentEnv: { [name]: 'secret' },
      entryEnv: {},
    });
    expect(Object.keys(env)).toEqual(['PATH']);
    expect(withheld).toEqual([name]);
  });

  test.each([
    'CLAUDECODE',
    'CLAUDE_PROJECT_DIR',
    'GEMINI_CLI',
    'GITHUB_TOKEN',
    'DATABASE_URL',
    'MY_OPENAI_KEY',
    'GOOGLE_MAPS_API_KEY',
  ])('%s arrives', (name) => {
    const { env, withheld } = childEnvironment({ mode: 'wrap', parentEnv: { [name]: 'v' }, entryEnv: {} });
    expect(env[name]).toBe('v');
    expect(withheld).toEqual([]);
  });

  test('exactly the named ones arrive, secrets too, and nothing else', () => {
    const { env, withheld } = childEnvironment({
      ...{ mode: 'wrap', parentEnv, entryEnv: {} },
      only: ['ANTHROPIC_API_KEY', 'NOT_SET'],
    });
    expect({ ...env }).toEqual({ ANTHROPIC_API_KEY: 'k' });
    expect(withheld).toContain('PATH');
  });
});

test('on Windows names are compared without case', () => {
  const windows = {
    Path: 'C:\\bin',
    SystemRoot: 'C:\\Windows',
    'ProgramFiles(x86)': 'C:\\P',
    Secret: 's',
    Token: 'parent',
  };
  const { env, withheld } = childEnvironment({
    ...{ mode: 'config', parentEnv: windows, entryEnv: { TOKEN: 'own' } },
    platform: 'win32',
  });
  expect(Object.keys(env).sort()).toEqual(['Path', 'ProgramFiles(x86)', 'SystemRoot', 'TOKEN']);
  expect(env['TOKEN']).toBe('own');
  expect(withheld).toEqual(['Secret']);
  const named = childEnvironment({
    mode: 'wrap',
    parentEnv: windows,
    entryEnv: {},
    only: ['path'],
    platform: 'win32',
  });
  expect(Object.keys(named.env)).toEqual(['Path']);
});

test('the folder of node comes last on PATH, once', () => {
  const path = (value: string | undefined) =>
    childEnvironment({ mode: 'wrap', parentEnv: { PATH: value }, entryEnv: {} }).env['PATH'];
  expect(path('/a:/b')).toBe(`/a:/b:${node}`);
  expect(path(`${node}:/b`)).toBe(`${node}:/b`);
  expect(path(undefined)).toBe(node);
});

test('every name of the parent is either given or withheld, and no value is invented', () => {
  const key = fc.oneof(
    fc.constantFrom('PATH', 'HOME', '__proto__', 'constructor', 'OPENAI_API_KEY'),
    fc.string({ minLength: 1 }),
  );
  const mode = fc.constantFrom<'config' | 'wrap'>('config', 'wrap');
  fc.assert(
    fc.property(
      mode,
      fc.dictionary(key, fc.string()),
      fc.dictionary(key, fc.string()),
      (each, parent, entry) => {
        const { env, withheld } = childEnvironment({
          mode: each,
          parentEnv: parent,
          entryEnv: entry,
          platform: 'linux',
        });
        for (const [name, value] of Object.entries(parent)) {
          const own = Object.hasOwn(entry, name);
          expect(Object.hasOwn(env, name)).toBe(own || !withheld.includes(name));
          if (name !== 'PATH' && !own && !withheld.includes(name)) expect(env[name]).toBe(value);
        }
        for (const [name, value] of Object.entries(entry)) if (name !== 'PATH') expect(env[name]).toBe(value);
        expect(
          Object.keys(env).every(
            (name) => name === 'PATH' || Object.hasOwn(parent, name) || Object.hasOwn(entry, name),
          ),
        ).toBe(true);
      },
    ),
  );
});
