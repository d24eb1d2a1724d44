import type { Finding, Flow, Leaf } from '../event.ts';
import { leavesOf } from '../json/leaves.ts';
import { escapeToken, tokensOf } from '../json/pointer.ts';
import type { Judgement } from './judgement.ts';
import type { Facts, FlowFact } from './policy/facts.ts';
import { PROTOCOL_NAMES } from './protocol.ts';

/**
 * What the log keeps of a judgement: everything that decided, and where, but no content. Member names that no
 * descriptor announced are content too and read `*`.
 */
export function judgementEvidence(judgement: Judgement, known: ReadonlySet<string>): Record<string, unknown> {
  const { event, sink, effect, effectBy, verdict, rule, id, descriptor, facts, flows, questions } = judgement;
  const members = facts.places.length === 0 ? NOTHING : indexLike(sink.leaves);
  // In the order of their names, with room for those that every entry has: see encodeEntry. What stays undefined is
  // left out.
  return {
    content: undefined,
    descriptor,
    effect,
    effectBy,
    event,
    facts: factsEvidence(facts, known, members),
    flows:
      flows.length === 0
        ? flows
        : flows.map((flow, i) => flowEvidence(flow, facts.flows[i]!, known, members)),
    id,
    kind: undefined,
    n: undefined,
    prompt: judgement.named && sink.kind === 'prompt' ? sink.name : undefined,
    questions:
      questions.length === 0
        ? undefined
        : questions.map(({ argument, source }) => ({
            argument: redactArgument(argument, known, members),
            event: source?.event,
          })),
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

/** Members of the arguments that are named like a place in a list. */
function indexLike(leaves: readonly Leaf[]): Set<string> {
  const members = new Set<string>();
  for (const { form, path, text } of leaves) if (form === 'key' && isIndex(text)) members.add(path);
  return members;
}

/** What rules look at beside the flows: what is not usual, since most calls are alike. `factsOfEntry` reads it. */
function factsEvidence(
  facts: Facts,
  known: ReadonlySet<string>,
  members: ReadonlySet<string>,
): Record<string, unknown> {
  const { forgotten, places, said, sink, ungrounded } = facts;
  return {
    covered: facts.covered || undefined,
    forgotten: forgotten.length === 0 ? undefined : forgotten,
    goes: facts.goes || undefined,
    places:
      places.length === 0
        ? undefined
        : places.map(({ argument, inName, isSpaced, isText, role }) => ({
            argument: redactArgument(argument, known, members),
            inName: inName || undefined,
            role,
            spaced: isSpaced || undefined,
            text: isText || undefined,
          })),
    readUntrusted: facts.readUntrusted || undefined,
    reads: facts.reads || undefined,
    said: said === 0 ? undefined : said,
    sink: sink === 'tool' ? undefined : sink,
    standing: facts.descriptor === 'usable' ? undefined : facts.descriptor,
    ungrounded,
    unheard: facts.unheard,
  };
}

function flowEvidence(
  flow: Flow,
  fact: FlowFact,
  known: ReadonlySet<string>,
  members: ReadonlySet<string>,
): Record<string, unknown> {
  const { source } = flow;
  const { integrity, confidentiality, reasons } = source.label;
  return {
    account: fact.isAccount || undefined,
    argument: redactArgument(flow.argument, known, members),
    common: flow.common,
    from: {
      alone: flow.alone,
      asked: source.asked || undefined,
      at: flow.at,
      channel: source.channel,
      confidentiality,
      echo: source.echo,
      event: source.event,
      form: flow.form,
      integrity,
      link: fact.isLink || undefined,
      marked: source.marked || undefined,
      // A resource's address is content; a tool's or prompt's name stands in the log already.
      origin: source.named ? source.origin : undefined,
      path: redact(flow.path, known),
      reasons,
      server: source.server,
      session: source.session,
      steers: source.steers,
    },
    inName: flow.inName || undefined,
    leaks: fact.leaks || undefined,
    match: flow.match,
    namesPlace: fact.namesPlace || undefined,
    pastHost: fact.isPastHost || undefined,
    permitted: fact.permitted || undefined,
    place: fact.place,
    plain: fact.isPlain || undefined,
    remembered: fact.remembered || undefined,
    span: flow.span,
    transforms: flow.transforms,
  };
}

/**
 * The pointer of a text with every token replaced by `*` that is neither an announced name nor an index of one of the
 * protocol's lists. Other digits may be the name of a member, and so content, such as a PIN.
 */
export function redact(path: string, known: ReadonlySet<string>): string {
  const [outer = '', ...inner] = path.split(/#(?=\/)/);
  const isListed = (pointer: string): boolean => LISTED.test(pointer);
  return [shown(outer, known, isListed), ...inner.map((part) => shown(part, known, () => false))].join('#');
}

const LISTED = /^\/(?:content|contents|messages)\/[0-9]+$|^\/messages\/[0-9]+\/content\/[0-9]+$/;

/** The same of a pointer into a sink. Digits are an index unless `members` holds them as the name of a member. */
function redactArgument(pointer: string, known: ReadonlySet<string>, members: ReadonlySet<string>): string {
  // `../` is Cordon's own, see Sink.
  const outside = pointer.startsWith('../') ? '..' : '';
  const isElement = (inside: string): boolean => !members.has(outside + inside);
  return outside + shown(pointer.slice(outside.length), known, isElement);
}

function shown(pointer: string, known: ReadonlySet<string>, isElement: (pointer: string) => boolean): string {
  let at = '';
  let all = '';
  for (const token of tokensOf(pointer)) {
    const escaped = escapeToken(token);
    at += `/${escaped}`;
    const isPlain = known.has(token) || PROTOCOL_NAMES.has(token) || (isIndex(token) && isElement(at));
    all += isPlain ? `/${escaped}` : '/*';
  }
  return all;
}

function isIndex(token: string): boolean {
  return /^[0-9]{1,4}$/.test(token);
}

/** Every member name and every value that a schema itself holds: enums, constants, defaults, examples. */
export function schemaWords(...schemas: readonly unknown[]): { names: Set<string>; values: Set<string> } {
  const names = new Set<string>();
  const values = new Set<string>();
  for (const schema of schemas) {
    for (const leaf of leavesOf(schema)) if (leaf.form === 'key') names.add(leaf.text);
    addGiven(schema, values);
  }
  return { names, values };
}

/** Members of a schema that hold values, that hold schemas by a name of the server's choice, and that hold schemas. */
const GIVEN = new Set(['enum', 'const', 'default', 'examples', 'example']);
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
const NESTED = new Set([
  ...['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains', 'additionalProperties'],
  ...['unevaluatedProperties', 'propertyNames', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'],
]);

/** By position: a property may be named `default`, and its description is no value. */
function addGiven(schema: unknown, values: Set<string>): void {
  if (Array.isArray(schema)) for (const one of schema) addGiven(one, values);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
  for (const [key, value] of Object.entries(schema)) {
    if (GIVEN.has(key)) for (const leaf of leavesOf(value)) if (leaf.form !== 'key') values.add(leaf.text);
    if (NESTED.has(key)) addGiven(value, values);
    if (NAMED.has(key) && typeof value === 'object' && value !== null) addGiven(Object.values(value), values);
  }
}
