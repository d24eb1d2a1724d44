import type {
  Confidentiality,
  ConfiguredIntegrity,
  Finding,
  Integrity,
  Label,
  ServerTrust,
  Text,
} from '../event.ts';
import { canonical } from '../json/canonical.ts';
import { sha256 } from '../json/digest.ts';
import { tokensOf } from '../json/pointer.ts';
import { recordOf } from './sinks.ts';

export const TRUST_ANNOTATIONS = 'io.modelcontextprotocol/trust-annotations';
export const CORDON_LABELS = 'cordon/labels';
/** Labels of others' making, seen in the wild. */
const OTHER_CLAIMS: ReadonlySet<string> = new Set(['ifc', 'com.github.ifc/labels']);

const INTEGRITY: readonly Integrity[] = ['trusted', 'untrusted', 'poisoned-suspect'];
const CONFIDENTIALITY: readonly Confidentiality[] = ['public', 'private', 'secret'];

/** The label under which a server's answer starts, before anything is known of its content. */
export function configuredLabel(trust: ServerTrust | undefined, tool: string): Label {
  const own = trust?.tools.get(tool);
  return {
    confidentiality: own?.confidentiality ?? trust?.confidentiality ?? 'public',
    integrity: own?.integrity ?? trust?.integrity ?? 'untrusted',
    reasons: [],
  };
}

/** What the configuration says of one field of a tool's result; undefined where it is silent. */
export function fieldIntegrity(
  trust: ServerTrust | undefined,
  tool: string,
  path: string,
): ConfiguredIntegrity | undefined {
  const fields = trust?.tools.get(tool)?.fields;
  if (fields === undefined || fields.size === 0) return undefined;
  const tokens = tokensOf(path.replace('#', ''));
  for (const [pattern, integrity] of fields) {
    const wanted = tokensOf(pattern);
    if (wanted.length === tokens.length && wanted.every((one, i) => one === '*' || one === tokens[i]))
      return integrity;
  }
  return undefined;
}

/** The label raised by what was found in the content and by what the server claims; never lowered. */
export function raise(label: Label, why: Partial<Label>): Label {
  const reasons = why.reasons?.length ? [...new Set([...label.reasons, ...why.reasons])] : label.reasons;
  return {
    confidentiality: higher(CONFIDENTIALITY, label.confidentiality, why.confidentiality),
    integrity: higher(INTEGRITY, label.integrity, why.integrity),
    reasons,
  };
}

function higher<T>(order: readonly T[], a: T, b: T | undefined): T {
  return b !== undefined && order.indexOf(b) > order.indexOf(a) ? b : a;
}

/** A detector's findings as a reason to raise. */
export function raisedBy(findings: readonly Finding[]): Partial<Label> {
  if (findings.length === 0) return {};
  return { integrity: 'poisoned-suspect', reasons: [...new Set(findings.map((one) => one.detector))] };
}

/**
 * What an upstream claims of its own data, in the three forms seen in the wild. Claims can only raise a label:
 * a server that lies can make its data look worse, not better.
 */
export function claimedLabel(payload: unknown): Partial<Label> {
  const record = recordOf(payload);
  const holders: unknown[] = [record['_meta']];
  for (const key of ['content', 'contents']) {
    const blocks = record[key];
    if (Array.isArray(blocks)) for (const block of blocks) holders.push(recordOf(block)['_meta']);
  }
  let label: Label = { integrity: 'trusted', confidentiality: 'public', reasons: [] };
  for (const holder of holders) {
    if (typeof holder !== 'object' || holder === null) continue;
    const meta = recordOf(holder);
    const trust = recordOf(meta[TRUST_ANNOTATIONS]);
    if (trust['untrusted'] === true) label = raise(label, { integrity: 'untrusted' });
    if (trust['sensitive'] === true) label = raise(label, { confidentiality: 'private' });
    for (const ifc of [recordOf(meta['ifc']), recordOf(meta['com.github.ifc/labels'])]) {
      if (ifc['integrity'] === 'untrusted') label = raise(label, { integrity: 'untrusted' });
      if (ifc['confidentiality'] === 'private') label = raise(label, { confidentiality: 'private' });
    }
  }
  if (label.integrity === 'trusted' && label.confidentiality === 'public') return {};
  return { ...label, reasons: ['claimed'] };
}

/** True for a member of an upstream's `_meta` that only Cordon may write, or that it writes anew. */
export function isClaim(key: string): boolean {
  return key === TRUST_ANNOTATIONS || OTHER_CLAIMS.has(key) || key.toLowerCase().startsWith('cordon/');
}

const annotations = new Map<string, string>();

/** The members, as JSON text without braces, by which a label travels to the client in `_meta`. */
export function labelMembers(label: Label, event: string): string {
  const integrity = label.integrity === 'trusted' ? 'trusted' : 'untrusted';
  const confidentiality = label.confidentiality === 'public' ? 'public' : 'private';
  const key = `${integrity} ${confidentiality}`;
  let trust = annotations.get(key);
  if (trust === undefined) {
    const digest = sha256(canonical({ integrity, confidentiality }));
    trust = JSON.stringify({
      sensitive: confidentiality === 'private',
      untrusted: integrity === 'untrusted',
      evidenceRef: { type: 'ifc.fides.v1', digest, canonicalization: 'jcs/rfc8785' },
    });
    annotations.set(key, trust);
  }
  const exact =
    label.reasons.length === 0
      ? `{"event":"${event}","integrity":"${label.integrity}","confidentiality":"${label.confidentiality}","reasons":[]}`
      : JSON.stringify({ event, ...label });
  return `"${TRUST_ANNOTATIONS}":${trust},"${CORDON_LABELS}":${exact}`;
}

/** Texts grouped by the integrity that the configuration gives their fields. */
export function byIntegrity(
  texts: readonly Text[],
  trust: ServerTrust | undefined,
  tool: string,
): Map<ConfiguredIntegrity | undefined, Text[]> {
  const groups = new Map<ConfiguredIntegrity | undefined, Text[]>();
  if (!trust?.tools.get(tool)?.fields.size) return groups.set(undefined, [...texts]);
  for (const text of texts) {
    const integrity = fieldIntegrity(trust, tool, text.path);
    const group = groups.get(integrity);
    if (group) group.push(text);
    else groups.set(integrity, [text]);
  }
  return groups;
}
