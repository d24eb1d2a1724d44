import type { Confidentiality, Effect, Flow, Leaf, Role, ServerTrust, Source } from '../../event.ts';
import { escapeToken } from '../../json/pointer.ts';
import { type EffectOpinion, effectOfTool } from '../effects/effects.ts';
import { profileOf, type ToolProfile } from '../effects/profile.ts';
import { recordOf } from '../sinks.ts';
import { type GivenRoles, givenRole, givenRoles } from './given.ts';
import { decide } from './policy.ts';
import { roleOf } from './roles.ts';
import { ARGUMENT_RULES, type ArgumentRule } from './rules.ts';

/** What is thought of a tool before any call of it. */
export interface Outlook {
  effect: EffectOpinion;
  /** The well-known tool that it is, or only looks like. */
  profile: ToolProfile | undefined;
  arguments: ArgumentOutlook[];
}

export interface ArgumentOutlook {
  /** Pointer into the arguments, with `*` for a place in a list. */
  pointer: string;
  role: Role;
  by: 'configuration' | 'profile' | 'schema' | 'name';
  /** A number or a time there is a scalar. */
  byValue: boolean;
  /** What can hold a call back for what flows into it. */
  rules: readonly ArgumentRule[];
}

const DEEPEST = 8;
const MOST = 256;
/** What an argument can hold: words, a number, a time. */
const SAMPLES = ['some words', '7', '2026-01-31'];

/** What the policy would make of a tool, by its descriptor and what the user says of its server. */
export function outlookOf(
  { server, name, descriptor }: { server: string; name: string; descriptor: unknown },
  trust: ServerTrust | undefined,
): Outlook {
  const effect = effectOfTool(name, server, descriptor, trust);
  const given = givenRoles(name, descriptor, trust);
  const schema = recordOf(descriptor)['inputSchema'];
  const pointers: string[] = [];
  collect(schema, '', 0, pointers);
  const args = pointers.map((pointer) => argumentOf(pointer, schema, given));
  const goesTo = args.find(({ role }) => role === 'destination')?.pointer;
  const rulesFor = (pointer: string): ArgumentRule[] =>
    rulesOf({ server, name, schema, given, effect: effect.effect, goesTo }, pointer);
  return {
    effect,
    profile: profileOf(name, descriptor, trust?.package),
    arguments: args.map((one) => ({ ...one, rules: rulesFor(one.pointer) })),
  };
}

/** Pointers of all that a schema announces and does not divide further. */
function collect(schema: unknown, pointer: string, depth: number, pointers: string[]): void {
  if (pointers.length >= MOST) return;
  const { properties, items, type } = recordOf(schema);
  // Yes or no carries nothing.
  if (type === 'boolean') return;
  const names = depth < DEEPEST ? Object.keys(recordOf(properties)).sort() : [];
  for (const name of names)
    collect(recordOf(properties)[name], `${pointer}/${escapeToken(name)}`, depth + 1, pointers);
  if (names.length > 0) return;
  const isList = depth < DEEPEST && recordOf(items)['properties'] !== undefined;
  if (isList) collect(items, `${pointer}/*`, depth + 1, pointers);
  else if (pointer !== '') pointers.push(pointer);
}

function argumentOf(pointer: string, schema: unknown, given: GivenRoles): Omit<ArgumentOutlook, 'rules'> {
  const leaves = SAMPLES.map((text) => leafAt(pointer, text));
  const told = givenRole(leaves[0]!, given);
  const roles = leaves.map((leaf) => told?.role ?? roleOf(leaf, schema));
  const role = roles[0]!;
  const byName = roleOf(leaves[0]!, undefined) === role ? 'name' : 'schema';
  return {
    pointer,
    role,
    by: told?.by ?? byName,
    byValue: roles.some((one) => one !== role),
  };
}

interface Called {
  server: string;
  name: string;
  schema: unknown;
  given: GivenRoles;
  effect: Effect;
  /** An argument that says where the call goes. */
  goesTo: string | undefined;
}

/**
 * The rules that can hold a call back for a flow into one of its arguments: those by which calls are in fact held back
 * that carry a word or an address, read from what is least suspect to what is most, and at last a secret.
 */
function rulesOf({ server, name, schema, given, effect, goesTo }: Called, pointer: string): ArgumentRule[] {
  const found = new Set<string>();
  const secret = { confidentiality: 'secret' } as const;
  const reads = effect === 'read';
  for (const text of ['some-name-17', 'https://host.example.invalid/x']) {
    const leaves = [leafAt(pointer, text)];
    if (goesTo !== undefined && goesTo !== pointer) leaves.push(leafAt(goesTo, 'somebody'));
    for (const steers of [undefined, 'near', 'here'] as const) {
      for (const more of [{}, { marked: true }, secret]) {
        const { verdict, rule } = decide({
          mode: 'guard',
          sink: { kind: 'tool', server, name, leaves },
          effect: reads ? 'send' : effect,
          reads,
          descriptor: 'usable',
          schema,
          roles: given,
          flows: [flowInto(leaves[0]!, steers, more)],
          readUntrusted: true,
          forgotten: [],
          allow: [],
        });
        if (verdict !== 'allow') found.add(rule);
      }
    }
  }
  return ARGUMENT_RULES.filter((rule) => found.has(rule.name));
}

function leafAt(pointer: string, text: string): Leaf {
  return { path: pointer.replaceAll('/*', '/0'), text, form: 'string' };
}

/** A value in running text of another server's answer. */
function flowInto(
  { path, text }: Leaf,
  steers: Source['steers'],
  { marked = false, confidentiality = 'public' }: { marked?: boolean; confidentiality?: Confidentiality },
): Flow {
  const source: Source = {
    event: 'e1',
    server: 'other',
    origin: 'tool',
    channel: 'result',
    label: { integrity: 'untrusted', confidentiality, reasons: [] },
    ...(steers !== undefined && { steers }),
    ...(marked && { marked }),
  };
  const span = [0, text.length] as const;
  return {
    argument: path,
    inName: false,
    span,
    match: 'whole',
    transforms: [],
    source,
    path: '/content/0/text',
    at: span,
    form: 'prose',
    alone: false,
  };
}
