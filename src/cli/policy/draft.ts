import type { ServerTrust, ToolTrust } from '../../event.ts';
import { printable, reviewable } from '../../json/printable.ts';
import type { Outlook } from '../../mediation/policy/outlook.ts';
import { effectReason } from './explain.ts';

export interface DraftedServer {
  name: string;
  trust: ServerTrust | undefined;
  tools: readonly { name: string; outlook: Outlook }[];
  /** Names of tools that may not be used until a person approves. */
  withheld: readonly string[];
}

const HEAD = [
  '// What Cordon thinks. Correct what is wrong and paste the block; as it stands it changes nothing.',
  '// A tool that reads is only named in a comment: with "effect": "read" in the configuration, an address among its',
  '// arguments would no longer make a send of it. Arguments that are not listed are judged by the value they hold.',
];

/** A `cordon` block with comments that says for each tool what is thought of it anyway. */
export function draft(servers: readonly DraftedServer[]): string {
  const lines = [...HEAD, '{', '  "cordon": {', '    "servers": {'];
  for (const server of servers) lines.push(...serverLines(server).map((line) => `      ${line}`));
  lines.push('    }', '  }', '}');
  return `${lines.join('\n')}\n`;
}

function serverLines({ name, trust, tools, withheld }: DraftedServer): string[] {
  const lines: string[] = [];
  if (withheld.length > 0)
    lines.push(`// ${shown(name)}: withheld, see cordon pins diff: ${withheld.map(shown).join(', ')}`);
  if (tools.length === 0) {
    const remedy = 'serve it once behind Cordon, so that its tools are listed, then draft again';
    return [...lines, `// ${shown(name)}: none of its tools is pinned: ${remedy}`];
  }
  lines.push(`${json(name)}: {`);
  if (trust?.integrity === 'trusted') lines.push('  "trust": "trusted",');
  if (trust !== undefined && trust.confidentiality !== 'public')
    lines.push(`  "confidentiality": "${trust.confidentiality}",`);
  lines.push('  "tools": {');
  for (const tool of tools)
    lines.push(...toolLines(tool, trust?.tools.get(tool.name)).map((line) => `    ${line}`));
  return [...lines, '  }', '},'];
}

function toolLines(
  { name, outlook: { effect, profile, arguments: args } }: DraftedServer['tools'][number],
  told: ToolTrust | undefined,
): string[] {
  const why = effectReason(effect, profile);
  const isRead = effect.effect === 'read' && effect.by !== 'configuration';
  if (isRead && told === undefined) return [`// ${shown(name)}: reads: ${why}`];
  const lines = [`${json(name)}: {`];
  lines.push(isRead ? `  // reads: ${why}` : `  "effect": "${effect.effect}", // ${why}`);
  if (told?.integrity !== undefined) lines.push(`  "trust": "${told.integrity}",`);
  if (told?.confidentiality !== undefined) lines.push(`  "confidentiality": "${told.confidentiality}",`);
  lines.push(...members('roles', rolesOf(args, told, isRead)));
  if (told !== undefined) lines.push(...members('fields', told.fields));
  return [...lines, '},'];
}

/** What was configured stays; what is only thought is said where the value does not matter. */
function rolesOf(
  args: Outlook['arguments'],
  told: ToolTrust | undefined,
  isRead: boolean,
): Map<string, string> {
  const roles = new Map<string, string>(told?.roles);
  if (isRead) return roles;
  for (const { pointer, role, by, byValue } of args)
    if (!byValue && by !== 'configuration') roles.set(pointer, role);
  return roles;
}

function members(name: string, entries: ReadonlyMap<string, string>): string[] {
  if (entries.size === 0) return [];
  return [
    `  "${name}": {`,
    ...[...entries].map(([key, value]) => `    ${json(key)}: ${json(value)},`),
    '  },',
  ];
}

function json(text: string): string {
  return reviewable(JSON.stringify(text));
}

/** In a comment: foreign text, on one line. */
function shown(text: string): string {
  return printable(JSON.stringify(text));
}
