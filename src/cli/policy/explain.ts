import type { Allow } from '../../event.ts';
import { printable } from '../../json/printable.ts';
import type { EffectOpinion } from '../../mediation/effects/effects.ts';
import type { ToolProfile } from '../../mediation/effects/profile.ts';
import type { ArgumentOutlook, Outlook } from '../../mediation/policy/outlook.ts';

export interface Explained {
  server: string;
  tool: string;
  /** Of the pinned descriptor. */
  digest: string;
  outlook: Outlook;
  /** Rules of the configuration that are about it. */
  allowed: readonly Allow[];
  package: string | undefined;
}

/** What an effect rests on, to a person. */
export function effectReason({ by }: EffectOpinion, profile: ToolProfile | undefined): string {
  switch (by) {
    case 'configuration':
      return 'the configuration says so';
    case 'profile':
      return profile?.isNamed === true
        ? `the command starts a package of the profile "${profile.of}"`
        : `it looks like a tool of the profile "${profile?.of}", which is judged no less strictly`;
    case 'annotation':
      return 'its own annotations say so';
    case 'verb':
      return 'its name begins with a verb that reads';
    default:
      return 'nothing says that it does less';
  }
}

const ROLE_REASONS: Record<ArgumentOutlook['by'], string> = {
  configuration: 'by the configuration',
  profile: 'by a profile',
  schema: 'by the schema',
  name: 'by its name',
};

/** Rules about a call rather than about what flows into one argument. */
const WHOLE_CALL = [
  '  the call as a whole',
  '      ask   dictated-call: all that it says was read, word by word, in messages that tell the reader what to do',
  '      ask   ungrounded: a detector fired in this session, and nothing shows where a destination, credential or code is from',
  '      ask   forgotten-source: more was read than is kept, and a destination, credential or code may be from it',
  '      ask   silent-sibling: the same, where another Cordon of the client session does not say what it has read',
];

/** What Cordon thinks of a tool, line by line. */
export function explanation({
  server,
  tool,
  digest,
  outlook,
  allowed,
  package: started,
}: Explained): string[] {
  const { effect, profile, arguments: args } = outlook;
  const lines = [
    printable(`${server}.${tool}`),
    `  pinned    ${digest}`,
    `  effect    ${effect.effect}: ${effectReason(effect, profile)}`,
  ];
  if (started !== undefined) lines.push(`  package   ${printable(started)}`);
  lines.push(...wholeCall(outlook, allowed).map((line) => `  ${line}`));
  if (effect.effect === 'read' && effect.by === 'configuration') return lines;
  for (const one of args) lines.push(...argumentLines(one).map((line) => `  ${line}`));
  return [...lines, ...WHOLE_CALL];
}

function wholeCall({ effect }: Outlook, allowed: readonly Allow[]): string[] {
  const lines = allowed.map(({ argument, from }) =>
    argument === undefined
      ? 'allowed   every call, by cordon.allow'
      : printable(`allowed   what comes from ${from} into ${argument}, by cordon.allow`),
  );
  if (effect.effect !== 'read') return lines;
  return effect.by === 'configuration'
    ? [...lines, 'rules     none: a read is not held back']
    : [
        ...lines,
        'rules     none, unless an address among its arguments makes a send of it; then those below',
      ];
}

function argumentLines({ pointer, role, by, byValue, rules }: ArgumentOutlook): string[] {
  const value = byValue ? '; scalar where it is only a number or a time' : '';
  const lines = [`${printable(pointer)}  ${role}, ${ROLE_REASONS[by]}${value}`];
  for (const { name, verdict, because } of rules) lines.push(`    ${verdict.padEnd(5)} ${name}: ${because}`);
  if (rules.length === 0) lines.push('    nothing that flows into it is held back');
  return lines;
}
