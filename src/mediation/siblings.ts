import type { Confidentiality, DescriptorKind, Flow, Leaf, Source, Transform } from '../event.ts';
import { placeOf } from './own.ts';
import {
  CHANNELS,
  count,
  FORMS,
  flag,
  INTEGRITIES,
  listed,
  MATCHES,
  one,
  record,
  STEERINGS,
  text,
} from './recorded.ts';

/** What siblings (other Cordons of the same client session) tell one another of themselves whatever they say. */
export interface Standing {
  /**
   * The number of the last event: a Lamport clock. Whatever a session was told bears a lower number than what it does
   * next, so that rules may ask what was first.
   */
  clock: number;
  readUntrusted: boolean;
  /** A detector fired in something untrusted that was read. */
  readMarked: boolean;
}

/** What a sibling says of the leaves that it was asked about. */
export interface Testimony extends Standing {
  /** Flows of what it has read into these leaves. */
  flows: readonly Flow[];
  /** It no longer holds all that it has read. */
  forgot: boolean;
}

/** What all siblings together say of a call. */
export interface Heard extends Testimony {
  /** Sessions of those of which it cannot be told what they have read. */
  unheard: readonly string[];
}

/**
 * The testimonies of siblings, by their sessions, as one. `isNamesake`: a sibling's server that has the name of one of
 * this session's and is another. It gets another name, since rules let much flow back to where it came from.
 */
export function heardOf(
  testimonies: ReadonlyMap<string, Testimony>,
  unheard: readonly string[],
  isNamesake: (session: string, server: string) => boolean,
): Heard {
  const heard = { clock: 0, readUntrusted: false, readMarked: false, forgot: false };
  const flows: Flow[] = [];
  for (const [session, testimony] of testimonies) {
    heard.clock = Math.max(heard.clock, testimony.clock);
    heard.readUntrusted ||= testimony.readUntrusted;
    heard.readMarked ||= testimony.readMarked;
    heard.forgot ||= testimony.forgot;
    for (const flow of testimony.flows) {
      const { server } = flow.source;
      const name = isNamesake(session, server) ? `${server}@${session}` : server;
      flows.push({ ...flow, source: { ...flow.source, session, server: name } });
    }
  }
  return { ...heard, flows, unheard };
}

/**
 * Flows of several sessions as one session would have found them: in the order of the leaves, and what one of them
 * found whole with all of its parts.
 */
export function mergedFlows(leaves: readonly Leaf[], flows: readonly Flow[]): readonly Flow[] {
  const order = new Map(leaves.map(({ path, form }, i) => [placeOf(path, form === 'key'), i]));
  const at = ({ argument, inName }: Flow): number => order.get(placeOf(argument, inName))!;
  const whole = new Set(flows.filter(({ match }) => match === 'whole').map(at));
  return flows
    .filter((flow) => flow.match === 'whole' || flow.transforms.length > 0 || !whole.has(at(flow)))
    .sort((a, b) => at(a) - at(b));
}

/** The flows that are of these leaves: some of what siblings were asked about may since be a name of the tool's own. */
export function flowsOf(leaves: readonly Leaf[], flows: readonly Flow[]): readonly Flow[] {
  if (flows.length === 0) return flows;
  const places = new Set(leaves.map(({ path, form }) => placeOf(path, form === 'key')));
  return flows.filter(({ argument, inName }) => places.has(placeOf(argument, inName)));
}

/** The values of leaves that these flows are of. */
export function valuesOf(leaves: readonly Leaf[], flows: readonly Flow[]): Leaf[] {
  if (flows.length === 0) return [];
  const byPlace = new Map(leaves.map((leaf) => [placeOf(leaf.path, leaf.form === 'key'), leaf]));
  return flows.map(({ argument, inName, span }) => {
    const leaf = byPlace.get(placeOf(argument, inName))!;
    return { ...leaf, text: leaf.text.slice(...span) };
  });
}

/** Beyond these numbers an answer is none. */
const MOST_FLOWS = 4096;
const MOST_EVENTS = 1e12;
const MOST_REASONS = 32;
const EVENT = /^e[1-9][0-9]{0,12}$/;
const SERVER = /^[A-Za-z0-9._-]{1,64}$/;

const TRANSFORMS: readonly Transform[] = [
  ...(['case', 'percent', 'html', 'unicode', 'base64', 'base32', 'hex', 'compressed'] as const),
  ...(['rot13', 'reversed', 'spaced', 'defanged', 'split'] as const),
];
const CONFIDENTIALITIES: readonly Confidentiality[] = ['public', 'private', 'secret'];
const KINDS: readonly DescriptorKind[] = ['tool', 'resource', 'resourceTemplate', 'prompt', 'instructions'];

/**
 * The testimony that another process gave of these leaves, read strictly.
 *
 * @throws EntryFault for one that speaks of anything else or leaves something out.
 */
export function testimonyFrom(value: unknown, leaves: readonly Leaf[]): Testimony {
  const said = record(value, 'testimony');
  const flows = listed(said['flows'], 'flows');
  one(flows.length <= MOST_FLOWS, [true], 'flows');
  const byPlace = new Map(leaves.map((leaf) => [placeOf(leaf.path, leaf.form === 'key'), leaf]));
  return {
    ...standingFrom(said),
    flows: flows.map((flow) => flowFrom(flow, byPlace)),
    forgot: flag(said['forgot'], 'forgot'),
  };
}

/**
 * The same of what another process says of itself alone.
 *
 * @throws EntryFault
 */
export function standingFrom(value: unknown): Standing {
  const said = record(value, 'standing');
  const clock = count(said['clock'], 'clock');
  one(clock <= MOST_EVENTS, [true], 'clock');
  return {
    clock,
    readUntrusted: flag(said['readUntrusted'], 'readUntrusted'),
    readMarked: flag(said['readMarked'], 'readMarked'),
  };
}

function flowFrom(value: unknown, byPlace: ReadonlyMap<string, Leaf>): Flow {
  const flow = record(value, 'flow');
  const argument = text(flow['argument'], 'argument');
  const inName = flag(flow['inName'], 'inName');
  const leaf = byPlace.get(placeOf(argument, inName));
  const span = pairFrom(flow['span'], 'span');
  one(leaf !== undefined && span[0] < span[1] && span[1] <= leaf.text.length, [true], 'span');
  return {
    argument,
    inName,
    span,
    match: one(flow['match'], MATCHES, 'match'),
    transforms: listed(flow['transforms'], 'transforms').map((name) => one(name, TRANSFORMS, 'transforms')),
    source: sourceFrom(flow['source']),
    path: text(flow['path'], 'path'),
    at: pairFrom(flow['at'], 'at'),
    form: one(flow['form'], FORMS, 'form'),
    alone: flag(flow['alone'], 'alone'),
    ...(flag(flow['common'], 'common') && { common: true }),
  };
}

function sourceFrom(value: unknown): Source {
  const source = record(value, 'source');
  const label = record(source['label'], 'label');
  const { steers, describes } = source;
  return {
    event: matching(source['event'], EVENT, 'event'),
    server: matching(source['server'], SERVER, 'server'),
    origin: text(source['origin'], 'origin'),
    channel: one(source['channel'], CHANNELS, 'channel'),
    label: {
      integrity: one(label['integrity'], INTEGRITIES, 'integrity'),
      confidentiality: one(label['confidentiality'], CONFIDENTIALITIES, 'confidentiality'),
      reasons: listed(label['reasons'], 'reasons')
        .slice(0, MOST_REASONS)
        .map((reason) => text(reason, 'reasons')),
    },
    named: flag(source['named'], 'named'),
    echo: flag(source['echo'], 'echo'),
    asked: flag(source['asked'], 'asked'),
    marked: flag(source['marked'], 'marked'),
    ...(steers !== undefined && { steers: one(steers, STEERINGS, 'steers') }),
    ...(describes !== undefined && { describes: one(describes, KINDS, 'describes') }),
  };
}

function pairFrom(value: unknown, name: string): readonly [number, number] {
  const [from, to, ...more] = listed(value, name);
  one(more.length, [0], name);
  return [count(from, name), count(to, name)];
}

function matching(value: unknown, pattern: RegExp, name: string): string {
  const found = text(value, name);
  one(pattern.test(found), [true], name);
  return found;
}
