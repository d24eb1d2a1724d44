/** UTF-16 offsets, end exclusive. */
export type Span = readonly [number, number];

export interface InspectContext {
  server: string;
  kind: 'descriptor' | 'output';
  /** Names of other servers' tools, without those that this server has too. Reuse the array: it is indexed once. */
  foreignTools: readonly string[];
  /** Names of this server's own tools, for look-alikes among them. */
  ownTools?: readonly string[];
}

/** Enough to say where; a text that repeats itself must not make evidence grow with it. */
export const MAX_SPANS = 8;
