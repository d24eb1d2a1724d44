import type { DescriptorKind, Finding, Flow, Leaf, RememberedFlow, Source, Text } from '../event.ts';
import { sha256 } from '../json/digest.ts';
import {
  Advertised,
  type Described,
  descriptorKindOf,
  type Known,
  type Standing,
  textsOfDescriptor,
} from './advertised.ts';
import { Coined } from './coined.ts';
import type { Pins } from './descriptors/pins.ts';
import { inspect } from './detectors/inspect.ts';
import { isNetworkUri } from './effects/addresses.ts';
import { type EffectOpinion, effectOfCall } from './effects/effects.ts';
import { noticeText, refusalText } from './explain.ts';
import { foldersOf } from './folders.ts';
import { couldBeForgotten } from './forgotten.ts';
import { Grounds } from './grounds.ts';
import { type Inbound, textsOfMessage } from './inbound.ts';
import { approved, type Judgement, type Question } from './judgement.ts';
import type { Labelled } from './labelled.ts';
import { labelOf } from './labelling.ts';
import { labelMembers } from './labels.ts';
import { givenPlaces, isAnswer, isForeign, isOwn, NO_PLACES, type Places, promptedOf } from './own.ts';
import { factsOf } from './policy/facts.ts';
import { Memory } from './policy/memory.ts';
import { type Case, decide, type Verdict } from './policy/policy.ts';
import { orderOf } from './policy/rules.ts';
import { choiceOf } from './policy/sought.ts';
import { isProtocolMethod } from './protocol.ts';
import { Provenance } from './provenance/provenance.ts';
import type { Settings } from './settings.ts';
import {
  flowsOf,
  type Heard,
  mergedFlows,
  type Standing as SiblingStanding,
  type Testimony,
  valuesOf,
} from './siblings.ts';
import { answerSink, recordOf, type Sink, sinkOf } from './sinks.ts';
import { Sources } from './sources.ts';
import { Tasks } from './tasks.ts';

export type { Described } from './advertised.ts';
export type { Labelled } from './labelled.ts';

/** What a call said: its leaves, what siblings have read of them, what flows into them, what a server had the client say. */
interface Said {
  leaves: readonly Leaf[];
  heard: readonly Flow[];
  traced: readonly Flow[];
  prompted: readonly Leaf[];
}

/** What a server asks of the model and the user; its client's folders it is told without anybody's saying so. */
const TELLING: ReadonlySet<string> = new Set(['sampling/createMessage', 'elicitation/create']);
const MAX_OFFERED = 1024;

/**
 * The decisions of one session: a state machine over its messages. It does no I/O and reads no clock and no
 * randomness, so the same messages under the same settings and pins give the same verdicts, bit for bit.
 */
export class Mediator {
  readonly #settings: Settings;
  readonly #provenance: Provenance;
  readonly #advertised: Advertised;
  /** Folders that need not be offered again. */
  readonly #offered = new Set<string>();
  #events = 0;
  #readUntrusted = false;
  /** A detector fired in something untrusted. */
  #readMarked = false;
  readonly #grounds = new Grounds();
  /** Not beside siblings: of what two Cordons read, neither knows which came first. */
  #coined: Coined | undefined = new Coined();
  #memory: Memory;
  /** Servers behind siblings could be steered by the descriptions that one server alone gives of itself. */
  #hasSiblings = false;
  readonly #sources = new Sources((server, texts) => this.#inspect(server, texts));
  readonly #tasks = new Tasks();
  /** Of the last judgement, until `finish` takes it. */
  #said: Said | undefined;

  constructor(settings: Settings, pins: Pins) {
    this.#settings = settings;
    this.#advertised = new Advertised(settings, pins);
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
    // New tools bring new verbs.
    this.#sources.forget();
    this.finish();
    return this.#advertised.describe(server, kind, values, now).map(({ isNew, ...described }) => {
      if (isNew && (this.#isOfSeveral || !isOwnWord(kind))) this.#learnDescriptor(described);
      return described;
    });
  }

  /**
   * Descriptors that are judged otherwise now that it is known which tools other servers have. To be asked before lists
   * are given out.
   */
  recheck(now: string): Described[] {
    const changed = this.#advertised.recheck(now);
    if (changed.length > 0) this.finish();
    for (const described of changed) this.#learnDescriptor(described);
    return changed;
  }

  /** With one server there is no other whose tools' descriptions could steer its calls. */
  get #isOfSeveral(): boolean {
    return this.#settings.servers.length > 1 || this.#hasSiblings;
  }

  #learnDescriptor(described: Pick<Described, 'descriptor' | 'findings'>): void {
    this.#provenance.learn(...textsOfDescriptor(described, this.#next()));
  }

  /** From now on there are siblings: their servers are called by the client that reads what these servers describe. */
  join(): void {
    this.#coined = undefined;
    if (this.#isOfSeveral) return;
    this.#hasSiblings = true;
    this.finish();
    for (const known of this.#advertised.all())
      if (isOwnWord(known.descriptor.kind)) this.#learnDescriptor(known);
  }

  /** Whether a descriptor may be used; `unlisted` if the server never advertised the name in this session. */
  standing(server: string, kind: DescriptorKind, name: string): Standing {
    return this.#advertised.standing(server, kind, name);
  }

  /** What siblings are asked of a request: all that it carries; undefined for what carries nothing. */
  carried(server: string, method: string, params: unknown): readonly Leaf[] | undefined {
    const sink = sinkOf(server, method, params);
    return sink && this.#carrying(sink, this.#knownOf(sink));
  }

  /** Names of this session's tools, as siblings are told them. */
  get toolNames(): readonly string[] {
    return this.#advertised.toolNames;
  }

  /** Takes the names of siblings' tools, of which descriptions and outputs here may speak; `recheck` looks at the former again. */
  hearTools(names: readonly string[]): void {
    this.finish();
    this.#advertised.hearTools(names);
  }

  /** What siblings are told of this session. */
  get siblingStanding(): SiblingStanding {
    return { clock: this.#events, readUntrusted: this.#readUntrusted, readMarked: this.#readMarked };
  }

  #hearOf({ clock, readUntrusted, readMarked }: SiblingStanding): void {
    this.#events = Math.max(this.#events, clock);
    this.#readUntrusted ||= readUntrusted;
    this.#readMarked ||= readMarked;
  }

  /** What this session has read of the leaves of a sibling's call. */
  testify(leaves: readonly Leaf[], sibling: SiblingStanding): Testimony {
    this.finish();
    this.#hearOf(sibling);
    const flows = this.#provenance.trace(leaves);
    return { ...this.siblingStanding, flows, forgot: this.#provenance.evicted };
  }

  /** Takes the leaves of a sibling's call: what they hold, but for the values that somebody has `read`, is the client's own. */
  offer(leaves: readonly Leaf[], read: readonly Leaf[], sibling: SiblingStanding): void {
    this.finish();
    this.#hearOf(sibling);
    this.#provenance.offer(leaves, read);
    if (!this.#readMarked) this.#ground(leaves, new Set(read.map(({ path }) => path)));
  }

  /**
   * Judges a client's request; undefined for what carries nothing (lists, pings). `heard` is what siblings say of what it
   * carries.
   */
  judge(server: string, method: string, params: unknown, heard?: Heard): Judgement | undefined {
    const sink = sinkOf(server, method, params);
    return sink === undefined ? undefined : this.#judge(sink, heard);
  }

  /** Judges the client's answer to a server's request of `method`. */
  judgeAnswer(server: string, method: string, result: unknown, heard?: Heard): Judgement {
    return this.#judge(answerSink(server, method, result), heard);
  }

  /**
   * Labels a message from a server before it is forwarded. `answered` is the judgement of what it answers: the result
   * of a call that carried taint is tainted, whoever gives it.
   */
  label(received: Inbound, answered?: Judgement): Labelled {
    const { server, task } = received;
    const isBegun = answered?.sink.kind === 'tool';
    if (task !== undefined && isBegun) this.#tasks.note(server, task, answered);
    const call = task === undefined || isBegun ? answered : this.#tasks.callOf(server, task);
    const inbound =
      task === undefined || call === undefined ? received : { ...received, origin: call.sink.name };
    // What a task that is not known was asked, may have been anything.
    const isOfUnknown = task !== undefined && call === undefined;
    const { origin } = inbound;
    const texts = textsOfMessage(inbound);
    const findings = this.#inspect(server, texts);
    const carriedTaint = call?.flows.some(({ source }) => source.label.integrity !== 'trusted') === true;
    const answersTaint = carriedTaint || isOfUnknown;
    const trust = this.#settings.trust.get(server);
    const { label, parts } = labelOf(inbound, { trust, texts, findings, answersTaint, isOfUnknown });
    const event = this.#next();
    return {
      event,
      inbound,
      label,
      findings,
      texts,
      parts,
      named: call?.named === true || isProtocolMethod(origin),
      call: carriedTaint ? call : undefined,
      asked: call?.asked === true,
      choice: isOfUnknown ? 'sought' : call && choiceOf(call),
      meta: labelMembers(label, event),
      notice: findings.length > 0 ? noticeText(server, findings) : undefined,
    };
  }

  /** Indexes a labelled message, so that later calls are matched against it. To be done before the next judgement. */
  learn(labelled: Labelled): void {
    this.finish();
    const { label, findings, texts, parts } = labelled;
    if (texts.length === 0) return;
    const isMarked = findings.length > 0;
    const labels = parts?.map(([own]) => own) ?? [label];
    if (labels.some(({ integrity }) => integrity !== 'trusted')) {
      this.#readUntrusted = true;
      if (isMarked) this.#readMarked = true;
    }
    // What only says again what the client said itself has nothing to take apart.
    if (!isMarked && parts === undefined && this.#provenance.isEcho(texts)) return;
    for (const [source, own] of this.#sources.of(labelled, this.#advertised.verbs)) {
      this.#provenance.learn(source, own);
    }
  }

  /**
   * Takes a person's yes to what was asked. What flowed is let through again as `remember` of the judgement says, and
   * what it rested on nothing does so now. The judgement under which the call is made.
   */
  approve(judgement: Judgement): Judgement {
    for (const flow of judgement.remember) this.#memory.add(flow);
    const { sink, questions } = judgement;
    for (const { argument } of questions) {
      for (const leaf of sink.leaves) if (leaf.path === argument) this.#grounds.accept(leaf.text);
    }
    return approved(judgement);
  }

  /** From now on just these flows are remembered. */
  remember(flows: readonly RememberedFlow[]): void {
    this.#memory = new Memory(flows);
  }

  /** The user's own words, where a client's hook gives them: what stands in them is the user's, whoever says it later. */
  prompt(text: string): void {
    this.finish();
    this.#grounds.say(text);
    const leaf: Leaf = { path: '', text, form: 'string' };
    const leaves = [leaf];
    this.#provenance.trace(leaves);
    this.#provenance.offer(leaves);
  }

  /**
   * Does what is left of the last judgement: what its call said is the client's own, if no output held it before. That
   * need not hold up the call, and is done before anything else is judged or learned.
   */
  finish(): void {
    if (this.#said === undefined) return;
    const { leaves, heard, traced, prompted } = this.#said;
    this.#said = undefined;
    this.#provenance.offer(leaves, [...valuesOf(leaves, heard), ...prompted]);
    const values = traced.filter(({ inName }) => !inName);
    this.#offerFolders(leaves, argumentsOf(values, prompted));
  }

  /** Indexes about `budgetBytes` of what was learned, while nothing else waits; true once none is left. */
  settle(budgetBytes: number): boolean {
    this.finish();
    return this.#provenance.settle(budgetBytes);
  }

  /** Names and values that a descriptor itself announces, for evidence without content. */
  words(server: string, kind: DescriptorKind, name: string): { names: Set<string>; values: Set<string> } {
    return this.#advertised.words(server, kind, name);
  }

  #judge(sink: Sink, heard?: Heard): Judgement {
    this.finish();
    const known = this.#knownOf(sink);
    const leaves = this.#carrying(sink, known);
    const prompted = promptedOf(sink, leaves);
    const traced = this.#trace(leaves, heard, prompted);
    const unheard = heard === undefined || heard.unheard.length === 0 ? undefined : heard.unheard;
    const hasForgotten = this.#provenance.evicted || heard?.forgot === true || unheard !== undefined;
    const own = this.#given(leaves, traced.length > 0 || hasForgotten, known);
    const foreign = traced.length === 0 ? traced : traced.filter((flow) => isForeign(flow, sink, own));
    const flows = this.#coined?.without(leaves, foreign) ?? foreign;
    // What was forgotten may have held it first.
    if (traced.length > 0 && !hasForgotten)
      this.#coined?.take(leaves, { flows: traced, foreign, prompted }, this.#events);
    const { effect, by } = this.#effect(sink, known);
    const ungrounded = this.#readMarked
      ? leaves.filter((leaf) => leaf.form !== 'key' && !isOwn(leaf, own) && !this.#grounds.hold(leaf.text))
      : undefined;
    if (!this.#readMarked) this.#ground(leaves, argumentsOf(flows, prompted));
    const at: Case = {
      mode: this.#settings.mode,
      sink,
      effect,
      reads: by === 'url' && known?.effect?.effect === 'read',
      descriptor: this.#advertised.standingOf(sink),
      schema: recordOf(known?.descriptor.value)['inputSchema'],
      roles: known?.roles,
      flows,
      readUntrusted: this.#readUntrusted || unheard !== undefined,
      forgotten: hasForgotten ? leaves.filter((leaf) => couldBeForgotten(leaf) && !isOwn(leaf, own)) : [],
      unheard,
      ungrounded,
      allow: this.#settings.allow,
      domains: this.#settings.domains,
      memory: this.#memory,
      grounds: this.#grounds,
    };
    const facts = factsOf(at);
    const verdict = decide(at, facts);
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
      facts,
      questions: verdict.verdict === 'ask' ? questionsOf(verdict) : [],
      remember: verdict.remember ?? [],
      ...(heard !== undefined && { read: [...valuesOf(leaves, traced), ...prompted] }),
    };
    if (verdict.verdict === 'allow') return judgement;
    const id = `d-${sha256(`${this.#settings.session}\n${event}`).slice(7, 15)}`;
    return { ...judgement, id, text: refusalText(sink, verdict, id) };
  }

  /** What was read here and, as they say, by siblings. */
  #trace(leaves: readonly Leaf[], heard: Heard | undefined, prompted: readonly Leaf[]): readonly Flow[] {
    let traced: readonly Flow[] = this.#provenance.trace(leaves);
    const told = heard === undefined ? [] : flowsOf(leaves, heard.flows);
    if (heard !== undefined) {
      this.#hearOf(heard);
      traced = mergedFlows(leaves, [...traced, ...told]);
    }
    this.#said = { leaves, heard: told, traced, prompted };
    return traced;
  }

  /** Calls may rest on what the client said in these leaves, but for the arguments that were read. */
  #ground(leaves: readonly Leaf[], read: ReadonlySet<string>): void {
    for (const { path, text } of leaves) if (!read.has(path)) this.#grounds.take(text);
  }

  #knownOf({ kind: sinkKind, server, name }: Sink): Known | undefined {
    const kind = descriptorKindOf(sinkKind);
    return kind && this.#advertised.get(server, kind, name);
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
  #given(leaves: readonly Leaf[], mayFlow: boolean, known: Known | undefined): Places {
    if (known === undefined || !(mayFlow || this.#readMarked)) return NO_PLACES;
    const { server, kind, name } = known.descriptor;
    return givenPlaces(leaves, this.words(server, kind, name).values);
  }

  /** The folders of a path that is the client's own are so too: it has said them. */
  #offerFolders(leaves: readonly Leaf[], read: ReadonlySet<string>): void {
    for (const leaf of leaves) {
      if (leaf.form !== 'string') continue;
      const folders = foldersOf(leaf);
      if (folders.length === 0 || this.#offered.has(folders[0]!.text)) continue;
      if (read.has(leaf.path)) continue;
      if (this.#offered.size === MAX_OFFERED) this.#offered.clear();
      this.#offered.add(folders[0]!.text);
      this.#provenance.offer(folders);
    }
  }

  #effect({ kind, name, server, leaves }: Sink, known: Known | undefined): EffectOpinion {
    if (kind === 'unknown') return { effect: 'send', by: 'default' };
    if (kind === 'answer') return { effect: TELLING.has(name) ? 'send' : 'read', by: 'default' };
    if (kind === 'tool')
      return effectOfCall(known?.effect ?? this.#advertised.effectOf(server, name), leaves);
    const isSent = ({ text }: Leaf): boolean => isNetworkUri(text) && !this.#advertised.lists(server, text);
    if (leaves.some(isSent)) return { effect: 'send', by: 'url' };
    if (leaves.some(({ path }) => isAnswer(path))) return { effect: 'send', by: 'default' };
    return { effect: 'read', by: 'default' };
  }

  #inspect(server: string, texts: readonly Text[]): readonly Finding[] {
    const context = { server, kind: 'output' as const, foreignTools: this.#advertised.foreignTools(server) };
    return this.#settings.detectors === false ? [] : inspect(texts, context);
  }

  #next(): string {
    return `e${++this.#events}`;
  }
}

function argumentsOf(flows: readonly Flow[], prompted: readonly Leaf[]): ReadonlySet<string> {
  if (flows.length + prompted.length === 0) return NO_PLACES;
  return new Set([...flows.map(({ argument }) => argument), ...prompted.map(({ path }) => path)]);
}

/** What a server says of itself alone. */
function isOwnWord(kind: DescriptorKind): boolean {
  return kind === 'tool' || kind === 'instructions';
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
