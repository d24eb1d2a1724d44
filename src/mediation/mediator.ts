import type { DescriptorKind, Finding, Flow, Label, Leaf, PinState, Source, Text } from '../event.ts';
import { sha256 } from '../json/digest.ts';
import { type Descriptor, describeAll, textsOf } from './descriptors/descriptor.ts';
import type { Pins } from './descriptors/pins.ts';
import { type InspectContext, inspect } from './detectors/inspect.ts';
import { echoesOf } from './echoes.ts';
import { isNetworkUri } from './effects/addresses.ts';
import { type EffectOpinion, effectOfCall, effectOfTool, verbOf } from './effects/effects.ts';
import { schemaWords } from './evidence.ts';
import { noticeText, refusalText } from './explain.ts';
import { foldersOf } from './folders.ts';
import { couldBeForgotten } from './forgotten.ts';
import { Grounds } from './grounds.ts';
import { type Inbound, structured, textsOfMessage } from './inbound.ts';
import type { Judgement, Question } from './judgement.ts';
import { labelOf, type Part } from './labelling.ts';
import { labelMembers, raise, raisedBy } from './labels.ts';
import { givenPlaces, isForeign, isOwn, NO_PLACES, type Places } from './own.ts';
import { Memory } from './policy/memory.ts';
import { decide, type Verdict } from './policy/policy.ts';
import { orderOf } from './policy/rules.ts';
import { ordered, steers } from './policy/steering.ts';
import { isProtocolMethod } from './protocol.ts';
import { Provenance } from './provenance/provenance.ts';
import type { Settings } from './settings.ts';
import { answerSink, recordOf, type Sink, sinkOf } from './sinks.ts';
import { walk } from './walk.ts';

/** A descriptor as it was judged: withheld unless `pinned`. */
export interface Described {
  descriptor: Descriptor;
  state: PinState;
  findings: readonly Finding[];
  /** It may be shown to the client and used. */
  usable: boolean;
}

/** A message from a server with its label; `learn` takes it once it was forwarded. */
export interface Labelled {
  event: string;
  inbound: Inbound;
  label: Label;
  findings: readonly Finding[];
  texts: readonly Text[];
  /** The texts with their labels, where the configuration tells fields apart; else all have the message's. */
  parts?: readonly Part[] | undefined;
  /** The origin is no content: see Source. */
  named?: boolean;
  /** What it answers carried taint, which it may repeat. */
  call?: Judgement | undefined;
  asked?: boolean;
  /** Members for the result's `_meta`, as JSON text without braces. */
  meta: string;
  /** Text to put in front of the content, where a detector marked it. */
  notice: string | undefined;
}

interface Known {
  descriptor: Descriptor;
  findings: readonly Finding[];
  /** What the findings depend on beside the descriptor: other servers' tool names, and how many its own has. */
  foreignTools: readonly string[];
  ownTools: number;
  /** What a tool does, by its descriptor. */
  effect: EffectOpinion | undefined;
  words: { names: Set<string>; values: Set<string> } | undefined;
}

const MAX_OFFERED = 1024;
const MAX_VERBS = 256;

/**
 * The decisions of one session: a state machine over its messages. It does no I/O and reads no clock and no
 * randomness, so the same messages under the same settings and pins give the same verdicts, bit for bit.
 */
export class Mediator {
  readonly #settings: Settings;
  readonly #pins: Pins;
  readonly #provenance: Provenance;
  readonly #known = new Map<string, Known>();
  readonly #toolNames = new Map<string, Set<string>>();
  readonly #foreign = new Map<string, readonly string[]>();
  /** Folders that need not be offered again. */
  readonly #offered = new Set<string>();
  #events = 0;
  #readUntrusted = false;
  /** A detector fired in something untrusted. */
  #readMarked = false;
  readonly #grounds = new Grounds();
  readonly #memory: Memory;
  /** Sentences that begin with a verb which a tool of the session is named by. */
  #verbs: RegExp | undefined;

  constructor(settings: Settings, pins: Pins) {
    this.#settings = settings;
    this.#pins = pins;
    this.#memory = new Memory(settings.remembered ?? []);
    const told = new Set(settings.allow.flatMap(({ from }) => (from === undefined ? [] : [from])));
    this.#provenance = new Provenance({ retainedBytes: settings.taintBytes, seed: settings.seed, told });
  }

  /** Drifted and suspect descriptors are kept from the client; in observe they are only recorded. */
  get withholds(): boolean {
    return this.#settings.mode !== 'observe';
  }

  /**
   * Takes what a server advertises, in one list or one page of it. Each value's state, in order; `now` is RFC 3339
   * and stands in the lock as the time a name was first seen.
   */
  describe(server: string, kind: DescriptorKind, values: readonly unknown[], now: string): Described[] {
    const descriptors = describeAll(kind, server, values);
    if (kind === 'tool') this.#noteTools(server, descriptors);
    const ownTools = [...(this.#toolNames.get(server) ?? [])];
    const context = {
      server,
      kind: 'descriptor' as const,
      foreignTools: this.#foreignTools(server),
      ownTools,
    };
    return descriptors.map((descriptor) => {
      const key = keyOf(server, kind, descriptor.name);
      const before = this.#known.get(key);
      const isSame = before?.descriptor.digest === descriptor.digest && before.descriptor.digest !== '';
      // Lists are asked for often and seldom change: what was read once is not read again.
      const findings =
        isSame && before.foreignTools === context.foreignTools && before.ownTools === ownTools.length
          ? before.findings
          : this.#inspect(textsOf(descriptor), context);
      const state = this.#pins.check(descriptor, findings, now);
      this.#known.set(key, {
        descriptor,
        findings,
        foreignTools: context.foreignTools,
        ownTools: ownTools.length,
        effect: kind === 'tool' ? this.#effectOfTool(server, descriptor.name, descriptor.value) : undefined,
        words: undefined,
      });
      // With one server there is no other whose tools' descriptions could steer its calls.
      const isOwnWord = kind === 'tool' || kind === 'instructions';
      if (!isSame && (this.#settings.servers.length > 1 || !isOwnWord))
        this.#learnDescriptor(descriptor, findings);
      return { descriptor, state, findings, usable: state === 'pinned' || !this.withholds };
    });
  }

  /** Whether a descriptor may be used; `unlisted` if the server never advertised the name in this session. */
  standing(server: string, kind: DescriptorKind, name: string): 'usable' | 'withheld' | 'unlisted' {
    const state = this.#pins.state(server, kind, name);
    if (state === undefined) return 'unlisted';
    return state === 'pinned' || !this.withholds ? 'usable' : 'withheld';
  }

  /** Judges a client's request; undefined for what carries nothing (lists, pings). */
  judge(server: string, method: string, params: unknown): Judgement | undefined {
    const sink = sinkOf(server, method, params);
    return sink === undefined ? undefined : this.#judge(sink);
  }

  /** Judges the client's answer to a server's request of `method`. */
  judgeAnswer(server: string, method: string, result: unknown): Judgement {
    return this.#judge(answerSink(server, method, result));
  }

  /**
   * Labels a message from a server before it is forwarded. `call` is the judgement of what it answers: the result
   * of a call that carried taint is tainted, whoever gives it.
   */
  label(inbound: Inbound, call?: Judgement): Labelled {
    const { server, origin } = inbound;
    const texts = textsOfMessage(inbound);
    const context = { server, kind: 'output' as const, foreignTools: this.#foreignTools(server) };
    const findings = this.#inspect(texts, context);
    const answersTaint = call?.flows.some(({ source }) => source.label.integrity !== 'trusted') === true;
    const trust = this.#settings.trust.get(server);
    const { label, parts } = labelOf(inbound, { trust, texts, findings, answersTaint });
    const event = this.#next();
    return {
      event,
      inbound,
      label,
      findings,
      texts,
      parts,
      named: call?.named === true || isProtocolMethod(origin),
      call: answersTaint ? call : undefined,
      asked: call?.asked === true,
      meta: labelMembers(label, event),
      notice: findings.length > 0 ? noticeText(server, findings) : undefined,
    };
  }

  /** Indexes a labelled message, so that later calls are matched against it. To be done before the next judgement. */
  learn({
    event,
    inbound,
    label,
    findings,
    texts,
    parts,
    named = false,
    call,
    asked = false,
  }: Labelled): void {
    if (texts.length === 0) return;
    const { server, origin, channel } = inbound;
    const isMarked = findings.length > 0;
    const groups = (parts ?? [[label, structured(texts)] as const]).map(([own, group]) => ({
      source: { event, server, origin, channel, label: own, named, asked },
      ...this.#sorted(server, group, isMarked),
    }));
    const isSteering = isMarked || groups.some(({ steering }) => steering.length > 0);
    for (const { source, marked, steering, others } of groups) {
      this.#learnTexts({ ...source, steers: 'here', marked: true }, marked, call);
      this.#learnTexts({ ...source, steers: 'here' }, steering, call);
      this.#learnTexts(isSteering ? { ...source, steers: 'near' } : source, others, call);
      if (source.label.integrity === 'trusted') continue;
      this.#readUntrusted = true;
      if (isMarked) this.#readMarked = true;
    }
  }

  /** Texts apart by whether a detector fires in them (all, where one fired on the whole alone) and whether they steer. */
  #sorted(
    server: string,
    texts: readonly Text[],
    isMarked: boolean,
  ): Record<'marked' | 'steering' | 'others', Text[]> {
    const sorted = { marked: [] as Text[], steering: [] as Text[], others: [] as Text[] };
    const context = { server, kind: 'output' as const, foreignTools: this.#foreignTools(server) };
    for (const text of texts) {
      if (isMarked && this.#inspect([text], context).length > 0) sorted.marked.push(text);
      else if (steers(text.text, this.#verbs)) sorted.steering.push(text);
      else sorted.others.push(text);
    }
    if (isMarked && sorted.marked.length === 0) return { marked: [...texts], steering: [], others: [] };
    return sorted;
  }

  #learnTexts(source: Source, texts: readonly Text[], call: Judgement | undefined): void {
    if (texts.length === 0) return;
    if (call === undefined) return this.#provenance.learn(source, texts);
    const isEcho = echoesOf(call.sink.leaves, call.flows, texts);
    const [echoes, others]: [Text[], Text[]] = [[], []];
    for (const text of texts) (isEcho(text) ? echoes : others).push(text);
    this.#provenance.learn({ ...source, echo: true }, echoes);
    this.#provenance.learn(source, others);
  }

  /**
   * Takes a person's yes to what was asked. What flowed is let through again as `remember` of the judgement says, and
   * what it rested on nothing does so now. The judgement under which the call is made.
   */
  approve(judgement: Judgement): Judgement {
    for (const flow of judgement.remember) this.#memory.add(flow);
    const { sink, questions } = judgement;
    for (const { argument } of questions) {
      for (const leaf of sink.leaves) if (leaf.path === argument) this.#grounds.take(leaf.text);
    }
    const { id: _, text: __, ...rest } = judgement;
    return { ...rest, verdict: 'allow', rule: 'approved' };
  }

  /** The user's own words, where a client's hook gives them: what stands in them is the user's, whoever says it later. */
  prompt(text: string): void {
    this.#grounds.say(text);
    const leaf: Leaf = { path: '', text, form: 'string' };
    const leaves = [leaf];
    this.#provenance.trace(leaves);
    this.#provenance.offer(leaves);
  }

  /** Indexes about `budgetBytes` of what was learned, while nothing else waits; true once none is left. */
  settle(budgetBytes: number): boolean {
    return this.#provenance.settle(budgetBytes);
  }

  /** Names and values that a descriptor itself announces, for evidence without content. */
  words(server: string, kind: DescriptorKind, name: string): { names: Set<string>; values: Set<string> } {
    const known = this.#known.get(keyOf(server, kind, name));
    if (known === undefined) return { names: new Set(), values: new Set() };
    const value = recordOf(known.descriptor.value);
    known.words ??= schemaWords(value['inputSchema'], value['outputSchema'], value['arguments']);
    return known.words;
  }

  #judge(sink: Sink): Judgement {
    const { server, name } = sink;
    const kind = descriptorKindOf(sink);
    const known = kind && this.#known.get(keyOf(server, kind, name));
    const leaves = this.#carrying(sink, known);
    const traced = this.#provenance.trace(leaves);
    this.#provenance.offer(leaves);
    this.#offerFolders(leaves, traced);
    const own = this.#given(leaves, traced, known);
    const flows = traced.length === 0 ? traced : traced.filter((flow) => isForeign(flow, sink, own));
    const { effect, by } = this.#effect(sink, known);
    const ungrounded = this.#readMarked
      ? leaves.filter((leaf) => leaf.form !== 'key' && !isOwn(leaf, own) && !this.#grounds.hold(leaf.text))
      : undefined;
    if (!this.#readMarked) {
      const read = new Set(flows.map(({ argument }) => argument));
      for (const { path, text } of leaves) if (!read.has(path)) this.#grounds.take(text);
    }
    const verdict = decide({
      mode: this.#settings.mode,
      sink,
      effect,
      reads: by === 'url' && known?.effect?.effect === 'read',
      descriptor: this.#standing(sink, kind),
      schema: recordOf(known?.descriptor.value)['inputSchema'],
      flows,
      readUntrusted: this.#readUntrusted,
      forgotten: this.#provenance.evicted
        ? leaves.filter((leaf) => couldBeForgotten(leaf) && !isOwn(leaf, own))
        : [],
      ungrounded,
      allow: this.#settings.allow,
      memory: this.#memory,
    });
    const event = this.#next();
    const judgement: Judgement = {
      event,
      sink,
      named: (sink.kind === 'tool' || sink.kind === 'prompt') && known !== undefined,
      asked: this.#isAsked(leaves),
      descriptor: known?.descriptor.digest,
      effect,
      effectBy: by,
      verdict: verdict.verdict,
      rule: verdict.rule,
      flows,
      questions: verdict.verdict === 'ask' ? questionsOf(verdict) : [],
      remember: verdict.remember ?? [],
    };
    if (verdict.verdict === 'allow') return judgement;
    const id = `d-${sha256(`${this.#settings.session}\n${event}`).slice(7, 15)}`;
    return { ...judgement, id, text: refusalText(sink, verdict, id) };
  }

  #isAsked(leaves: readonly Leaf[]): boolean {
    const values = leaves.filter(({ form, text }) => form === 'string' && text.trim() !== '');
    return values.length > 0 && values.every(({ text }) => this.#grounds.hasSaid(text));
  }

  /** Leaves that can carry data: the names that the descriptor itself announces cannot. */
  #carrying(sink: Sink, known: Known | undefined): readonly Leaf[] {
    if (known === undefined || !sink.leaves.some((leaf) => leaf.form === 'key')) return sink.leaves;
    const { names } = this.words(sink.server, known.descriptor.kind, sink.name);
    return sink.leaves.filter((leaf) => leaf.form !== 'key' || !names.has(leaf.text));
  }

  /** Places whose values the schema gives: needed where something flows into a sink, or may. */
  #given(leaves: readonly Leaf[], traced: readonly Flow[], known: Known | undefined): Places {
    if (known === undefined) return NO_PLACES;
    if (traced.length === 0 && !this.#provenance.evicted && !this.#readMarked) return NO_PLACES;
    const { server, kind, name } = known.descriptor;
    return givenPlaces(leaves, this.words(server, kind, name).values);
  }

  /** The folders of a path that is the client's own are so too: it has said them. */
  #offerFolders(leaves: readonly Leaf[], traced: readonly Flow[]): void {
    for (const leaf of leaves) {
      if (leaf.form !== 'string') continue;
      const folders = foldersOf(leaf);
      if (folders.length === 0 || this.#offered.has(folders[0]!.text)) continue;
      if (traced.some(({ argument, inName }) => argument === leaf.path && !inName)) continue;
      if (this.#offered.size === MAX_OFFERED) this.#offered.clear();
      this.#offered.add(folders[0]!.text);
      this.#provenance.offer(folders);
    }
  }

  #effect({ kind, name, server, leaves }: Sink, known: Known | undefined): EffectOpinion {
    if (kind === 'unknown') return { effect: 'send', by: 'default' };
    if (kind === 'tool')
      return effectOfCall(known?.effect ?? this.#effectOfTool(server, name, undefined), leaves);
    const isSent = ({ text }: Leaf): boolean => isNetworkUri(text) && !this.#isListed(server, text);
    if (kind !== 'answer' && leaves.some(isSent)) return { effect: 'send', by: 'url' };
    return { effect: 'read', by: 'default' };
  }

  #isListed(server: string, uri: string): boolean {
    const isKnown = (kind: DescriptorKind): boolean => this.#known.has(keyOf(server, kind, uri));
    return isKnown('resource') || isKnown('resourceTemplate');
  }

  #effectOfTool(server: string, name: string, value: unknown): EffectOpinion {
    return effectOfTool(name, server, value, this.#settings.trust.get(server)?.tools.get(name)?.effect);
  }

  /**
   * Tools and prompts must have been listed. A resource need not be, but neither it nor the template that it is an
   * instance of may be withheld, nor may what is to be completed.
   */
  #standing(
    { server, name, about }: Sink,
    kind: DescriptorKind | undefined,
  ): 'usable' | 'withheld' | 'unlisted' {
    if (about !== undefined) {
      return this.standing(server, about.kind, about.name) === 'withheld' ? 'withheld' : 'usable';
    }
    if (kind === undefined) return 'usable';
    const standing = this.standing(server, kind, name);
    if (kind !== 'resource' || standing !== 'unlisted') return standing;
    return this.#isOfWithheldTemplate(server, name) ? 'withheld' : 'usable';
  }

  #isOfWithheldTemplate(server: string, uri: string): boolean {
    for (const { descriptor } of this.#known.values()) {
      if (descriptor.kind !== 'resourceTemplate' || descriptor.server !== server) continue;
      const fixed = descriptor.name.split('{', 1)[0]!;
      if (uri.startsWith(fixed) && this.standing(server, 'resourceTemplate', descriptor.name) === 'withheld')
        return true;
    }
    return false;
  }

  #learnDescriptor(descriptor: Descriptor, findings: readonly Finding[]): void {
    const { server, name, value, kind: describes } = descriptor;
    const label = raise(
      { integrity: 'untrusted', confidentiality: 'public', reasons: [] },
      raisedBy(findings),
    );
    const texts: Text[] = [];
    walk(value, '', texts, ({ path, text, form }) => {
      if (form === 'string') texts.push({ path, text, form: formOf(describes, path) });
    });
    const source: Source = {
      event: this.#next(),
      server,
      origin: name,
      channel: 'descriptor',
      label,
      describes,
      // A description says what to do with what it describes.
      steers: 'here',
      marked: findings.length > 0,
    };
    this.#provenance.learn(source, texts);
  }

  #inspect(texts: readonly Text[], context: InspectContext): readonly Finding[] {
    return this.#settings.detectors === false ? [] : inspect(texts, context);
  }

  #noteTools(server: string, descriptors: readonly Descriptor[]): void {
    const names = this.#toolNames.get(server) ?? new Set();
    for (const { name } of descriptors) names.add(name);
    this.#toolNames.set(server, names);
    this.#foreign.clear();
    this.#verbs = verbsOf(this.#toolNames);
  }

  #foreignTools(server: string): readonly string[] {
    let names = this.#foreign.get(server);
    if (names === undefined) {
      const own = this.#toolNames.get(server);
      const others = [...this.#toolNames]
        .filter(([other]) => other !== server)
        .flatMap(([, all]) => [...all]);
      names = others.filter((name) => !own?.has(name));
      this.#foreign.set(server, names);
    }
    return names;
  }

  #next(): string {
    return `e${++this.#events}`;
  }
}

/** Each argument once, with the source in which what was found in it first stood. */
function questionsOf({ flows, leaves = [] }: Verdict): Question[] {
  const first = new Map<string, Source | undefined>(leaves.map(({ path }) => [path, undefined]));
  for (const { argument, source } of flows) {
    const known = first.get(argument);
    if (known === undefined || orderOf(source.event) < orderOf(known.event)) first.set(argument, source);
  }
  return [...first].map(([argument, source]) => ({ argument, source }));
}

/** Sentences that begin with the verb of a tool's name: whoever writes them wants it called. */
function verbsOf(toolNames: ReadonlyMap<string, ReadonlySet<string>>): RegExp {
  const verbs = new Set<string>();
  for (const [server, names] of toolNames) {
    for (const name of names) if (verbs.size < MAX_VERBS) verbs.add(verbOf(name, server));
  }
  return ordered([...verbs]);
}

/** Of what a server lists, identifiers are fields: it alone chooses them. */
function formOf(kind: DescriptorKind, path: string): 'field' | 'prose' {
  if (kind === 'prompt') return /^(?:\/arguments\/\d+)?\/name$/.test(path) ? 'field' : 'prose';
  const isListed = kind === 'resource' || kind === 'resourceTemplate';
  return isListed && /^\/(?:uri|uriTemplate|mimeType)$/.test(path) ? 'field' : 'prose';
}

function keyOf(server: string, kind: DescriptorKind, name: string): string {
  return `${server}\0${kind}\0${name}`;
}

/** What is called by its own descriptor; undefined for all other methods. */
function descriptorKindOf({ kind }: Sink): 'tool' | 'prompt' | 'resource' | undefined {
  return kind === 'tool' || kind === 'prompt' || kind === 'resource' ? kind : undefined;
}
