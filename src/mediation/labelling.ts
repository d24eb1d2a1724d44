import type { Finding, Label, ServerTrust, Text } from '../event.ts';
import { MAX_SPANS } from './detectors/detector.ts';
import { findSecrets } from './detectors/secrets.ts';
import { type Inbound, structured } from './inbound.ts';
import { byIntegrity, claimedLabel, configuredLabel, raise, raisedBy, strictestLabel } from './labels.ts';
import { recordOf } from './sinks.ts';

/** Texts that are learned under one label. */
export type Part = readonly [label: Label, texts: readonly Text[]];

/** What is known of a message beside its payload. */
export interface Circumstances {
  trust: ServerTrust | undefined;
  texts: readonly Text[];
  findings: readonly Finding[];
  /** It answers a call that carried what is not trusted. */
  answersTaint: boolean;
  /** It is of a task whose call is not known. */
  isOfUnknown: boolean;
}

/** What a message carries in its label before anything is found in it. */
const UNRAISED: Label = { integrity: 'trusted', confidentiality: 'public', reasons: [] };
const SECRET: Partial<Label> = { confidentiality: 'secret', reasons: ['secret'] };
/** The shortest credential told. */
const SHORTEST_SECRET = 20;

/**
 * The label of a message, and those of its parts where the configuration tells fields apart. What was found in it
 * raises every part: a field is trusted because the server is trusted to fill it, not to pass on what it was given,
 * nor when it fails. The label of the whole is not below that of any part.
 */
export function labelOf(
  { origin, channel, payload }: Inbound,
  { trust, texts, findings, answersTaint, isOfUnknown }: Circumstances,
): { label: Label; parts: Part[] | undefined } {
  const configured = isOfUnknown ? strictestLabel(trust) : configuredLabel(trust, origin);
  let raised = UNRAISED;
  if (channel === 'error' || recordOf(payload)['isError'] === true) {
    raised = raise(raised, { integrity: 'poisoned-suspect', reasons: ['error'] });
  }
  if (answersTaint) {
    const reasons = configured.integrity === 'trusted' ? ['echo'] : [];
    raised = raise(raised, { integrity: 'untrusted', reasons });
  }
  raised = raise(raise(raised, raisedBy(findings)), claimedLabel(payload));
  const secrets = secretsOf(texts);
  const label = raise(raise(configured, raised), secrets.length > 0 ? SECRET : {});
  const isDivided = (trust?.tools.get(origin)?.fields.size ?? 0) > 0;
  if (!isDivided && secrets.length === 0) return { label, parts: undefined };
  const leaves = structured(texts);
  const groups = isDivided ? byIntegrity(leaves, trust, origin) : new Map([[undefined, leaves]]);
  const parts = [...groups].map(([integrity, group]): Part => {
    return [raise(integrity === undefined ? configured : { ...configured, integrity }, raised), group];
  });
  // What stands around a secret is none, so it is learned once more, by itself.
  if (secrets.length > 0) parts.push([label, secrets]);
  const isBelow = label.integrity === 'trusted' && parts.some(([{ integrity }]) => integrity !== 'trusted');
  const why = { integrity: 'untrusted', reasons: ['configuration'] } as const;
  return { label: isBelow ? raise(label, why) : label, parts };
}

/** The credentials that stand in texts, each as a text of its own; of a text with more than are told, all of it. */
function secretsOf(texts: readonly Text[]): Text[] {
  return texts.flatMap((one) => {
    if (one.text.length < SHORTEST_SECRET) return [];
    const found = findSecrets(one.text);
    if (found.length === MAX_SPANS) return [one];
    return found.map(({ kind, span: [start, end] }) => ({
      ...one,
      text: one.text.slice(
        start,
        kind === 'private-key' ? endOfKey(one.text, end) : endOfToken(one.text, end),
      ),
    }));
  });
}

function endOfKey(text: string, from: number): number {
  const at = text.indexOf('-----END', from);
  return at < 0 ? text.length : at;
}

function endOfToken(text: string, from: number): number {
  const length = text.slice(from).search(/[\s"'`,;<>\\]/);
  return length < 0 ? text.length : from + length;
}
