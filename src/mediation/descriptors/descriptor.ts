import type { DescriptorKind, Finding, Text } from '../../event.ts';
import { CanonicalError, canonical } from '../../json/canonical.ts';
import { sha256 } from '../../json/digest.ts';
import { walk } from '../walk.ts';
import { outline } from './outline.ts';

/** A larger one is suspect: no model is helped by it, and the lock keeps every descriptor's text. */
const MAX_CHARS = 256 * 1024;

/** What a server advertises under one name, in the form that is compared. */
export interface Descriptor {
  server: string;
  kind: DescriptorKind;
  name: string;
  /** SHA-256 of `canonical`; of the whole group where several share the name. */
  digest: string;
  /** `outline(value)`: every member as a line. */
  text: string;
  /** RFC 8785 form without its volatile members; empty where there is none. */
  canonical: string;
  /** As received, all members included. */
  value: unknown;
  /** Why no approval can help: `unnamed`, `no-canonical-form`, `oversize`, `duplicate-name`. Mostly empty. */
  faults: readonly Finding[];
}

/** A fault or a decision that has no place in the text. */
export function fault(detector: string): Finding {
  return { detector, path: '', span: [0, 0] };
}

/**
 * The descriptors of one complete list of one server; `result[i]` is that of `values[i]`. Different descriptors
 * of one name carry `duplicate-name`, all of them: which one a call means is for the server to say, so none is safe.
 */
export function describeAll(kind: DescriptorKind, server: string, values: readonly unknown[]): Descriptor[] {
  const all = values.map((value) => describeOne(kind, server, value));
  const byName = new Map<string, Descriptor[]>();
  for (const one of all) {
    const group = byName.get(one.name);
    if (group) group.push(one);
    else byName.set(one.name, [one]);
  }
  for (const group of byName.values()) {
    const distinct = new Map(group.map((one) => [one.digest, one]));
    if (distinct.size < 2) continue;
    const members = [...distinct.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    const digest = sha256(members.map((one) => one.digest).join('\n'));
    const text = clip(members.map((one) => one.text).join('\n'));
    for (const one of group) {
      one.digest = digest;
      one.text = text;
      one.canonical = '';
      one.faults = [...one.faults, fault('duplicate-name')];
    }
  }
  return all;
}

/** One digest for what a server offers, whatever its order, its pages and its repetitions. */
export function setDigest(descriptors: readonly Descriptor[]): string {
  const lines = new Set(descriptors.map((one) => canonical([one.kind, one.name.toWellFormed(), one.digest])));
  return sha256([...lines].sort().join('\n'));
}

/** Every string of a descriptor, for the detectors: values and member names, wherever in the schema they hide. */
export function textsOf(descriptor: Descriptor): Text[] {
  const texts: Text[] = [];
  walk(descriptor.value, '', texts, ({ path, text, form }) => {
    if (form !== 'number') texts.push({ path, text, form: 'prose' });
  });
  return texts;
}

function describeOne(kind: DescriptorKind, server: string, value: unknown): Descriptor {
  const name = nameOf(kind, value);
  const faults: Finding[] = name === undefined ? [fault('unnamed')] : [];
  const one = { server, kind, name: name ?? '', digest: '', text: '', canonical: '', value, faults };
  try {
    const stable = withoutVolatile(value);
    one.canonical = canonical(stable);
    one.digest = sha256(one.canonical);
    one.text = clip(outline(stable));
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error;
    faults.push(fault('no-canonical-form'));
  }
  if (one.canonical.length > MAX_CHARS) {
    faults.push(fault('oversize'));
    one.canonical = '';
  }
  return one;
}

function clip(text: string): string {
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS).toWellFormed()}\n...: cut` : text;
}

const NAME_MEMBER = {
  tool: 'name',
  prompt: 'name',
  resource: 'uri',
  resourceTemplate: 'uriTemplate',
} as const;

/** What a descriptor is called by; undefined if nothing can call it. */
export function nameOf(kind: DescriptorKind, value: unknown): string | undefined {
  if (kind === 'instructions') return typeof value === 'string' ? 'instructions' : undefined;
  const name = isRecord(value) ? value[NAME_MEMBER[kind]] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/**
 * Members that change although nothing of what is offered does. Each is left out only in the shape that it
 * should have: text smuggled into `size` is not a size.
 */
function withoutVolatile(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { _meta: meta, annotations, size, ...rest } = value;
  const out: Record<string, unknown> = rest;
  if (size !== undefined && typeof size !== 'number') out['size'] = size;
  keep(out, 'annotations', annotations, (key, member) => key === 'lastModified' && isTime(member));
  keep(
    out,
    '_meta',
    meta,
    (key, member) =>
      (key === 'ttlMs' && typeof member === 'number') ||
      (key === 'io.modelcontextprotocol/serverInfo' && isServerInfo(member)),
  );
  return out;
}

function keep(
  out: Record<string, unknown>,
  name: string,
  value: unknown,
  volatile: (key: string, member: unknown) => boolean,
): void {
  if (value === undefined) return;
  if (!isRecord(value)) {
    out[name] = value;
    return;
  }
  const kept = Object.entries(value).filter(([key, member]) => !volatile(key, member));
  // Object.fromEntries defines members, so that `__proto__` stays a member.
  if (kept.length) out[name] = Object.fromEntries(kept);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 40 && /^[0-9TZtz:.+ -]+$/.test(value);
}

/** A name and a version that have no room for a sentence. */
function isServerInfo(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return Object.entries(value).every(
    ([key, member]) =>
      (key === 'name' || key === 'version') && typeof member === 'string' && /^[\w.@/+-]{0,64}$/.test(member),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
