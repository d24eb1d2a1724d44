import { sha256 } from '../../json/digest.ts';
import type { Upstream } from '../upstream.ts';

/** What clients and model providers allow of a tool's name: so many of `[A-Za-z0-9_-]`. */
const LONGEST = 64;
const SEPARATOR = '__';
/** Ends every shortened name, and no other: 48 bits of the digest of what it stands for. */
const MARK = /-[0-9a-f]{12}$/;
const MARK_LENGTH = 13;

/**
 * The names under which several servers' tools and prompts are offered: `server__tool`, the first `__` being the border
 * (no server's name holds one). A name that clients do not take is shortened: characters outside of `[A-Za-z0-9_-]`
 * become `_`, the end is cut, and the digest of the whole stands behind it. So the offered name depends on the two
 * names alone, not on what else there is or on what came first. A server alone keeps its names.
 */
export class Names {
  readonly #scopes = new Map<string, Upstream>();
  readonly #alone: Upstream | undefined;
  /** What shortened names stand for, as far as their servers have listed it. */
  readonly #shortened = new Map<string, string>();

  constructor(upstreams: readonly Upstream[]) {
    for (const upstream of upstreams) this.#scopes.set(scopeOf(upstream), upstream);
    if (upstreams.length === 1) this.#alone = upstreams[0];
  }

  /** The name that a server's own is offered under; undefined if another of its names has got that. */
  offer(upstream: Upstream, own: string): string | undefined {
    if (this.#alone !== undefined) return own;
    const offered = offeredName(scopeOf(upstream), own);
    if (!MARK.test(offered)) return offered;
    const other = this.#shortened.get(offered);
    if (other === undefined) this.#shortened.set(offered, own);
    return other === undefined || other === own ? offered : undefined;
  }

  /** Whose an offered name is, and the server's own; that is undefined until the server has listed it. */
  find(offered: string): { upstream: Upstream; own: string | undefined } | undefined {
    if (this.#alone !== undefined) return { upstream: this.#alone, own: offered };
    const found = this.unscoped(offered);
    if (found === undefined || offered.length > LONGEST) return undefined;
    if (MARK.test(offered)) return { upstream: found.upstream, own: this.#shortened.get(offered) };
    return isPlain(found.own) ? found : undefined;
  }

  /** An id that is a server's own, as the client gets it: two servers may have the same one. */
  scoped(upstream: Upstream, id: string): string {
    return this.#alone === undefined ? `${scopeOf(upstream)}${SEPARATOR}${id}` : id;
  }

  /** Whose such an id is, and the server's own. */
  unscoped(id: string): { upstream: Upstream; own: string } | undefined {
    if (this.#alone !== undefined) return { upstream: this.#alone, own: id };
    const at = id.indexOf(SEPARATOR);
    const upstream = at > 0 ? this.#scopes.get(id.slice(0, at)) : undefined;
    return upstream && { upstream, own: id.slice(at + SEPARATOR.length) };
  }
}

/** Where a name is offered: servers' names may hold a dot, offered ones may not. Two servers never share it (`sameName`). */
function scopeOf({ name }: Upstream): string {
  return name.replaceAll('.', '_');
}

function offeredName(scope: string, own: string): string {
  const whole = `${scope}${SEPARATOR}${own}`;
  // A name that looks shortened is shortened too: the two kinds never meet.
  if (whole.length <= LONGEST && isPlain(own) && !MARK.test(own)) return whole;
  const mark = `-${sha256(whole)
    .slice('sha256:'.length)
    .slice(0, MARK_LENGTH - 1)}`;
  const room = LONGEST - MARK_LENGTH;
  return whole.slice(0, room).replace(/[^A-Za-z0-9_-]/g, '_') + mark;
}

function isPlain(own: string): boolean {
  return own !== '' && /^[A-Za-z0-9_-]*$/.test(own);
}
