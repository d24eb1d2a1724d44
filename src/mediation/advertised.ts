import type { DescriptorKind, Finding, PinState, Source, Text } from '../event.ts';
import { type Descriptor, describeAll, textsOf } from './descriptors/descriptor.ts';
import type { Pins } from './descriptors/pins.ts';
import { type InspectContext, inspect, inspectAgain } from './detectors/inspect.ts';
import { type EffectOpinion, effectOfTool } from './effects/effects.ts';
import { schemaWords } from './evidence.ts';
import { raise, raisedBy } from './labels.ts';
import { type GivenRoles, givenRoles } from './policy/given.ts';
import type { Verbs } from './policy/steering.ts';
import type { Settings } from './settings.ts';
import { recordOf, type Sink, type SinkKind } from './sinks.ts';
import { ToolNames } from './tool-names.ts';
import { walk } from './walk.ts';

/** A descriptor as it was judged: withheld unless `pinned`. */
export interface Described {
  descriptor: Descriptor;
  state: PinState;
  findings: readonly Finding[];
  /** It may be shown to the client and used. */
  usable: boolean;
}

/** `unlisted`: the server never advertised the name in this session. */
export type Standing = 'usable' | 'withheld' | 'unlisted';

/** What is kept of a descriptor beside its pin. */
export interface Known {
  descriptor: Descriptor;
  findings: readonly Finding[];
  /** What the findings depend on beside the descriptor: other servers' tool names, and how many its own has. */
  foreignTools: readonly string[];
  ownTools: number;
  /** What a tool does, by its descriptor. */
  effect: EffectOpinion | undefined;
  /** What its arguments are for, beside what its descriptor tells. */
  roles: GivenRoles | undefined;
  words: { names: Set<string>; values: Set<string> } | undefined;
}

/** What the servers of a session advertise, and what follows from it: standing, effects, words of schemas, verbs. */
export class Advertised {
  readonly #settings: Settings;
  readonly #pins: Pins;
  readonly #known = new Map<string, Known>();
  readonly #toolNames = new ToolNames();

  constructor(settings: Settings, pins: Pins) {
    this.#settings = settings;
    this.#pins = pins;
  }

  /** Sentences that begin with a verb which a tool of the session is named by: whoever writes them wants it called. */
  get verbs(): Verbs | undefined {
    return this.#toolNames.verbs;
  }

  /** Takes a list or a page of it; each value's state, in order, and whether it is new or changed. */
  describe(
    server: string,
    kind: DescriptorKind,
    values: readonly unknown[],
    now: string,
  ): (Described & { isNew: boolean })[] {
    const descriptors = describeAll(kind, server, values);
    if (kind === 'tool')
      this.#toolNames.note(
        server,
        descriptors.map(({ name }) => name),
      );
    const context = this.#contextOf(server);
    return descriptors.map((descriptor) => {
      const key = keyOf(server, kind, descriptor.name);
      const before = this.#known.get(key);
      const isSame = before?.descriptor.digest === descriptor.digest && before.descriptor.digest !== '';
      // Lists are asked for often and seldom change: what was read once is not read again.
      const findings =
        isSame && before.foreignTools === context.foreignTools && before.ownTools === context.ownTools.length
          ? before.findings
          : this.#inspect(textsOf(descriptor), context);
      const state = this.#pins.check(descriptor, findings, now);
      this.#known.set(key, {
        descriptor,
        findings,
        foreignTools: context.foreignTools,
        ownTools: context.ownTools.length,
        effect: kind === 'tool' ? this.effectOf(server, descriptor.name, descriptor.value) : undefined,
        roles:
          kind === 'tool'
            ? givenRoles(descriptor.name, descriptor.value, this.#settings.trust.get(server))
            : undefined,
        words: undefined,
      });
      return { descriptor, state, findings, usable: this.#isUsable(state), isNew: !isSame };
    });
  }

  /**
   * Looks again at what was read before another server's tools were known: which server answers first must not tell
   * whether one that speaks of another's tools is noticed. Those that are judged otherwise now.
   */
  recheck(now: string): Described[] {
    if (!this.#toolNames.takeNews()) return [];
    const changed: Described[] = [];
    for (const known of this.#known.values()) {
      const { descriptor, findings: before } = known;
      const context = this.#contextOf(descriptor.server);
      if (known.foreignTools === context.foreignTools) continue;
      const findings =
        this.#settings.detectors === false ? before : inspectAgain(textsOf(descriptor), context, before);
      Object.assign(known, {
        findings,
        foreignTools: context.foreignTools,
        ownTools: context.ownTools.length,
      });
      if (isSameFinding(findings, before)) continue;
      const state = this.#pins.check(descriptor, findings, now);
      changed.push({ descriptor, state, findings, usable: this.#isUsable(state) });
    }
    return changed;
  }

  get(server: string, kind: DescriptorKind, name: string): Known | undefined {
    return this.#known.get(keyOf(server, kind, name));
  }

  /** All that was advertised, in the order in which it first was. */
  all(): Iterable<Known> {
    return this.#known.values();
  }

  /** Whether a server lists a URI, as a resource or as a template. */
  lists(server: string, uri: string): boolean {
    return (
      this.get(server, 'resource', uri) !== undefined ||
      this.get(server, 'resourceTemplate', uri) !== undefined
    );
  }

  standing(server: string, kind: DescriptorKind, name: string): Standing {
    const standing = this.#pinned(server, kind, name);
    return standing === 'withheld' && this.#settings.mode === 'observe' ? 'usable' : standing;
  }

  /**
   * What pins say of a sink, whatever the mode. Tools and prompts must have been listed. A resource need not be, but neither it nor the template that it is an
   * instance of may be withheld, nor may what is to be completed.
   */
  standingOf({ kind: sinkKind, server, name, about }: Sink): Standing {
    if (about !== undefined) {
      return this.#pinned(server, about.kind, about.name) === 'withheld' ? 'withheld' : 'usable';
    }
    const kind = descriptorKindOf(sinkKind);
    if (kind === undefined) return 'usable';
    const standing = this.#pinned(server, kind, name);
    if (kind !== 'resource' || standing !== 'unlisted') return standing;
    return this.#isOfWithheldTemplate(server, name) ? 'withheld' : 'usable';
  }

  /** What a tool does by what is known of it before any call. */
  effectOf(server: string, name: string, value?: unknown): EffectOpinion {
    return effectOfTool(name, server, value, this.#settings.trust.get(server));
  }

  /** Names and values that a descriptor itself announces. */
  words(server: string, kind: DescriptorKind, name: string): { names: Set<string>; values: Set<string> } {
    const known = this.get(server, kind, name);
    if (known === undefined) return { names: new Set(), values: new Set() };
    const value = recordOf(known.descriptor.value);
    known.words ??= schemaWords(value['inputSchema'], value['outputSchema'], value['arguments']);
    return known.words;
  }

  /** Names of tools, as siblings are told them. */
  get toolNames(): readonly string[] {
    return this.#toolNames.shared;
  }

  /** Takes names of tools that siblings' servers have. */
  hearTools(names: readonly string[]): void {
    this.#toolNames.hear(names);
  }

  /** Names of other servers' tools that this server has none of. */
  foreignTools(server: string): readonly string[] {
    return this.#toolNames.foreignTo(server);
  }

  #pinned(server: string, kind: DescriptorKind, name: string): Standing {
    const state = this.#pins.state(server, kind, name);
    if (state === undefined) return 'unlisted';
    return state === 'pinned' ? 'usable' : 'withheld';
  }

  #isUsable(state: PinState): boolean {
    return state === 'pinned' || this.#settings.mode === 'observe';
  }

  #inspect(texts: readonly Text[], context: InspectContext): readonly Finding[] {
    return this.#settings.detectors === false ? [] : inspect(texts, context);
  }

  #isOfWithheldTemplate(server: string, uri: string): boolean {
    for (const { descriptor } of this.#known.values()) {
      if (descriptor.kind !== 'resourceTemplate' || descriptor.server !== server) continue;
      const fixed = descriptor.name.split('{', 1)[0]!;
      if (uri.startsWith(fixed) && this.#pinned(server, 'resourceTemplate', descriptor.name) === 'withheld')
        return true;
    }
    return false;
  }

  #contextOf(server: string): InspectContext & { ownTools: readonly string[] } {
    const ownTools = this.#toolNames.of(server);
    return { server, kind: 'descriptor', foreignTools: this.foreignTools(server), ownTools };
  }
}

/** What a descriptor says, as a source: another server's words could steer a call. */
export function textsOfDescriptor(
  {
    descriptor: { server, name, value, kind: describes },
    findings,
  }: Pick<Described, 'descriptor' | 'findings'>,
  event: string,
): [source: Source, texts: Text[]] {
  const texts: Text[] = [];
  walk(value, '', texts, ({ path, text, form }) => {
    if (form === 'string') texts.push({ path, text, form: formOf(describes, path) });
  });
  const label = raise({ integrity: 'untrusted', confidentiality: 'public', reasons: [] }, raisedBy(findings));
  // A description says what to do with what it describes.
  const marked = findings.length > 0;
  return [
    { event, server, origin: name, channel: 'descriptor', label, describes, steers: 'here', marked },
    texts,
  ];
}

/** Of what a server lists, identifiers are fields: it alone chooses them. */
function formOf(kind: DescriptorKind, path: string): 'field' | 'prose' {
  if (kind === 'prompt') return /^(?:\/arguments\/\d+)?\/name$/.test(path) ? 'field' : 'prose';
  const isListed = kind === 'resource' || kind === 'resourceTemplate';
  return isListed && /^\/(?:uri|uriTemplate|mimeType)$/.test(path) ? 'field' : 'prose';
}

/** Whether the same was found, in whatever order. */
function isSameFinding(some: readonly Finding[], others: readonly Finding[]): boolean {
  const keyOf = ({ detector, path, span }: Finding): string => `${detector} ${path} ${span}`;
  const known = new Set(others.map(keyOf));
  return some.length === others.length && some.every((one) => known.has(keyOf(one)));
}

function keyOf(server: string, kind: DescriptorKind, name: string): string {
  return `${server}\0${kind}\0${name}`;
}

/** What is called by its own descriptor; undefined for all other methods. */
export function descriptorKindOf(kind: SinkKind): 'tool' | 'prompt' | 'resource' | undefined {
  return kind === 'tool' || kind === 'prompt' || kind === 'resource' ? kind : undefined;
}
