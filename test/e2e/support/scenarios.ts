import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { servers } from './launch.ts';

/** One request of a client; `tools/call` and `prompts/get` are renamed where several servers stand behind one proxy. */
export interface Step {
  method: string;
  params: Record<string, unknown>;
}

/** A session with a published server: everything that it sends is the user's own text at its first use. */
export interface Scenario {
  server: string;
  /** Prepares the folder that the server works in. */
  prepare?: (directory: string) => void;
  command: (directory: string) => readonly string[];
  env?: (directory: string) => Record<string, string>;
  /** Number of tools that the server is known to list to a client without capabilities. */
  tools: number;
  steps: (directory: string) => Step[];
  /** Takes out what differs from run to run (times, hashes), nothing else. */
  settle?: (line: string) => string;
}

export const call = (name: string, args: object = {}): Step => ({
  method: 'tools/call',
  params: { name, arguments: args },
});
const step = (method: string, params: Record<string, unknown> = {}): Step => ({ method, params });

/** A resource that no server has. */
export const NOWHERE = 'demo://resource/nowhere';

const everything: Scenario = {
  server: 'everything',
  command: () => servers.everything,
  tools: 13,
  steps: () => [
    step('resources/list'),
    step('resources/templates/list'),
    step('prompts/list'),
    call('echo', { message: 'ein eigener Satz, mit "Anführung" und \u2028' }),
    call('get-sum', { a: 40, b: 2.5 }),
    call('get-structured-content', { location: 'Chicago' }),
    call('get-tiny-image'),
    call('get-annotated-message', { messageType: 'error', includeImage: true }),
    call('get-resource-links', { count: 3 }),
    call('get-sum', { a: 'no number', b: 1 }),
    step('resources/read', { uri: 'demo://resource/static/document/architecture.md' }),
    step('resources/read', { uri: NOWHERE }),
    step('prompts/get', { name: 'simple-prompt' }),
    step('prompts/get', { name: 'args-prompt', arguments: { city: 'Lisbon', state: 'south' } }),
    step('completion/complete', {
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    }),
    step('logging/setLevel', { level: 'emergency' }),
    step('ping'),
  ],
};

const NOTE = 'Bring the blue folder and two pens.\nThe second line is mine as well.\n';

const filesystem: Scenario = {
  server: 'filesystem',
  prepare: (directory) => {
    mkdirSync(join(directory, 'inbox'));
    writeFileSync(join(directory, 'inbox', 'agenda.txt'), 'Point one: the garden fence.\n');
  },
  command: servers.filesystem,
  tools: 14,
  steps: (directory) => [
    call('write_file', { path: join(directory, 'note.txt'), content: NOTE }),
    call('read_text_file', { path: join(directory, 'note.txt') }),
    call('edit_file', {
      path: join(directory, 'note.txt'),
      edits: [{ oldText: 'two pens', newText: 'a ruler' }],
    }),
    call('read_text_file', { path: join(directory, 'note.txt'), head: 1 }),
    call('create_directory', { path: join(directory, 'drafts/today') }),
    call('move_file', {
      source: join(directory, 'note.txt'),
      destination: join(directory, 'drafts/note.txt'),
    }),
    call('list_directory', { path: directory }),
    call('directory_tree', { path: directory }),
    call('search_files', { path: directory, pattern: '**/*.txt' }),
    call('read_multiple_files', {
      paths: [join(directory, 'inbox/agenda.txt'), join(directory, 'nothing.txt')],
    }),
    call('read_text_file', { path: '/etc/passwd' }),
    call('list_allowed_directories'),
  ],
};

const memory: Scenario = {
  server: 'memory',
  command: () => servers.memory,
  env: (directory) => ({ MEMORY_FILE_PATH: join(directory, 'memory.json') }),
  tools: 9,
  steps: () => [
    call('create_entities', {
      entities: [
        { name: 'Orchard', entityType: 'place', observations: ['has a ladder', 'faces south'] },
        { name: 'Ladder', entityType: 'thing', observations: [] },
      ],
    }),
    call('create_relations', { relations: [{ from: 'Ladder', to: 'Orchard', relationType: 'stands in' }] }),
    call('add_observations', { observations: [{ entityName: 'Ladder', contents: ['needs paint'] }] }),
    call('read_graph'),
    call('search_nodes', { query: 'paint' }),
    call('open_nodes', { names: ['Orchard'] }),
    call('delete_observations', { deletions: [{ entityName: 'Orchard', observations: ['faces south'] }] }),
    call('delete_entities', { entityNames: ['Ladder'] }),
    call('read_graph'),
    call('create_entities', { entities: 'not a list' }),
  ],
};

const sequentialThinking: Scenario = {
  server: 'sequential-thinking',
  command: () => servers.sequentialThinking,
  env: () => ({ DISABLE_THOUGHT_LOGGING: 'true' }),
  tools: 1,
  steps: () =>
    [1, 2].map((thoughtNumber) =>
      call('sequentialthinking', {
        thought: `Thought ${thoughtNumber}: measure the fence, then buy the paint.`,
        nextThoughtNeeded: thoughtNumber === 1,
        thoughtNumber,
        totalThoughts: 2,
      }),
    ),
};

const DAY = '2026-03-01T10:00:00Z';

const git: Scenario = {
  server: 'git',
  prepare: (directory) => {
    mkdirSync(join(directory, 'repository'));
    writeFileSync(join(directory, 'repository', 'plan.md'), '# Plan\n\nPaint the fence.\n');
  },
  command: () => servers.git,
  env: (directory) => ({
    HOME: directory,
    LOGS_DIR: join(directory, 'logs'),
    MCP_LOG_LEVEL: 'silent',
    GIT_BASE_DIR: directory,
    GIT_SIGN_COMMITS: 'false',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Test',
    GIT_AUTHOR_EMAIL: 'test@example.invalid',
    GIT_COMMITTER_NAME: 'Test',
    GIT_COMMITTER_EMAIL: 'test@example.invalid',
    GIT_AUTHOR_DATE: DAY,
    GIT_COMMITTER_DATE: DAY,
  }),
  tools: 28,
  steps: (directory) => {
    const path = join(directory, 'repository');
    return [
      call('git_init', { path, initialBranch: 'main' }),
      call('git_add', { path, paths: ['plan.md'] }),
      call('git_commit', {
        path,
        message: 'Begin the plan of the fence',
        author: { name: 'Test', email: 'test@example.invalid' },
      }),
      call('git_status', { path }),
      call('git_log', { path, maxCount: 5 }),
      call('git_branch', { path, mode: 'create', branchName: 'gate' }),
      call('git_show', { path, object: 'HEAD' }),
      call('git_log', { path: join(directory, 'elsewhere') }),
    ];
  },
  settle: (line) =>
    line
      .replaceAll(/[0-9a-f]{40}|\b[0-9a-f]{7}\b/g, 'HASH')
      .replaceAll(/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9:]+)/g, 'TIME')
      .replaceAll(/\b1[78][0-9]{8,11}\b/g, 'TIME')
      .replaceAll(/"requestId":"[^"]*"/g, '"requestId":""'),
};

const junkFilesystem: Scenario = {
  server: 'junk-filesystem',
  command: () => servers.junkFilesystem,
  tools: 13,
  steps: () => [
    call('write_content', { items: [{ path: 'note.txt', content: NOTE }] }),
    call('read_content', { paths: ['note.txt'] }),
    call('create_directories', { paths: ['sketches'] }),
    call('copy_items', { operations: [{ source: 'note.txt', destination: 'sketches/note.txt' }] }),
    call('read_content', { paths: ['../outside.txt'] }),
    call('delete_items', { paths: ['note.txt'] }),
  ],
};

const notion: Scenario = {
  server: 'notion',
  command: () => servers.notion,
  // No request may leave the machine, whatever it is connected to: port 9 of the loopback refuses.
  env: () => ({ HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', NOTION_TOKEN: 'none' }),
  tools: 24,
  steps: () => [call('API-get-self'), call('API-get-users', { page_size: 5 })],
};

const context7: Scenario = {
  server: 'context7',
  command: () => servers.context7,
  tools: 2,
  // Arguments that its schema refuses: a valid call would go to the internet.
  steps: () => [call('resolve-library-id', { libraryName: 7 }), call('query-docs', {})],
};

export const scenarios: readonly Scenario[] = [
  everything,
  filesystem,
  memory,
  sequentialThinking,
  git,
  junkFilesystem,
  notion,
  context7,
];
