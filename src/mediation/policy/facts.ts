import type { Effect, Flow, Label, Leaf, Mode, Role, Source } from '../../event.ts';
import { placeOf, REQUEST_STATE } from '../own.ts';
import type { SinkKind } from '../sinks.ts';
import { isLeak, outletOf } from './confidential.ts';
import { givenRole } from './given.ts';
import { yesTo } from './memory.ts';
import { isAccount, namesPlace } from './places.ts';
import type { Case } from './policy.ts';
import { roleOf } from './roles.ts';

/**
 * All that rules look at: what is known of a call, with what they ask of its texts already answered. Plain data without
 * content, so that the log can hold it and `ruleOn` comes to the same verdict again.
 */
export interface Facts {
  mode: Mode;
  sink: SinkKind;
  /** The server that is called. */
  server: string;
  effect: Effect;
  /** The tool only reads; that it sends is owed to an address among its arguments. */
  reads: boolean;
  descriptor: Case['descriptor'];
  /** A line of the configuration allows every call of the tool. */
  covered: boolean;
  readUntrusted: boolean;
  /** The arguments that something below points at. */
  places: readonly PlaceFact[];
  flows: readonly FlowFact[];
  /** The call names somebody or somewhere that what it says goes to. Worked out only where there are flows. */
  goes: boolean;
  /** How many texts it carries that are no scalars. Worked out only where there are flows. */
  said: number;
  /** See `Case`: indices of `places`. */
  forgotten: readonly number[];
  ungrounded?: readonly number[] | undefined;
  /** Sessions of siblings that did not say what they read; absent where all did: `forgotten` holds what that may be. */
  unheard?: readonly string[];
}

/** An argument's value, or its name. */
export interface PlaceFact {
  argument: string;
  inName: boolean;
  role: Role;
  /** It is a string's value. */
  isText: boolean;
  /** It holds more than one word. */
  isSpaced: boolean;
}

/** What rules see of a flow itself. */
export type FlowView = Pick<Flow, 'span' | 'match' | 'form' | 'alone' | 'inName' | 'common'> & {
  source: Pick<
    Source,
    'event' | 'session' | 'server' | 'channel' | 'steers' | 'marked' | 'echo' | 'asked'
  > & {
    label: Pick<Label, 'integrity'>;
  };
};

export interface FlowFact {
  flow: FlowView;
  /** Index of `places`. */
  place: number;
  /** A line of the configuration allows it. */
  permitted: boolean;
  /** A person said yes to it. */
  remembered: boolean;
  /** It is private or secret, and would leave for where the configuration does not let it: policy/confidential.ts. */
  leaks: boolean;
  /** What was found names somewhere to go: policy/places.ts. */
  namesPlace: boolean;
  /** The whole argument is the number of an account or a telephone. */
  isAccount: boolean;
  /** What was found has neither capitals nor figures. */
  isPlain: boolean;
  /** It stands behind the host of an address, or that host is the client's own word. */
  isPastHost: boolean;
  /** It is the address of a link. */
  isLink: boolean;
}

/** What is known of a case. Roles and texts are looked at only where something points at them. */
export function factsOf(at: Case): Facts {
  const { mode, sink, effect } = at;
  const places = new Places(at);
  const flows = flowFacts(at, places);
  const indices = (leaves: readonly Leaf[]): number[] => leaves.map((leaf) => places.ofLeaf(leaf));
  return {
    mode,
    sink: sink.kind,
    server: sink.server,
    effect,
    reads: at.reads === true,
    descriptor: at.descriptor,
    covered: at.allow.some((rule) => covers(rule, at) && rule.argument === undefined),
    readUntrusted: at.readUntrusted,
    flows,
    goes: flows.length > 0 && sink.leaves.some((leaf) => isGoing(leaf, places)),
    said: flows.length > 0 ? sink.leaves.filter((leaf) => isSaid(leaf, places)).length : 0,
    forgotten: indices(at.forgotten),
    ungrounded: at.ungrounded && indices(at.ungrounded),
    ...(at.unheard === undefined ? {} : { unheard: at.unheard }),
    places: places.all,
  };
}

function isGoing(leaf: Leaf, places: Places): boolean {
  return leaf.form !== 'key' && leaf.text !== '' && places.roleOf(leaf) === 'destination';
}

function isSaid(leaf: Leaf, places: Places): boolean {
  return leaf.form === 'string' && leaf.text.trim() !== '' && places.roleOf(leaf) !== 'scalar';
}

function flowFacts(at: Case, places: Places): FlowFact[] {
  if (at.flows.length === 0) return [];
  const outlet = outletOf(
    { effect: at.effect, server: at.sink.server },
    at.sink.leaves,
    (leaf) => places.roleOf(leaf),
    at.domains ?? [],
  );
  return at.flows.map((flow): FlowFact => {
    const leaf = places.leafOf(flow);
    const whole = leaf?.text ?? '';
    const text = whole.slice(flow.span[0], flow.span[1]);
    return {
      ...factOfFlow(flow, whole, at.grounds?.holdsHostOf(whole) === true),
      place: places.of(flow.argument, flow.inName, leaf),
      permitted: at.allow.some((rule) => covers(rule, at) && permits(rule, flow)),
      remembered: leaf !== undefined && isRemembered(at, flow, text, places.roleOf(leaf)),
      leaks: isLeak(flow, whole, leaf === undefined ? 'selector' : places.roleOf(leaf), outlet),
    };
  });
}

/** What a flow shows by itself. `whole`: the argument's text. */
function factOfFlow(flow: Flow, whole: string, isOwnHost: boolean): FlowFact {
  const text = whole.slice(flow.span[0], flow.span[1]);
  return {
    flow,
    place: 0,
    permitted: false,
    remembered: false,
    leaks: false,
    namesPlace: namesPlace(text),
    isAccount: isAccount(whole),
    isPlain: text.toLowerCase() === text && !/\d/.test(text),
    isPastHost: isOwnHost || flow.span[0] >= hostEnd(whole),
    isLink: LINK.test(flow.path),
  };
}

const LINK = /@(?:href|src|action|link)$/;
const HOST = /^[a-z][a-z0-9+.-]{0,11}:\/\/[^/?#\\@]{1,255}(?=[/?#]|$)/i;

/** Where an address's host ends; beyond all where there is none. */
function hostEnd(address: string): number {
  return HOST.exec(address)?.[0].length ?? Number.POSITIVE_INFINITY;
}

function isRemembered(at: Case, flow: Flow, text: string, role: Role): boolean {
  if (at.memory === undefined || at.memory.isEmpty) return false;
  const yes = yesTo(at, flow, text, role);
  return yes !== undefined && at.memory.holds(yes);
}

function covers(rule: Case['allow'][number], { sink }: Case): boolean {
  return sink.kind === 'tool' && rule.server === sink.server && rule.tool === sink.name;
}

function permits(rule: Case['allow'][number], flow: Flow): boolean {
  return rule.argument === flow.argument && rule.from === `${flow.source.server}.${flow.source.origin}`;
}

/** The places of a sink that are spoken of, and the roles of its leaves, worked out once and only where something asks. */
class Places {
  readonly all: PlaceFact[] = [];
  readonly #at: Pick<Case, 'sink' | 'schema' | 'roles'>;
  #indices: Map<string, number> | undefined;
  #leaves: Map<string, Leaf> | undefined;
  readonly #roles = new Map<Leaf, Role>();

  constructor(at: Case) {
    this.#at = at;
  }

  ofLeaf(leaf: Leaf): number {
    return this.of(leaf.path, leaf.form === 'key', leaf);
  }

  of(argument: string, inName: boolean, leaf: Leaf | undefined): number {
    const key = placeOf(argument, inName);
    this.#indices ??= new Map();
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.all.length;
      this.#indices.set(key, index);
      this.all.push({
        argument,
        inName,
        role: leaf === undefined ? 'selector' : this.roleOf(leaf),
        isText: leaf?.form === 'string',
        isSpaced: leaf !== undefined && /\s/.test(leaf.text.trim()),
      });
    }
    return index;
  }

  roleOf(leaf: Leaf): Role {
    let role = this.#roles.get(leaf);
    if (role === undefined) {
      const { sink, schema, roles } = this.#at;
      // A URI is where a resource lies; of a method that nobody knows, nothing is known.
      if (sink.kind === 'answer') role = 'content';
      else if (leaf.path === REQUEST_STATE) role = 'credential';
      else if (sink.kind !== 'tool' && sink.kind !== 'prompt') role = 'destination';
      else role = givenRole(leaf, roles)?.role ?? roleOf(leaf, schema);
      this.#roles.set(leaf, role);
    }
    return role;
  }

  leafOf({ argument, inName }: Pick<Flow, 'argument' | 'inName'>): Leaf | undefined {
    if (this.#leaves === undefined) {
      this.#leaves = new Map();
      for (const leaf of this.#at.sink.leaves) {
        const key = placeOf(leaf.path, leaf.form === 'key');
        if (!this.#leaves.has(key)) this.#leaves.set(key, leaf);
      }
    }
    return this.#leaves.get(placeOf(argument, inName));
  }
}
