/** What a server says that it can, or of itself what is kept for the next run. */
export type Capabilities = Readonly<Record<string, unknown>>;

const LISTS = new Set(['tools', 'prompts', 'resources']);
const PLAIN = new Set(['logging', 'completions', 'tasks']);
/** Extensions whose methods name what tells their server: a task, a resource. */
const ROUTED = new Set(['io.modelcontextprotocol/tasks', 'io.modelcontextprotocol/ui']);
const MAX_DEPTH = 6;

/**
 * What several servers can together. Lists are said to change, since they do when servers come up. What is not of the
 * protocol is promised where its methods have one way to go: see `extender`.
 */
export function unionOf(all: readonly Capabilities[]): Record<string, unknown> {
  const union = record();
  for (const capabilities of all) {
    for (const [key, value] of Object.entries(capabilities)) {
      if (LISTS.has(key)) union[key] = merged(union[key], { ...recordOf(value), listChanged: true });
      else if (PLAIN.has(key)) union[key] = merged(union[key], recordOf(value));
      else if (key === 'extensions') addExtensions(union, routed(recordOf(value)));
    }
  }
  const sole = extender(all);
  if (sole === undefined) return union;
  const { experimental, extensions } = sole;
  if (Object.keys(recordOf(experimental)).length > 0) union['experimental'] = experimental;
  addExtensions(union, recordOf(extensions));
  return union;
}

/**
 * The one that declares something whose methods nobody but it can know: a method that the protocol does not have goes
 * there. Undefined if there is none, and if there are two: nothing tells their methods apart.
 */
export function extender<T extends Capabilities>(all: readonly T[]): T | undefined {
  const [sole, ...others] = all.filter(({ experimental, extensions }) => {
    const own = Object.keys(recordOf(extensions)).some((key) => !ROUTED.has(key));
    return own || Object.keys(recordOf(experimental)).length > 0;
  });
  return others.length === 0 ? sole : undefined;
}

function routed(extensions: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extensions).filter(([key]) => ROUTED.has(key)));
}

function addExtensions(union: Record<string, unknown>, extensions: Record<string, unknown>): void {
  if (Object.keys(extensions).length > 0) union['extensions'] = merged(union['extensions'], extensions);
}

/** Both, member by member; what one of them can, both can. */
function merged(one: unknown, other: unknown, depth = 0): unknown {
  if (!isRecord(one) || !isRecord(other) || depth === MAX_DEPTH)
    return one === undefined || one === false ? other : one;
  const both = record();
  for (const key of Object.keys(one)) both[key] = one[key];
  for (const key of Object.keys(other)) both[key] = merged(both[key], other[key], depth + 1);
  return both;
}

/** Without a prototype: `__proto__` is a member like any other. */
function record(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
