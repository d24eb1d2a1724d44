import type {
  Allow,
  ConfiguredIntegrity,
  Mode,
  RememberedFlow,
  Role,
  ServerTrust,
  ToolTrust,
} from '../event.ts';

/** What decides beside the traffic itself; recorded, so that a session can be judged again. */
export interface Settings {
  mode: Mode;
  /** Names the session in the ids of denials. */
  session: string;
  /** Every server behind this proxy. */
  servers: readonly string[];
  trust: ReadonlyMap<string, ServerTrust>;
  allow: readonly Allow[];
  /** Mail domains and hosts that are the user's own. */
  domains?: readonly string[];
  /** Flows that a person said yes to. */
  remembered?: readonly RememberedFlow[];
  /** Makes the hashes of the taint index unpredictable: who knew them could hide a flow behind a collision. 32 bits. */
  seed: number;
  /** Whether detectors look at what comes in; off only to measure what protection is left without them. */
  detectors?: boolean;
  /** Memory for retained text, in bytes. */
  taintBytes: number;
}

/** Settings as plain JSON, without what names or blinds one session: its id and its seed. */
export function plainSettings({ session: _, seed: __, ...settings }: Settings): PlainSettings {
  return plain(settings) as PlainSettings;
}

/** What `plainSettings` gives; as read back, members may be missing. */
export interface PlainSettings {
  mode: Mode;
  servers: readonly string[];
  trust: Readonly<Record<string, PlainTrust>>;
  allow: readonly Allow[];
  domains?: readonly string[];
  remembered?: readonly RememberedFlow[];
  detectors?: boolean;
  taintBytes: number;
}

export type PlainTrust = Omit<ServerTrust, 'tools'> & { tools: Readonly<Record<string, PlainTool>> };

type PlainTool = Omit<ToolTrust, 'roles' | 'fields'> & {
  roles?: Readonly<Record<string, Role>>;
  fields?: Readonly<Record<string, ConfiguredIntegrity>>;
};

function plain(value: unknown): unknown {
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

/** The settings that `plainSettings` made plain, for a session of this name and seed. */
export function settingsOf(plain: PlainSettings, session: string, seed: number): Settings {
  return { ...plain, session, seed, trust: new Map(Object.entries(plain.trust).map(trustOf)) };
}

function trustOf([server, { tools, ...trust }]: [string, PlainTrust]): [string, ServerTrust] {
  return [server, { ...trust, tools: new Map(Object.entries(tools).map(toolOf)) }];
}

function toolOf([name, plain]: [string, PlainTool]): [string, ToolTrust] {
  const { roles, fields, ...rest } = plain;
  return [
    name,
    {
      ...rest,
      ...(roles && { roles: new Map(Object.entries(roles)) }),
      fields: new Map(Object.entries(fields ?? {})),
    },
  ];
}
