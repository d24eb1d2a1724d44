import type {
  Allow,
  Channel,
  Confidentiality,
  Effect,
  Flow,
  Mode,
  Pin,
  RememberedFlow,
  ServerTrust,
} from '../../src/event.ts';
import { Pins } from '../../src/mediation/descriptors/pins.ts';
import type { Judgement } from '../../src/mediation/judgement.ts';
import { type Labelled, Mediator } from '../../src/mediation/mediator.ts';
import type { Facts } from '../../src/mediation/policy/facts.ts';

export const NOW = '2026-01-31T12:00:00Z';

export interface Setup {
  mode?: Mode;
  servers?: readonly string[];
  trust?: Record<string, ServerTrust>;
  allow?: readonly Allow[];
  domains?: readonly string[];
  taintBytes?: number;
  seed?: number;
  pins?: readonly Pin[];
  remembered?: readonly RememberedFlow[];
  detectors?: boolean;
}

/** A session by hand: servers advertise and answer, the client calls. */
export class Play {
  readonly mediator: Mediator;

  constructor({ mode = 'guard', servers = ['web', 'mail'], trust = {}, allow = [], ...rest }: Setup = {}) {
    this.mediator = new Mediator(
      {
        mode,
        session: 's',
        servers,
        trust: new Map(Object.entries(trust)),
        allow,
        domains: rest.domains ?? [],
        seed: rest.seed ?? 0,
        taintBytes: rest.taintBytes ?? 1 << 20,
        remembered: rest.remembered ?? [],
        detectors: rest.detectors ?? true,
      },
      new Pins({ version: 1, pins: [...(rest.pins ?? [])], pending: [] }),
    );
  }

  tools(server: string, ...tools: readonly unknown[]): this {
    this.mediator.describe(server, 'tool', tools, NOW);
    return this;
  }

  /** A server's answer, labelled and learned from. */
  answers(
    server: string,
    origin: string,
    payload: unknown,
    { channel = 'result', call, task }: { channel?: Channel; call?: Judgement; task?: string } = {},
  ): Labelled {
    const labelled = this.mediator.label({ server, origin, channel, payload, task }, call);
    this.mediator.learn(labelled);
    return labelled;
  }

  /** A page, as a fetching tool of a server gives it. */
  page(text: string, server = 'web', origin = 'fetch'): Labelled {
    return this.answers(server, origin, { content: [{ type: 'text', text }] });
  }

  call(server: string, name: string, args: unknown): Judgement {
    return this.mediator.judge(server, 'tools/call', { name, arguments: args })!;
  }
}

/** A play in which `web` fetches and `mail` sends, the common case. */
export function webAndMail(setup: Setup = {}): Play {
  return new Play(setup)
    .tools('web', tool('fetch'), tool('get_page'))
    .tools('mail', tool('send'), tool('list'));
}

export function tool(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, description: 'Does its work.', inputSchema: { type: 'object' }, ...more };
}

export function trusted(
  integrity: 'trusted' | 'untrusted',
  tools: Record<
    string,
    {
      effect?: Effect;
      integrity?: 'trusted' | 'untrusted';
      confidentiality?: Confidentiality;
      fields?: Record<string, 'trusted' | 'untrusted'>;
    }
  > = {},
  confidentiality: Confidentiality = 'public',
): ServerTrust {
  const entries = Object.entries(tools).map(
    ([name, { fields = {}, ...rest }]) =>
      [name, { ...rest, fields: new Map(Object.entries(fields)) }] as const,
  );
  return { integrity, confidentiality, tools: new Map(entries) };
}

/** Facts of a call that nothing is known of. */
export const NO_FACTS: Facts = {
  mode: 'guard',
  sink: 'tool',
  server: 'mail',
  effect: 'write',
  reads: false,
  descriptor: 'usable',
  covered: false,
  readUntrusted: false,
  places: [],
  flows: [],
  goes: false,
  said: 0,
  forgotten: [],
};

export function flow(more: Omit<Partial<Flow>, 'source'> & { source?: Partial<Flow['source']> } = {}): Flow {
  const { source, ...rest } = more;
  return {
    argument: '/to',
    inName: false,
    span: [0, 5],
    match: 'whole',
    transforms: [],
    path: '/content/0/text',
    at: [0, 5],
    form: 'prose',
    alone: false,
    ...rest,
    source: {
      event: 'e1',
      server: 'web',
      origin: 'fetch',
      channel: 'result',
      label: { integrity: 'untrusted', confidentiality: 'public', reasons: [] },
      ...source,
    },
  };
}
