/** What is said in generated conversations: methods, parameters and results of every revision, and what is in none. */
import { Raw } from './render.ts';

export const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];
export const STATELESS = '2026-07-28';
export const META = 'io.modelcontextprotocol/';

/** Client's and server's words have nothing in common: what is copied would be judged, which is not what is tested. */
const CLIENT_WORDS = ['violet teapot', 'seventeen umbrellas', 'Grüße — ひと', 'quiet "lamp" \u2028 end', ''];
const SERVER_WORDS = ['basalt column', 'ore 42 grams', 'Ωmega \u0000 null', 'tab\tand\nline', '🪨', '   '];
const TOOLS = ['weigh', 'sort_stones', 'Дробить'];
const PROMPTS = ['outline', 'ask again'];

/** Ids and tokens as JSON text: each is another, and some are written as few would write them. */
export const IDS: readonly string[] =
  '0 -1 1 "1" "" 9007199254740991 2e2 "\\u0041" "id/~1\\"x\\"" 7.5 "☃"'.split(' ');

export function pick<T>(from: readonly T[], which: number): T | undefined {
  return from[which % from.length];
}

export const clientWord = (which: number): string => pick(CLIENT_WORDS, which)!;
export const serverWord = (which: number): string => pick(SERVER_WORDS, which)!;

const CALLS = ['tools/call', 'tools/call', 'prompts/get', 'resources/read', 'completion/complete'];
const TASKS = ['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel'];
const STATELESS_TASKS = ['tasks/get', 'tasks/update', 'tasks/cancel'];
const SUBSCRIBING = ['resources/subscribe', 'resources/unsubscribe'];

/** What a client asks, save for the handshake and lists, which have their place in each conversation. */
export function clientMethods(revision: Revision): string[] {
  const any = [...CALLS, 'x-vendor/do', 'garden/list'];
  if (revision === STATELESS) return [...any, 'server/discover', 'subscriptions/listen', ...STATELESS_TASKS];
  const handshake = [...any, 'ping', 'logging/setLevel', ...SUBSCRIBING];
  return revision === '2025-11-25' ? [...handshake, ...TASKS] : handshake;
}

export function serverMethods(revision: Revision): string[] {
  if (revision === STATELESS) return [];
  const any = ['ping', 'sampling/createMessage', 'roots/list', 'x-vendor/ask'];
  if (revision >= '2025-06-18') any.push('elicitation/create');
  return revision === '2025-11-25' ? [...any, ...TASKS] : any;
}

export const LISTS = { tools: 'tools/list', prompts: 'prompts/list', resources: 'resources/list' } as const;
export type ListName = keyof typeof LISTS;
export const LIST_NAMES = Object.keys(LISTS) as ListName[];

export function listed(name: ListName): object {
  const extra = { 'x-extra': new Raw('12345678901234567890') };
  if (name === 'prompts') return { prompts: PROMPTS.map((prompt) => ({ name: prompt, ...extra })), ...extra };
  if (name === 'resources') return { resources: [{ uri: 'stone://1', name: 'first' }] };
  const tools = TOOLS.map((tool) => ({
    name: tool,
    description: `Does what ${tool} says`,
    inputSchema: { type: 'object', properties: { what: { type: 'string' } } },
    annotations: { readOnlyHint: true },
    ...extra,
  }));
  return { tools };
}

/** The parameters of a client's request. */
export function parametersOf(method: string, revision: Revision, which: number): object {
  const word = clientWord(which);
  const odd = { what: word, n: new Raw('0.1e-7'), deep: [[[{ a: null }]]], '': [] };
  switch (method) {
    case 'tools/call': {
      const task = revision === '2025-11-25' && which % 3 === 0 ? { task: { ttl: 60_000 } } : {};
      return { name: pick(TOOLS, which), ...(which % 5 === 0 ? {} : { arguments: odd }), ...task };
    }
    case 'prompts/get':
      return { name: pick(PROMPTS, which), arguments: { what: word } };
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return { uri: 'stone://1' };
    case 'completion/complete':
      return { ref: { type: 'ref/prompt', name: 'outline' }, argument: { name: 'what', value: word } };
    case 'logging/setLevel':
      return { level: pick(['debug', 'emergency', 'no level at all'], which) };
    case 'subscriptions/listen':
      return { notifications: { toolsListChanged: true } };
    default:
      return method.startsWith('tasks/') ? { taskId: 'task-of-the-client' } : { x: odd };
  }
}

/** The result of a server to a client's request. */
export function resultOf(method: string, revision: Revision, which: number): object {
  const word = serverWord(which);
  const more = revision === STATELESS ? { resultType: 'complete', 'x-more': word } : { 'x-more': word };
  switch (method) {
    case 'tools/call':
    case 'tasks/result':
      return { ...toolResult(which, word), ...more };
    case 'prompts/get':
      return {
        description: word,
        messages: [{ role: 'user', content: { type: 'text', text: word } }],
        ...more,
      };
    case 'resources/read': {
      const [one, other] = [
        { uri: 'stone://1', text: word },
        { uri: 'stone://1#b', blob: 'AAAA' },
      ];
      return { contents: [one, other], ...more };
    }
    case 'completion/complete':
      return { completion: { values: [word], total: new Raw('1e0'), hasMore: false } };
    default:
      return which % 2 === 0 ? {} : { any: word, ...more };
  }
}

function toolResult(which: number, word: string): object {
  const blocks = [
    { type: 'text', text: word, annotations: { audience: ['user'], priority: new Raw('0.50') } },
    { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
    { type: 'resource_link', uri: 'stone://2', name: word },
    { type: 'resource', resource: { uri: 'stone://3', text: word } },
    { type: 'x-unknown', value: [word] },
  ];
  switch (which % 6) {
    case 0:
      return { content: [] };
    case 1:
      return { content: [], structuredContent: { deep: [{ word, n: new Raw('-0') }] } };
    case 2:
      return { content: blocks, isError: true };
    case 3:
      return { content: blocks.slice(0, 1), _meta: { 'x.example/trace': word, z: null } };
    case 4:
      return { _meta: {}, content: blocks };
    default:
      // Half a character, as servers print that cut texts anywhere.
      return { content: [{ type: 'text', text: `${word} cut \ud83d`.repeat(60) }] };
  }
}

/** The result of a call that goes on, as a task or with a question. */
export function unfinishedOf(revision: Revision, which: number): object {
  if (revision !== STATELESS) return { task: { taskId: 'task-of-the-server', status: 'working' } };
  return { resultType: 'input_required', requestState: serverWord(which), inputRequests: {} };
}

/** The parameters of a server's request: those of one method say nothing in another. */
export function questionOf(which: number): object {
  const word = serverWord(which);
  return {
    message: word,
    messages: [{ role: 'user', content: { type: 'text', text: word } }],
    maxTokens: which,
    requestedSchema: { type: 'object', properties: { name: { type: 'string', default: word } } },
    taskId: 'task-of-the-client',
  };
}

/** What a client answers to any of them. */
export function replyOf(which: number): object {
  const content = { type: 'text', text: clientWord(which) };
  return { action: 'accept', content, role: 'assistant', model: 'none' };
}
