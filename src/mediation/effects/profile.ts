import type { Effect, Role } from '../../event.ts';
import { recordOf } from '../sinks.ts';
import { PROFILES } from './profiles.ts';

/** What a well-known server's tool of this name and these arguments does. */
export interface ToolProfile {
  /** The profile's name. */
  of: string;
  /** The user's own configuration starts a package of the profile: what is said here is said of this very server. */
  isNamed: boolean;
  effect: Effect;
  /** By pointer into the arguments, in which a token `*` stands for any one. */
  roles: ReadonlyMap<string, Role>;
}

interface Line extends Omit<ToolProfile, 'isNamed'> {
  packages: readonly string[];
  needs: readonly string[];
  takes: ReadonlySet<string>;
}

/** From what gives least away to what cannot be undone. */
const STRICTNESS: readonly Effect[] = ['read', 'write', 'send', 'execute', 'destroy'];

/** True if `effect` is judged more strictly than `than`. */
export function isStricter(effect: Effect, than: Effect): boolean {
  return STRICTNESS.indexOf(effect) > STRICTNESS.indexOf(than);
}

/**
 * The profile of a tool: by its own name and its arguments', never by what a server calls itself. All that the profile
 * needs is announced, and nothing is required that it does not know. Of several, the one whose package the user's
 * configuration starts, else the strictest: others may be taken for it, and only a package says who speaks.
 */
export function profileOf(
  name: string,
  descriptor: unknown,
  startedPackage: string | undefined,
): ToolProfile | undefined {
  const lines = linesOf(name);
  if (lines === undefined) return undefined;
  const schema = recordOf(recordOf(descriptor)['inputSchema']);
  const announced = recordOf(schema['properties']);
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  let found: ToolProfile | undefined;
  for (const { packages, needs, takes, ...line } of lines) {
    if (!needs.every((one) => Object.hasOwn(announced, one))) continue;
    if (!required.every((one) => takes.has(one))) continue;
    const isNamed = startedPackage !== undefined && packages.includes(startedPackage);
    if (isNamed) return { ...line, isNamed };
    if (found === undefined || isStricter(line.effect, found.effect)) found = { ...line, isNamed };
  }
  return found;
}

interface Written {
  of: string;
  packages: readonly string[];
  text: string;
}

/** Of each tool the lines that name it. */
let written: Map<string, Written[]> | undefined;

/** Read with the tool that they name, not with the program: a start knows a few of hundreds. */
function linesOf(tool: string): readonly Line[] | undefined {
  written ??= writtenByTool();
  return written.get(tool)?.map(({ of, packages, text }) => {
    const [effect, , ...words] = text.split(' ');
    return { of, packages, effect: effect as Effect, ...readArguments(words) };
  });
}

function writtenByTool(): Map<string, Written[]> {
  const byTool = new Map<string, Written[]>();
  for (const { name: of, packages, tools } of PROFILES) {
    for (const line of tools.trim().split('\n')) {
      const text = line.trim();
      const [, tool] = text.split(' ', 2);
      const others = byTool.get(tool!);
      if (others === undefined) byTool.set(tool!, [{ of, packages, text }]);
      else others.push({ of, packages, text });
    }
  }
  return byTool;
}

function readArguments(words: readonly string[]): Pick<Line, 'needs' | 'takes' | 'roles'> {
  const needs: string[] = [];
  const takes = new Set<string>();
  const roles = new Map<string, Role>();
  for (const word of words) {
    const [argument, role] = word.split('=') as [string, Role | undefined];
    const isPointer = argument.startsWith('/');
    const name = argument.replace('!', '');
    if (argument.endsWith('!')) needs.push(name);
    if (!isPointer) takes.add(name);
    if (role !== undefined) roles.set(isPointer ? name : `/${name}`, role);
  }
  return { needs, takes, roles };
}
