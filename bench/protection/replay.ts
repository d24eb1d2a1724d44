import type { Mode, RememberedFlow } from '../../src/event.ts';
import { Pins } from '../../src/mediation/descriptors/pins.ts';
import type { Judgement } from '../../src/mediation/judgement.ts';
import { Mediator } from '../../src/mediation/mediator.ts';
import { promptsAt, type Toolset, type Trace } from './traces.ts';

export interface Options {
  mode: Mode;
  withPrompt: boolean;
  detectors: boolean;
}

/** What a person has said yes to so far; questions are answered yes, and remembered as the policy's own rules say. */
export interface Life {
  remembered: RememberedFlow[];
  /** Whether this trace adds to it. */
  learns: boolean;
}

/** A line of a verdict file. */
export interface VerdictLine {
  id: string;
  step: number;
  verdict: 'ask' | 'deny';
  rule: string;
  sources: { argument: string; server: string; tool: string }[];
}

const NOW = '2026-01-01T00:00:00Z';

/**
 * Presents a trace to a fresh mediator as the proxy would: descriptors first, then each call and its result. Open loop:
 * what was asked about is taken as allowed, what was denied has no result.
 */
export function replay(trace: Trace, toolset: Toolset, options: Options, life?: Life): VerdictLine[] {
  const mediator = new Mediator(
    {
      mode: options.mode,
      session: 'bench',
      servers: Object.keys(toolset),
      trust: new Map(),
      allow: [],
      remembered: life?.remembered ?? [],
      seed: 1,
      taintBytes: 64 * 1024 * 1024,
      detectors: options.detectors,
    },
    new Pins({ version: 1, pins: [], pending: [] }),
  );
  for (const [server, tools] of Object.entries(toolset)) mediator.describe(server, 'tool', tools, NOW);
  const lines: VerdictLine[] = [];
  const known = new Set(Object.keys(toolset));
  for (const [step, { server, tool, arguments: args, result }] of trace.steps.entries()) {
    if (options.withPrompt) for (const text of promptsAt(trace, step)) mediator.prompt(text);
    // No proxy stands before a server that is not there: the client itself refused the call.
    if (!known.has(server)) continue;
    let judgement = mediator.judge(server, 'tools/call', { name: tool, arguments: args });
    if (judgement === undefined) throw new Error(`${trace.id}, step ${step}: not judged`);
    const { verdict, rule } = judgement;
    if (verdict !== 'allow') {
      lines.push({ id: trace.id, step, verdict, rule, sources: sourcesOf(judgement) });
    }
    if (verdict === 'ask' && life?.learns === true) {
      life.remembered.push(...judgement.remember);
      judgement = mediator.approve(judgement);
    }
    if (verdict === 'deny' || result === null) continue;
    mediator.learn(mediator.label({ server, channel: 'result', origin: tool, payload: result }, judgement));
  }
  return lines;
}

/** The arguments in question and where each of their values first stood, as a question would name them. */
function sourcesOf({ questions }: Judgement): VerdictLine['sources'] {
  return questions.map(({ argument, source }) => ({
    argument,
    server: source?.server ?? '',
    tool: source?.origin ?? '',
  }));
}
