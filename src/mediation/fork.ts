import type { Allow, Effect, Mode } from '../event.ts';
import { canonical } from '../json/canonical.ts';
import { tokensOf } from '../json/pointer.ts';
import type { Facts } from './policy/facts.ts';
import type { PlainSettings, PlainTrust } from './settings.ts';

/** What is to be otherwise. `recorded`: the settings that the session ran under, without which only the mode can be. */
export interface Fork {
  mode?: Mode | undefined;
  policy?: PlainSettings | undefined;
  recorded?: PlainSettings | undefined;
}

/** What a fork would make of a call cannot be told without its content; the message says why. */
export class Undetermined extends Error {
  override name = 'Undetermined';
}

/** What an entry says of a call beside its facts. */
export interface Called {
  tool: string | undefined;
  flows: readonly {
    argument: string;
    server: string;
    origin: string | undefined;
    /** Private or secret. */
    isConfidential: boolean;
  }[];
}

/**
 * The facts as they would have been. What a text held is recorded as answers to the questions that rules ask; another
 * question has no answer.
 *
 * @throws Undetermined
 */
export function forked(facts: Facts, called: Called, { mode, policy, recorded }: Fork): Facts {
  const changed = mode === undefined ? facts : { ...facts, mode };
  if (policy === undefined) return changed;
  if (recorded === undefined) throw new Undetermined('the settings it ran under were not kept');
  requireSameTrust(changed, called, policy, recorded);
  const effect = effectUnder(changed, called.tool, policy, recorded);
  requireSameOutlet(called, effect !== undefined, policy, recorded);
  const lines = linesFor(policy, changed.server, called.tool);
  const before = linesFor(recorded, changed.server, called.tool);
  return {
    ...changed,
    ...effect,
    covered: changed.sink === 'tool' && lines.some(({ argument }) => argument === undefined),
    flows: changed.flows.map((fact, index) => {
      if (changed.sink !== 'tool') return fact;
      const flow = called.flows[index]!;
      return { ...fact, permitted: isPermitted(flow, fact.permitted, lines, before) };
    }),
  };
}

function linesFor({ allow }: PlainSettings, server: string, tool: string | undefined): readonly Allow[] {
  return allow.filter((line) => line.server === server && line.tool === tool);
}

function isPermitted(
  flow: Called['flows'][number],
  was: boolean,
  lines: readonly Allow[],
  before: readonly Allow[],
): boolean {
  const verdicts = lines.map((line) => permits(line, flow));
  if (verdicts.includes(true)) return true;
  const unclear = lines.filter((_, index) => verdicts[index] === undefined);
  if (unclear.length === 0) return false;
  // What was recorded answers for the lines that were there.
  const known = new Set(before.map((line) => canonical(line)));
  if (!was && unclear.every((line) => known.has(canonical(line)))) return false;
  if (was && before.every((line) => lines.some((one) => canonical(one) === canonical(line)))) return true;
  throw new Undetermined(
    'a line of "allow" names what was not recorded: an argument or an origin that nobody announced',
  );
}

/** Whether a line is for this flow; undefined if what it names was left out of the log. */
function permits({ argument, from }: Allow, flow: Called['flows'][number]): boolean | undefined {
  if (argument === undefined || from === undefined) return false;
  const isOrigin = flow.origin === undefined ? undefined : from === `${flow.server}.${flow.origin}`;
  if (isOrigin === false || !from.startsWith(`${flow.server}.`)) return false;
  const [said, recorded] = [tokensOf(argument), tokensOf(flow.argument)];
  if (said.length !== recorded.length) return false;
  if (!recorded.every((token, i) => token === '*' || token === said[i])) return false;
  return recorded.includes('*') ? undefined : isOrigin;
}

function effectUnder(
  facts: Facts,
  tool: string | undefined,
  policy: PlainSettings,
  recorded: PlainSettings,
): { effect: Effect; reads: boolean } | undefined {
  if (tool === undefined || facts.sink !== 'tool') return undefined;
  const effect = effectIn(policy, facts.server, tool);
  const before = effectIn(recorded, facts.server, tool);
  if (effect === before) return undefined;
  if (effect !== undefined) return { effect, reads: false };
  throw new Undetermined('what the tool does without a configured effect was not recorded');
}

function effectIn({ trust }: PlainSettings, server: string, tool: string): Effect | undefined {
  return trust[server]?.tools[tool]?.effect;
}

/** Labels and roles come from the content: under another trust they would have to be worked out from it again. */
function requireSameTrust(
  facts: Facts,
  { flows, tool }: Called,
  policy: PlainSettings,
  recorded: PlainSettings,
): void {
  const isSame = (name: string): boolean => labelling(policy.trust[name]) === labelling(recorded.trust[name]);
  const [other] = new Set(flows.map(({ server }) => server).filter((server) => !isSame(server)));
  if (other !== undefined)
    throw new Undetermined(`how far ${other} is trusted decides, and its labels come from content`);
  const isReading = facts.mode === 'lockdown' || facts.ungrounded !== undefined;
  if (isReading && !recorded.servers.every(isSame))
    throw new Undetermined('how far servers are trusted decides what counts as read');
  const roles = (settings: PlainSettings): string =>
    tool === undefined ? '' : canonical(rolesOf(settings.trust[facts.server]?.tools[tool]) ?? null);
  if (facts.places.length > 0 && roles(policy) !== roles(recorded))
    throw new Undetermined('what its arguments are for is configured otherwise, and comes from content');
}

/** Whether something leaks depends on the effect, and on the texts of the places that a call names. */
function requireSameOutlet(
  { flows }: Called,
  isOtherEffect: boolean,
  policy: PlainSettings,
  recorded: PlainSettings,
): void {
  if (!flows.some(({ isConfidential }) => isConfidential)) return;
  const domains = ({ domains = [] }: PlainSettings): string => canonical([...domains].sort());
  if (isOtherEffect)
    throw new Undetermined('it carries what is private or secret, and its effect is another');
  if (domains(policy) !== domains(recorded))
    throw new Undetermined(
      'it carries what is private or secret, and whose the places are comes from content',
    );
}

function rolesOf(tool: unknown): unknown {
  return (tool as { roles?: unknown } | undefined)?.roles;
}

/** What of a server's settings goes into labels. */
function labelling(trust: PlainTrust | undefined): string {
  if (trust === undefined) return '';
  const tools = Object.entries(trust.tools).map(([name, tool]) => {
    const { effect: _, roles: __, ...rest } = tool as { effect?: unknown; roles?: unknown };
    return [name, rest] as const;
  });
  const said = tools.filter(([, rest]) => canonical(rest) !== '{"fields":{}}');
  const { integrity, confidentiality } = trust;
  return canonical({ integrity, confidentiality, tools: Object.fromEntries(said) });
}
