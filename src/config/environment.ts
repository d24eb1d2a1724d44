import { delimiter, dirname } from 'node:path';

/** What a program needs to run at all and to speak the user's language; none of it is a secret. */
const SAFE_POSIX = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR'];

const SAFE_WINDOWS = [
  ...['PATH', 'PATHEXT', 'COMSPEC', 'SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'TEMP', 'TMP', 'USERNAME'],
  ...['USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'PROGRAMFILES'],
  ...[
    'PROGRAMFILES(X86)',
    'PROGRAMW6432',
    'PROCESSOR_ARCHITECTURE',
    'NUMBER_OF_PROCESSORS',
    'OS',
    'LANG',
    'TZ',
  ],
];

/**
 * Where certificates lie: behind an inspecting proxy nothing works without. Addresses of proxies are not here, since
 * they can hold a password.
 */
const CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/**
 * What a client holds for itself, and would hand to every server it starts: keys of models, tokens of the editor; and
 * where Cordon's own key lies.
 */
const CLIENTS_SECRETS =
  /^(?:CORDON_SIGNING_KEY_FILE$|CORDON_TAPE_KEY_FILE$|ANTHROPIC_|CLAUDE_CODE_|OPENAI_|AZURE_OPENAI_|CODEX_|COPILOT_|GITHUB_COPILOT_|CURSOR_|WINDSURF_|CODEIUM_|VSCODE_|OPENROUTER_|AWS_BEARER_TOKEN_BEDROCK$|(?:GEMINI|GOOGLE|GOOGLE_GENERATIVE_AI|MISTRAL|XAI|GROQ|DEEPSEEK)_API_KEY$)/;

export interface ChildEnvironment {
  /** What to start the child with, whole. A null-prototype object. */
  env: Record<string, string>;
  /** Names, never values, of the parent's variables that the child does not get; sorted. */
  withheld: string[];
}

/**
 * The environment of an upstream. The entry's own variables always arrive; of the parent's:
 * - `config`: a small safe set, since the configuration says what each server needs;
 * - `wrap`: all but known secrets of clients, since a client hands over its own environment and the entry's in one;
 * - `only`, whatever the mode: exactly these names, not even PATH unless it is named.
 *
 * Without `only`, the folder of the running node is put at the end of PATH, where it shadows nothing: clients are
 * started from desktops whose PATH has no node, and `#!/usr/bin/env node` asks for one.
 * On Windows names are compared without case.
 */
export function childEnvironment(options: {
  mode: 'config' | 'wrap';
  parentEnv: Readonly<Record<string, string | undefined>>;
  entryEnv: Readonly<Record<string, string>>;
  only?: readonly string[];
  platform?: NodeJS.Platform;
}): ChildEnvironment {
  const { mode, parentEnv, entryEnv, only, platform = process.platform } = options;
  const windows = platform === 'win32';
  const fold = (name: string) => (windows ? name.toUpperCase() : name);

  const named = only && new Set(only.map(fold));
  const safe = new Set([...(windows ? SAFE_WINDOWS : SAFE_POSIX), ...CERTIFICATES]);
  const passes = (name: string) => {
    if (named) return named.has(fold(name));
    if (mode === 'wrap') return !CLIENTS_SECRETS.test(name.toUpperCase());
    return safe.has(fold(name)) || name.startsWith('LC_');
  };

  const own = new Set(Object.keys(entryEnv).map(fold));
  const env: Record<string, string> = Object.create(null);
  const withheld: string[] = [];
  for (const [name, value] of Object.entries(parentEnv)) {
    if (value === undefined || own.has(fold(name))) continue;
    if (passes(name)) env[name] = value;
    else withheld.push(name);
  }
  for (const [name, value] of Object.entries(entryEnv)) env[name] = value;
  if (!named) addNode(env, fold);
  return { env, withheld: withheld.sort() };
}

function addNode(env: Record<string, string>, fold: (name: string) => string): void {
  const name = Object.keys(env).find((key) => fold(key) === 'PATH') ?? 'PATH';
  const folders = (env[name] ?? '').split(delimiter).filter((folder) => folder !== '');
  const node = dirname(process.execPath);
  if (!folders.includes(node)) env[name] = [...folders, node].join(delimiter);
}
