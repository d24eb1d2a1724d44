import type { Leaf, Role, ServerTrust } from '../../event.ts';
import { tokensOf } from '../../json/pointer.ts';
import { profileOf } from '../effects/profile.ts';

/** What is said of a tool's arguments beside its descriptor, by pointer: a token `*` stands for any one. */
export interface GivenRoles {
  configured: ReadonlyMap<string, Role>;
  /** By the profile that the tool looks like. A server that imitates one gains nothing: it names its arguments itself. */
  profiled: ReadonlyMap<string, Role>;
}

export interface GivenRole {
  role: Role;
  by: 'configuration' | 'profile';
}

const NONE: ReadonlyMap<string, Role> = new Map();
/** Who is cautious about what stands below a pointer is so about the names that stand there, too. */
const STEERING: ReadonlySet<Role> = new Set<Role>(['destination', 'credential', 'code']);

export function givenRoles(tool: string, descriptor: unknown, trust: ServerTrust | undefined): GivenRoles {
  return {
    configured: trust?.tools.get(tool)?.roles ?? NONE,
    profiled: profileOf(tool, descriptor, trust?.package)?.roles ?? NONE,
  };
}

/** The role given to a leaf; undefined where its descriptor has to tell. */
export function givenRole({ path, form }: Leaf, given: GivenRoles | undefined): GivenRole | undefined {
  if (given === undefined || (given.configured.size === 0 && given.profiled.size === 0)) return undefined;
  const tokens = tokensOf(path);
  const configured = longest(tokens, given.configured);
  const role = configured ?? longest(tokens, given.profiled);
  if (role === undefined || (form === 'key' && !STEERING.has(role))) return undefined;
  return { role, by: configured === undefined ? 'profile' : 'configuration' };
}

/** A pointer covers all below it; the longest that fits decides, of equal ones the one without `*` in front. */
function longest(tokens: readonly string[], roles: ReadonlyMap<string, Role>): Role | undefined {
  let best: readonly string[] | undefined;
  let found: Role | undefined;
  for (const [pattern, role] of roles) {
    const wanted = tokensOf(pattern);
    if (wanted.length > tokens.length || !wanted.every((one, i) => one === '*' || one === tokens[i]))
      continue;
    if (best !== undefined && !isNarrower(wanted, best)) continue;
    best = wanted;
    found = role;
  }
  return found;
}

function isNarrower(one: readonly string[], than: readonly string[]): boolean {
  if (one.length !== than.length) return one.length > than.length;
  const at = one.findIndex((token, i) => token !== than[i]);
  return at >= 0 && than[at] === '*';
}
