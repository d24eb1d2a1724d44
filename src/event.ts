/**
 * The vocabulary that mediation, recording, configuration and the proxy share: plain data, no behaviour.
 * Terms are those of docs/architecture.md ("Vocabulary").
 */

export type Mode = 'observe' | 'guard' | 'lockdown';

export type Integrity = 'trusted' | 'untrusted' | 'poisoned-suspect';
export type Confidentiality = 'public' | 'private' | 'secret';

/** What is known of a piece of data. `reasons` says what raised it: a detector's name, `error`, `configuration`, `claimed`. */
export interface Label {
  integrity: Integrity;
  confidentiality: Confidentiality;
  reasons: readonly string[];
}

/** What a tool does to the world. Only effects are gated; a plain read never is. */
export type Effect = 'read' | 'write' | 'send' | 'execute' | 'destroy';

/**
 * What an argument of a call is for. `destination`: where something goes. `selector`: which of several things is meant.
 * `credential` and `code`: what opens and what runs. `content`: what is said. `scalar`: a quantity, a time, a choice.
 */
export type Role = 'destination' | 'selector' | 'credential' | 'code' | 'content' | 'scalar';

export type Channel =
  | 'result'
  | 'error'
  | 'resource'
  | 'prompt'
  | 'completion'
  | 'notification'
  | 'request'
  | 'descriptor';

export type Steering = 'here' | 'near' | 'sought' | 'led';

/** Where labelled data entered the session. `event` is the session-wide id of the message (`e12`). */
export interface Source {
  event: string;
  /** The session of the sibling that read it: another Cordon of the same client session. Absent where this one did. */
  session?: string;
  server: string;
  /** The tool, resource URI, prompt or method whose answer this was. */
  origin: string;
  channel: Channel;
  label: Label;
  /** The origin is a name that the server advertised, or a method of the protocol; any other is content. */
  named?: boolean;
  /** What is described, where a descriptor says it. */
  describes?: DescriptorKind;
  /** It repeats what a tainted call carried: no value of it is the server's own. */
  echo?: boolean;
  /**
   * The very text (`here`) or another of its message (`near`) tells somebody to do something, or such a text named what
   * this was looked up by (`sought`) or the address that it was read from (`led`): mediation/policy/steering.ts and sought.ts.
   */
  steers?: Steering;
  /** It answers a call that asked for what the user named, in the user's own words. */
  asked?: boolean;
  /** A detector fired in this very text. */
  marked?: boolean;
}

/** `field`: the text is the whole value of a structured field. `prose`: it is running text that somebody wrote. */
export type Form = 'field' | 'prose';

/** One leaf of an inbound message. `path` is an RFC 6901 pointer; text that parsed as JSON continues after `#`. */
export interface Text {
  path: string;
  text: string;
  form: Form;
  /** Where in `path` that `#` stands: a member name may hold one too. */
  border?: number;
}

/** One leaf of an outbound message. Member names are leaves too (`form: 'key'`): data can be smuggled in them. */
export interface Leaf {
  path: string;
  /** The value as text; a number as it was written on the wire. */
  text: string;
  form: 'string' | 'number' | 'key';
}

/**
 * What can be undone to find a value: a closed list. `unicode`: backslash escapes, invisible and tag characters,
 * look-alikes. `compressed`: gzip, zlib or deflate, in base64 or hexadecimal. `spaced`: a separator after each
 * character. `defanged`: `[at]`, `[.]`, `hxxp`. `split`: in pieces, over arguments or calls.
 */
export type Transform =
  | 'case'
  | 'percent'
  | 'html'
  | 'unicode'
  | 'base64'
  | 'base32'
  | 'hex'
  | 'compressed'
  | 'rot13'
  | 'reversed'
  | 'spaced'
  | 'defanged'
  | 'split';

/** A span of a source found in a sink. Offsets are UTF-16 code units, end exclusive. */
export interface Flow {
  /** RFC 6901 pointer into the sink's arguments. */
  argument: string;
  /** It stands in the name of the member that `argument` points at, not in its value. */
  inName: boolean;
  span: readonly [number, number];
  /** `whole`: the argument is the value. `atom`: an address, URL, path, id, number in it. `span`: a long copy. */
  match: 'whole' | 'atom' | 'span';
  /** What was undone to find it, outermost first. */
  transforms: readonly Transform[];
  source: Source;
  /** Path of the source's leaf, and where in it. */
  path: string;
  at: readonly [number, number];
  form: Form;
  /** The match is the source leaf's whole value (after trimming). */
  alone: boolean;
  /** It is one word, a number of few digits or a date: that an output held it too says little, unless more does. */
  common?: true;
}

/** A detector fired: which one, and where. Suspicion, never the boundary. */
export interface Finding {
  detector: string;
  path: string;
  span: readonly [number, number];
}

export type DescriptorKind = 'tool' | 'resource' | 'resourceTemplate' | 'prompt' | 'instructions';

/**
 * `pinned` may be used. `drifted` no longer matches its pin and `suspect` was marked by a detector:
 * both are withheld until a person approves.
 */
export type PinState = 'pinned' | 'drifted' | 'suspect';

/** The approved digest of a descriptor, as `cordon.lock` keeps it. */
export interface Pin {
  server: string;
  kind: DescriptorKind;
  name: string;
  /** SHA-256 of the RFC 8785 form, `sha256:` and 64 hex digits. */
  digest: string;
  /** The text a model reads, so that a review shows words and not only digests. */
  text: string;
  /** RFC 3339, UTC. */
  firstSeen: string;
  approvedBy: 'first-contact' | 'person';
}

/** A descriptor seen but not usable, kept so that a person can compare and decide. */
export interface PendingPin extends Omit<Pin, 'approvedBy'> {
  state: 'drifted' | 'suspect';
  findings: readonly Finding[];
  /** The whole descriptor, canonical JSON, for a readable diff. */
  descriptor: string;
}

/** A flow that a person said yes to, for good: see mediation/policy/memory.ts. */
export interface RememberedFlow {
  server: string;
  tool: string;
  /** RFC 6901 pointer into the arguments, with `*` for a place in a list. */
  argument: string;
  /** The server that the value came from; `server.origin` where any value of one of its fields may flow. */
  from: string;
  /** Digest of the one value it is for. */
  value?: string;
  /** Where any value may flow: the field of what the source says, `*` for a place in a list. */
  field?: string;
  form?: Form;
}

/** A remembered flow as `cordon.lock` keeps it. */
export interface Remembered extends RememberedFlow {
  /** RFC 3339, UTC. */
  since: string;
  approvedBy: 'person';
  /** The id of the question, under which `cordon why` has the evidence. */
  question: string;
}

/** The content of `cordon.lock`. */
export interface Lock {
  version: 1;
  pins: Pin[];
  pending: PendingPin[];
  /** Absent where nobody has said yes to anything for good. */
  remembered?: Remembered[];
}

/** What the user says of a server: how far what it answers is to be trusted, and how confidential that is. */
export interface ServerTrust {
  integrity: ConfiguredIntegrity;
  confidentiality: Confidentiality;
  tools: ReadonlyMap<string, ToolTrust>;
  /** The package that its command starts, where the command says so: `npm/NAME` or `pypi/NAME`. */
  package?: string;
}

export type ConfiguredIntegrity = Exclude<Integrity, 'poisoned-suspect'>;

/** What the user says of one tool. Absent means: as the server. */
export interface ToolTrust {
  effect?: Effect;
  integrity?: ConfiguredIntegrity;
  confidentiality?: Confidentiality;
  /** What arguments are for, by RFC 6901 pointer into them, in which a token `*` stands for any one. */
  roles?: ReadonlyMap<string, Role>;
  /** By RFC 6901 pointer into the result, in which a token `*` stands for any one. */
  fields: ReadonlyMap<string, ConfiguredIntegrity>;
}

/** Allows what would be denied: one flow into one argument of one tool, or the whole call where neither is given. */
export interface Allow {
  server: string;
  tool: string;
  /** RFC 6901 pointer into the arguments. Given exactly if `from` is. */
  argument?: string;
  /** `server.origin` of the source; no two configured servers could both be meant. */
  from?: string;
}
