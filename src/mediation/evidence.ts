import type { Finding, Flow } from '../event.ts';
import { leavesOf } from '../json/leaves.ts';
import { escapeToken, tokensOf } from '../json/pointer.ts';
import type { Judgement } from './judgement.ts';

/** Names that the protocol itself gives to members, which therefore tell nothing of the content. */
const PROTOCOL_NAMES = new Set(
  'content contents structuredContent messages message text data uri mimeType name title description resource error completion values argument value context arguments instructions progress total level logger'.split(
    ' ',
  ),
);

/**
 * What the log keeps of a judgement: everything that decided, and where, but no content. Member names that no
 * descriptor announced are content too and read `*`.
 */
export function judgementEvidence(judgement: Judgement, known: ReadonlySet<string>): Record<string, unknown> {
  const { event, sink, effect, verdict, rule, id, descriptor, flows } = judgement;
  // In the order of their names, with room for those that every entry has: see encodeEntry. What stays undefined is
  // left out.
  return {
    content: undefined,
    descriptor,
    effect,
    event,
    flows: flows.map((flow) => flowEvidence(flow, known)),
    id,
    kind: undefined,
    n: undefined,
    prompt: judgement.named && sink.kind === 'prompt' ? sink.name : undefined,
    rule,
    server: sink.server,
    time: undefined,
    tool: judgement.named && sink.kind === 'tool' ? sink.name : undefined,
    v: undefined,
    verdict,
  };
}

/** What the log keeps of findings: which detector, and where. */
export function findingEvidence(findings: readonly Finding[]): Record<string, unknown>[] {
  return findings.map(({ detector, path, span }) => ({ detector, path: redact(path, NOTHING), span }));
}

const NOTHING: ReadonlySet<string> = new Set();

function flowEvidence(flow: Flow, known: ReadonlySet<string>): Record<string, unknown> {
  const { source } = flow;
  const { integrity, confidentiality, reasons } = source.label;
  // A resource's address is content; a tool's or prompt's name stands in the log already.
  const origin =
    source.channel === 'resource' || source.channel === 'descriptor' ? {} : { origin: source.origin };
  return {
    argument: redact(flow.argument, known),
    span: flow.span,
    match: flow.match,
    transforms: flow.transforms,
    from: {
      event: source.event,
      server: source.server,
      channel: source.channel,
      ...origin,
      path: redact(flow.path, known),
      at: flow.at,
      form: flow.form,
      alone: flow.alone,
      integrity,
      confidentiality,
      reasons,
    },
  };
}

/** The pointer with every token that is neither an index nor an announced name replaced by `*`. */
export function redact(pointer: string, known: ReadonlySet<string>): string {
  return pointer
    .split('#')
    .map((part) =>
      tokensOf(part)
        .map((token) =>
          known.has(token) || PROTOCOL_NAMES.has(token) || isIndex(token) ? escapeToken(token) : '*',
        )
        .map((token) => `/${token}`)
        .join(''),
    )
    .join('#');
}

function isIndex(token: string): boolean {
  return /^[0-9]{1,4}$/.test(token);
}

/** Every member name and every value that a schema itself holds: enums, constants, defaults, examples. */
export function schemaWords(...schemas: readonly unknown[]): { names: Set<string>; values: Set<string> } {
  const names = new Set<string>();
  const values = new Set<string>();
  for (const schema of schemas) {
    for (const leaf of leavesOf(schema)) {
      if (leaf.form === 'key') names.add(leaf.text);
      else if (GIVEN.test(leaf.path)) values.add(leaf.text);
    }
  }
  return { names, values };
}

const GIVEN = /\/(?:enum|const|default|examples?)(?:\/|$)/;
