import type { Upstream } from '../upstream.ts';

/** Links in results are kept so far back; no address is longer than this. */
const MAX_LINKS = 10_000;
const MAX_URI_CHARS = 8192;

/** What a server listed. */
interface Offered {
  resources: ReadonlySet<string>;
  /** Templates, with what stands before the first expression of each. */
  templates: ReadonlyMap<string, string>;
}

const NOTHING: Offered = { resources: new Set(), templates: new Map() };

/**
 * Whose a resource is. Addresses are kept as they are, so two servers can list the same one: it then belongs to the
 * first of them in the order of the configuration, whichever came up first.
 */
export class Resources {
  readonly #upstreams: readonly Upstream[];
  readonly #offered = new Map<Upstream, Offered>();
  /** Who first linked to an address in a result: it need not be listed. */
  readonly #linked = new Map<string, Upstream>();

  constructor(upstreams: readonly Upstream[]) {
    this.#upstreams = upstreams;
  }

  /** Takes a server's list, of resources or of templates, in place of the one before. */
  note(upstream: Upstream, kind: 'resource' | 'resourceTemplate', uris: readonly string[]): void {
    const before = this.#offered.get(upstream) ?? NOTHING;
    const now =
      kind === 'resource'
        ? { resources: new Set(uris) }
        : { templates: new Map(uris.map((uri) => [uri, prefixOf(uri)])) };
    this.#offered.set(upstream, { ...before, ...now });
  }

  /** Which server comes before this one and lists the same. */
  rival(upstream: Upstream, kind: 'resource' | 'resourceTemplate', uri: string): Upstream | undefined {
    const first = this.#upstreams.find((one) => {
      const { resources, templates } = this.#offered.get(one) ?? NOTHING;
      return one === upstream || (kind === 'resource' ? resources : templates).has(uri);
    });
    return first === upstream ? undefined : first;
  }

  /** Takes the links of a result, of a tool or of a prompt. */
  noteLinks(upstream: Upstream, result: unknown): void {
    const { content, messages } = (result ?? {}) as { content?: unknown; messages?: unknown };
    for (const block of blocksOf(content)) this.#noteLink(upstream, block);
    for (const message of blocksOf(messages)) {
      const said = (message as { content?: unknown } | null)?.content;
      for (const block of Array.isArray(said) ? said : [said]) this.#noteLink(upstream, block);
    }
  }

  /** Who listed a resource, or the template that it is most closely an instance of, or first linked to it in a result. */
  ownerOf(uri: string): Upstream | undefined {
    const lister = this.#upstreams.find((one) => this.#offered.get(one)?.resources.has(uri));
    return lister ?? this.#byTemplate(uri) ?? this.#linked.get(uri);
  }

  /**
   * Who may have a resource that is nobody's by what was listed: servers with a template that fits any address, or where
   * there are none, all that have resources.
   */
  candidates(uri: string): Upstream[] {
    const fitting = this.#upstreams.filter((one) => {
      const { templates } = this.#offered.get(one) ?? NOTHING;
      return [...templates.values()].some((prefix) => !isAddress(prefix) && uri.startsWith(prefix));
    });
    return fitting.length > 0 ? fitting : this.#upstreams.filter((one) => 'resources' in one.capabilities);
  }

  /** Which server comes before this one and gets what a template of this one fits just as closely. */
  shadower(upstream: Upstream, template: string): Upstream | undefined {
    const prefix = prefixOf(template);
    const first = this.#upstreams.find((one) => {
      const { templates } = this.#offered.get(one) ?? NOTHING;
      return one === upstream || [...templates.values()].includes(prefix);
    });
    return first === upstream || !isAddress(prefix) ? undefined : first;
  }

  #byTemplate(uri: string): Upstream | undefined {
    let longest = -1;
    let found: Upstream | undefined;
    for (const upstream of this.#upstreams) {
      const { templates } = this.#offered.get(upstream) ?? NOTHING;
      // What is to be completed is named by the template itself.
      for (const [template, prefix] of templates) {
        const fits = template === uri ? Number.POSITIVE_INFINITY : prefix.length;
        const isInstance = isAddress(prefix) && uri.startsWith(prefix);
        if (fits > longest && (template === uri || isInstance)) [longest, found] = [fits, upstream];
      }
    }
    return found;
  }

  #noteLink(upstream: Upstream, block: unknown): void {
    const { type, uri } = (block ?? {}) as { type?: unknown; uri?: unknown };
    if (type !== 'resource_link' || typeof uri !== 'string') return;
    // The first to link to it keeps it: what another says later does not lead a reader astray.
    if (uri.length > MAX_URI_CHARS || this.#linked.has(uri)) return;
    this.#linked.set(uri, upstream);
    if (this.#linked.size > MAX_LINKS) this.#linked.delete(this.#linked.keys().next().value!);
  }
}

/** What stands before the first expression of a template. */
function prefixOf(template: string): string {
  return template.split('{', 1)[0]!;
}

/** A template whose beginning does not even fix the scheme fits what any server has: it tells nothing of whose that is. */
function isAddress(prefix: string): boolean {
  return prefix.includes(':');
}

function blocksOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : [];
}
