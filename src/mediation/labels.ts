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

/** The label of an answer that any of a server's tools may have given. */
export function strictestLabel(trust: ServerTrust | undefined): Label {
  const tools = [...(trust?.tools.keys() ?? [])];
  return tools.reduce(
    (label, tool) => raise(label, configuredLabel(trust, tool)),
    configuredLabel(trust, ''),
  );
}

/**
 * What the configuration says of one field of a tool's result; undefined where it is silent. A pattern covers
 * everything below it, through JSON in a text too: a server chooses what it puts into a field. The longest pattern
 * decides, of equals the one that trusts less.
 */
export function fieldIntegrity(
  trust: ServerTrust | undefined,
  tool: string,
  { path, border }: Pick<Text, 'path' | 'border'>,
): ConfiguredIntegrity | undefined {
  const fields = trust?.tools.get(tool)?.fields;
  if (fields === undefined || fields.size === 0) return undefined;
  const tokens =
    border === undefined
      ? tokensOf(path)
      : [...tokensOf(path.slice(0, border)), ...tokensOf(path.slice(border + 1))];
  let longest = -1;
  let found: ConfiguredIntegrity | undefined;
  for (const [pattern, integrity] of fields) {
    const wanted = tokensOf(pattern);
    if (wanted.length < longest || wanted.length > tokens.length) continue;
    if (!wanted.every((one, i) => one === '*' || one === tokens[i])) continue;
    if (wanted.length > longest || integrity === 'untrusted') found = integrity;
    longest = wanted.length;
  }
  return found;
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
 * What an upstream claims of its own data, in the three forms seen in the wild, on a result, a block, an embedded
 * resource or a message. Claims can only raise a label: a server that lies can make its data look worse, not better.
 */
export function claimedLabel(payload: unknown): Partial<Label> {
  const record = recordOf(payload);
  const label = claimOf(record, NO_CLAIM);
  const claimed = claimsIn(
    record['messages'],
    claimsIn(record['contents'], claimsIn(record['content'], label)),
  );
  if (claimed.integrity === 'trusted' && claimed.confidentiality === 'public') return {};
  return { ...claimed, reasons: ['claimed'] };
}

const NO_CLAIM: Label = { integrity: 'trusted', confidentiality: 'public', reasons: [] };

/** Of a list of blocks, resources or messages, or of one of them alone. */
function claimsIn(list: unknown, label: Label): Label {
  if (list === undefined) return label;
  let claimed = label;
  for (const one of Array.isArray(list) ? list : [list]) {
    const { resource, content } = recordOf(one);
    claimed = claimOf(recordOf(resource), claimOf(recordOf(one), claimed));
    if (content === undefined) continue;
    for (const block of Array.isArray(content) ? content : [content]) {
      claimed = claimOf(recordOf(recordOf(block)['resource']), claimOf(recordOf(block), claimed));
    }
  }
  return claimed;
}

function claimOf(holder: Record<string, unknown>, label: Label): Label {
  const meta = holder['_meta'];
  if (typeof meta !== 'object' || meta === null) return label;
  const record = recordOf(meta);
  const trust = recordOf(record[TRUST_ANNOTATIONS]);
  const ifcs = [recordOf(record['ifc']), recordOf(record['com.github.ifc/labels'])];
  const isUntrusted = trust['untrusted'] === true || ifcs.some((one) => one['integrity'] === 'untrusted');
  const isPrivate = trust['sensitive'] === true || ifcs.some((one) => one['confidentiality'] === 'private');
  return raise(label, {
    integrity: isUntrusted ? 'untrusted' : 'trusted',
    confidentiality: isPrivate ? 'private' : 'public',
  });
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
  for (const text of texts) {
    const integrity = fieldIntegrity(trust, tool, text);
    const group = groups.get(integrity);
    if (group) group.push(text);
    else groups.set(integrity, [text]);
  }
  return groups;
}
