import { textOf } from './text.mjs';

/** A request of the soak and what its answer has to be. */
export interface Ask {
  kind: Kind;
  server: string;
  method: string;
  params: Record<string, unknown>;
  /** The text of the answer; undefined where Cordon refuses it, or nobody answers. */
  expected?: string;
  progressToken?: string;
}

export type Kind = keyof typeof SHARES;

/** Of a thousand requests, how many are of each kind; files and cancelled calls are counted out one by one. */
export const SHARES = {
  word: 680,
  page: 100,
  length: 60,
  steps: 40,
  failure: 20,
  resource: 50,
  prompt: 40,
  unlisted: 10,
  file: 0,
  cancelled: 0,
};

const KINDS = (Object.keys(SHARES) as Kind[]).flatMap((kind) => Array<Kind>(SHARES[kind]).fill(kind));
const MB10 = 10 * 1024 * 1024;

/** The n-th request: of which kind, of which server and with which words is told by `n` and `random` alone. */
export function ask(n: number, server: string, kind: Kind): Ask {
  const key = `key-${n}`;
  const call = (tool: string, args: object, expected?: string, more: object = {}): Ask => ({
    kind,
    server,
    method: 'tools/call',
    params: { name: `${server}__${tool}`, arguments: args, ...more },
    ...(expected === undefined ? {} : { expected }),
  });
  switch (kind) {
    case 'word':
      return call('get_word', { key }, `${server} ${key}`);
    case 'page':
      return call('get_page', { key }, textOf(key, 10_000));
    case 'file':
      return call('get_file', { key }, textOf(key, MB10));
    case 'length': {
      const long = textOf(key, 4000);
      return call('get_length', { key: long }, `${server} ${long.length}`);
    }
    case 'steps': {
      const progressToken = `token-${n}`;
      return {
        ...call('get_steps', { key }, `${server} ${key}`, { _meta: { progressToken } }),
        progressToken,
      };
    }
    case 'failure':
      return call('get_failure', { key }, `${server} ${key}`);
    case 'cancelled':
      return call('get_nothing', { key });
    case 'unlisted':
      return call('get_lost', { key });
    case 'resource': {
      const uri = `soak://${server}`;
      return { kind, server, method: 'resources/read', params: { uri }, expected: `${server} ${uri}` };
    }
    case 'prompt': {
      const params = { name: `${server}__greet`, arguments: { key } };
      return { kind, server, method: 'prompts/get', params, expected: `${server} ${key}` };
    }
  }
}

export function kindOf(random: number): Kind {
  return KINDS[Math.floor(random * KINDS.length)]!;
}
